/** Faults put on a running site and taken back. One of a kind and subject at a time: the same again replaces it. */
import type { ActiveFault, Fault } from '../../models/contracts/fault.ts'
import { nearestNames, TwinError } from '../../models/errors.ts'
import { linkOf, tellCamera } from './listing.ts'
import { killMachine, loseDevice, restoreDevice, reviveMachine } from './machines.ts'
import { raiseRound } from './requests.ts'
import type { Machine, World } from './world.ts'

export interface SiteFaults {
  list(): readonly ActiveFault[]
  /** @throws TwinError FAULT_INVALID when the site has no such thing. */
  add(fault: Fault): ActiveFault
  /** @throws TwinError FAULT_INVALID when no fault has that id. */
  clear(id: string): void
}

interface Held {
  readonly active: ActiveFault
  readonly undo: () => void
}

export function createFaults(world: World): SiteFaults {
  const held = new Map<string, Held>()
  let burstCount = 0

  const add = (fault: Fault): ActiveFault => {
    const sinceMs = world.agenda.stampMs()
    // A burst is over as soon as it happened: nothing is left to take back.
    if (fault.kind === 'burst') {
      raiseRound(world, fault)
      return { id: `burst-${++burstCount}`, sinceMs, fault }
    }
    const id = `${fault.kind}-${subjectOf(fault).replace('/', '-')}`
    const earlier = held.get(id)
    const undo = begin(world, fault, earlier !== undefined)
    const active = { id, sinceMs: earlier?.active.sinceMs ?? sinceMs, fault }
    held.set(id, { active, undo })
    return active
  }
  return {
    list: () => [...held.values()].map(({ active }) => active),
    add: (fault) => world.agenda.enter(() => add(fault)),
    clear: (id) =>
      world.agenda.enter(() => {
        const fault = held.get(id)
        if (!fault) throw noSuch('active fault', id, [...held.keys()])
        held.delete(id)
        fault.undo()
      }),
  }
}

function subjectOf(fault: Exclude<Fault, { kind: 'burst' }>): string {
  switch (fault.kind) {
    case 'kill-node':
    case 'lie':
      return fault.node
    case 'lose-accelerator':
      return fault.accelerator
    case 'slow-link':
      return fault.link
    case 'camera-off':
      return fault.camera
  }
}

/** @returns what takes the fault back. */
function begin(world: World, fault: Exclude<Fault, { kind: 'burst' }>, again: boolean): () => void {
  switch (fault.kind) {
    case 'kill-node': {
      const machine = known('node', fault.node, world.machines)
      if (!again) killMachine(world, machine)
      return () => reviveMachine(world, machine)
    }
    case 'lose-accelerator': {
      const device = known('accelerator', fault.accelerator, world.devices)
      if (!again) loseDevice(world, device)
      return () => restoreDevice(world, device)
    }
    case 'slow-link': {
      const machine = known('link', fault.link, new Map([...world.machines].map(([name, each]) => [linkOf(name), each])))
      setLinkFactor(world, machine, fault.factor)
      return () => setLinkFactor(world, machine, 1)
    }
    case 'lie': {
      const machine = known('node', fault.node, world.machines)
      machine.lieRatio = fault.utilizationRatio
      return () => {
        machine.lieRatio = null
      }
    }
    case 'camera-off': {
      const camera = known('camera', fault.camera, world.cameras)
      const turn = (online: boolean) => {
        camera.online = online
        tellCamera(world, camera)
      }
      if (!again) turn(false)
      return () => turn(true)
    }
  }
}

function setLinkFactor(world: World, machine: Machine, factor: number): void {
  machine.linkFactor = factor
  world.network.update()
}

function known<T>(what: string, name: string, things: ReadonlyMap<string, T>): T {
  const thing = things.get(name)
  if (thing === undefined) throw noSuch(what, name, [...things.keys()])
  return thing
}

function noSuch(what: string, name: string, names: readonly string[]): TwinError {
  const near = nearestNames(name, names)
  const hint = names.length === 0 ? 'there is none' : `use ${(near.length > 0 ? near : names.slice(0, 20)).join(' or ')}`
  return new TwinError('FAULT_INVALID', `The simulated site has no ${what} "${name}"; ${hint}.`, { details: { what, name, near } })
}
