/** Two scenarios side by side, for people and programs. Every difference is b − a, as in `kubectl diff`: what b changes. */
import type { Comparison } from '../../models/scenario/answers.ts'
import { formatMs, formatTime, NONE } from './format-value.ts'
import { formatOne } from './output.ts'
import { type Block, toMarkdown, toPlain } from './report.ts'
import { toCsv } from './table.ts'

export const COMPARISON_FORMATS = ['table', 'json', 'yaml', 'csv', 'markdown'] as const
export type ComparisonFormat = (typeof COMPARISON_FORMATS)[number]

export function formatComparison(comparison: Comparison, format: ComparisonFormat): string {
  switch (format) {
    case 'json':
    case 'yaml':
      return formatOne(comparison, format)
    case 'csv':
      return toCsv(['measure', 'name', 'a', 'b', 'difference'], csvRows(comparison))
    case 'markdown':
      return toMarkdown('Two scenarios side by side', blocksOf(comparison))
    case 'table':
      return toPlain(blocksOf(comparison))
  }
}

/** The same winner, times and places, and the same refusals. */
export function isSame({ a, b, differenceMs, algorithms, requests, moves }: Comparison): boolean {
  const areEqual = (left: number | null, right: number | null) => left === right
  return (
    a.winner === b.winner &&
    (differenceMs ?? 0) === 0 &&
    moves.length === 0 &&
    algorithms.every((each) => areEqual(each.aMs, each.bMs) && areEqual(each.aMoveCount, each.bMoveCount)) &&
    requests.every(({ aLatencyMs, bLatencyMs }) => areEqual(aLatencyMs, bLatencyMs)) &&
    JSON.stringify(a.infeasible) === JSON.stringify(b.infeasible)
  )
}

function blocksOf(comparison: Comparison): Block[] {
  const { a, b, differenceMs, algorithms, requests, moves, basis } = comparison
  return [
    { lines: [`a: ${a.scenario}`, `b: ${b.scenario}`] },
    {
      heading: 'Winners',
      titles: ['SIDE', 'WINNER', 'MAKESPAN', 'DIFFERENCE'],
      rows: [
        ['a', a.winner ?? NONE, cell(a.makespanMs), ''],
        ['b', b.winner ?? NONE, cell(b.makespanMs), signed(differenceMs)],
      ],
    },
    {
      heading: 'Algorithms',
      titles: ['ALGORITHM', 'A', 'B', 'DIFFERENCE', 'A_MOVES', 'B_MOVES'],
      rows: algorithms.map((each) => [
        each.algorithm,
        cell(each.aMs),
        cell(each.bMs),
        signed(each.differenceMs),
        count(each.aMoveCount),
        count(each.bMoveCount),
      ]),
    },
    {
      heading: 'Requests, each under its side’s winner',
      titles: ['REQUEST', 'CAMERA', 'APPLICATION', 'A', 'B', 'DIFFERENCE'],
      rows: requests.map((each) => [
        each.request,
        each.camera,
        each.application,
        cell(each.aLatencyMs),
        cell(each.bLatencyMs),
        signed(each.differenceMs),
      ]),
    },
    {
      heading: 'Placed elsewhere',
      titles: ['REQUEST', 'A_PLACE', 'B_PLACE'],
      rows: moves.map(({ request, from, to }) => [request, from, to]),
    },
    { lines: [...refusals('a', comparison), ...refusals('b', comparison)] },
    { lines: [`${isSame(comparison) ? 'no difference' : 'they differ'}; twin of ${formatTime(basis.timeMs)} (#${basis.sequence})`] },
  ]
}

function refusals(side: 'a' | 'b', comparison: Comparison): string[] {
  return comparison[side].infeasible.map(({ algorithm, reason }) => `${side}: ${algorithm} found no schedule: ${reason}`)
}

function csvRows({ a, b, differenceMs, algorithms, requests, moves }: Comparison): string[][] {
  const row = (measure: string, name: string, values: readonly (string | number | null)[]) => [
    measure,
    name,
    ...values.map((value) => String(value ?? '')),
  ]
  return [
    row('scenario', '', [a.scenario, b.scenario, null]),
    row('winner', '', [a.winner, b.winner, null]),
    row('makespanMs', '', [a.makespanMs, b.makespanMs, differenceMs]),
    ...algorithms.map((each) => row('algorithmMakespanMs', each.algorithm, [each.aMs, each.bMs, each.differenceMs])),
    ...algorithms.map((each) => row('algorithmMoveCount', each.algorithm, [each.aMoveCount, each.bMoveCount, null])),
    ...requests.map((each) => row('requestLatencyMs', each.request, [each.aLatencyMs, each.bLatencyMs, each.differenceMs])),
    ...moves.map(({ request, from, to }) => row('place', request, [from, to, null])),
  ]
}

/** Missing on that side: no schedule, or no such request. */
function cell(ms: number | null): string {
  return ms === null ? NONE : formatMs(ms)
}

function count(value: number | null): string {
  return value === null ? NONE : String(value)
}

function signed(ms: number | null): string {
  if (ms === null) return NONE
  return ms === 0 ? 'same' : `${ms < 0 ? '-' : '+'}${formatMs(Math.abs(ms))}`
}
