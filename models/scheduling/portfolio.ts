/**
 * The best schedule that anyone can compute in the time: every constructor, then a search from the best of them.
 *
 * It tries all that DHS picks from, so it is never worse than DHS. The budget counts decodes, so the answer repeats.
 */
import { TwinError } from '../errors.ts'
import { CONSTRUCTOR_NAMES, type ConstructorName, runAlgorithm } from './algorithms.ts'
import { anneal } from './annealing.ts'
import { type LowerBounds, lowerBounds } from './bounds.ts'
import type { Load } from './dhs.ts'
import type { Problem } from './problem.ts'
import type { Schedule } from './schedule.ts'
import { isClearlyLess } from './tolerance.ts'

export interface PortfolioOptions {
  /** Schedules that the search may try; the constructors come on top. */
  readonly decodeBudget: number
  readonly seed: number
  /** Without it DHS is skipped. */
  readonly load?: Load | undefined
}

export type PortfolioName = ConstructorName | 'annealing'

export interface Portfolio {
  readonly schedule: Schedule
  /** Who made the schedule; ties go to the earlier of `tried`. */
  readonly from: PortfolioName
  readonly tried: readonly { readonly name: PortfolioName; readonly makespanMs: number }[]
  readonly skipped: readonly { readonly name: ConstructorName; readonly reason: string }[]
  readonly bounds: LowerBounds
  /** Makespan / best lower bound − 1; 0: proved optimal. Null when the bound is 0 and the makespan is not. */
  readonly gapRatio: number | null
  /** Below the budget when the search met the bound. */
  readonly decodeCount: number
}

/** Look-ahead places every successor on trial from every processor; above this many trials × processors it takes seconds. */
const LOOK_AHEAD_STEPS_MAX = 200_000_000

/** @throws TwinError PROBLEM_INVALID without tasks, for a budget or seed out of range, or a load that cannot be classified */
export function portfolio(problem: Problem, { decodeBudget, seed, load }: PortfolioOptions): Portfolio {
  if (problem.taskCount === 0) throw new TwinError('PROBLEM_INVALID', 'the problem has no task; give at least one to place')
  const schedules: { name: PortfolioName; schedule: Schedule }[] = []
  const skipped: { name: ConstructorName; reason: string }[] = []
  for (const name of CONSTRUCTOR_NAMES) {
    const result = construct(name, problem, load)
    if (typeof result === 'string') skipped.push({ name, reason: result })
    else schedules.push({ name, schedule: result })
  }
  const bounds = lowerBounds(problem)
  const start = schedules.reduce((best, next) => (isClearlyLess(next.schedule.makespanMs, best.schedule.makespanMs) ? next : best))
  const { schedule, decodeCount } = anneal(problem, start.schedule, { decodeBudget, seed, targetMs: bounds.bestMs })
  const from = schedule === start.schedule ? start.name : 'annealing'
  return {
    schedule,
    from,
    tried: [...schedules, { name: 'annealing' as const, schedule }].map((each) => {
      return { name: each.name, makespanMs: each.schedule.makespanMs }
    }),
    skipped,
    bounds,
    gapRatio: toGapRatio(schedule.makespanMs, bounds.bestMs),
    decodeCount,
  }
}

/** @returns the schedule, or why this constructor does not fit the problem */
function construct(name: ConstructorName, problem: Problem, load: Load | undefined): Schedule | string {
  const { requestOf, homes, edge, edgeCount, processorCount } = problem
  if (name === 'dhs' && load === undefined) return 'no load is given'
  if (name === 'local' && (requestOf === undefined || homes === undefined)) return 'the problem has no homes'
  if (name === 'edge' && (edge === undefined || edge.length === 0)) return 'the problem has no edge server'
  if (name === 'look-ahead-heft' && edgeCount * processorCount ** 2 > LOOK_AHEAD_STEPS_MAX) return 'the problem is too large for it'
  try {
    return runAlgorithm(name, problem, { load })
  } catch (error) {
    if (error instanceof TwinError && error.code === 'PROBLEM_INFEASIBLE') return error.message
    throw error
  }
}

function toGapRatio(makespanMs: number, boundMs: number): number | null {
  if (boundMs > 0) return Math.max(0, makespanMs / boundMs - 1)
  return makespanMs > 0 ? null : 0
}
