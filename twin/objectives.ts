/**
 * What an outcome costs, and which of two is better. Measured on the schedule as it was played, never on the scheduler's
 * own estimate. Every criterion is in seconds, joules or a count, so that a weight is a price.
 */
import { deviceModels } from '../models/applications/device-models.ts'
import { CRITERIA, type Criterion, type Energy, type Objective } from '../models/contracts/objective.ts'
import type { Outcome, WhatIfQuery } from '../models/contracts/what-if.ts'
import type { SiteProblem } from './problem.ts'

/** What outcomes are compared by. */
export type Measures = Pick<
  Outcome,
  'makespanMs' | 'meanLatencyMs' | 'p95LatencyMs' | 'deadlineMissCount' | 'energy' | 'moveSeconds' | 'moveCount'
>

/** Assumed: both ends of a link together; Wi-Fi and Fast Ethernet of small boards lie around it. */
const TRANSFER_JOULES_PER_BYTE = 1e-7

const ENERGY_SOURCE = `busy and idle power: the device models; transfers: ${TRANSFER_JOULES_PER_BYTE * 1e9} nJ a byte, assumed`

const VALUES: Readonly<Record<Criterion, (measures: Measures) => number>> = {
  makespan: ({ makespanMs }) => makespanMs / 1_000,
  meanLatency: ({ meanLatencyMs }) => meanLatencyMs / 1_000,
  p95Latency: ({ p95LatencyMs }) => p95LatencyMs / 1_000,
  deadlineMisses: ({ deadlineMissCount }) => deadlineMissCount,
  energy: ({ energy }) => energy.aboveIdleJoules,
  moveTime: ({ moveSeconds }) => moveSeconds,
  moves: ({ moveCount }) => moveCount,
}

/** Seconds, joules or a count, to the billionth: what differs by less is rounding. */
export function criterionOf(measures: Measures, criterion: Criterion): number {
  return Math.round(VALUES[criterion](measures) * 1e9) / 1e9
}

/** Below 0 when `a` is better. Between equals the one with fewer moves; 0 leaves it to the order of listing. */
export function compareBy(objective: Objective): (a: Measures, b: Measures) => number {
  return (a, b) => {
    if (objective.kind === 'weighted') return weightOf(a, objective) - weightOf(b, objective) || a.moveCount - b.moveCount
    for (const criterion of objective.order) {
      const difference = criterionOf(a, criterion) - criterionOf(b, criterion)
      if (difference !== 0) return difference
    }
    return a.moveCount - b.moveCount
  }
}

function weightOf(measures: Measures, { weights }: Extract<Objective, { kind: 'weighted' }>): number {
  const sum = CRITERIA.reduce((total, criterion) => total + (weights[criterion] ?? 0) * VALUES[criterion](measures), 0)
  return Math.round(sum * 1e9) / 1e9
}

/** By request, in the order in which the workload was listed: bursts come behind it. */
export function deadlinesOf({ workload, deadlineMs }: WhatIfQuery, requestCount: number): (number | null)[] {
  const own = typeof workload === 'string' ? [] : workload.flatMap((item) => Array.from({ length: item.count }, () => item.deadlineMs))
  return Array.from({ length: requestCount }, (_, request) => own[request] ?? deadlineMs)
}

interface EnergyUse {
  readonly processorOf: readonly number[]
  /** Sent between nodes. */
  readonly sentBytes: number
  readonly makespanMs: number
}

/** Busy and idle are per processor; work that runs already counts in the total alone, since no outcome can change it. */
export function energyOf({ problem, processors, tasks }: SiteProblem, { processorOf, sentBytes, makespanMs }: EnergyUse): Energy {
  const plannedMs = processors.map(() => 0)
  for (const [task, processor] of processorOf.entries()) {
    if (tasks[task]!.kind === 'compute') plannedMs[processor]! += problem.computeMs[task * problem.processorCount + processor]!
  }
  const transferJoules = sentBytes * TRANSFER_JOULES_PER_BYTE
  let aboveIdleJoules = transferJoules
  let idleJoules = 0
  let runningJoules = 0
  for (const [j, { deviceModel, acceleratorKind, readyMs }] of processors.entries()) {
    const { busyWatts, idleWatts } = POWERS.get(`${deviceModel} ${acceleratorKind}`) ?? { busyWatts: 0, idleWatts: 0 }
    aboveIdleJoules += ((busyWatts - idleWatts) * plannedMs[j]!) / 1_000
    runningJoules += ((busyWatts - idleWatts) * Math.min(readyMs, makespanMs)) / 1_000
    idleJoules += (idleWatts * makespanMs) / 1_000
  }
  return { aboveIdleJoules, transferJoules, totalJoules: aboveIdleJoules + runningJoules + idleJoules, source: ENERGY_SOURCE }
}

const POWERS = new Map(
  deviceModels().flatMap(({ name, processors }) =>
    processors.map(({ kind, busyWatts, idleWatts }) => [`${name} ${kind}`, { busyWatts, idleWatts }] as const),
  ),
)
