/**
 * Devices that pods ask for by name: a cluster gives such a device to one pod at a time, and to a pod none that is not offered under
 * that name, nor any of a node that its scheduler keeps the pod from. What asks for none shares devices as it likes.
 */
import type { Placement } from '../models/contracts/decision.ts'
import { isEnded, type Pod } from '../models/entities/pod.ts'
import type { TwinState } from './twin-state.ts'

/** @returns why the pod cannot have a device of that node that is offered under these names; null when it can. */
export function askFault(
  pod: Pod | undefined,
  { node, offers = [] }: { readonly node: string; readonly offers?: readonly string[] },
): string | null {
  if (pod?.spec?.rejectedBy?.includes(node)) return `the cluster's scheduler keeps it off node ${node}`
  const asks = pod?.spec?.asks
  if (asks === undefined || asks.some((name) => offers.includes(name))) return null
  return asks.length === 0 ? 'which devices it asks for is not known yet' : `it is no ${asks.join(' or ')}`
}

/** Without those whose device another pod has, or gets by an earlier one of them: their turn comes when it is free. */
export function inTurn({ entities }: TwinState, placements: readonly Placement[]): Placement[] {
  const asksFor = (name: string): boolean => {
    const pod = entities.pod.get(name)
    return pod?.spec?.asks !== undefined && !isEnded(pod)
  }
  const given = new Set<string>()
  return placements.filter(({ pod, to }) => {
    if (!asksFor(pod)) return true
    const accelerator = entities.accelerator.get(to)
    const holders = accelerator === undefined ? [] : [...accelerator.reported.pods, ...accelerator.desired.pods]
    if (given.has(to) || holders.some((other) => other !== pod && asksFor(other))) return false
    given.add(to)
    return true
  })
}
