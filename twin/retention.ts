/** What the twin forgets when the clock ticks, so that it stays as large as the site and not as its history: the journal keeps it all. */
import type { Accelerator } from '../models/entities/accelerator.ts'
import type { EntityKind, EntityOfKind } from '../models/entities/entities.ts'
import { isEnded, type Pod } from '../models/entities/pod.ts'
import { type Draft, writable } from './fold-draft.ts'
import { settlePod } from './fold-work.ts'

/** Long enough to see in a viewer and to verify a decision against; topics may run this far apart (README). */
export const ENDED_KEPT_MS = 120_000
export const GONE_KEPT_MS = 600_000
/** Newest decisions kept, whatever their age. */
export const DECISIONS_KEPT = 200

export function forgetEnded(draft: Draft, clockMs: number): void {
  forgetStrays(draft, clockMs)
  forget(draft, 'pod', (pod) => isEnded(pod) && clockMs - (pod.reported.endedMs ?? 0) > ENDED_KEPT_MS)
  forget(
    draft,
    'request',
    ({ mode, reported }) => (mode === 'completed' || mode === 'failed') && clockMs - (reported.completedMs ?? 0) > ENDED_KEPT_MS,
  )
  forget(draft, 'job', ({ mode, reported }) => mode === 'Exit' && clockMs - reported.timeMs > GONE_KEPT_MS)
  // As long as an exporter speaks of a thing that is gone, forgetting it would only bring it back as unknown.
  forget(draft, 'node', ({ mode, reported }) => mode === 'gone' && clockMs - lastHeardMs(reported) > GONE_KEPT_MS)
  forget(draft, 'camera', ({ mode, reported }) => mode === 'gone' && clockMs - lastHeardMs(reported) > GONE_KEPT_MS)
  forget(draft, 'link', ({ mode, reported }) => mode === 'gone' && clockMs - lastHeardMs(reported) > GONE_KEPT_MS)
  forget(draft, 'accelerator', (accelerator) => isGone(accelerator) && clockMs - lastHeardMs(factsOf(accelerator)) > GONE_KEPT_MS)
  forgetOldDecisions(draft)
}

/** Pods and requests that a decision speaks of and nobody else ever did. */
function forgetStrays(draft: Draft, clockMs: number): void {
  const isStray = ({ mode, predicted }: Pod | EntityOfKind['request']) =>
    mode === 'expected' && clockMs - (predicted.finishMs ?? 0) > GONE_KEPT_MS
  const strays = [...draft.entities.pod.values()].filter(isStray)
  for (const before of strays) {
    writable(draft, 'pod').delete(before.name)
    settlePod(draft, before.name, { before, event: null })
  }
  forget(draft, 'request', isStray)
}

function forgetOldDecisions(draft: Draft): void {
  const { decision } = draft.entities
  if (decision.size <= DECISIONS_KEPT) return
  const madeMs = ({ reported }: EntityOfKind['decision']) => reported.steps[0]?.timeMs ?? 0
  // By id where times are equal: a map restored from a snapshot has another order than the live one.
  const byAge = [...decision.values()].sort((a, b) => madeMs(a) - madeMs(b) || (a.id < b.id ? -1 : 1))
  for (const { id } of byAge.slice(0, decision.size - DECISIONS_KEPT)) writable(draft, 'decision').delete(id)
}

/** Taken away, or only ever named by pods, and no pod names it now. One that only samples speak of is yet to be announced. */
function isGone({ mode, desired, reported: { identity, health, load, pods } }: Accelerator): boolean {
  if (mode !== 'offline' || pods.length > 0 || desired.pods.length > 0) return false
  return health === null ? identity === null && load === null : !health.value.healthy
}

const factsOf = ({ reported: { identity, health, load } }: Accelerator) => ({ identity, health, load })

function lastHeardMs(facts: Readonly<Record<string, { readonly timeMs: number } | null | undefined>>): number {
  return Math.max(0, ...Object.values(facts).map((fact) => fact?.timeMs ?? 0))
}

function forget<K extends EntityKind>(draft: Draft, kind: K, isOver: (entity: EntityOfKind[K]) => boolean): void {
  for (const [name, entity] of draft.entities[kind]) {
    if (isOver(entity)) writable(draft, kind).delete(name)
  }
}
