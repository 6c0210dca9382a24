/**
 * From the journal back to the twin: the newest snapshot that can be trusted, and the events after it.
 *
 * A snapshot is used whole or not at all. When none holds and the first events are gone, we refuse:
 * no twin is better than a wrong one.
 */
import { TwinError } from '../models/errors.ts'
import type { Journal, Snapshot } from '../models/ports.ts'
import { canonicalJson } from '../twin/canonical-json.ts'
import { applyEvents } from '../twin/fold.ts'
import { emptyTwin, fromJson, type TwinState, toJson } from '../twin/twin-state.ts'

export interface Recovery {
  readonly state: TwinState
  /** Of the snapshot it starts from; 0 when every event was replayed. */
  readonly snapshotSequence: number
  readonly replayedCount: number
  /** Snapshots that could not be trusted. */
  readonly refusedCount: number
}

/** @throws TwinError JOURNAL_REFUSED, or JOURNAL_UNREADABLE when an event that is needed is damaged. */
export function recoverTwin(journal: Journal): Recovery {
  const { snapshots, damagedCount } = journal.snapshots()
  const lastSequence = journal.lastSequence()
  let refusedCount = damagedCount
  for (const base of [...snapshots.map(toState), emptyTwin]) {
    if (base !== null) {
      const state = applyEvents(base, journal.read({ after: base.sequence }))
      if (agrees(state, journal)) {
        return { state, snapshotSequence: base.sequence, replayedCount: lastSequence - base.sequence, refusedCount }
      }
    }
    refusedCount++
  }
  const message = `The twin cannot be rebuilt: no snapshot can be trusted and the events kept start at ${journal.firstSequence()}. Restore a copy of the journal, or move it away to start anew from the event log.`
  throw new TwinError('JOURNAL_REFUSED', message, {
    details: { firstSequence: journal.firstSequence(), lastSequence, snapshotCount: snapshots.length + damagedCount },
  })
}

/** The snapshots that hold a twin of this version, newest first. */
export function trustedStates(journal: Journal): TwinState[] {
  return journal.snapshots().snapshots.flatMap((snapshot) => toState(snapshot) ?? [])
}

/** null when the text is not the twin that its row claims, to the last field: one we cannot read fully we do not read. */
function toState({ sequence, stateJson }: Snapshot): TwinState | null {
  try {
    const state = fromJson(JSON.parse(stateJson))
    return state !== null && state.sequence === sequence && canonicalJson(toJson(state)) === stateJson ? state : null
  } catch {
    return null
  }
}

/** Whether it stands at the journal's end and has counted every event the journal took in: one forgotten or skipped would be missing. */
function agrees({ sequence, counts }: TwinState, journal: Journal): boolean {
  return sequence === journal.lastSequence() && counts.applied + counts.superseded === journal.counts().accepted
}
