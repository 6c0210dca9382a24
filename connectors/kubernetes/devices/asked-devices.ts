/**
 * What a pod asks for of devices and what a device can be asked for by, in names that the twin compares: an extended resource by its
 * own name, a device of a slice by its kind, as claims see it. Which device of that kind a claim accepts is the scheduler's verdict.
 */
import { podRequests } from '../../../models/scheduling/kubernetes/resources.ts'
import type { ResourceClaim, WatchedPod } from '../watched.ts'
import { kindOfName } from './device-sources.ts'
import type { Device } from './inventory.ts'

const byClaim = (kind: string): string => `claim of a ${kind}`

export function offersOf({ resource, claimKey, acceleratorKind }: Device): string[] {
  return [...(resource === null ? [] : [resource]), ...(claimKey === null ? [] : [byClaim(acceleratorKind)])]
}

/**
 * Names of which its accelerator must offer one. A pod with several wishes computes on the most special device: a claim's before a
 * CPU's; all of them are the scheduler's to satisfy.
 *
 * @param claims null: not made yet.
 * @returns undefined when it asks for none; none while its claims are not made.
 */
export function asksOf(pod: WatchedPod, claims: readonly (ResourceClaim | null)[]): string[] | undefined {
  const resources = [...podRequests(pod)].flatMap(([name, amount]) =>
    amount > 0 && name.includes('/') && kindOfName(name) !== null ? [name] : [],
  )
  if (resources.length > 0) return resources.slice(0, 1)
  const requests = claims.flatMap((claim) => claim?.spec?.devices?.requests ?? [])
  const wishes = requests.map(({ exactly, firstAvailable = [] }) => {
    const kinds = [exactly, ...firstAvailable].flatMap((each) => (each === undefined ? [] : [kindOfName(each.deviceClassName ?? '')]))
    // One class that says nothing of a kind may mean any.
    return kinds.some((kind) => kind === null) ? [] : [...new Set(kinds.flatMap((kind) => (kind === null ? [] : [byClaim(kind)])))]
  })
  const known = wishes.filter((names) => names.length > 0)
  const special = known.find((names) => !names.includes(byClaim('CPU'))) ?? known[0]
  return special ?? (claims.some((claim) => claim === null) ? [] : undefined)
}
