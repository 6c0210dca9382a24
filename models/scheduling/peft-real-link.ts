/**
 * PEFT with each link's own cost in the optimistic cost table, where the paper takes the mean over all links.
 *
 * It differs from PEFT only where links differ, as camera uplinks do, by an order of magnitude.
 */
import type { ListPolicy } from './earliest-finish.ts'
import { listSchedule } from './list-schedule.ts'
import { optimisticRankMs } from './oct.ts'
import type { Problem } from './problem.ts'
import type { Schedule } from './schedule.ts'

export function peftRealLink(problem: Problem): Schedule {
  return listSchedule('peft-real-link', problem, peftRealLinkPolicy(problem))
}

export function peftRealLinkPolicy(problem: Problem): ListPolicy {
  const octMs = realLinkCostMs(problem, problem.workspace.octMs)
  return { priorityMs: optimisticRankMs(problem, octMs, problem.workspace.priorityMs), computeMs: problem.computeMs, lookAheadMs: octMs }
}

/**
 * max over successors v of min over processors w of (cost(v, w) + computeMs(v, w) + transfer from k to w).
 *
 * No schedule can run what follows a task on k in less time, so it is a lower bound too.
 *
 * @param intoMs Filled and returned.
 * @returns ms, [task][processor k], defined on forbidden processors too; 0 for an exit task.
 */
export function realLinkCostMs(problem: Problem, intoMs: Float64Array = new Float64Array(problem.computeMs.length)): Float64Array {
  const { processorCount, computeMs, graph, latencyMs, msPerByte, workspace } = problem
  const { start, task: successors, bytes } = graph.successors
  const { octTailMs } = workspace
  for (let at = graph.topologicalOrder.length - 1; at >= 0; at--) {
    const row = graph.topologicalOrder[at]! * processorCount
    intoMs.fill(0, row, row + processorCount)
    for (let edge = start[graph.topologicalOrder[at]!]!, end = start[graph.topologicalOrder[at]! + 1]!; edge < end; edge++) {
      const tail = successors[edge]! * processorCount
      const edgeBytes = bytes[edge]!
      for (let k = 0; k < processorCount; k++) {
        let leastMs = octTailMs[tail + k]!
        // Staying on k is free, so a tail that is short enough already cannot raise the maximum.
        if (leastMs <= intoMs[row + k]!) continue
        for (let w = 0, link = k * processorCount; w < processorCount; w++, link++) {
          const tailMs = octTailMs[tail + w]!
          if (tailMs >= leastMs) continue
          const ms = tailMs + (latencyMs[link]! + edgeBytes * msPerByte[link]!)
          if (ms < leastMs) leastMs = ms
        }
        if (leastMs > intoMs[row + k]!) intoMs[row + k] = leastMs
      }
    }
    for (let k = 0; k < processorCount; k++) octTailMs[row + k] = intoMs[row + k]! + computeMs[row + k]!
  }
  return intoMs
}
