/** Why the winner of a what-if wins, by the measures that the question ranks by. */
import { CRITERIA, type Criterion } from '../../models/contracts/objective.ts'
import type { Outcome, WhatIfAnswer } from '../../models/contracts/what-if.ts'
import { formatMs, formatRatio } from './format-value.ts'

interface Measure {
  readonly name: string
  of(outcome: Outcome): number
  /** What is better about the winner. */
  say(winner: Outcome, rival: Outcome): string
}

const MEASURES: Readonly<Record<Criterion, Measure>> = {
  makespan: {
    name: 'makespan',
    of: ({ makespanMs }) => makespanMs,
    say: (winner, rival) => {
      const gain = formatRatio(1 - winner.makespanMs / rival.makespanMs)
      return `all is done after ${formatMs(winner.makespanMs)} instead of ${formatMs(rival.makespanMs)} (${gain} sooner)${causeOf(winner, rival)}`
    },
  },
  meanLatency: {
    name: 'mean latency',
    of: ({ meanLatencyMs }) => meanLatencyMs,
    say: (winner, rival) => `a request waits ${formatMs(winner.meanLatencyMs)} on average instead of ${formatMs(rival.meanLatencyMs)}`,
  },
  p95Latency: {
    name: 'p95 latency',
    of: ({ p95LatencyMs }) => p95LatencyMs,
    say: (winner, rival) => `95 of 100 requests wait at most ${formatMs(winner.p95LatencyMs)} instead of ${formatMs(rival.p95LatencyMs)}`,
  },
  deadlineMisses: {
    name: 'missed deadlines',
    of: ({ deadlineMissCount }) => deadlineMissCount,
    say: (winner, rival) => `${winner.deadlineMissCount} deadlines missed instead of ${rival.deadlineMissCount}`,
  },
  energy: {
    name: 'energy',
    of: ({ energy }) => energy.aboveIdleJoules,
    say: (winner, rival) =>
      `${winner.energy.aboveIdleJoules.toFixed(1)} J above idle instead of ${rival.energy.aboveIdleJoules.toFixed(1)} J`,
  },
  moveTime: {
    name: 'move time',
    of: ({ moveSeconds }) => moveSeconds,
    say: (winner, rival) => `moves take ${winner.moveSeconds.toFixed(1)} s instead of ${rival.moveSeconds.toFixed(1)} s`,
  },
  moves: {
    name: 'moves',
    of: ({ moveCount }) => moveCount,
    say: (winner, rival) => `${winner.moveCount} moves instead of ${rival.moveCount}`,
  },
}

/** Says by the first measure that differs, or that the sum is lower. Ties are named, then the best of the rest. */
export function whyLines({ outcomes, query: { objective } }: WhatIfAnswer): string[] {
  const [winner] = outcomes
  if (winner === undefined) return ['no algorithm found a schedule']
  const criteria = objective.kind === 'lexicographic' ? objective.order : CRITERIA.filter((name) => (objective.weights[name] ?? 0) > 0)
  const measures = criteria.map((name) => MEASURES[name])
  const isTied = (outcome: Outcome) => measures.every(({ of }) => of(outcome) === of(winner))
  const tied = outcomes.slice(1).filter(isTied)
  const rival = outcomes.find((outcome) => !isTied(outcome))
  const difference = rival === undefined ? '' : objective.kind === 'weighted' ? sumOf(measures) : differenceOf(measures, winner, rival)
  return [
    ...(tied.length === 0 ? [] : [`${winner.algorithm} ties with ${tied.map(({ algorithm }) => algorithm).join(', ')}`]),
    rival === undefined
      ? `${winner.algorithm}: no other does differently`
      : `${winner.algorithm} wins over ${rival.algorithm}: ${difference}`,
  ]
}

function sumOf(measures: readonly Measure[]): string {
  return `the weighted sum of ${measures.map(({ name }) => name).join(', ')} is lower`
}

function differenceOf(measures: readonly Measure[], winner: Outcome, rival: Outcome): string {
  const index = measures.findIndex(({ of }) => of(winner) !== of(rival))
  const same = measures.slice(0, index).map(({ name }) => name)
  return `${same.length === 0 ? '' : `same ${same.join(', ')}, but `}${measures[index]!.say(winner, rival)}`
}

/** The request that ends the loser's schedule, if the winner puts it elsewhere. */
function causeOf(winner: Outcome, rival: Outcome): string {
  const last = rival.requests.toSorted((a, b) => b.latencyMs - a.latencyMs)[0]
  const better = winner.requests.find(({ request }) => request === last?.request)
  if (last === undefined || better === undefined || better.chosen === last.chosen) return ''
  return `; ${last.request} ends after ${formatMs(better.latencyMs)} on ${better.chosen}, not ${formatMs(last.latencyMs)} on ${last.chosen}`
}
