/** Everything that is really so at the site, as JSON, for tests and the curious. edgetwin itself must never ask. */
import { linkOf } from './listing.ts'
import { linkBytesPerSecond, type World } from './world.ts'

export function truthOf(world: World) {
  const { agenda, machines, devices, cameras, pods, network, roundCount, requestCount } = world
  return {
    timeMs: agenda.stampMs(),
    roundCount,
    requestCount,
    nodes: [...machines].map(([name, { alive, ready, cordoned, lieRatio }]) => ({ name, alive, ready, cordoned, lieRatio })),
    accelerators: [...devices.values()].map(({ name, slownessFactor, working, usable, queue, busySinceMs }) => ({
      name,
      slownessFactor,
      working,
      usable,
      busy: busySinceMs !== null,
      pods: queue.map((pod) => pod.name),
    })),
    links: [...machines].map(([node, machine]) => ({
      name: linkOf(node),
      bytesPerSecond: linkBytesPerSecond(machine),
      linkFactor: machine.linkFactor,
    })),
    cameras: [...cameras].map(([name, { online, openCount, skippedCount }]) => ({ name, online, openCount, skippedCount })),
    pods: [...pods.values()]
      .filter(({ phase }) => phase === 'pending' || phase === 'bound' || phase === 'running')
      .map(({ name, phase, reason, device, clip, end }) => ({
        name,
        phase,
        reason,
        accelerator: device?.name ?? null,
        clip: clip.at,
        remainingMs: phase === 'running' && end ? Math.max(0, end.dueMs - agenda.nowMs()) : null,
      })),
    transfers: network.transfers(),
  }
}

export type SiteTruth = ReturnType<typeof truthOf>
