/**
 * Answers "what would happen if …?": fork the twin, edit the fork, schedule its work with every algorithm asked for,
 * play each schedule on the fork, and rank. Pure: the twin it starts from stays as it is, and the same question gets
 * the same answer.
 */
import type { ImageRegistry } from '../models/applications/registry.ts'
import {
  ALGORITHM_NAMES,
  type AlgorithmName,
  type LoadClass,
  type Outcome,
  type WhatIfAnswer,
  type WhatIfQuery,
} from '../models/contracts/what-if.ts'
import { TwinError } from '../models/errors.ts'
import { runAlgorithm } from '../models/scheduling/algorithms.ts'
import { applyEdits } from './fork.ts'
import { loadClassOf } from './load-class.ts'
import { outcomeOf } from './outcome.ts'
import { predictUnchanged, runningWork } from './predict-unchanged.ts'
import { buildProblem, canRunSomewhere, type ProblemOptions, type SiteProblem, type Survey, surveyWork, whyNowhere } from './problem.ts'
import { staleFacts } from './stale-facts.ts'
import type { TwinState } from './twin-state.ts'
import { drainedNodes, workOf } from './workload.ts'

export { predictUnchanged } from './predict-unchanged.ts'
export { staleFacts } from './stale-facts.ts'

export interface WhatIfOptions {
  readonly id: string
  /** Of `state`, for the record. */
  readonly stateHash: string
  readonly registry: ImageRegistry
}

/**
 * @param state The base of the query, chosen by the caller: now, or rebuilt from the journal.
 * @throws TwinError ENTITY_UNKNOWN, APPLICATION_UNKNOWN, QUERY_INVALID or PROBLEM_TOO_LARGE. A query that no algorithm can
 * solve is answered: each algorithm stands under `infeasible` with the reason.
 */
export function askWhatIf(state: TwinState, query: WhatIfQuery, { id, stateHash, registry }: WhatIfOptions): WhatIfAnswer {
  const fork = applyEdits(state, query.edits)
  const drained = drainedNodes(query.edits)
  const isWaiting = query.workload === 'waiting'
  const running = runningWork(fork, drained)
  const busyMs = isWaiting ? running.busyMs : queuedMs(fork, registry, drained)
  const options: ProblemOptions = { granularity: query.granularity, registry, busyMs, drained }
  const all = surveyWork(fork, workOf(fork, query), options)
  const { survey, warnings } = isWaiting ? withoutHopeless(all) : { survey: all, warnings: [] }
  const processors = survey.processors.map(({ accelerator, node, acceleratorKind, emulated }) => {
    return { accelerator, node, acceleratorKind, emulated, readyMs: busyMs.get(accelerator) ?? 0 }
  })
  const site = tryInfeasible(() => buildProblem(fork, survey, options))
  const { loadClass, warnings: loadWarnings } = loadClassOf(fork, survey, query)
  const tried = query.algorithms.map((algorithm) => {
    const options = { loadClass, registry, clockMs: fork.clockMs, runningMs: isWaiting ? running.untilMs : 0 }
    const result = site.ok ? solve(site.value, algorithm, { ...options, canPlace: query.granularity === 'stage' }) : site
    return { algorithm, result }
  })
  const used = { accelerators: processors.map(({ accelerator }) => accelerator), cameras: survey.work.map(({ camera }) => camera) }
  return {
    id,
    basis: { sequence: state.sequence, timeMs: state.clockMs, stateHash },
    query,
    loadClass,
    processors,
    taskCount: site.ok ? site.value.tasks.length : 0,
    outcomes: tried.flatMap(({ result }) => (result.ok ? result.value : [])).sort(byWorth),
    infeasible: tried.flatMap(({ algorithm, result }) => (result.ok ? [] : { algorithm, reason: result.reason })),
    staleFacts: staleFacts(fork, { ...used, nodes: survey.work.flatMap(({ source }) => source ?? []) }),
    warnings: [...warnings, ...(site.ok ? site.value.warnings : []), ...loadWarnings],
  }
}

/** Accelerator → ms until what runs and waits there now is done. */
function queuedMs(state: TwinState, registry: ImageRegistry, drained: ReadonlySet<string>): ReadonlyMap<string, number> {
  const busyMs = new Map<string, number>()
  for (const { accelerator, finishMs } of predictUnchanged(state, registry, drained).byPod) {
    busyMs.set(accelerator, Math.max(busyMs.get(accelerator) ?? 0, finishMs - state.clockMs))
  }
  return busyMs
}

/** Work that can run nowhere must not keep the rest from being placed. */
function withoutHopeless(survey: Survey): { survey: Survey; warnings: string[] } {
  const hopeless = survey.work.filter((each) => !canRunSomewhere(each))
  const work = survey.work.filter(canRunSomewhere)
  return { survey: { ...survey, work }, warnings: hopeless.map((each) => `left out: ${whyNowhere(each)}`.slice(0, 1_024)) }
}

interface SolveOptions {
  readonly loadClass: LoadClass
  readonly registry: ImageRegistry
  readonly clockMs: number
  readonly runningMs: number
  readonly canPlace: boolean
}

type Tried<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string }

function solve(site: SiteProblem, algorithm: AlgorithmName, options: SolveOptions): Tried<Outcome> {
  const reason = whyNot(site, algorithm)
  if (reason !== null) return { ok: false, reason }
  const { cameras, requestCount, cameraCount, delta1Seconds, delta2 } = options.loadClass
  const cameraLoadsSeconds = cameraCount === 0 ? [0] : cameras.map(({ seconds }) => seconds)
  const load = { cameraLoadsSeconds, requestCount, cameraCount: Math.max(1, cameraCount), delta1Seconds, delta2 }
  return tryInfeasible(() => outcomeOf(site, runAlgorithm(algorithm, site.problem, { load }), { algorithm, ...options }))
}

/** The baselines need what a site may lack; said here, because the schedulers know numbers and not names. */
function whyNot({ work, input, processors }: SiteProblem, algorithm: AlgorithmName): string | null {
  if (algorithm === 'edge' && input.edge?.length === 0) return 'no accelerator of an edge server can take work'
  if (algorithm !== 'local') return null
  for (const [request, { id, camera, refusals }] of work.entries()) {
    const own = (input.homes?.[request] ?? []).flatMap((j) => processors[j] ?? [])
    if (own.some(({ accelerator }) => !refusals.has(accelerator))) continue
    const reasons = own.map(({ accelerator }) => `${accelerator}: ${refusals.get(accelerator)}`)
    return `${id} cannot run at camera ${camera}: ${reasons.join('; ') || 'it has no accelerator that can take work'}`.slice(0, 1_024)
  }
  return null
}

function tryInfeasible<T>(run: () => T): Tried<T> {
  try {
    return { ok: true, value: run() }
  } catch (error) {
    if (error instanceof TwinError && error.code === 'PROBLEM_INFEASIBLE') return { ok: false, reason: error.message.slice(0, 1_024) }
    throw error
  }
}

/** Best first. Differences below a nanosecond are rounding; ties go to the order in which algorithms are listed. */
function byWorth(a: Outcome, b: Outcome): number {
  const [aMs, bMs] = [Math.round(a.makespanMs * 1e6), Math.round(b.makespanMs * 1e6)]
  const [aMeanMs, bMeanMs] = [Math.round(a.meanLatencyMs * 1e6), Math.round(b.meanLatencyMs * 1e6)]
  return (
    aMs - bMs ||
    aMeanMs - bMeanMs ||
    a.moveCount - b.moveCount ||
    ALGORITHM_NAMES.indexOf(a.algorithm) - ALGORITHM_NAMES.indexOf(b.algorithm)
  )
}
