/**
 * CPOP: put the whole critical path on the one processor that runs it fastest, and every other task where it finishes earliest.
 *
 * Source: Topcuoglu, Hariri & Wu (2002), IEEE TPDS 13(3), 260–274. Two departures, both needed here: the path follows tight edges
 * (equal priority alone lets a short cut jump over critical tasks), and a task that is pinned has no vote on the processor
 * (else the frame of a weak camera would pull the whole path onto it).
 */
import type { ListPolicy } from './earliest-finish.ts'
import { listSchedule } from './list-schedule.ts'
import type { Problem } from './problem.ts'
import { downwardRankMs, upwardRankMs } from './ranks.ts'
import type { Schedule } from './schedule.ts'
import { isEntry } from './task-graph.ts'
import { isClearlyLess } from './tolerance.ts'

export function cpop(problem: Problem): Schedule {
  return listSchedule('cpop', problem, cpopPolicy(problem))
}

export function cpopPolicy(problem: Problem): ListPolicy {
  const { computeMs, processorCount, workspace } = problem
  const rankUMs = upwardRankMs(problem, workspace.rankUMs)
  const rankDMs = downwardRankMs(problem, workspace.rankDMs)
  for (let task = 0; task < problem.taskCount; task++) workspace.priorityMs[task] = rankUMs[task]! + rankDMs[task]!

  const path = criticalPath(problem, rankUMs)
  const pathProcessor = criticalPathProcessor(problem, path)
  const { policyComputeMs } = workspace
  policyComputeMs.set(computeMs)
  for (const task of path) {
    const row = task * processorCount
    // A path task that is forbidden there goes where it finishes earliest.
    if (computeMs[row + pathProcessor] === Number.POSITIVE_INFINITY) continue
    policyComputeMs.fill(Number.POSITIVE_INFINITY, row, row + processorCount)
    policyComputeMs[row + pathProcessor] = computeMs[row + pathProcessor]!
  }
  return { priorityMs: workspace.priorityMs, computeMs: policyComputeMs }
}

/** From the entry task of highest upward rank along tight edges to an exit; ties go to the lower task. Empty without tasks. */
export function criticalPath({ taskCount, graph }: Problem, rankUMs: Float64Array): number[] {
  let entry = -1
  for (let task = 0; task < taskCount; task++) {
    if (isEntry(graph, task) && (entry < 0 || isClearlyLess(rankUMs[entry]!, rankUMs[task]!))) entry = task
  }
  const { start, task: successors, meanTransferMs } = graph.successors
  const path: number[] = []
  for (let task = entry; task >= 0; ) {
    path.push(task)
    let next = -1
    let nextMs = 0
    for (let edge = start[task]!, end = start[task + 1]!; edge < end; edge++) {
      const successor = successors[edge]!
      const ms = meanTransferMs[edge]! + rankUMs[successor]!
      const isTied = next >= 0 && !isClearlyLess(nextMs, ms)
      if (isTied && (successor > next || isClearlyLess(ms, nextMs))) continue
      next = successor
      nextMs = ms
    }
    task = next
  }
  return path
}

/**
 * The processor where fewest path tasks are forbidden, then where the others cost least; ties go to the lower processor.
 * Tasks that may run on one processor only have no vote.
 */
export function criticalPathProcessor({ computeMs, processorCount }: Problem, path: readonly number[]): number {
  const voters = path.filter((task) => {
    let allowedCount = 0
    for (let at = task * processorCount, end = at + processorCount; at < end; at++)
      if (computeMs[at]! < Number.POSITIVE_INFINITY) allowedCount++
    return allowedCount > 1
  })
  let best = 0
  let bestForbidden = Number.POSITIVE_INFINITY
  let bestSumMs = 0
  for (let processor = 0; processor < processorCount; processor++) {
    let forbidden = 0
    let sumMs = 0
    for (const task of voters) {
      const ms = computeMs[task * processorCount + processor]!
      if (ms === Number.POSITIVE_INFINITY) forbidden++
      else sumMs += ms
    }
    if (forbidden > bestForbidden || (forbidden === bestForbidden && !isClearlyLess(sumMs, bestSumMs))) continue
    best = processor
    bestForbidden = forbidden
    bestSumMs = sumMs
  }
  return best
}
