/**
 * The scheduler that the site has without edgetwin: on the camera's own node, the accelerator that serves the
 * application fastest; for a camera without a node, the one with the fewest pods. It never waits for a better place.
 */
import { type Device, imageOn, knownComputeMs, type Pod, type World } from './world.ts'

export type StockChoice = { readonly device: Device } | { readonly reason: string }

/** Ties go to the device that the site names first. */
export function chooseDevice(world: World, { spec }: Pod): StockChoice {
  const home = world.cameras.get(spec.camera)?.description.node ?? null
  const machines = [...world.machines.values()].filter(({ description }) => home === null || description.name === home)
  const open = machines.filter(({ ready, cordoned }) => ready && !cordoned)
  if (open.length === 0)
    return { reason: home === null ? 'no node is ready' : `node ${home} is ${machines[0]?.ready ? 'cordoned' : 'not ready'}` }
  const devices = open.flatMap((machine) => machine.devices).filter(({ usable }) => usable)
  const able = devices.filter((device) => imageOn(device, spec.application) !== null)
  const load = (device: Device) => (home === null ? device.queue.length : (knownComputeMs(device, spec) ?? Number.POSITIVE_INFINITY))
  const [first] = able.sort((a, b) => load(a) - load(b))
  if (first) return { device: first }
  const where = home === null ? 'at this site' : `on node ${home}`
  return { reason: devices.length === 0 ? `no accelerator works ${where}` : `no accelerator ${where} has an image for ${spec.application}` }
}
