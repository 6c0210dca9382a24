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
  const { taskCount, processorCount, computeMs, workspace } = problem
  const plan: Plan = { priority: upwardRankMs(problem, workspace.rankUMs), processorOf: new Int32Array(taskCount) }
  const decodeAt = (processor: number) => {
    for (let task = 0; task < taskCount; task++) {
      plan.processorOf[task] = computeMs[task * processorCount + processor]! < Number.POSITIVE_INFINITY ? processor : FREE
    }
    return decode(problem, plan)
  }
  let best = 0
  let bestMs = decodeAt(0)
  for (let processor = 1; processor < processorCount; processor++) {
    const makespanMs = decodeAt(processor)
    if (!isClearlyLess(makespanMs, bestMs)) continue
    best = processor
    bestMs = makespanMs
  }
  decodeAt(best)
  return decodedSchedule('serial', problem)
}
