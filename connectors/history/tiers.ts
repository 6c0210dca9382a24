/**
 * How long numbers are kept, and how coarse. Raw samples become minutes and minutes become hours, by arithmetic that
 * is the same for every store, so that all of them answer with the same numbers to the last bit.
 */
import type { HistoryQuery, SeriesPoint } from '../../models/contracts/history.ts'

export const MINUTE_MS = 60_000
export const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** Finest first. A sample is an interval of its own, with a count of 1. */
export const TIERS = {
  raw: { intervalMs: 1_000, keptMs: 48 * HOUR_MS },
  m1: { intervalMs: MINUTE_MS, keptMs: 30 * DAY_MS },
  h1: { intervalMs: HOUR_MS, keptMs: 400 * DAY_MS },
} as const
export type Tier = keyof typeof TIERS
export const TIER_NAMES = ['raw', 'm1', 'h1'] as const satisfies readonly Tier[]
/** Changes of mode are few and kept as long as the coarsest numbers. */
export const TRANSITIONS_KEPT_MS = TIERS.h1.keptMs

/** Rows that one answer may be made of: six hours of samples, fifteen days of minutes. */
const ROWS_MAX = 21_600

const SECONDS = [1, 2, 5, 10, 15, 30].map((count) => count * 1_000)
const STEPS_MS = [
  ...SECONDS,
  ...SECONDS.map((seconds) => seconds * 60),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR_MS),
  ...[1, 2, 5, 10, 20, 50, 100, 1_000, 10_000, 100_000].map((days) => days * DAY_MS),
]

export const floorTo = (timeMs: number, intervalMs: number): number => Math.floor(timeMs / intervalMs) * intervalMs

/** The finest tier that still has the start of the span and does not take too many rows; the coarsest when none does. */
export function tierFor({ fromMs, toMs }: Pick<HistoryQuery, 'fromMs' | 'toMs'>, nowMs: number): Tier {
  const hasIt = (tier: Tier): boolean => fromMs >= nowMs - TIERS[tier].keptMs && (toMs - fromMs) / TIERS[tier].intervalMs <= ROWS_MAX
  return TIER_NAMES.find(hasIt) ?? 'h1'
}

/** The shortest of the usual steps, not shorter than the tier's, with which the span is at most `maxPoints` intervals. */
export function stepFor({ fromMs, toMs, maxPoints }: Pick<HistoryQuery, 'fromMs' | 'toMs' | 'maxPoints'>, tier: Tier): number {
  const fits = (stepMs: number): boolean =>
    stepMs >= TIERS[tier].intervalMs && Math.ceil(toMs / stepMs) - Math.floor(fromMs / stepMs) <= maxPoints
  return STEPS_MS.find(fits) ?? STEPS_MS.at(-1)!
}

/** @param points Oldest first; of one interval the sum is made in this order. */
export function mergeInto(stepMs: number, points: readonly SeriesPoint[]): SeriesPoint[] {
  const merged: SeriesPoint[] = []
  let sum = 0
  for (const { timeMs, mean, min, max, count } of points) {
    const startMs = floorTo(timeMs, stepMs)
    const last = merged.at(-1)
    if (last?.timeMs !== startMs) {
      sum = mean * count
      merged.push({ timeMs: startMs, mean, min, max, count })
      continue
    }
    sum += mean * count
    const all = last.count + count
    const low = Math.min(last.min, min)
    const high = Math.max(last.max, max)
    // Rounding must not put a mean outside of what it is a mean of.
    const next = { timeMs: startMs, mean: Math.min(high, Math.max(low, sum / all)), min: low, max: high, count: all }
    merged[merged.length - 1] = next
  }
  return merged
}
