/**
 * What a database must do to hold a history; everything else (queue, retries, tiers, answers) is the same for all.
 *
 * Every method but `close` rejects when the database does not do it now. All writes may be repeated: the same series
 * and time is the same row.
 */
import type { HistoryPoint, HistorySource, SeriesKind, SeriesPoint, Transition, TransitionQuery } from '../../models/contracts/history.ts'
import type { Tier } from './tiers.ts'

export interface Series {
  readonly name: string
  readonly field: string
  /** Oldest first. */
  readonly points: readonly SeriesPoint[]
}

export interface SeriesFilter {
  readonly kind: SeriesKind
  /** Without them all of the kind. */
  readonly only?: { readonly name: string; readonly field: string }
}

export interface Inserted {
  readonly refusedCount: number
  /** Why, when it refused any. */
  readonly problem: string | null
}

export interface HistoryStore {
  readonly source: HistorySource
  /** Connects, or connects again, and makes what is missing. */
  open(): Promise<void>
  /** Clean points only (`clean.ts`). When it rejects, any of them may be stored. */
  insert(points: readonly HistoryPoint[]): Promise<Inserted>
  read(tier: Tier, span: SeriesFilter & { readonly fromMs: number; readonly toMs: number }): Promise<readonly Series[]>
  store(tier: 'm1' | 'h1', kind: SeriesKind, series: readonly Series[]): Promise<Inserted>
  /** Time of the oldest or newest point at or after `fromMs`. */
  end(tier: Tier, which: 'oldest' | 'newest', series: SeriesFilter & { readonly fromMs: number }): Promise<number | null>
  /** Newest first. */
  transitions(query: TransitionQuery, countMax: number): Promise<readonly Transition[]>
  oldestTransition(query: Pick<TransitionQuery, 'kind' | 'name' | 'fromMs'>): Promise<number | null>
  /** Deletes what is past its time, where the database does not do so itself. */
  forget(nowMs: number): Promise<void>
  /** What a person can do about it. */
  remedyOf(problem: string): string
  close(): void
}
