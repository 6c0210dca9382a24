/**
 * What a round of real requests would have taken under each policy, and under the placements that were really made: all
 * played alike, on the twin as it was when the round arrived, with the work in the way that was there already.
 *
 * The requests are put to the same what-if that people ask; nothing here schedules on its own but the spread.
 */
import type { ImageRegistry } from '../models/applications/registry.ts'
import type { PolicyMakespans } from '../models/contracts/regret.ts'
import { type AlgorithmName, type WhatIfQuery, whatIfQueryShape } from '../models/contracts/what-if.ts'
import { isEnded } from '../models/entities/pod.ts'
import type { JournaledEvent, TwinEvent } from '../models/events/events.ts'
import { applyEvents } from './fold.ts'
import { playAt } from './playing.ts'
import { buildProblem, type ProblemOptions, type SiteProblem, surveyWork } from './problem.ts'
import { spreadOf } from './spread.ts'
import type { TwinState } from './twin-state.ts'
import { askWhatIf } from './what-if.ts'
import { workOf } from './workload.ts'

/** Where a stage of a request really ran. */
export interface StagePlace {
  readonly stage: string
  readonly accelerator: string
  readonly boundMs: number
}

export interface Arrival {
  /** Of the first request. */
  readonly arrivedMs: number
  readonly requests: readonly {
    readonly id: string
    readonly camera: string
    readonly application: string
    readonly frames: number
    readonly places: readonly StagePlace[]
  }[]
}

export interface RegretOptions {
  readonly registry: ImageRegistry
  readonly delta1Seconds: number
  readonly delta2: number
}

export interface ArrivalScores {
  readonly predictedMakespanMs: PolicyMakespans
  /** For the placements that were made; null when the twin of the arrival cannot play them. */
  readonly appliedPredictedMs: number | null
}

const ALGORITHMS = ['heft', 'cpop', 'peft', 'dhs', 'local', 'edge'] as const satisfies readonly AlgorithmName[]

/**
 * @param state Just before the first request was heard of.
 * @throws TwinError ENTITY_UNKNOWN, APPLICATION_UNKNOWN, PROBLEM_TOO_LARGE, or PROBLEM_INFEASIBLE when a request could run nowhere
 */
export function scoreArrival(state: TwinState, arrival: Arrival, { registry, delta1Seconds, delta2 }: RegretOptions): ArrivalScores {
  const fork = atArrival(state, arrival)
  const workload = arrival.requests.map(({ camera, application, frames }) => ({ camera, application, frames, count: 1 }))
  const query: WhatIfQuery = whatIfQueryShape.parse({ workload, algorithms: ALGORITHMS, delta1Seconds, delta2 })
  const { outcomes, processors } = askWhatIf(fork, query, { id: 'regret', stateHash: '', registry })
  const makespanOf = (name: AlgorithmName): number | null => outcomes.find(({ algorithm }) => algorithm === name)?.makespanMs ?? null

  const busyMs = new Map(processors.map(({ accelerator, readyMs }) => [accelerator, readyMs]))
  const options: ProblemOptions = { granularity: query.granularity, registry, busyMs }
  const site = buildProblem(fork, surveyWork(fork, workOf(fork, query), options), options)
  const byAlgorithm = {
    heft: makespanOf('heft'),
    cpop: makespanOf('cpop'),
    peft: makespanOf('peft'),
    dhs: makespanOf('dhs'),
    local: makespanOf('local'),
    edge: makespanOf('edge'),
  }
  return {
    predictedMakespanMs: { ...byAlgorithm, spread: finite(playAt(site, spreadOf(site, fork)).makespanMs) },
    appliedPredictedMs: playPlaces(site, arrival),
  }
}

/** At the moment of the arrival, without what the cluster may have made of these requests before they were heard of. */
function atArrival(state: TwinState, { arrivedMs, requests }: Arrival): TwinState {
  const ids = new Set(requests.map(({ id }) => id))
  const common = { site: state.site ?? 'regret', timeMs: Math.max(arrivedMs, state.clockMs), source: 'regret' }
  const early = [...state.entities.pod.values()].filter((pod) => !isEnded(pod) && ids.has(pod.spec?.request ?? ''))
  const events: TwinEvent[] = [
    { type: 'clock.ticked', ...common },
    ...early.map(({ name }): TwinEvent => ({ type: 'pod.evicted', ...common, name, reason: 'placed anew', by: 'regret' })),
  ]
  const journaled = events.map((event, index): JournaledEvent => {
    return { sequence: state.sequence + index + 1, position: { topic: 'regret', partition: 0, offset: index }, event }
  })
  return applyEvents(state, journaled)
}

/** Pods queue in the order in which they were bound. */
function playPlaces(site: SiteProblem, { requests }: Arrival): number | null {
  const indexOf = new Map(site.processors.map(({ accelerator }, j) => [accelerator, j]))
  const boundMs: number[] = []
  const processorOf = site.tasks.map(({ kind, request, name }, task) => {
    const computeMs = site.input.computeMs[task]!
    if (kind === 'frame') return computeMs.findIndex((ms) => ms !== null)
    const stage = name.slice(site.work[request]!.id.length + 1)
    const place = requests[request]!.places.find((each) => each.stage === stage)
    boundMs[task] = place?.boundMs ?? 0
    const j = indexOf.get(place?.accelerator ?? '') ?? -1
    return (computeMs[j] ?? null) === null ? -1 : j
  })
  return finite(playAt(site, processorOf, (a, b) => (boundMs[a] ?? 0) - (boundMs[b] ?? 0) || a - b).makespanMs)
}

function finite(ms: number): number | null {
  return Number.isFinite(ms) ? ms : null
}
