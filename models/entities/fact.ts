/**
 * A fact is a group of properties with the time it was true and who said so. Freshness is judged only when
 * the clock ticks, so a replay ages facts at exactly the points where the live twin did.
 */
import { z } from 'zod'

export const FRESHNESS = ['fresh', 'late', 'stale', 'lost'] as const
export type Freshness = (typeof FRESHNESS)[number]

export const factShape = <T extends z.ZodType>(value: T) =>
  z.object({ value, timeMs: z.number(), source: z.string(), freshness: z.enum(FRESHNESS) })

export interface Fact<T> {
  readonly value: T
  readonly timeMs: number
  readonly source: string
  readonly freshness: Freshness
}

/** Ages, ms, from which a fact is late, stale and lost. Samples come every second or two, lists every half minute. */
export interface Deadlines {
  readonly lateMs: number
  readonly staleMs: number
  readonly lostMs: number
}
export const SAMPLE_DEADLINES: Deadlines = { lateMs: 5_000, staleMs: 15_000, lostMs: 60_000 }
export const LIST_DEADLINES: Deadlines = { lateMs: 90_000, staleMs: 300_000, lostMs: 900_000 }

export function toFact<T>(value: T, event: { readonly timeMs: number; readonly source: string }): Fact<T> {
  return { value, timeMs: event.timeMs, source: event.source, freshness: 'fresh' }
}

/** Whether what we hold is newer than what we are told: then the news is superseded. */
export function isNewer(held: { readonly timeMs: number } | null, event: { readonly timeMs: number }): boolean {
  return held !== null && held.timeMs > event.timeMs
}

/** @param ageMs Negative when the source's clock is ahead of ours: a time that far off is no more to be trusted than an old one. */
export function freshnessOf(ageMs: number, deadlines: Deadlines): Freshness {
  const offMs = Math.abs(ageMs)
  if (offMs < deadlines.lateMs) return 'fresh'
  if (offMs < deadlines.staleMs) return 'late'
  return offMs < deadlines.lostMs ? 'stale' : 'lost'
}

/** The same fact when nothing changed, so that untouched entities stay the same object. */
export function aged<T>(fact: Fact<T>, clockMs: number, deadlines: Deadlines): Fact<T>
export function aged<T>(fact: Fact<T> | null, clockMs: number, deadlines: Deadlines): Fact<T> | null
export function aged<T>(fact: Fact<T> | null, clockMs: number, deadlines: Deadlines): Fact<T> | null {
  if (fact === null) return null
  const freshness = freshnessOf(clockMs - fact.timeMs, deadlines)
  return freshness === fact.freshness ? fact : { ...fact, freshness }
}
