/** What a cluster says unasked: lists of everything from time to time, samples of cameras and links in between. */
import { deviceModels } from '../../models/applications/device-models.ts'
import { linkBytesPerSecond, type Machine, nominalBytesPerSecond, type SiteCamera, stamp, type World } from './world.ts'

export function runListing(world: World): void {
  listAll(world)
  sampleAll(world)
  world.agenda.every(world.site.cluster.relistMs, () => listAll(world))
  world.agenda.every(world.site.cluster.sampleMs, () => sampleAll(world))
}

export function linkOf(node: string): string {
  return `${node}-uplink`
}

function listAll(world: World): void {
  for (const machine of world.machines.values()) {
    const { name, role, devices, link } = machine.description
    const model = deviceModels().find((each) => each.name === devices[0]?.model)
    const identity = { role, emulated: true, deviceModel: model?.name ?? null, memoryBytes: model?.memoryBytes ?? null }
    world.emit({ type: 'node.observed', ...stamp(world), name, identity, schedulable: !machine.cordoned })
    tellNode(world, machine)
    const nominal = { bytesPerSecond: nominalBytesPerSecond(machine.description), latencyMs: link.latencyMs }
    world.emit({ type: 'link.observed', ...stamp(world), name: linkOf(name), node: name, nominal })
    tellLink(world, machine)
  }
  for (const camera of world.cameras.values()) {
    const { name, node, recordedAt, applications } = camera.description
    world.emit({ type: 'camera.observed', ...stamp(world), name, node, recordedAt, applications, emulated: true })
    tellCamera(world, camera)
  }
}

export function tellNode(world: World, { description: { name }, ready, cordoned }: Machine): void {
  world.emit({ type: 'node.conditionsChanged', ...stamp(world), name, ready, cordoned, reason: ready ? '' : 'the node does not answer' })
}

export function tellLink(world: World, { description, ready }: Machine): void {
  const reason = ready ? '' : `node ${description.name} does not answer`
  world.emit({ type: 'link.conditionsChanged', ...stamp(world), name: linkOf(description.name), up: ready, reason })
}

export function tellCamera(world: World, { description: { name }, online }: SiteCamera): void {
  world.emit({ type: 'camera.conditionsChanged', ...stamp(world), name, online, degraded: false, reason: online ? '' : 'no picture' })
}

function sampleAll(world: World): void {
  for (const { description, online } of world.cameras.values()) {
    const framesPerSecond = online ? description.framesPerSecond : 0
    world.emit({ type: 'camera.sampled', ...stamp(world), name: description.name, framesPerSecond })
  }
  for (const machine of world.machines.values()) {
    const { name, link } = machine.description
    const sampledMs = world.agenda.nowMs() - machine.linkSampledMs
    machine.linkSampledMs = world.agenda.nowMs()
    const carriedBytes = world.network.takeCarriedBytes(name)
    // Nobody measures the link of a machine that is off.
    if (!machine.alive) continue
    const bytesPerSecond = linkBytesPerSecond(machine)
    const utilizationRatio = sampledMs > 0 ? Math.min(1, carriedBytes / ((bytesPerSecond * sampledMs) / 1_000)) : 0
    const quality = { bytesPerSecond, latencyMs: link.latencyMs, utilizationRatio }
    world.emit({ type: 'link.sampled', ...stamp(world), name: linkOf(name), quality })
  }
}
