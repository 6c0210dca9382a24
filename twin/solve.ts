/**
 * One problem, put to one algorithm after the other: each schedule is played on the fork, and what cannot be solved
 * comes back with the reason. A schedule that is needed twice is made and played once.
 */
import type { AlgorithmName, LoadClass, Outcome } from '../models/contracts/what-if.ts'
import { TwinError } from '../models/errors.ts'
import { type ConstructorName, runAlgorithm } from '../models/scheduling/algorithms.ts'
import { type Candidate, measure, type OutcomeOptions, outcomeOf } from './outcome.ts'
import type { SiteProblem } from './problem.ts'

export type Tried<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string }

export interface SolveOptions extends OutcomeOptions {
  readonly loadClass: LoadClass
}

/** @returns what an algorithm comes to, under its name. */
export function solver(site: SiteProblem, options: SolveOptions): (algorithm: AlgorithmName) => Tried<Omit<Outcome, 'isPareto'>> {
  const { cameras, requestCount, cameraCount, delta1Seconds, delta2 } = options.loadClass
  const cameraLoadsSeconds = cameraCount === 0 ? [0] : cameras.map(({ seconds }) => seconds)
  const load = { cameraLoadsSeconds, requestCount, cameraCount: Math.max(1, cameraCount), delta1Seconds, delta2 }
  const tried = new Map<ConstructorName, Tried<Candidate>>()
  const candidateOf = (name: ConstructorName): Tried<Candidate> => {
    const known = tried.get(name)
    if (known !== undefined) return known
    const reason = whyNot(site, name)
    const result: Tried<Candidate> =
      reason === null ? tryInfeasible(() => measure(site, runAlgorithm(name, site.problem, { load }), options)) : { ok: false, reason }
    tried.set(name, result)
    return result
  }
  return (algorithm) => {
    const result = candidateOf(algorithm)
    return result.ok ? { ok: true, value: outcomeOf(site, result.value, { ...options, algorithm }) } : result
  }
}

/** The baselines need what a site may lack; said here, because the schedulers know numbers and not names. */
function whyNot({ work, input, processors }: SiteProblem, algorithm: ConstructorName): string | null {
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
