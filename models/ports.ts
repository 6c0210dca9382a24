/** What the rooms ask of the outside world: each port has an embedded adapter and, where a user has one, a real one. */
import type { Check } from './contracts/api.ts'
import type { Placement } from './contracts/decision.ts'
import type { HistoryPoint, HistoryQuery, HistorySeries, HistoryTransitions, TransitionQuery } from './contracts/history.ts'
import type { JournaledEvent, PositionedEvent, TwinEvent } from './events/events.ts'
import type { Position } from './events/topics.ts'

/** Constant lower-case message, values in fields with units. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** Milliseconds since the epoch. */
export type Clock = () => number

export type Stop = () => Promise<void>

/** A record as it stands in a log, before anything about it is believed. */
export interface RawRecord {
  readonly position: Position
  readonly headers: Readonly<Record<string, string>>
  readonly value: string | Uint8Array
}

/** Event log: at least once, in order per topic. */
export interface EventLog {
  /** Resolves when the log has accepted all of them, to positions that cover them: who has read up to these has read them. */
  publish(events: readonly TwinEvent[]): Promise<readonly Position[]>
  /**
   * Delivers records after `resumeAfter`; the next batch comes only when `onRecords` has resolved (back-pressure).
   * A batch it rejects was not taken: a log that keeps it delivers it again, another one tells the publisher.
   */
  subscribe(options: {
    readonly resumeAfter: readonly Position[]
    readonly onRecords: (records: readonly RawRecord[]) => Promise<void>
  }): Promise<Stop>
  close(): Promise<void>
}

export interface DeadLetter {
  readonly position: Position
  readonly receivedMs: number
  readonly reason: string
  readonly detail: string
  /** The first 4 KiB of the value. */
  readonly excerpt: string
}

export interface Snapshot {
  readonly sequence: number
  /** SHA-256 of `stateJson`, hex. */
  readonly hash: string
  readonly stateJson: string
}

export interface AppendResult {
  readonly accepted: readonly JournaledEvent[]
  readonly duplicateCount: number
}

/** The one total order. Everything of one `append` commits together or not at all. */
export interface Journal {
  append(batch: {
    readonly events: readonly PositionedEvent[]
    readonly deadLetters: readonly DeadLetter[]
    /** Read and not ours: remembered as read, neither kept nor counted. */
    readonly passed?: readonly Position[]
    readonly receivedMs: number
  }): AppendResult
  saveSnapshot(snapshot: Snapshot): void
  /** Newest first, at most two; damaged ones are left out and counted. */
  snapshots(): { readonly snapshots: readonly Snapshot[]; readonly damagedCount: number }
  /** Events with `sequence` > after, in order, read in pages. */
  read(options: { readonly after: number; readonly until?: number }): Iterable<JournaledEvent>
  /** Of the events received at the latest time ≤ timeMs, the last; 0 when there is none. */
  sequenceAt(timeMs: number): number
  firstSequence(): number
  lastSequence(): number
  positions(): readonly Position[]
  deadLetters(options: { readonly limit: number }): readonly DeadLetter[]
  counts(): { readonly received: number; readonly accepted: number; readonly duplicate: number; readonly dead: number }
  close(): void
}

export type PlacementResult =
  | { readonly ok: true; readonly pod: string; readonly replacement: string | null }
  | { readonly ok: false; readonly pod: string; readonly reason: string }

/** The one thing that acts. It refuses, with a reason, what the cluster would not take. */
export interface PlacementSink {
  apply(placement: Placement, options: { readonly decisionId: string }): Promise<PlacementResult>
}

/** Since the start; what was offered is the sum of all four. */
export interface HistoryCounts {
  /** Not written yet. */
  readonly queued: number
  readonly written: number
  /** Given up because the queue was full or the history was stopped. */
  readonly dropped: number
  /** Points that no store would take, such as one without a finite number, and those that this store did not. */
  readonly refused: number
}

/** Numbers and modes of one site over time: a view, whose loss never slows or stops the twin. */
export interface History {
  /** Takes note and returns at once; never throws. */
  write(points: readonly HistoryPoint[]): void
  /** Both reject with TwinError HISTORY_UNREACHABLE when the store does not answer. */
  series(query: HistoryQuery): Promise<HistorySeries>
  transitions(query: TransitionQuery): Promise<HistoryTransitions>
  /** Down-samples what is due and forgets what is past its time; to be called about once a minute. Never rejects. */
  maintain(): Promise<void>
  checks(): readonly Check[]
  counts(): HistoryCounts
  /** Writes what is queued if the store takes it soon; counts the rest as dropped. */
  readonly stop: Stop
}
