/**
 * Anytime improver: simulated annealing over plans (a priority and a processor, or none, per task), from a schedule that is known.
 *
 * Seeded, and the budget counts decodes and not time, so the same call gives the same schedule everywhere. What it returns is
 * never worse than its start. Moves are drawn on the chain that fixes the makespan; a decode gives up as soon as it must be refused.
 */
import { TwinError } from '../errors.ts'
import { bindingChain, type Placed } from './binding-chain.ts'
import { decode, decodedSchedule, type Plan, planOf } from './decode.ts'
import { realLinkCostMs } from './peft-real-link.ts'
import { changePlan } from './plan-moves.ts'
import type { Problem } from './problem.ts'
import type { Schedule } from './schedule.ts'
import { seededChoice } from './seeded-choice.ts'
import { isClearlyLess } from './tolerance.ts'

export const DECODE_BUDGET_MAX = 1_000_000

export interface AnnealingOptions {
  /** Schedules to try at most: an integer in 1 … DECODE_BUDGET_MAX. */
  readonly decodeBudget: number
  /** An integer. */
  readonly seed: number
  /** Stops when the makespan is down to this: a lower bound, or good enough. */
  readonly targetMs: number
}

export interface Annealed {
  /** The start itself when nothing better was found. */
  readonly schedule: Schedule
  readonly decodeCount: number
}

/** Of the start's makespan: how much worse a schedule may be and still be accepted now and then, first and last. */
const WARMTH_FIRST_RATIO = 0.02
const WARMTH_LAST_RATIO = 0.002
/** Above so many tasks a single move changes the makespan less, so the warmth falls with the count. */
const WARM_TASK_COUNT = 40

/** @throws TwinError PROBLEM_INVALID for a budget or seed out of range */
export function anneal(problem: Problem, start: Schedule, { decodeBudget, seed, targetMs }: AnnealingOptions): Annealed {
  checkInteger(decodeBudget, { what: 'decodeBudget', min: 1, max: DECODE_BUDGET_MAX })
  checkInteger(seed, { what: 'seed', min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER })
  const choice = seededChoice(seed)
  const tailMs = realLinkCostMs(problem, problem.workspace.octMs)
  const current = planOf(start)
  const trial = copyOf(current)
  const best = copyOf(current)
  let currentMs = start.makespanMs
  let bestMs = start.makespanMs
  let chain = bindingChain(problem, toPlaced(start))
  let warmthMs = WARMTH_FIRST_RATIO * start.makespanMs * Math.min(1, WARM_TASK_COUNT / problem.taskCount)
  const cooling = (WARMTH_LAST_RATIO / WARMTH_FIRST_RATIO) ** (1 / decodeBudget)
  let decodeCount = 0
  while (decodeCount < decodeBudget && isClearlyLess(targetMs, bestMs)) {
    changePlan(problem, trial, { chain, choice })
    // Metropolis' rule, drawn before the decode so that it can give up at the limit.
    const limitMs = currentMs - warmthMs * Math.log(1 - choice.fraction())
    const makespanMs = decode(problem, trial, { makespanMs: limitMs, tailMs })
    decodeCount++
    warmthMs *= cooling
    if (makespanMs > limitMs) {
      copyInto(trial, current)
      continue
    }
    copyInto(current, trial)
    currentMs = makespanMs
    chain = bindingChain(problem, problem.workspace)
    if (!isClearlyLess(makespanMs, bestMs)) continue
    copyInto(best, trial)
    bestMs = makespanMs
  }
  if (bestMs === start.makespanMs) return { schedule: start, decodeCount }
  decode(problem, best)
  return { schedule: decodedSchedule('annealing', problem), decodeCount }
}

function checkInteger(value: number, { what, min, max }: { what: string; min: number; max: number }): void {
  if (Number.isInteger(value) && value >= min && value <= max) return
  throw new TwinError('PROBLEM_INVALID', `${what} is ${value}; give an integer from ${min} to ${max}`)
}

function toPlaced({ assignments }: Schedule): Placed {
  return {
    processorOf: Int32Array.from(assignments, ({ processor }) => processor),
    startMs: Float64Array.from(assignments, ({ startMs }) => startMs),
    finishMs: Float64Array.from(assignments, ({ finishMs }) => finishMs),
  }
}

function copyOf(plan: Plan): Plan {
  return { priority: plan.priority.slice(), processorOf: plan.processorOf.slice() }
}

function copyInto(plan: Plan, from: Plan): void {
  plan.priority.set(from.priority)
  plan.processorOf.set(from.processorOf)
}
