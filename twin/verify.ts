/** When all work that a plan spoke of has ended: how long it took, and what came in between that the plan could not know. */
import type { Decision } from '../models/contracts/decision.ts'
import type { DecisionRecord } from '../models/entities/decision-record.ts'
import { basisOf, deviceFacts, firstChange } from './basis.ts'
import type { TwinState } from './twin-state.ts'

export type Verification =
  | { readonly kind: 'open' }
  /** Nobody will ever know. */
  | { readonly kind: 'lost'; readonly reason: string }
  /** @prop disturbedBy One sentence; null when all went as planned. */
  | { readonly kind: 'done'; readonly observedMakespanMs: number; readonly disturbedBy: string | null }

/** Work that has taken this many times as long as predicted, and this long at least, will not verify a prediction any more. */
const NEVER_FINISHED = { factor: 10, leastMs: 60_000 } as const

export function verificationOf(state: TwinState, record: DecisionRecord): Verification {
  const { desired } = record
  if (desired === null) return { kind: 'lost', reason: 'its content is not known' }
  // A request that ended long ago is forgotten; it was not the last, or all of them are.
  const known = desired.requests.flatMap((id) => state.entities.request.get(id) ?? [])
  if (known.length === 0) return { kind: 'lost', reason: 'its requests are forgotten, so the prediction stays unverified' }
  const finishesMs = known.flatMap(({ reported }) => reported.completedMs ?? [])
  if (finishesMs.length < known.length) {
    const limitMs = Math.max(NEVER_FINISHED.factor * desired.predicted.makespanMs, NEVER_FINISHED.leastMs)
    if (state.clockMs - desired.madeAtMs <= limitMs) return { kind: 'open' }
    return { kind: 'lost', reason: `${known.length - finishesMs.length} of its requests never ended, so the prediction stays unverified` }
  }
  const endMs = Math.max(...finishesMs)
  const observedMakespanMs = Math.max(0, endMs - desired.madeAtMs)
  return { kind: 'done', observedMakespanMs, disturbedBy: disturbance(state, record, { desired, endMs }) }
}

function disturbance(
  state: TwinState,
  { id, reported }: DecisionRecord,
  { desired, endMs }: { readonly desired: Decision; readonly endMs: number },
): string | null {
  const { madeAtMs, placements } = desired
  const own = new Set(desired.requests)
  const refused = reported.refused[0]
  if (refused !== undefined)
    return `${reported.refused.length} of ${placements.length} placements were refused, first ${refused.pod}: ${refused.reason}`
  const pods = [...state.entities.pod.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  const failed = pods.find((pod) => pod.mode === 'failed' && (pod.reported.endedMs ?? 0) > madeAtMs && own.has(pod.spec?.request ?? ''))
  if (failed !== undefined) return `pod ${failed.name} failed: ${failed.reported.reason}`
  for (const other of state.entities.decision.values()) {
    if (other.id === id || (other.desired?.madeAtMs ?? 0) < madeAtMs) continue
    const moved = other.reported.applied.find(({ pod, timeMs }) => timeMs <= endMs && own.has(requestOf(other, pod)))
    if (moved !== undefined) return `plan ${other.id} placed ${moved.pod} anew`
  }
  const change = desired.basis === undefined ? null : firstChange(deviceFacts(desired.basis), deviceFacts(basisOf(state)))
  if (change !== null) return change
  const nodes = new Set(placements.map(({ to }) => to.slice(0, to.indexOf('/'))))
  const later = pods.filter(({ spec, reported: { place, boundMs } }) => {
    return place !== null && nodes.has(place.node) && (boundMs ?? 0) >= madeAtMs && (boundMs ?? 0) < endMs && !own.has(spec?.request ?? '')
  })
  return later.length === 0 ? null : `${later.length} later pod(s) came to its nodes, first ${later[0]!.name}`
}

function requestOf({ desired }: DecisionRecord, pod: string): string {
  return desired?.placements.find((placement) => placement.pod === pod)?.request ?? ''
}
