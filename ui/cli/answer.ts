/** The answer to a what-if for people: the ranked table, the load's class, and why the winner wins. */
import type { AlgorithmName, LoadClass, Outcome, WhatIfAnswer } from '../../models/contracts/what-if.ts'
import { answerGantt } from '../../models/figures/answer-gantt.ts'
import { type Column, formatCells, toCells } from './columns.ts'
import { formatAge, formatMs, formatRatio, formatTime, NONE } from './format-value.ts'
import { formatOne } from './output.ts'
import { type Block, toMarkdown, toPlain } from './report.ts'
import { whyLines } from './why.ts'

export const ANSWER_FORMATS = ['table', 'json', 'yaml', 'csv', 'markdown', 'svg'] as const
export type AnswerFormat = (typeof ANSWER_FORMATS)[number]
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

/** What was asked, in words, when it can be said in words. */
export interface Asked {
  readonly text: string
  readonly url: string
}

export interface AnswerOptions {
  readonly format: AnswerFormat
  readonly asked: Asked | null
  /** An algorithm to draw beside the winner. */
  readonly against?: AlgorithmName
}

/** @throws TwinError for a picture of what has no schedule */
export function formatAnswer(answer: WhatIfAnswer, { format, asked, against }: AnswerOptions): string {
  const named = asked === null ? answer : { scenario: asked.text, url: asked.url, ...answer }
  switch (format) {
    case 'json':
    case 'yaml':
      return formatOne(named, format)
    case 'csv':
      return formatCells(toCells(PROGRAMS, rankedOf(answer), { nowMs: 0 }), { format })
    case 'svg':
      return answerGantt(answer, { subtitle: asked?.text ?? basisLine(answer), ...(against === undefined ? {} : { against }) })
    case 'markdown':
      return toMarkdown(`What if: ${asked?.text ?? 'a question from a file'}`, blocksOf(answer, asked))
    case 'table':
      return toPlain(blocksOf(answer, asked))
  }
}

function blocksOf(answer: WhatIfAnswer, asked: Asked | null): Block[] {
  const { titles, rows } = toCells(PEOPLE, rankedOf(answer), { nowMs: 0 })
  return [
    { lines: asked === null ? [] : [`scenario: ${asked.text}`, `share: ${asked.url}`] },
    { heading: 'Ranking', titles, rows },
    { lines: answer.infeasible.map(({ algorithm, reason }) => `${algorithm} found no schedule: ${reason}`) },
    { lines: [classLine(answer.loadClass), ...whyLines(answer)] },
    placesOf(answer),
    { lines: staleLines(answer) },
    { lines: [basisLine(answer)] },
  ]
}

function rankedOf({ outcomes }: WhatIfAnswer): Ranked[] {
  return outcomes.map((outcome, index) => ({ ...outcome, rank: index + 1 }))
}

function basisLine({ taskCount, processors, basis }: WhatIfAnswer): string {
  return `${taskCount} tasks on ${processors.length} accelerators, twin of ${formatTime(basis.timeMs)} (#${basis.sequence})`
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

function placesOf({ outcomes }: WhatIfAnswer): Block {
  const rows = (outcomes[0]?.requests ?? []).map(({ request, camera, application, chosen, choices, latencyMs }) => {
    const own = choices.find(({ accelerator }) => accelerator === chosen)
    const next = choices.find(({ accelerator, finishMs }) => accelerator !== chosen && finishMs !== null)
    const nextBest = next === undefined ? NONE : `${next.accelerator} ${formatMs(next.finishMs)}`
    return [request, camera, application, formatMs(latencyMs), chosen, formatMs(own?.finishMs), nextBest]
  })
  const titles = ['REQUEST', 'CAMERA', 'APPLICATION', 'LATENCY', 'PLACE', 'EFT', 'NEXT_BEST']
  return { heading: 'Where the winner puts the requests', titles, rows }
}

function staleLines({ staleFacts }: WhatIfAnswer): string[] {
  if (staleFacts.length === 0) return []
  const oldest = staleFacts.toSorted((a, b) => b.ageMs - a.ageMs).slice(0, STALE_SHOWN)
  const rest = staleFacts.length - oldest.length
  return [
    `Rests on ${staleFacts.length} facts that are not fresh${rest > 0 ? `; the oldest ${oldest.length} (-o json has all)` : ''}:`,
    ...oldest.map(
      ({ entity, group, ageMs, freshness, source }) => `  ${group} of ${entity}: ${freshness}, ${formatAge(ageMs)} old (${source})`,
    ),
  ]
}
