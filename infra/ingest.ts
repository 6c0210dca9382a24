/**
 * From the event log into the journal and the twin: the only place where the live state changes.
 *
 * Journal first, then fold: what was accepted is on disk before anybody sees it. No record is skipped in silence:
 * received = applied + superseded + duplicate + dead, across restarts.
 */

import { TwinError } from '../models/errors.ts'
import { decodeEvent } from '../models/events/codec.ts'
import type { JournaledEvent, PositionedEvent } from '../models/events/events.ts'
import type { Clock, DeadLetter, EventLog, Journal, Logger, RawRecord, Stop } from '../models/ports.ts'
import { applyEvents } from '../twin/fold.ts'
import type { TwinState } from '../twin/twin-state.ts'
import { snapshotOf } from './state-hash.ts'

export interface IngestOptions {
  readonly log: EventLog
  readonly journal: Journal
  /** The twin at the end of the journal, from `recoverTwin`. */
  readonly initial: TwinState
  readonly clock: Clock
  /** Called synchronously after each batch that changed the twin; must be quick, and must not await `publish`. */
  readonly onApplied: (before: TwinState, after: TwinState, events: readonly JournaledEvent[]) => void
  /** Events between two snapshots. */
  readonly snapshotEvery?: number
  readonly logger: Logger
}

export interface IngestCounts {
  readonly received: number
  readonly applied: number
  readonly superseded: number
  readonly duplicate: number
  readonly dead: number
}

export interface Ingest {
  state(): TwinState
  /** Since the journal began; `received` is the sum of the others. */
  counts(): IngestCounts
  /** Resolves after `stop`. Rejects when the fold or `onApplied` throws: a bug, after which nothing more is taken. */
  readonly finished: Promise<void>
  /** Takes a snapshot; the log and the journal stay open. */
  readonly stop: Stop
}

const EXCERPT_BYTES = 4_096

/** @throws TwinError INTERNAL when `initial` is not the end of the journal. */
export async function runIngest(options: IngestOptions): Promise<Ingest> {
  const { log, journal, initial, clock, onApplied, snapshotEvery = 20_000, logger } = options
  if (initial.sequence !== journal.lastSequence()) {
    const message = `The twin is at event ${initial.sequence} and the journal at ${journal.lastSequence()}: recover the twin first.`
    throw new TwinError('INTERNAL', message)
  }
  let state = initial
  let snapshotSequence = journal.snapshots().snapshots[0]?.sequence ?? 0
  let failure: { readonly error: unknown } | null = null
  const { promise: finished, resolve, reject } = Promise.withResolvers<void>()

  const saveSnapshot = (): void => {
    // Set at once: when it fails, the next try is a whole stretch later. The events are safe without it.
    snapshotSequence = state.sequence
    try {
      journal.saveSnapshot(snapshotOf(state))
    } catch (error) {
      logger.warn({ err: error, sequence: state.sequence }, 'snapshot not saved')
    }
  }

  const stopLog = await log.subscribe({
    resumeAfter: journal.positions(),
    async onRecords(records) {
      if (failure) throw failure.error
      const batch = decodeRecords(records, clock())
      if (batch.deadLetters.length > 0) {
        const { position, reason, detail } = batch.deadLetters[0]!
        logger.warn({ deadCount: batch.deadLetters.length, first: { ...position, reason, detail } }, 'records to the dead letters')
      }
      // A full disk is the log's to deliver again, or the publisher's to hear of: nothing has changed yet.
      const { accepted } = journal.append(batch)
      if (accepted.length === 0) return
      try {
        const before = state
        state = applyEvents(before, accepted)
        onApplied(before, state, accepted)
      } catch (error) {
        failure = { error }
        logger.error({ err: error, firstSequence: accepted[0]!.sequence }, 'ingest stopped by a bug')
        reject(error)
        throw error
      }
      if (state.sequence - snapshotSequence >= snapshotEvery) saveSnapshot()
    },
  })

  return {
    state: () => state,
    counts: () => countsOf(journal, state),
    finished,
    async stop() {
      await stopLog()
      if (failure === null && state.sequence > snapshotSequence) saveSnapshot()
      resolve()
    },
  }
}

function countsOf(journal: Journal, state: TwinState): IngestCounts {
  const { received, duplicate, dead } = journal.counts()
  const { applied, superseded } = state.counts
  return { received, applied, superseded, duplicate, dead }
}

function decodeRecords(records: readonly RawRecord[], receivedMs: number): Parameters<Journal['append']>[0] {
  const events: PositionedEvent[] = []
  const deadLetters: DeadLetter[] = []
  for (const record of records) {
    const { position } = record
    const decoded = decodeEvent(record, { nowMs: receivedMs })
    if (decoded.ok) events.push({ position, event: decoded.event })
    else deadLetters.push({ position, receivedMs, reason: decoded.reason, detail: decoded.detail, excerpt: excerptOf(record.value) })
  }
  return { events, deadLetters, receivedMs }
}

function excerptOf(value: string | Uint8Array): string {
  const bytes = typeof value === 'string' ? Buffer.from(value.slice(0, EXCERPT_BYTES)) : Buffer.from(value.subarray(0, EXCERPT_BYTES))
  return bytes.subarray(0, EXCERPT_BYTES).toString()
}
