/**
 * Local: the cameras alone. Every task runs on a processor of the camera that raised its request.
 *
 * Baseline of the DHS paper; here tasks go by upward rank to the earliest finish among the camera's processors.
 */
import { TwinError } from '../errors.ts'
import type { ListPolicy } from './earliest-finish.ts'
import { listSchedule } from './list-schedule.ts'
import type { Problem } from './problem.ts'
import { upwardRankMs } from './ranks.ts'
import type { Schedule } from './schedule.ts'

/** @throws TwinError PROBLEM_INVALID without requests and homes; PROBLEM_INFEASIBLE when a task may not run at home */
export function local(problem: Problem): Schedule {
  return listSchedule('local', problem, localPolicy(problem))
}

export function localPolicy(problem: Problem): ListPolicy {
  const { computeMs, processorCount, requestOf, homes, workspace } = problem
  if (requestOf === undefined || homes === undefined) {
    throw new TwinError('PROBLEM_INVALID', 'local needs requestOf and homes: the request of each task and the processors of its camera')
  }
  const { policyComputeMs } = workspace
  policyComputeMs.fill(Number.POSITIVE_INFINITY)
  for (let task = 0; task < problem.taskCount; task++) {
    const request = requestOf[task]!
    let homeCount = 0
    for (const processor of homes[request]!) {
      const at = task * processorCount + processor
      policyComputeMs[at] = computeMs[at]!
      if (computeMs[at]! < Number.POSITIVE_INFINITY) homeCount++
    }
    if (homeCount > 0) continue
    const message = `task ${task} of request ${request} may run on none of its home processors (${homes[request]!.join(', ') || 'none given'})`
    throw new TwinError('PROBLEM_INFEASIBLE', `${message}; leave out local or allow it there`, { details: { task, request } })
  }
  return { priorityMs: upwardRankMs(problem, workspace.rankUMs), computeMs: policyComputeMs }
}
