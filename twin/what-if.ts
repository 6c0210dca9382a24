/**
 * Answers "what would happen if …?": fork the twin, edit the fork, schedule its work with every algorithm asked for,
 * play each schedule on the fork, and rank. Pure: the twin it starts from stays as it is, and the same question gets
 * the same answer.
 */
import type { ImageRegistry } from '../models/applications/registry.ts'
import { ALGORITHM_NAMES, type WhatIfAnswer, type WhatIfQuery } from '../models/contracts/what-if.ts'
import { applyEdits } from './fork.ts'
import { loadClassOf } from './load-class.ts'
import { pulledImages } from './move-cost.ts'
import { compareBy, deadlinesOf } from './objectives.ts'
import { withPareto } from './pareto.ts'
import { predictUnchanged, runningWork } from './predict-unchanged.ts'
import { buildProblem, canRunSomewhere, type ProblemOptions, type Survey, surveyWork, whyNowhere } from './problem.ts'
import { solver, tryInfeasible } from './solve.ts'
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
  /** Accelerator → how many times as fast as measured it runs new work. */
  readonly speedRatios?: ReadonlyMap<string, number>
}

/**
 * @param state The base of the query, chosen by the caller: now, or rebuilt from the journal.
 * @throws TwinError ENTITY_UNKNOWN, APPLICATION_UNKNOWN, QUERY_INVALID or PROBLEM_TOO_LARGE. A query that no algorithm can
 * solve is answered: each algorithm stands under `infeasible` with the reason.
 */
export function askWhatIf(state: TwinState, query: WhatIfQuery, { id, stateHash, registry, speedRatios }: WhatIfOptions): WhatIfAnswer {
  const fork = applyEdits(state, query.edits)
  const drained = drainedNodes(query.edits)
  const isWaiting = query.workload === 'waiting'
  const running = runningWork(fork, drained)
  const busyMs = isWaiting ? running.busyMs : queuedMs(fork, registry, drained)
  const problemOptions: ProblemOptions = { granularity: query.granularity, registry, busyMs, drained, ...(speedRatios && { speedRatios }) }
  const all = surveyWork(fork, workOf(fork, query), problemOptions)
  const { survey, warnings } = isWaiting ? withoutHopeless(all) : { survey: all, warnings: [] }
  const processors = survey.processors.map(({ accelerator, node, acceleratorKind, emulated }) => {
    return { accelerator, node, acceleratorKind, emulated, readyMs: busyMs.get(accelerator) ?? 0 }
  })
  const site = tryInfeasible(() => buildProblem(fork, survey, problemOptions))
  const { loadClass, warnings: loadWarnings } = loadClassOf(fork, survey, query)
  const options = {
    loadClass,
    query,
    registry,
    clockMs: fork.clockMs,
    pulled: pulledImages(fork),
    runningMs: isWaiting ? running.untilMs : 0,
    canPlace: query.granularity === 'stage',
    deadlinesMs: deadlinesOf(query, survey.work.length),
  }
  const solve = site.ok ? solver(site.value, options) : () => site
  const tried = query.algorithms.map((algorithm) => ({ algorithm, result: solve(algorithm) }))
  const better = compareBy(query.objective)
  const outcomes = withPareto(tried.flatMap(({ result }) => (result.ok ? result.value : [])))
  outcomes.sort((a, b) => better(a, b) || ALGORITHM_NAMES.indexOf(a.algorithm) - ALGORITHM_NAMES.indexOf(b.algorithm))
  const used = { accelerators: processors.map(({ accelerator }) => accelerator), cameras: survey.work.map(({ camera }) => camera) }
  return {
    id,
    basis: { sequence: state.sequence, timeMs: state.clockMs, stateHash },
    query,
    loadClass,
    processors,
    taskCount: site.ok ? site.value.tasks.length : 0,
    outcomes,
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
