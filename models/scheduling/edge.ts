/**
 * Edge: the servers alone. Every task runs on an edge server, but those forbidden there (a camera's frame) stay where they may run.
 *
 * Baseline of the DHS paper; here tasks go by upward rank to the earliest finish among those processors.
 */
import { TwinError } from '../errors.ts'
import type { ListPolicy } from './earliest-finish.ts'
import { listSchedule } from './list-schedule.ts'
import type { Problem } from './problem.ts'
import { upwardRankMs } from './ranks.ts'
import type { Schedule } from './schedule.ts'

/** @throws TwinError PROBLEM_INVALID without edge processors */
export function edge(problem: Problem): Schedule {
  return listSchedule('edge', problem, edgePolicy(problem))
}

export function edgePolicy(problem: Problem): ListPolicy {
  const { computeMs, processorCount, edge: servers, workspace } = problem
  if (servers === undefined || servers.length === 0) {
    throw new TwinError('PROBLEM_INVALID', 'edge needs edge: at least one processor of an edge server')
  }
  const { policyComputeMs } = workspace
  policyComputeMs.set(computeMs)
  for (let task = 0; task < problem.taskCount; task++) {
    const row = task * processorCount
    if (!servers.some((server) => computeMs[row + server]! < Number.POSITIVE_INFINITY)) continue
    policyComputeMs.fill(Number.POSITIVE_INFINITY, row, row + processorCount)
    for (const server of servers) policyComputeMs[row + server] = computeMs[row + server]!
  }
  return { priorityMs: upwardRankMs(problem, workspace.rankUMs), computeMs: policyComputeMs }
}
