/**
 * One problem, put to one algorithm after the other: each schedule is played on the fork, and what cannot be solved
 * comes back with the reason. A schedule that is needed twice is made and played once.
 */
import {
  type AlgorithmName,
  type LoadClass,
  type Outcome,
  PICKED_NAMES,
  type PickedName,
  type WhatIfQuery,
} from '../models/contracts/what-if.ts'
import { TwinError } from '../models/errors.ts'
import { runAlgorithm } from '../models/scheduling/algorithms.ts'
import { anneal } from '../models/scheduling/annealing.ts'
import { lowerBounds } from '../models/scheduling/bounds.ts'
import type { Load } from '../models/scheduling/dhs.ts'
import { compareBy } from './objectives.ts'
import { type Candidate, measure, type OutcomeOptions, outcomeOf } from './outcome.ts'
import type { SiteProblem } from './problem.ts'

export type Tried<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string }

export interface SolveOptions extends OutcomeOptions {
  readonly loadClass: LoadClass
  readonly query: Pick<WhatIfQuery, 'objective' | 'decodeBudget' | 'seed'>
}

type Constructor = Exclude<PickedName, 'annealing'>

/** What the portfolio tries: of equals the first counts. DHS is not among them because all that it picks from is. */
const CONSTRUCTORS = PICKED_NAMES.filter((name): name is Constructor => name !== 'annealing')
/** Edges × processors²: above that, look-ahead alone would take longer than all others together. */
const LOOK_AHEAD_STEPS_MAX = 2_000_000

interface Picked {
  readonly candidate: Candidate
  /** Null: an algorithm that speaks for itself. */
  readonly by: PickedName | null
}

/** @returns what an algorithm comes to, under its name. */
export function solver(site: SiteProblem, options: SolveOptions): (algorithm: AlgorithmName) => Tried<Omit<Outcome, 'isPareto'>> {
  const load = toLoad(options.loadClass)
  const tried = new Map<Constructor | 'dhs', Tried<Candidate>>()
  const candidateOf = (name: Constructor | 'dhs'): Tried<Candidate> => {
    const known = tried.get(name)
    if (known !== undefined) return known
    const reason = whyNot(site, name)
    const result: Tried<Candidate> =
      reason === null ? tryInfeasible(() => measure(site, runAlgorithm(name, site.problem, { load }), options)) : { ok: false, reason }
    tried.set(name, result)
    return result
  }
  const pick = (algorithm: AlgorithmName): Tried<Picked> => {
    if (algorithm === 'portfolio') return pickBest(site, candidateOf, options)
    const result = candidateOf(algorithm)
    if (!result.ok) return result
    return { ok: true, value: { candidate: result.value, by: result.value.schedule.dispatchedTo ?? null } }
  }
  return (algorithm) => {
    const result = pick(algorithm)
    if (!result.ok) return result
    const { candidate, by } = result.value
    return { ok: true, value: outcomeOf(site, candidate, { ...options, algorithm, picked: by }) }
  }
}

/** The best as played, by the objective of the query: never worse than any of the constructors, and so than DHS. */
function pickBest(site: SiteProblem, candidateOf: (name: Constructor) => Tried<Candidate>, options: SolveOptions): Tried<Picked> {
  const { objective, decodeBudget, seed } = options.query
  const better = compareBy(objective)
  const [first, ...rest] = CONSTRUCTORS.flatMap((by): Picked[] => {
    const result = candidateOf(by)
    return result.ok ? [{ candidate: result.value, by }] : []
  })
  if (first === undefined) return { ok: false, reason: 'none of its algorithms found a schedule' }
  const best = rest.reduce((least, next) => (better(next.candidate, least.candidate) < 0 ? next : least), first)
  const targetMs = lowerBounds(site.problem).bestMs
  const { schedule } = anneal(site.problem, best.candidate.schedule, { decodeBudget, seed, targetMs })
  if (schedule === best.candidate.schedule) return { ok: true, value: best }
  const found = tryInfeasible(() => measure(site, schedule, options))
  return { ok: true, value: found.ok && better(found.value, best.candidate) < 0 ? { candidate: found.value, by: 'annealing' } : best }
}

function toLoad({ cameras, requestCount, cameraCount, delta1Seconds, delta2 }: LoadClass): Load {
  const cameraLoadsSeconds = cameraCount === 0 ? [0] : cameras.map(({ seconds }) => seconds)
  return { cameraLoadsSeconds, requestCount, cameraCount: Math.max(1, cameraCount), delta1Seconds, delta2 }
}

/** The baselines need what a site may lack; said here, because the schedulers know numbers and not names. */
function whyNot({ work, input, processors, problem }: SiteProblem, algorithm: Constructor | 'dhs'): string | null {
  const isLarge = problem.edgeCount * problem.processorCount ** 2 > LOOK_AHEAD_STEPS_MAX
  if (algorithm === 'look-ahead-heft' && isLarge) return 'the problem is too large for look-ahead'
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

export function tryInfeasible<T>(run: () => T): Tried<T> {
  try {
    return { ok: true, value: run() }
  } catch (error) {
    if (error instanceof TwinError && error.code === 'PROBLEM_INFEASIBLE') return { ok: false, reason: error.message.slice(0, 1_024) }
    throw error
  }
}
