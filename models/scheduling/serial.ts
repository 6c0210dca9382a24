/**
 * Serial: everything on the one processor where that ends first, so that nothing is transferred. Best when links are slow.
 *
 * Tasks that may not run there go to their earliest finish; a camera's frame, for one, stays where it is. Ties: the lower processor.
 */
import { decode, decodedSchedule, FREE, type Plan } from './decode.ts'
import type { Problem } from './problem.ts'
import { upwardRankMs } from './ranks.ts'
import type { Schedule } from './schedule.ts'
import { isClearlyLess } from './tolerance.ts'

export function serial(problem: Problem): Schedule {
  const plan: Plan = {
    priority: upwardRankMs(problem, problem.workspace.rankUMs),
    processorOf: new Int32Array(problem.taskCount),
  }
  let best = -1
  let bestMs = 0
  for (let processor = 0; processor < problem.processorCount; processor++) {
    const workMs = putAllOn(problem, plan, processor)
    // Work that follows work on one processor cannot end before its sum.
    if (best >= 0 && !isClearlyLess(problem.readyMs[processor]! + workMs, bestMs)) continue
    const makespanMs = decode(problem, plan)
    if (best >= 0 && !isClearlyLess(makespanMs, bestMs)) continue
    best = processor
    bestMs = makespanMs
  }
  putAllOn(problem, plan, best)
  decode(problem, plan)
  return decodedSchedule('serial', problem)
}

/** Tasks that may not run there are free. @returns the work that it gets, ms */
function putAllOn({ taskCount, processorCount, computeMs }: Problem, plan: Plan, processor: number): number {
  let workMs = 0
  for (let task = 0; task < taskCount; task++) {
    const ms = computeMs[task * processorCount + processor]!
    const isAllowed = ms < Number.POSITIVE_INFINITY
    plan.processorOf[task] = isAllowed ? processor : FREE
    if (isAllowed) workMs += ms
  }
  return workMs
}
