/** What the twin forgets when the clock ticks, so that it stays as large as the site and not as its history: the journal keeps it all. */
import type { EntityKind, EntityOfKind } from '../models/entities/entities.ts'
import { isEnded } from '../models/entities/pod.ts'
import { type Draft, writable } from './fold-draft.ts'

/** Long enough to see in a viewer and to verify a decision against. */
export const ENDED_KEPT_MS = 120_000
export const GONE_KEPT_MS = 600_000
/** Newest decisions kept, whatever their age. */
export const DECISIONS_KEPT = 200

export function forgetEnded(draft: Draft, clockMs: number): void {
  forget(draft, 'pod', (pod) => isEnded(pod) && clockMs - (pod.reported.endedMs ?? 0) > ENDED_KEPT_MS)
  forget(
    draft,
    'request',
    ({ mode, reported }) => (mode === 'completed' || mode === 'failed') && clockMs - (reported.completedMs ?? 0) > ENDED_KEPT_MS,
  )
  forget(draft, 'job', ({ mode, reported }) => mode === 'Exit' && clockMs - reported.timeMs > GONE_KEPT_MS)
  forget(draft, 'node', ({ mode, reported }) => mode === 'gone' && clockMs - (reported.conditions?.timeMs ?? 0) > GONE_KEPT_MS)
  forget(draft, 'camera', ({ mode, reported }) => mode === 'gone' && clockMs - (reported.conditions?.timeMs ?? 0) > GONE_KEPT_MS)
  forget(draft, 'link', ({ mode, reported }) => mode === 'gone' && clockMs - (reported.conditions?.timeMs ?? 0) > GONE_KEPT_MS)
  const decisions = draft.entities.decision
  if (decisions.size > DECISIONS_KEPT) {
    const byAge = [...decisions.values()].sort((a, b) => (a.reported.steps[0]?.timeMs ?? 0) - (b.reported.steps[0]?.timeMs ?? 0))
    for (const { id } of byAge.slice(0, decisions.size - DECISIONS_KEPT)) writable(draft, 'decision').delete(id)
  }
}

function forget<K extends EntityKind>(draft: Draft, kind: K, isOver: (entity: EntityOfKind[K]) => boolean): void {
  for (const [name, entity] of draft.entities[kind]) {
    if (isOver(entity)) writable(draft, kind).delete(name)
  }
}
