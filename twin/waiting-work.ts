/** Which pods wait, which run, and where: what a loop can still change, and what it must leave alone. */
import { isEnded, type Pod } from '../models/entities/pod.ts'
import type { TwinState } from './twin-state.ts'

/** Known to the cluster, not started: pending, gated or bound to a queue. Sorted by name. */
export function waitingPods(state: TwinState): Pod[] {
  return byName([...state.entities.pod.values()].filter((pod) => pod.mode === 'pending' || pod.mode === 'gated' || pod.mode === 'bound'))
}

export function runningPods(state: TwinState): Pod[] {
  return byName([...state.entities.pod.values()].filter((pod) => pod.mode === 'running'))
}

/** Requests with a pod that has yet to end, sorted. */
export function openRequests(state: TwinState): string[] {
  return [...new Set([...state.entities.pod.values()].filter((pod) => !isEnded(pod)).flatMap((pod) => pod.spec?.request ?? []))].sort()
}

/** Why a pod cannot start where it is bound; null when it can, or when it is bound nowhere. */
export function whyStuck(state: TwinState, pod: Pod): { readonly kind: 'node-lost' | 'accelerator-lost'; readonly subject: string } | null {
  const place = pod.reported.place
  if (place === null) return null
  const node = state.entities.node.get(place.node)
  // A cordoned node still runs what it holds; only a node that is not ready does not.
  if (node?.mode !== 'ready') return { kind: 'node-lost', subject: place.node }
  const accelerator = state.entities.accelerator.get(place.accelerator)
  const isLost = accelerator === undefined || accelerator.mode === 'failed' || accelerator.mode === 'offline'
  return isLost ? { kind: 'accelerator-lost', subject: place.accelerator } : null
}

function byName(pods: Pod[]): Pod[] {
  return pods.sort((a, b) => (a.name < b.name ? -1 : 1))
}
