/** Which pods wait, which run, and where: what a loop can still change, and what it must leave alone. */
import type { Pod } from '../models/entities/pod.ts'
import type { TwinState } from './twin-state.ts'

/** Known to the cluster and not at work: pending, gated, bound to a queue, or stranded. Sorted by name. */
export function waitingPods(state: TwinState): Pod[] {
  return byName([...state.entities.pod.values()].filter((pod) => WAITING.has(pod.mode) || isStranded(state, pod)))
}
const WAITING: ReadonlySet<Pod['mode']> = new Set(['pending', 'gated', 'bound'])

export function runningPods(state: TwinState): Pod[] {
  return byName([...state.entities.pod.values()].filter((pod) => pod.mode === 'running' && !isStranded(state, pod)))
}

/** Said to run on a node that is not ready: clusters say so for minutes, and nobody knows whether it is true. Its work must start anew elsewhere. */
export function isStranded(state: TwinState, { mode, reported: { place } }: Pod): boolean {
  if (mode !== 'running' || place === null) return false
  const node = state.entities.node.get(place.node)
  return node?.mode === 'notReady' || node?.mode === 'gone'
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

/** The pod before it that had its stage; undefined for a first one, and for one whose predecessor is forgotten. */
export function predecessorOf(state: TwinState, { spec }: Pod): Pod | undefined {
  if (spec === null || spec.iteration === 0) return undefined
  const { request, stage, iteration } = spec
  return [...state.entities.pod.values()].find(
    (other) => other.spec?.request === request && other.spec.stage === stage && other.spec.iteration === iteration - 1,
  )
}

/** It lost the place it had, and the site put it somewhere by itself. */
export function isDisplaced(state: TwinState, pod: Pod): boolean {
  if (pod.mode !== 'bound' || pod.reported.place?.by === 'edgetwin') return false
  return predecessorOf(state, pod)?.mode === 'failed'
}

/** A binding is heard of within; one that is not may never come. */
const HEARD_WITHIN_MS = 5_000

/** A placement was just made, and the cluster has not told yet where the pod is: nothing more is to be decided about it. */
export function isOnItsWay({ entities, clockMs }: TwinState, { name, desired, reported }: Pod): boolean {
  if (reported.place !== null || desired.decision === null) return false
  const applied = entities.decision.get(desired.decision)?.reported.applied ?? []
  return applied.some(({ runsAs, timeMs }) => runsAs === name && clockMs - timeMs < HEARD_WITHIN_MS)
}

function byName(pods: Pod[]): Pod[] {
  return pods.sort((a, b) => (a.name < b.name ? -1 : 1))
}
