/**
 * Which pod has which devices of a node.
 *
 * Claims name them. Extended resources only count them, so who came first takes the first that is free, and keeps it: the twin's
 * answer must not change while a pod lives.
 */
import { podRequests } from '../../../models/scheduling/kubernetes/resources.ts'
import type { ResourceClaim, WatchedPod } from '../watched.ts'
import type { Device } from './inventory.ts'

export interface Allotment {
  readonly pod: WatchedPod
  /** `node/device`, the most special first; empty when it asks for none. */
  readonly devices: readonly string[]
  /** Claims of it are not allocated as far as we know. */
  readonly awaitsClaim: boolean
}

export interface AllotmentInput {
  readonly devices: readonly Device[]
  /** On this node, and holding what they asked for. */
  readonly pods: readonly WatchedPod[]
  /** null: not known or not made yet. */
  readonly claims: (pod: WatchedPod) => readonly (ResourceClaim | null)[]
  /** The device that it is known or wanted to have. */
  readonly known: (pod: WatchedPod) => string | null
}

/** By uid of the pod. */
export function allot({ devices, pods, claims, known }: AllotmentInput): ReadonlyMap<string, Allotment> {
  const byClaimKey = new Map(devices.flatMap(({ claimKey, name }) => (claimKey === null ? [] : [[claimKey, name] as const])))
  const resources = new Set(devices.flatMap(({ resource }) => resource ?? []))
  const ofPod = pods.map((pod) => ({ pod, claims: claims(pod), known: known(pod) })).sort(byAge)
  const taken = new Set(ofPod.flatMap((each) => each.claims.flatMap((claim) => claimedNames(claim, byClaimKey))))
  return new Map(
    ofPod.map(({ pod, claims, known: wanted }) => {
      const names = claims.flatMap((claim) => claimedNames(claim, byClaimKey))
      for (const [resource, count] of resources.size === 0 ? [] : podRequests(pod)) {
        // A device that a claim gave for the resource is not taken a second time.
        if (!resources.has(resource) || names.length > 0) continue
        names.push(...take(devices, { resource, count, wanted, taken }))
      }
      const isWantedHere = wanted !== null && devices.some(({ name }) => name === wanted)
      const all = names.length === 0 && isWantedHere ? [wanted] : names
      const awaitsClaim = claims.some((claim) => claim?.status?.allocation === undefined)
      return [pod.metadata.uid, { pod, devices: bySpecialty(all, devices), awaitsClaim }]
    }),
  )
}

interface Wanted {
  readonly resource: string
  readonly count: number
  readonly wanted: string | null
  readonly taken: Set<string>
}

function take(devices: readonly Device[], { resource, count, wanted, taken }: Wanted): string[] {
  const all = devices.filter((device) => device.resource === resource).map(({ name }) => name)
  const free = all.filter((name) => !taken.has(name)).sort((a, b) => Number(b === wanted) - Number(a === wanted))
  // More than there are: the resource counts shares of a device.
  const got = free.length > 0 ? free.slice(0, count) : all.slice(0, 1)
  for (const name of got) taken.add(name)
  return got
}

function claimedNames(claim: ResourceClaim | null, byClaimKey: ReadonlyMap<string, string>): string[] {
  const results = claim?.status?.allocation?.devices?.results ?? []
  return results.flatMap(({ driver, pool, device, adminAccess }) =>
    adminAccess === true ? [] : (byClaimKey.get(`${driver}/${pool}/${device}`) ?? []),
  )
}

/** Those with a known place, then the oldest; by name where they are of one second. */
function byAge(a: { readonly pod: WatchedPod; readonly known: string | null }, b: typeof a): number {
  const first = Number(a.known === null) - Number(b.known === null)
  const [ageA, ageB] = [a.pod.metadata.creationTimestamp ?? '', b.pod.metadata.creationTimestamp ?? '']
  return first || (ageA < ageB ? -1 : ageA > ageB ? 1 : a.pod.metadata.name < b.pod.metadata.name ? -1 : 1)
}

/** A pod with a GPU and a CPU of its own computes on the GPU. */
function bySpecialty(names: readonly string[], devices: readonly Device[]): string[] {
  const isCpu = (name: string) => Number(devices.find((device) => device.name === name)?.acceleratorKind === 'CPU')
  return [...new Set(names)].sort((a, b) => isCpu(a) - isCpu(b))
}
