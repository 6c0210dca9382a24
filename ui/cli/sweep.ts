/** The curve of a sweep as people and programs read it: the winner at each point, and where it changes. */
import { ALGORITHM_NAMES, type AlgorithmName } from '../../models/contracts/what-if.ts'
import { inWords, sweepCurve } from '../../models/figures/sweep-curve.ts'
import { formatSwept } from '../../models/figures/swept-value.ts'
import type { SweepAnswer } from '../../models/scenario/answers.ts'
import { formatMs, formatTime, NONE } from './format-value.ts'
import { formatOne } from './output.ts'
import { type Block, toMarkdown, toPlain } from './report.ts'
import { toCsv } from './table.ts'

export const SWEEP_FORMATS = ['table', 'json', 'csv', 'markdown', 'svg'] as const
export type SweepFormat = (typeof SWEEP_FORMATS)[number]

/** Of the swept value in CSV: the unit is the name's last word, as everywhere. */
const X_NAMES: Readonly<Record<SweepAnswer['unit'], string>> = {
  'B/s': 'bytesPerSecond',
  factor: 'factor',
  requests: 'requestCount',
  s: 'delta1Seconds',
  'requests/camera': 'requestsPerCamera',
}

export function formatSweepAnswer(answer: SweepAnswer, { format, url }: { readonly format: SweepFormat; readonly url: string }): string {
  switch (format) {
    case 'json':
      return formatOne({ url, ...answer }, format)
    case 'csv':
      return csvOf(answer)
    case 'markdown':
      return toMarkdown(`Sweep: ${answer.scenario}`, blocksOf(answer, url))
    case 'svg':
      return sweepCurve(answer)
    case 'table':
      return toPlain(blocksOf(answer, url))
  }
}

function algorithmsOf({ points }: SweepAnswer): AlgorithmName[] {
  return ALGORITHM_NAMES.filter((name) => points.some(({ makespanMsByAlgorithm }) => makespanMsByAlgorithm[name] !== undefined))
}

function blocksOf(answer: SweepAnswer, url: string): Block[] {
  const { scenario, points, breakPoints, unit, unrefinedCount, basis } = answer
  const algorithms = algorithmsOf(answer)
  return [
    { lines: [`scenario: ${scenario}`, `share: ${url}`] },
    {
      heading: 'Curve',
      titles: ['VALUE', 'WINNER', ...algorithms.map((name) => name.toUpperCase())],
      rows: points.map(({ x, winner, makespanMsByAlgorithm }) => [
        formatSwept(x, unit),
        winner ?? NONE,
        ...algorithms.map((name) => (makespanMsByAlgorithm[name] === undefined ? NONE : formatMs(makespanMsByAlgorithm[name]))),
      ]),
    },
    {
      heading: 'Where the winner changes',
      titles: ['BREAK_POINT', 'FROM', 'TO', 'BETWEEN'],
      rows: breakPoints.map(({ x, xLow, xHigh, from, to }) => [
        formatSwept(x, unit),
        from ?? NONE,
        to ?? NONE,
        `${formatSwept(xLow, unit)} and ${formatSwept(xHigh, unit)}`,
      ]),
    },
    {
      lines: [
        breakPoints.length === 0 ? 'the winner never changes' : inWords(answer),
        ...(unrefinedCount === 0
          ? []
          : [`${unrefinedCount} of the changes are known only as closely as the points lie; sweep a smaller range`]),
        `twin of ${formatTime(basis.timeMs)} (#${basis.sequence})`,
      ],
    },
  ]
}

function csvOf(answer: SweepAnswer): string {
  const algorithms = algorithmsOf(answer)
  const rows = answer.points.map(({ x, winner, makespanMsByAlgorithm }) => [
    String(x),
    winner ?? '',
    ...algorithms.map((name) => String(makespanMsByAlgorithm[name] ?? '')),
  ])
  return toCsv([X_NAMES[answer.unit], 'winner', ...algorithms.map((name) => `${name}MakespanMs`)], rows)
}
