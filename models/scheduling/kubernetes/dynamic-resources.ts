/**
 * Devices that pods claim: a node will do when its slices have free ones that match, or when what is allocated already can be reached there.
 *
 * Of shared counters, devices that many may have, binding conditions, wishes for capacity and extended resources of a class nothing is
 * claimed: they count as had.
 */
import { allocate } from './device-allocation.ts'
import { type DeviceClaim, type DeviceObjects, type DeviceWish, deviceId } from './device-objects.ts'
import { poolsFor, reaches } from './device-pools.ts'
import { deviceSelectors } from './device-selectors.ts'
import { type KubeNode, type KubePod, namespaceOf } from './objects.ts'
import { normalise, type Plugin, type PluginInput } from './plugin.ts'
import type { NodeInfo } from './snapshot.ts'

const RESERVED_MAX = 256
const ALTERNATIVES_MAX = 8
const selects = deviceSelectors()

export const dynamicResources: Plugin = {
  name: 'DynamicResources',
  filter: (input) => {
    const { pod, snapshot } = input
    if (snapshot.devices === null || claimNamesOf(pod).length === 0) return () => null
    const claims = claimsOf(pod, snapshot.devices)
    if (claims.includes(null)) return () => 'its claims are not made yet'
    const all = claims.filter((claim) => claim !== null)
    const objection = all.map((claim) => claimFault(claim, pod, snapshot.devices!)).find((fault) => fault !== null)
    if (objection !== undefined) return () => objection
    const attempt = allocator(input, all)
    return (info) => {
      const apart = all.find(
        ({ status }) => status?.allocation?.nodeSelector && !reaches({ nodeSelector: status.allocation.nodeSelector }, info.node),
      )
      const found = attempt(info)
      if ('fault' in found) return found
      if (!found.ok) return found.reason
      return apart === undefined ? null : `what claim ${apart.metadata.name} has is not to be had there`
    }
  },
  weight: 2,
  score: (input, feasible) => {
    const { pod, snapshot } = input
    const claims = snapshot.devices === null ? [] : claimsOf(pod, snapshot.devices).filter((claim) => claim !== null)
    if (!claims.some(isOpen)) return null
    const attempt = allocator(input, claims)
    const held = claims.reduce((sum, claim) => sum + heldPoints(claim), 0)
    const points = feasible.map((info) => {
      const found = attempt(info)
      const chosen =
        'devices' in found
          ? found.devices.flatMap(({ claim, request, alternative }) => (alternative === null ? [] : [[claim, request, alternative]]))
          : []
      const once = new Map(chosen.map((each) => [each.slice(0, 2).join(), each[2]!]))
      return held + [...once.values()].reduce((sum, alternative) => sum + ALTERNATIVES_MAX - alternative, 0)
    })
    return normalise(points)
  },
  unclaimed: (input) => {
    const { pod, snapshot } = input
    const claims = snapshot.devices === null ? [] : claimsOf(pod, snapshot.devices).filter((claim) => claim !== null)
    if (!claims.some(isOpen)) return []
    const attempt = allocator(input, claims)
    const ofNodes = snapshot.nodes.flatMap((info) => {
      const found = attempt(info)
      return 'unclaimed' in found ? found.unclaimed : []
    })
    const wishes = claims.filter(isOpen).flatMap(wishesOf)
    return [...new Set([...ofNodes, ...(wishes.some(({ capacity }) => capacity !== undefined) ? ['a wish for capacity of a device'] : [])])]
  },
}

const isOpen = ({ status }: DeviceClaim): boolean => status?.allocation === undefined
const wishesOf = ({ spec }: DeviceClaim): DeviceWish[] =>
  (spec?.devices?.requests ?? []).flatMap(({ exactly, firstAvailable = [] }) => (exactly === undefined ? firstAvailable : [exactly]))

/** What a node gives the claims that are open; each node is tried once. */
function allocator({ snapshot }: PluginInput, claims: readonly DeviceClaim[]) {
  const { classes, slices, claims: known } = snapshot.devices!
  const open = claims.filter(isOpen)
  const byName = new Map(classes.map((each) => [each.metadata.name, each]))
  const inUse = devicesInUse(known)
  const tried = new Map<NodeInfo, ReturnType<typeof allocate>>()
  return (info: NodeInfo): ReturnType<typeof allocate> => {
    let found = tried.get(info)
    if (found === undefined) {
      found =
        open.length === 0
          ? { ok: true, devices: [], unclaimed: [] }
          : allocate({ claims: open, pools: poolsFor(info.node, slices), classes: byName, inUse, selects })
      tried.set(info, found)
    }
    return found
  }
}

/** The open claims of a pod as they will be when it is bound to that node; none when they cannot be satisfied there. */
export function allocateOn(pod: KubePod, node: KubeNode, { classes, slices, claims }: DeviceObjects): Map<DeviceClaim, DeviceClaim> {
  const open = claimsOf(pod, { classes, slices, claims })
    .filter((claim) => claim !== null)
    .filter(isOpen)
  const byName = new Map(classes.map((each) => [each.metadata.name, each]))
  const found = allocate({ claims: open, pools: poolsFor(node, slices), classes: byName, inUse: devicesInUse(claims), selects })
  if (!found.ok) return new Map()
  return new Map(
    open.map((claim, index) => {
      const results = found.devices.flatMap(({ claim: of, id }) => {
        // A pool may have slashes in its name.
        const [driver = '', ...rest] = id.split('/')
        return of === index ? [{ driver, pool: rest.slice(0, -1).join('/'), device: rest.at(-1) ?? '' }] : []
      })
      return [claim, { ...claim, status: { allocation: { devices: { results } } } }]
    }),
  )
}

/** Ids of devices that somebody has for himself. */
function devicesInUse(claims: readonly DeviceClaim[]): Set<string> {
  const results = claims.flatMap(({ status }) => status?.allocation?.devices?.results ?? [])
  return new Set(results.flatMap(({ driver, pool, device, adminAccess }) => (adminAccess ? [] : [deviceId(driver, pool, device)])))
}

interface ClaimName {
  readonly name: string | null
  readonly isOwn: boolean
}

/** `name` null: not made yet; `isOwn`: from a template, for this pod alone. */
export function claimNamesOf({ spec, status }: KubePod): ClaimName[] {
  const made = new Map((status?.resourceClaimStatuses ?? []).map(({ name, resourceClaimName }) => [name, resourceClaimName]))
  return (spec.resourceClaims ?? []).flatMap(({ name, resourceClaimName }): ClaimName[] => {
    if (resourceClaimName !== undefined) return [{ name: resourceClaimName, isOwn: false }]
    // One of which the template made none is told with no name.
    return made.has(name) && made.get(name) == null ? [] : [{ name: made.get(name) ?? null, isOwn: true }]
  })
}

/** null: not made yet. */
function claimsOf(pod: KubePod, { claims }: DeviceObjects): (DeviceClaim | null)[] {
  const namespace = namespaceOf(pod)
  return claimNamesOf(pod).map(({ name, isOwn }) => {
    const claim = claims.find(({ metadata }) => metadata.name === name && (metadata.namespace ?? 'default') === namespace)
    const isFor = claim?.metadata.ownerReferences?.some(({ uid, controller }) => controller === true && uid === pod.metadata.uid)
    return claim === undefined || (isOwn && isFor !== true) ? null : claim
  })
}

function claimFault(claim: DeviceClaim, { metadata }: KubePod, { classes }: DeviceObjects): string | null {
  const { reservedFor = [] } = claim.status ?? {}
  if (!isOpen(claim)) {
    const isIts = reservedFor.some(({ uid, name }) => (metadata.uid === undefined ? name === metadata.name : uid === metadata.uid))
    return isIts || reservedFor.length < RESERVED_MAX ? null : `claim ${claim.metadata.name} is in use by ${reservedFor.length} pods`
  }
  const missing = wishesOf(claim).find(({ deviceClassName }) => !classes.some((each) => each.metadata.name === deviceClassName))
  return missing === undefined ? null : `device class ${missing.deviceClassName} does not exist`
}

/** Of alternatives that were chosen before. */
function heldPoints({ spec, status }: DeviceClaim): number {
  const chosen = new Set((status?.allocation?.devices?.results ?? []).map(({ request }) => request))
  const points = (spec?.devices?.requests ?? []).flatMap(({ name, firstAvailable = [] }) =>
    firstAvailable.map((each, index) => (chosen.has(`${name}/${each.name}`) ? ALTERNATIVES_MAX - index : 0)),
  )
  return points.reduce((sum, each) => sum + each, 0)
}
