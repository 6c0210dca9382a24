/**
 * Optimistic cost table: the cost of finishing the graph after a task, if it runs on each processor.
 *
 * Source: Arabnejad & Barbosa (2014), IEEE TPDS 25(3), eqs. 5 and 6. Departs in one way: a successor on another
 * processor of the same host costs no transfer.
 */
import type { Problem } from './problem.ts'

/**
 * max over successors v of min over processors w of (OCT(v, w) + computeMs(v, w) + mean transfer unless w shares k's host).
 *
 * The minimum needs no loop over w per k: it is the lesser of the best on k's own host and the best anywhere + transfer.
 *
 * @param intoMs Filled and returned.
 * @returns ms, [task][processor], defined on forbidden processors too; 0 for an exit task.
 */
export function optimisticCostMs(problem: Problem, intoMs: Float64Array = new Float64Array(problem.computeMs.length)): Float64Array {
  const { processorCount, graph, workspace } = problem
  const { start, task: successors, meanTransferMs } = graph.successors
  const { octTailMs } = workspace
  for (let at = graph.topologicalOrder.length - 1; at >= 0; at--) {
    const task = graph.topologicalOrder[at]!
    const row = task * processorCount
    intoMs.fill(0, row, row + processorCount)
    for (let edge = start[task]!, end = start[task + 1]!; edge < end; edge++) {
      const tail = successors[edge]! * processorCount
      let bestMs = Number.POSITIVE_INFINITY
      for (let k = 0; k < processorCount; k++) if (octTailMs[tail + k]! < bestMs) bestMs = octTailMs[tail + k]!
      const elsewhereMs = bestMs + meanTransferMs[edge]!
      for (let k = 0; k < processorCount; k++) {
        const hereMs = octTailMs[tail + k]!
        const ms = Math.min(hereMs, elsewhereMs)
        if (ms > intoMs[row + k]!) intoMs[row + k] = ms
      }
    }
    fillTail(problem, intoMs, task)
  }
  return intoMs
}

/** Mean of a task's optimistic costs over the processors where it may run: PEFT's priority. */
export function optimisticRankMs(
  problem: Problem,
  octMs: Float64Array,
  intoMs: Float64Array = new Float64Array(problem.taskCount),
): Float64Array {
  const { processorCount, computeMs } = problem
  for (let task = 0; task < problem.taskCount; task++) {
    let sumMs = 0
    let allowedCount = 0
    for (let at = task * processorCount, end = at + processorCount; at < end; at++) {
      if (computeMs[at] === Number.POSITIVE_INFINITY) continue
      sumMs += octMs[at]!
      allowedCount++
    }
    intoMs[task] = sumMs / allowedCount
  }
  return intoMs
}

/** octTailMs(task, k): least OCT + computeMs among the processors of k's host. */
function fillTail({ processorCount, computeMs, hostOf, hostCount, workspace }: Problem, octMs: Float64Array, task: number): void {
  const { octTailMs } = workspace
  const row = task * processorCount
  for (let k = 0; k < processorCount; k++) octTailMs[row + k] = octMs[row + k]! + computeMs[row + k]!
  if (hostCount === processorCount) return
  for (let k = 0; k < processorCount; k++) {
    for (let w = 0; w < processorCount; w++) {
      if (hostOf[w] === hostOf[k] && octTailMs[row + w]! < octTailMs[row + k]!) octTailMs[row + k] = octTailMs[row + w]!
    }
  }
}
