/**
 * Upward and downward rank: the longest mean-cost path from a task to the end, and from the start to it.
 *
 * Source: Topcuoglu, Hariri & Wu (2002), IEEE TPDS 13(3), eqs. 5 and 7.
 */
import type { Problem } from './problem.ts'

/**
 * @param intoMs Filled and returned; pass the workspace's to save the allocation.
 * @returns ms, by task; includes the task's own mean cost.
 */
export function upwardRankMs(problem: Problem, intoMs: Float64Array = new Float64Array(problem.taskCount)): Float64Array {
  const { meanComputeMs, graph } = problem
  const { start, task: successors, meanTransferMs } = graph.successors
  for (let at = graph.topologicalOrder.length - 1; at >= 0; at--) {
    const task = graph.topologicalOrder[at]!
    let tailMs = 0
    for (let edge = start[task]!, end = start[task + 1]!; edge < end; edge++) {
      const ms = meanTransferMs[edge]! + intoMs[successors[edge]!]!
      if (ms > tailMs) tailMs = ms
    }
    intoMs[task] = meanComputeMs[task]! + tailMs
  }
  return intoMs
}

/**
 * @param intoMs Filled and returned.
 * @returns ms, by task; excludes the task's own cost, 0 for an entry task.
 */
export function downwardRankMs(problem: Problem, intoMs: Float64Array = new Float64Array(problem.taskCount)): Float64Array {
  const { meanComputeMs, graph } = problem
  const { start, task: predecessors, meanTransferMs } = graph.predecessors
  for (const task of graph.topologicalOrder) {
    let headMs = 0
    for (let edge = start[task]!, end = start[task + 1]!; edge < end; edge++) {
      const predecessor = predecessors[edge]!
      const ms = intoMs[predecessor]! + meanComputeMs[predecessor]! + meanTransferMs[edge]!
      if (ms > headMs) headMs = ms
    }
    intoMs[task] = headMs
  }
  return intoMs
}
