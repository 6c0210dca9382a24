/** The answer to a what-if for people: the ranked table, the load's class, and why the winner wins. */
import { stringify } from 'yaml'
import type { LoadClass, Outcome, WhatIfAnswer } from '../../models/contracts/what-if.ts'
import { type Column, formatCells, toCells } from './columns.ts'
import { formatAge, formatMs, formatRatio, formatTime, NONE } from './format-value.ts'
import { toTable } from './table.ts'

export type AnswerFormat = 'table' | 'json' | 'yaml' | 'csv'
interface Ranked extends Outcome {
  readonly rank: number
}

const PEOPLE: readonly Column<Ranked>[] = [
  { title: 'RANK', cell: ({ rank }) => String(rank) },
  { title: 'ALGORITHM', cell: ({ algorithm, picked }) => (picked === null ? algorithm : `${algorithm} → ${picked}`) },
  { title: 'MAKESPAN', cell: ({ makespanMs }) => formatMs(makespanMs) },
  { title: 'MEAN', cell: ({ meanLatencyMs }) => formatMs(meanLatencyMs) },
  { title: 'P95', cell: ({ p95LatencyMs }) => formatMs(p95LatencyMs) },
  { title: 'GAP', cell: ({ gapRatio }) => formatRatio(gapRatio) },
  { title: 'SLR', cell: ({ slr }) => slr.toFixed(2) },
  { title: 'SPEEDUP', cell: ({ speedup }) => speedup.toFixed(2) },
  { title: 'MOVES', cell: ({ moveCount }) => String(moveCount) },
]
const PROGRAMS: readonly Column<Ranked>[] = [
  { title: 'rank', cell: ({ rank }) => String(rank) },
  { title: 'algorithm', cell: ({ algorithm }) => algorithm },
  { title: 'picked', cell: ({ picked }) => picked ?? '' },
  ...(
    ['plannedMakespanMs', 'makespanMs', 'meanLatencyMs', 'p95LatencyMs', 'slr', 'speedup', 'lowerBoundMs', 'gapRatio', 'moveCount'] as const
  ).map((title) => ({ title, cell: (outcome: Ranked) => String(outcome[title]) })),
]

export function formatAnswer(answer: WhatIfAnswer, format: AnswerFormat): string {
  if (format === 'json') return `${JSON.stringify(answer, null, 2)}\n`
  if (format === 'yaml') return stringify(answer)
  const rows = answer.outcomes.map((outcome, index) => ({ ...outcome, rank: index + 1 }))
  const context = { nowMs: 0 }
  if (format === 'csv') return formatCells(toCells(PROGRAMS, rows, context), { format })
  return [
    formatCells(toCells(PEOPLE, rows, context), { format }),
    ...answer.infeasible.map(({ algorithm, reason }) => `${algorithm} found no schedule: ${reason}\n`),
    `\n${classLine(answer.loadClass)}\n`,
    ...whyLines(answer).map((line) => `${line}\n`),
    placesOf(answer),
    ...staleLines(answer),
    `\n${answer.taskCount} tasks on ${answer.processors.length} accelerators, twin of ${formatTime(answer.basis.timeMs)} (#${answer.basis.sequence})\n`,
  ].join('')
}

/** Numbers that make the class, in the order in which they decide it. */
export function classLine(load: LoadClass): string {
  const {
    className,
    algorithm,
    tMinSeconds,
    tMaxSeconds,
    tMeanSeconds,
    requestCount,
    cameraCount,
    requestsPerCamera,
    delta1Seconds,
    delta2,
  } = load
  const seconds = (value: number) => `${value.toFixed(3)} s`
  const spread = tMaxSeconds - tMinSeconds
  return (
    `class ${className} → ${algorithm}: t_max − t_min = ${seconds(spread)} against δ1 = ${seconds(delta1Seconds)} (mean ${seconds(tMeanSeconds)}); ` +
    `${requestCount} requests / ${cameraCount} cameras = ${requestsPerCamera.toFixed(2)} against δ2 = ${delta2}`
  )
}

/** Says by the first measure that differs in the ranking: makespan, mean latency, moves. */
export function whyLines({ outcomes }: WhatIfAnswer): string[] {
  const [winner, second] = outcomes
  if (winner === undefined) return ['no algorithm found a schedule']
  if (second === undefined) return [`${winner.algorithm} is the only one with a schedule`]
  return [`${winner.algorithm} wins over ${second.algorithm}: ${differenceOf(winner, second)}`]
}

function differenceOf(winner: Outcome, second: Outcome): string {
  if (winner.makespanMs < second.makespanMs) {
    const gain = formatRatio(1 - winner.makespanMs / second.makespanMs)
    const cause = causeOf(winner, second)
    return `all is done after ${formatMs(winner.makespanMs)} instead of ${formatMs(second.makespanMs)} (${gain} sooner)${cause}`
  }
  if (winner.meanLatencyMs < second.meanLatencyMs) {
    return `same makespan, but a request waits ${formatMs(winner.meanLatencyMs)} on average instead of ${formatMs(second.meanLatencyMs)}`
  }
  if (winner.moveCount < second.moveCount) return `same times, but ${winner.moveCount} moves instead of ${second.moveCount}`
  return 'the same times and moves; the order of the algorithms decides'
}

/** The request that ends the loser's schedule, if the winner puts it elsewhere. */
function causeOf(winner: Outcome, second: Outcome): string {
  const last = second.requests.toSorted((a, b) => b.latencyMs - a.latencyMs)[0]
  const better = winner.requests.find(({ request }) => request === last?.request)
  if (last === undefined || better === undefined || better.chosen === last.chosen) return ''
  return `; ${last.request} ends after ${formatMs(better.latencyMs)} on ${better.chosen}, not ${formatMs(last.latencyMs)} on ${last.chosen}`
}

function placesOf({ outcomes }: WhatIfAnswer): string {
  const winner = outcomes[0]
  if (winner === undefined || winner.requests.length === 0) return ''
  const rows = winner.requests.map(({ request, camera, application, chosen, choices, latencyMs }) => {
    const next = choices.find(({ accelerator, finishMs }) => accelerator !== chosen && finishMs !== null)
    return [
      request,
      camera,
      application,
      chosen,
      formatMs(latencyMs),
      next === undefined ? NONE : `${next.accelerator} ${formatMs(next.finishMs)}`,
    ]
  })
  return `\n${toTable(['REQUEST', 'CAMERA', 'APPLICATION', 'PLACE', 'LATENCY', 'NEXT_BEST'], rows)}`
}

function staleLines({ staleFacts }: WhatIfAnswer): string[] {
  return staleFacts.map(
    ({ entity, group, ageMs, freshness, source }) => `rests on ${freshness} ${group} of ${entity}, ${formatAge(ageMs)} old (${source})\n`,
  )
}
