/**
 * Whether the devices of a node can satisfy claims, and which they would get: the scheduler's own search, which takes the first solution
 * in the order of pools, slices and devices, so that what it would fail on is found too.
 */
import type { DeviceClaim, DeviceClass, DeviceConstraint, DeviceWish } from './device-objects.ts'
import type { DevicePool, PooledDevice } from './device-pools.ts'
import type { Selects } from './device-selectors.ts'
import { tolerates } from './selectors.ts'

export interface AllocationInput {
  /** Not allocated yet. */
  readonly claims: readonly DeviceClaim[]
  readonly pools: readonly DevicePool[]
  readonly classes: ReadonlyMap<string, DeviceClass>
  /** Ids of devices that somebody has. */
  readonly inUse: ReadonlySet<string>
  readonly selects: Selects
}

export type Allocation =
  | { readonly ok: true; readonly devices: readonly Given[]; readonly unclaimed: readonly string[] }
  | { readonly ok: false; readonly reason: string }
  /** No node is looked at any further: claim or class are wrong. */
  | { readonly ok: false; readonly fault: string }

export interface Given {
  readonly claim: number
  readonly request: number
  /** Which of the alternatives; null: it has none. */
  readonly alternative: number | null
  readonly id: string
}

/** One way to satisfy one request. */
interface Wish {
  readonly claim: number
  readonly request: number
  readonly alternative: number | null
  readonly wish: DeviceWish
  readonly names: readonly string[]
  /** With mode All: which. */
  readonly all: readonly PooledDevice[] | null
}

const DEVICES_PER_CLAIM_MAX = 32
/** Beyond it the scheduler would be busy for long too. */
const STEPS_MAX = 50_000

/** Thrown where the scheduler gives up on the pod. */
class AllocationFault extends Error {}

export function allocate(input: AllocationInput): Allocation {
  const unclaimed = new Set<string>()
  try {
    const requests = input.claims.flatMap((claim, index) => wishesOf(input, claim, { index, unclaimed }))
    const devices = search(input, requests, unclaimed)
    if (devices !== null) return { ok: true, devices, unclaimed: [...unclaimed] }
    return { ok: false, reason: 'cannot allocate all claims' }
  } catch (error) {
    if (error instanceof AllocationFault) return { ok: false, fault: error.message }
    throw error
  }
}

/** Per request, its alternatives. */
function wishesOf(
  input: AllocationInput,
  claim: DeviceClaim,
  { index, unclaimed }: { readonly index: number; readonly unclaimed: Set<string> },
): Wish[][] {
  return (claim.spec?.devices?.requests ?? []).map(({ name = '', exactly, firstAvailable = [] }, request) => {
    const toWish = (wish: DeviceWish, alternative: number | null, names: readonly string[]): Wish => ({
      claim: index,
      request,
      alternative,
      wish,
      names,
      all: wish.allocationMode === 'All' ? allOf(input, wish, unclaimed) : null,
    })
    if (exactly !== undefined) return [toWish(exactly, null, [name])]
    return firstAvailable.map((wish, alternative) => toWish(wish, alternative, [name, `${name}/${wish.name ?? ''}`]))
  })
}

function allOf(input: AllocationInput, wish: DeviceWish, unclaimed: Set<string>): PooledDevice[] {
  const broken = input.pools.find(({ fault }) => fault !== null)
  if (broken !== undefined) throw new AllocationFault(`all devices are asked for, and pool ${broken.name} is ${broken.fault}`)
  return input.pools.flatMap(({ devices }) => devices.filter((device) => isSelected(input, wish, { device, unclaimed })))
}

function search(input: AllocationInput, requests: readonly Wish[][], unclaimed: Set<string>): readonly Given[] | null {
  const candidates = input.pools.flatMap(({ devices }) => devices)
  const byId = new Map(candidates.map((device) => [device.id, device]))
  const given: Given[] = []
  const taken = new Set<string>()
  let steps = 0

  const has = (claim: number): number => given.filter((each) => each.claim === claim).length
  const mayHave = ({ claim, wish, names }: Wish, device: PooledDevice, must: boolean): boolean => {
    if (isTaken({ claim, wish }, device) || isRepelled(wish, device)) return false
    const broken = (input.claims[claim]?.spec?.devices?.constraints ?? []).some((constraint) =>
      breaks(constraint, { claim, names, device }),
    )
    if (broken && must) throw new AllocationFault(`a constraint keeps claim ${input.claims[claim]?.metadata.name} from having all devices`)
    return !broken
  }
  const isTaken = ({ claim, wish }: Pick<Wish, 'claim' | 'wish'>, device: PooledDevice): boolean => {
    if (wish.adminAccess === true) return given.some((each) => each.claim === claim && each.id === device.id)
    return !isShared(device) && (input.inUse.has(device.id) || taken.has(device.id))
  }
  const breaks = (
    { requests: only = [], matchAttribute, distinctAttribute }: DeviceConstraint,
    { claim, names, device }: { readonly claim: number; readonly names: readonly string[]; readonly device: PooledDevice },
  ): boolean => {
    const concerns = (of: readonly string[]) => only.length === 0 || of.some((name) => only.includes(name))
    if (!concerns(names)) return false
    const attribute = matchAttribute ?? distinctAttribute ?? ''
    const own = attributeOf(device, attribute)
    if (own === null) return true
    const others = given
      .filter((each) => each.claim === claim && concerns(namesOf(each)))
      .map(({ id }) => attributeOf(byId.get(id)!, attribute))
    return matchAttribute === undefined ? others.includes(own) : others.some((other) => other !== own)
  }
  const namesOf = ({ claim, request, alternative }: Given): readonly string[] =>
    requests.flat().find((each) => each.claim === claim && each.request === request && each.alternative === alternative)?.names ?? []

  const withDevice = (wish: Wish, device: PooledDevice, go: () => boolean): boolean => {
    const wasTaken = taken.has(device.id)
    given.push({ claim: wish.claim, request: wish.request, alternative: wish.alternative, id: device.id })
    taken.add(device.id)
    if (go()) return true
    given.pop()
    if (!wasTaken) taken.delete(device.id)
    return false
  }
  const fromRequest = (index: number): boolean => {
    const alternatives = requests[index]
    return alternatives === undefined || alternatives.some((wish) => fill(wish, index, { count: 0, from: 0 }))
  }
  const fill = (wish: Wish, index: number, { count, from }: { readonly count: number; readonly from: number }): boolean => {
    const needed = wish.all?.length ?? wish.wish.count ?? 1
    if (wish.all?.length === 0) return false
    if (count >= needed) return fromRequest(index + 1)
    if (has(wish.claim) + needed - count > DEVICES_PER_CLAIM_MAX) return false
    if (++steps > STEPS_MAX) {
      unclaimed.add('too many ways to share out the devices')
      return true
    }
    if (wish.all !== null) {
      const device = wish.all[count]!
      return mayHave(wish, device, true) && withDevice(wish, device, () => fill(wish, index, { count: count + 1, from: 0 }))
    }
    for (let at = from; at < candidates.length; at++) {
      const device = candidates[at]!
      if (isTaken(wish, device) || !isSelected(input, wish.wish, { device, unclaimed })) continue
      if (!mayHave(wish, device, false)) continue
      if (withDevice(wish, device, () => fill(wish, index, { count: count + 1, from: at + 1 }))) return true
    }
    return false
  }
  return fromRequest(0) ? given : null
}

function isSelected(
  { classes, selects }: AllocationInput,
  { deviceClassName = '', selectors = [] }: DeviceWish,
  { device, unclaimed }: { readonly device: PooledDevice; readonly unclaimed: Set<string> },
): boolean {
  for (const { cel } of [...(classes.get(deviceClassName)?.spec?.selectors ?? []), ...selectors]) {
    const expression = cel?.expression ?? ''
    const selected = selects(expression, device)
    if (selected === 'fault') throw new AllocationFault(`selector ${expression} cannot be evaluated on ${device.id}`)
    if (selected === 'unclaimed') unclaimed.add(`selector ${expression}`)
    if (selected === false) return false
  }
  const { consumesCounters, bindingConditions } = device.device
  if (isShared(device) || consumesCounters !== undefined || bindingConditions !== undefined)
    unclaimed.add(`device ${device.id}, which is shared, or ready only on conditions`)
  return true
}

const isShared = ({ device }: PooledDevice): boolean => device.allowMultipleAllocations === true

function isRepelled({ tolerations = [] }: DeviceWish, { device }: PooledDevice): boolean {
  const repelling = (device.taints ?? []).filter(({ effect }) => effect === 'NoSchedule' || effect === 'NoExecute')
  return repelling.some((taint) => !tolerations.some((toleration) => tolerates(toleration, taint)))
}

/** By its full name, or by its own in the driver's domain. @returns null when the device has none. */
function attributeOf({ driver, device }: PooledDevice, name: string): string | null {
  const own = name.startsWith(`${driver}/`) ? name.slice(driver.length + 1) : undefined
  const attribute = device.attributes?.[name] ?? (own === undefined ? undefined : device.attributes?.[own])
  return attribute === undefined ? null : JSON.stringify(attribute)
}
