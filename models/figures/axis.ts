/** Where a value stands on an axis, and the round values to write beside it; pixels grow with the value, or shrink if `start` is above `end`. */
import { round, ticks } from './svg.ts'

export interface AxisOptions {
  /** `low` below `high`; above 0 on a log scale. */
  readonly low: number
  readonly high: number
  readonly scale: 'linear' | 'log'
  /** Pixels of `low` and `high`. */
  readonly start: number
  readonly end: number
}

export interface Axis {
  at(value: number): number
  /** Ascending, within low…high. */
  readonly marks: readonly number[]
}

const MARKS_MAX = 12

export function axis({ low, high, scale, start, end }: AxisOptions): Axis {
  const share = (value: number) => (scale === 'log' ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low))
  const logMarks = scale === 'log' ? marksOfDecades(low, high) : []
  const marks = logMarks.length >= 3 ? logMarks : ticks({ from: low, to: high })
  // Sums of steps like 0.1 end in noise.
  const clean = marks.map((mark) => Number(mark.toPrecision(12))).filter((mark) => mark >= low && mark <= high)
  return { at: (value) => round(start + share(value) * (end - start)), marks: clean }
}

/** 1, 2 and 5 of each power of ten, or only the powers when those are too many. */
function marksOfDecades(low: number, high: number): number[] {
  const first = Math.floor(Math.log10(low))
  const decades = Array.from({ length: Math.ceil(Math.log10(high)) - first + 1 }, (_, index) => 10 ** (first + index))
  const fine = decades.flatMap((power) => [1, 2, 5].map((factor) => factor * power)).filter((mark) => mark >= low && mark <= high)
  return fine.length <= MARKS_MAX ? fine : decades
}
