/**
 * The loop that all list schedulers share: take the ready task of highest priority, place it, release its successors.
 * A scheduler is only a policy: priorities, the processors it considers, and what it adds to the EFT.
 */
import { collectArrivals, earliestFinish, type ListPolicy } from './earliest-finish.ts'
import type { Problem } from './problem.ts'
import { popReady, releaseSuccessors, startReadyList } from './ready-list.ts'
import type { Assignment, Schedule } from './schedule.ts'
import { clearTimeline, occupy } from './timeline.ts'

/** Every task must have a processor under the policy. */
export function listSchedule(algorithm: string, problem: Problem, policy: ListPolicy): Schedule {
  clearTimeline(problem.workspace.timeline, problem.readyMs)
  const ready = startReadyList(problem, policy.priorityMs)
  const assignments = new Array<Assignment>(problem.taskCount)
  const order: number[] = []
  let makespanMs = 0
  while (ready.size > 0) {
    const task = popReady(ready)
    collectArrivals(problem, task)
    const assignment = earliestFinish(problem, policy, task)
    place(problem, assignment)
    assignments[task] = assignment
    order.push(task)
    if (assignment.finishMs > makespanMs) makespanMs = assignment.finishMs
    releaseSuccessors(ready, problem, task)
  }
  return { algorithm, makespanMs, assignments, order }
}

/** Records an assignment in the workspace, for the tasks after it. */
export function place({ workspace }: Problem, assignment: Assignment): void {
  occupy(workspace.timeline, assignment)
  workspace.processorOf[assignment.task] = assignment.processor
  workspace.startMs[assignment.task] = assignment.startMs
  workspace.finishMs[assignment.task] = assignment.finishMs
}
