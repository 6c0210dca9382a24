/** A series as the chart draws it: columns in time order, a null where nothing was heard, and at the end what was heard since. */
import type { SeriesPoint } from '../../../../models/contracts/history.ts'

export interface Columns {
  readonly timesMs: readonly number[]
  readonly means: readonly (number | null)[]
  readonly mins: readonly (number | null)[]
  readonly maxs: readonly (number | null)[]
}

export interface Sample {
  readonly timeMs: number
  readonly value: number
}

/** Of intervals between neighbours, so many usual ones without a sample are a gap: two missed samples are not. */
const GAP_FACTOR = 3.5

/**
 * The store's points and the samples of the intervals after its last one, which it may still be writing.
 *
 * @param samples Oldest first.
 */
export function withTail(points: readonly SeriesPoint[], samples: readonly Sample[], resolutionMs: number): readonly SeriesPoint[] {
  const fromMs = points.length === 0 ? Number.NEGATIVE_INFINITY : points.at(-1)!.timeMs + resolutionMs
  const since = samples.filter(({ timeMs }) => timeMs >= fromMs)
  if (since.length === 0) return points
  const intervals = Map.groupBy(since, ({ timeMs }) => Math.floor(timeMs / resolutionMs) * resolutionMs)
  return [
    ...points,
    ...[...intervals].map(([timeMs, given]) => {
      const values = given.map(({ value }) => value)
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length
      return { timeMs, mean, min: Math.min(...values), max: Math.max(...values), count: values.length }
    }),
  ]
}

/** A null stands in the middle of each gap, so that no line is drawn over what nobody saw. */
export function toColumns(points: readonly SeriesPoint[], resolutionMs: number): Columns {
  const timesMs: number[] = []
  const means: (number | null)[] = []
  const mins: (number | null)[] = []
  const maxs: (number | null)[] = []
  const gapMs = gapOf(points, resolutionMs)
  const add = (timeMs: number, point: Pick<SeriesPoint, 'mean' | 'min' | 'max'> | null) => {
    timesMs.push(timeMs)
    means.push(point?.mean ?? null)
    mins.push(point?.min ?? null)
    maxs.push(point?.max ?? null)
  }
  for (const [index, point] of points.entries()) {
    const before = points[index - 1]
    if (before !== undefined && point.timeMs - before.timeMs > gapMs) add((before.timeMs + point.timeMs) / 2, null)
    add(point.timeMs, point)
  }
  return { timesMs, means, mins, maxs }
}

/** More than this between two points is a gap, ms. Sources that tell less often than the intervals are long have their own rhythm. */
export function gapOf(points: readonly SeriesPoint[], resolutionMs: number): number {
  const distances = points.slice(1).map(({ timeMs }, index) => timeMs - points[index]!.timeMs)
  const median = distances.sort((a, b) => a - b)[Math.floor(distances.length / 2)] ?? resolutionMs
  return Math.max(resolutionMs, median) * GAP_FACTOR
}

/** The point that a moment belongs to: the newest that is not younger, if no gap lies between. */
export function pointAt(points: readonly SeriesPoint[], timeMs: number, gapMs: number): SeriesPoint | null {
  let low = 0
  let high = points.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (points[middle]!.timeMs <= timeMs) low = middle + 1
    else high = middle
  }
  const point = points[low - 1]
  return point === undefined || timeMs - point.timeMs > gapMs ? null : point
}
