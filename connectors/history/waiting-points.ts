/** Points on their way to a store: a bounded queue that gives up its oldest. What was taken out is the caller's to count. */
import type { HistoryPoint } from '../../models/contracts/history.ts'

export interface WaitingPoints {
  /** @returns how many points were given up for it. */
  add(point: HistoryPoint): number
  /** The oldest, at most so many. */
  take(countMax: number): HistoryPoint[]
  readonly size: () => number
}

export function createWaitingPoints(sizeMax: number): WaitingPoints {
  let points: HistoryPoint[] = []
  // Of `points`; what lies before was taken or given up. Cut off when it is half, so a point costs the same however many wait.
  let first = 0
  const forget = (count: number): void => {
    first += count
    if (first * 2 < points.length) return
    points = points.slice(first)
    first = 0
  }
  return {
    add(point) {
      points.push(point)
      if (points.length - first <= sizeMax) return 0
      forget(1)
      return 1
    },
    take(countMax) {
      const taken = points.slice(first, first + countMax)
      forget(taken.length)
      return taken
    },
    size: () => points.length - first,
  }
}
