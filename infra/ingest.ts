/**
 * From the event log into the journal and the twin: the only place where the live state changes.
 *
 * Journal first, then fold: what was accepted is on disk before anybody sees it. No record is skipped in silence:
 * received = applied + superseded + duplicate + dead, across restarts. What is told of other sites on the same
 * topics is passed: the journal remembers that it was read, and nothing more.
 */

import { TwinError } from '../models/errors.ts'
import type { JournaledEvent } from '../models/events/events.ts'
import { lastPositions, type Position } from '../models/events/topics.ts'
import type { Clock, EventLog, Journal, Logger, Stop } from '../models/ports.ts'
import { applyEvents } from '../twin/fold.ts'
import type { TwinState } from '../twin/twin-state.ts'
import { type DeadRecord, type SortedRecords, sortRecords } from './sort-records.ts'
import { snapshotOf } from './state-hash.ts'

export interface TakeOptions {
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

export interface IngestOptions extends TakeOptions {
  readonly log: EventLog
  /** Records of other sites are passed; without it every record is taken. */
  readonly site?: string
  /** Records that could not be read, whole, once the journal has them as dead letters. */
  readonly onDead?: (dead: readonly DeadRecord[]) => void
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

/** The ingest without a log of its own: who reads for several sites hands each its records. */
export interface Taker extends Ingest {
  /** Throws when nothing of it was taken, so that it can be delivered again. */
  take(records: SortedRecords): void
}

/** Passed positions are news to nobody, so they wait for an event of ours; but no longer than this, nor for more records. */
const PASSED_MS_MAX = 1_000
const PASSED_RECORDS_MAX = 10_000

/** @throws TwinError INTERNAL when `initial` is not the end of the journal. */
export async function runIngest(options: IngestOptions): Promise<Ingest> {
  const { log, journal, clock, site, onDead } = options
  const taker = startTaking(options)
  const stopLog = await log.subscribe({
    resumeAfter: journal.positions(),
    onRecords: async (records) => {
      const sorted = sortRecords(records, { site, receivedMs: clock() })
      taker.take(sorted)
      if (sorted.dead !== undefined && sorted.dead.length > 0) onDead?.(sorted.dead)
    },
  })
  return {
    ...taker,
    async stop() {
      await stopLog()
      await taker.stop()
    },
  }
}

/** @throws TwinError INTERNAL when `initial` is not the end of the journal. */
export function startTaking(options: TakeOptions): Taker {
  const { journal, initial, clock, onApplied, snapshotEvery = 20_000, logger } = options
  if (initial.sequence !== journal.lastSequence()) {
    const message = `The twin is at event ${initial.sequence} and the journal at ${journal.lastSequence()}: recover the twin first.`
    throw new TwinError('INTERNAL', message)
  }
  let state = initial
  let snapshotSequence = journal.snapshots().snapshots[0]?.sequence ?? 0
  let failure: { readonly error: unknown } | null = null
  const passing = collectPassed(clock)
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

  return {
    state: () => state,
    counts: () => countsOf(journal, state),
    finished,
    take({ events, deadLetters, passed }) {
      if (failure) throw failure.error
      passing.add(passed)
      if (events.length === 0 && deadLetters.length === 0 && !passing.isDue()) return
      if (deadLetters.length > 0) {
        const { position, reason, detail } = deadLetters[0]!
        logger.warn({ deadCount: deadLetters.length, first: { ...position, reason, detail } }, 'records to the dead letters')
      }
      // A full disk is the log's to deliver again, or the publisher's to hear of: nothing has changed yet.
      const { accepted } = journal.append({ events, deadLetters, passed: passing.positions(), receivedMs: clock() })
      passing.clear()
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
    async stop() {
      if (failure === null && passing.positions().length > 0) rememberPassed(passing.positions())
      if (failure === null && state.sequence > snapshotSequence) saveSnapshot()
      resolve()
    },
  }

  function rememberPassed(passed: readonly Position[]): void {
    try {
      journal.append({ events: [], deadLetters: [], passed, receivedMs: clock() })
    } catch (error) {
      logger.warn({ err: error }, 'records of other sites will be read again')
    }
  }
}

function collectPassed(clock: Clock) {
  let positions: readonly Position[] = []
  let recordCount = 0
  let clearedMs = clock()
  return {
    positions: () => positions,
    add(more: readonly Position[]): void {
      if (more.length === 0) return
      positions = lastPositions([...positions, ...more])
      recordCount += more.length
    },
    isDue: () => recordCount >= PASSED_RECORDS_MAX || (recordCount > 0 && clock() - clearedMs >= PASSED_MS_MAX),
    clear(): void {
      positions = []
      recordCount = 0
      clearedMs = clock()
    },
  }
}

function countsOf(journal: Journal, state: TwinState): IngestCounts {
  const { received, duplicate, dead } = journal.counts()
  const { applied, superseded } = state.counts
  return { received, applied, superseded, duplicate, dead }
}
