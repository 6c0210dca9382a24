/** A sweep as a table for other programs: the swept value in the unit of its heading, makespans in ms, empty where there is no schedule. */
import { SWEPT_TITLES, shownValue } from '../../../../models/figures/swept-value.ts'
import type { SweepAnswer } from '../../../../models/scenario/answers.ts'
import { ALGORITHMS } from './question.ts'

export function sweepCsv({ points, unit }: SweepAnswer): string {
  const shown = algorithmsOf({ points })
  const rows = points.map(({ x, winner, makespanMsByAlgorithm }) => [
    shownValue(x, unit),
    winner ?? '',
    ...shown.map((name) => makespanMsByAlgorithm[name] ?? ''),
  ])
  const head = [`"${SWEPT_TITLES[unit]}"`, 'winner', ...shown.map((name) => `${name} ms`)]
  return [head, ...rows].map((cells) => `${cells.join(',')}\r\n`).join('')
}

/** Those that found a schedule anywhere. */
export function algorithmsOf({ points }: Pick<SweepAnswer, 'points'>) {
  return ALGORITHMS.filter((name) => points.some(({ makespanMsByAlgorithm }) => makespanMsByAlgorithm[name] !== undefined))
}
