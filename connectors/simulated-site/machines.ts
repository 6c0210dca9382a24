/** Machines and devices that die and return, and the moment later at which the cluster notices. */
import { tellLink, tellNode } from './listing.ts'
import { fail, fetchClips, halt, schedulePending, startNext } from './pods.ts'
import type { Device, Machine, World } from './world.ts'

export function killMachine(world: World, machine: Machine): void {
  machine.alive = false
  for (const device of machine.devices) halt(world, device)
  world.network.update()
  fetchClips(world)
  world.agenda.cancel(machine.notice)
  if (machine.ready) machine.notice = world.agenda.after(world.site.cluster.notReadyAfterMs, () => declareNotReady(world, machine))
}

function declareNotReady(world: World, machine: Machine): void {
  machine.ready = false
  tellNode(world, machine)
  tellLink(world, machine)
  for (const device of machine.devices) for (const pod of [...device.queue]) fail(world, pod, 'node lost')
}

export function reviveMachine(world: World, machine: Machine): void {
  machine.alive = true
  world.network.update()
  fetchClips(world)
  world.agenda.cancel(machine.notice)
  if (!machine.ready) {
    machine.notice = world.agenda.after(world.site.cluster.notReadyAfterMs, () => declareReady(world, machine))
    return
  }
  // Back before anybody noticed: what waited still waits, what ran is gone.
  for (const device of machine.devices) {
    const [first] = device.queue
    if (first?.phase === 'running') fail(world, first, 'node restarted')
    else startNext(world, device)
  }
}

function declareReady(world: World, machine: Machine): void {
  machine.ready = true
  tellNode(world, machine)
  tellLink(world, machine)
  schedulePending(world)
}

/** The device plug-in notices at once, unlike a dead machine. */
export function loseDevice(world: World, device: Device): void {
  device.working = false
  device.usable = false
  world.agenda.cancel(device.notice)
  halt(world, device)
  for (const pod of [...device.queue]) fail(world, pod, 'accelerator lost')
}

export function restoreDevice(world: World, device: Device): void {
  device.working = true
  world.agenda.cancel(device.notice)
  device.notice = world.agenda.after(world.site.cluster.notReadyAfterMs, () => {
    device.usable = true
    schedulePending(world)
  })
}

/** A cordoned node takes no new pods, and its running ones may be moved away. */
export function setCordoned(world: World, machine: Machine, cordoned: boolean): void {
  machine.cordoned = cordoned
  tellNode(world, machine)
  if (!cordoned) schedulePending(world)
}
