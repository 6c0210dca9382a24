/** The answer to a what-if for people: the ranked table, the load's class, and why the winner wins. */
import { stringify } from 'yaml'
import type { LoadClass, Outcome, WhatIfAnswer } from '../../models/contracts/what-if.ts'
import { type Column, formatCells, toCells } from './columns.ts'
import { formatAge, formatMs, formatRatio, formatTime, NONE } from './format-value.ts'
import { toTable } from './table.ts'

export type AnswerFormat = 'table' | 'json' | 'yaml' | 'csv'
const STALE_SHOWN = 5

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

/** Says by the first measure of the ranking that differs: makespan, mean latency, moves. Ties are named, then the best of the rest. */
export function whyLines({ outcomes }: WhatIfAnswer): string[] {
  const [winner] = outcomes
  if (winner === undefined) return ['no algorithm found a schedule']
  const isTied = (outcome: Outcome) => RANKED_BY.every((measure) => outcome[measure] === winner[measure])
  const tied = outcomes.slice(1).filter(isTied)
  const rival = outcomes.find((outcome) => !isTied(outcome))
  return [
    ...(tied.length === 0 ? [] : [`${winner.algorithm} ties with ${tied.map(({ algorithm }) => algorithm).join(', ')}`]),
    rival === undefined
      ? `${winner.algorithm}: no other does differently`
      : `${winner.algorithm} wins over ${rival.algorithm}: ${differenceOf(winner, rival)}`,
  ]
}

const RANKED_BY = ['makespanMs', 'meanLatencyMs', 'moveCount'] as const

function differenceOf(winner: Outcome, second: Outcome): string {
  if (winner.makespanMs < second.makespanMs) {
    const gain = formatRatio(1 - winner.makespanMs / second.makespanMs)
    const cause = causeOf(winner, second)
    return `all is done after ${formatMs(winner.makespanMs)} instead of ${formatMs(second.makespanMs)} (${gain} sooner)${cause}`
  }
  if (winner.meanLatencyMs < second.meanLatencyMs) {
    return `same makespan, but a request waits ${formatMs(winner.meanLatencyMs)} on average instead of ${formatMs(second.meanLatencyMs)}`
  }
  return `same times, but ${winner.moveCount} moves instead of ${second.moveCount}`
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
    const own = choices.find(({ accelerator }) => accelerator === chosen)
    const next = choices.find(({ accelerator, finishMs }) => accelerator !== chosen && finishMs !== null)
    const nextBest = next === undefined ? NONE : `${next.accelerator} ${formatMs(next.finishMs)}`
    return [request, camera, application, formatMs(latencyMs), chosen, formatMs(own?.finishMs), nextBest]
  })
  return `\n${toTable(['REQUEST', 'CAMERA', 'APPLICATION', 'LATENCY', 'PLACE', 'EFT', 'NEXT_BEST'], rows)}`
}

function staleLines({ staleFacts }: WhatIfAnswer): string[] {
  if (staleFacts.length === 0) return []
  const oldest = staleFacts.toSorted((a, b) => b.ageMs - a.ageMs).slice(0, STALE_SHOWN)
  const rest = staleFacts.length - oldest.length
  return [
    `\nRests on ${staleFacts.length} facts that are not fresh${rest > 0 ? `; the oldest ${oldest.length} (-o json has all)` : ''}:\n`,
    ...oldest.map(
      ({ entity, group, ageMs, freshness, source }) => `  ${group} of ${entity}: ${freshness}, ${formatAge(ageMs)} old (${source})\n`,
    ),
  ]
}
