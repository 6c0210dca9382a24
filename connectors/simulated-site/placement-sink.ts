/**
 * Where placements are carried out. It refuses what a cluster would refuse, and names the fact that stands against it.
 *
 * It knows only what the cluster knows: it will place on a machine that died unnoticed.
 */
import type { Placement } from '../../models/contracts/decision.ts'
import type { PlacementResult, PlacementSink } from '../../models/ports.ts'
import { bind, move } from './pods.ts'
import { type Device, imageOn, type Pod, type World } from './world.ts'

/** How many carried out placements are remembered, so that doing one again does nothing. */
const DONE_MAX = 10_000

export function createPlacementSink(world: World): PlacementSink {
  const done = new Map<string, PlacementResult>()
  return {
    apply: async (placement, { decisionId }) =>
      world.agenda.enter(() => {
        const key = JSON.stringify([decisionId, placement.pod, placement.to])
        const before = done.get(key)
        if (before) return before
        const result = place(world, placement)
        if (result.ok) done.set(key, result)
        const [oldest] = done.keys()
        if (done.size > DONE_MAX && oldest !== undefined) done.delete(oldest)
        return result
      }),
  }
}

function place(world: World, placement: Placement): PlacementResult {
  const pod = world.pods.get(placement.pod)
  const device = world.devices.get(placement.to)
  const reason = pod ? (podFault(world, pod, placement) ?? deviceFault(world, device, placement, pod)) : `there is no pod ${placement.pod}`
  if (reason !== null || !pod || !device) return { ok: false, pod: placement.pod, reason: reason ?? '' }
  if (pod.device === device) return { ok: true, pod: pod.name, replacement: null }
  if (pod.device !== null) return { ok: true, pod: pod.name, replacement: move(world, pod, device).name }
  bind(world, pod, device, 'edgetwin')
  return { ok: true, pod: pod.name, replacement: null }
}

function podFault({ machines }: World, { name, phase, device }: Pod, { from, to }: Placement): string | null {
  if (phase === 'succeeded' || phase === 'failed' || phase === 'evicted') return `pod ${name} has ended: ${phase}`
  if (from !== null && device?.name !== from) return `pod ${name} is ${device ? `on ${device.name}` : 'bound nowhere'}, not on ${from}`
  if (phase !== 'running' || device === null || device.name === to || machines.get(device.node)?.cordoned) return null
  return `pod ${name} is running on ${device.name}, and running pods are moved off cordoned nodes only`
}

function deviceFault({ machines }: World, device: Device | undefined, { to, image }: Placement, { spec }: Pod): string | null {
  const machine = device && machines.get(device.node)
  if (!device || !machine) return `there is no accelerator ${to}`
  if (!machine.ready) return `node ${device.node} is not ready`
  if (machine.cordoned) return `node ${device.node} is cordoned`
  if (!device.usable) return `accelerator ${to} is lost`
  const right = imageOn(device, spec.application)?.image
  if (right === undefined) return `no image serves ${spec.application} on a ${device.kind}, as ${to} is one`
  return image === right ? null : `image ${image} does not serve ${spec.application} on a ${device.kind}; ${right} does`
}
