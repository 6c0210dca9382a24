/**
 * Why a task went where it did: what every processor offered at the moment the task was placed.
 *
 * The schedule is replayed in its own order, so the offers are those the algorithm saw, not those of the finished plan.
 */
import { TwinError } from '../errors.ts'
import { policyOf } from './algorithms.ts'
import { collectArrivals, type ListPolicy } from './earliest-finish.ts'
import { place } from './list-schedule.ts'
import type { Problem } from './problem.ts'
import type { Schedule } from './schedule.ts'
import { clearTimeline, earliestStartMs } from './timeline.ts'

export interface ProcessorChoice {
  readonly processor: number
  readonly chosen: boolean
  /** The algorithm could have placed the task here. */
  readonly feasible: boolean
  /**
   * `forbidden`: the task may not run here. `outside-policy`: it may, but the algorithm does not place it here
   * (CPOP's path, local, edge).
   */
  readonly whyNot?: 'forbidden' | 'outside-policy'
  /** EST and EFT; null when forbidden. */
  readonly startMs: number | null
  readonly finishMs: number | null
  /** What the algorithm compared: the EFT, for PEFT plus the optimistic cost; null when not feasible. */
  readonly scoreMs: number | null
}

/** One entry per processor, in processor order. @throws TwinError PROBLEM_INVALID for a task that is not in the schedule */
export function processorChoices(problem: Problem, schedule: Schedule, task: number): ProcessorChoice[] {
  const choices = choicesOfTasks(problem, schedule, new Set([task])).get(task)
  if (choices !== undefined) return choices
  throw new TwinError('PROBLEM_INVALID', `task ${task} is not in the schedule; tasks are 0 to ${problem.taskCount - 1}`)
}

/** The same of several tasks in one replay; tasks that are not in the schedule are left out. */
export function choicesOfTasks(problem: Problem, schedule: Schedule, tasks: ReadonlySet<number>): Map<number, ProcessorChoice[]> {
  const choices = new Map<number, ProcessorChoice[]>()
  const policy = policyOf(problem, schedule)
  clearTimeline(problem.workspace.timeline, problem.readyMs)
  for (const task of schedule.order) {
    const assignment = schedule.assignments[task]!
    if (tasks.has(task)) {
      const chosen = assignment.processor
      collectArrivals(problem, task)
      choices.set(
        task,
        Array.from({ length: problem.processorCount }, (_, processor) => toChoice(problem, policy, { task, processor, chosen })),
      )
    }
    place(problem, assignment)
  }
  return choices
}

function toChoice(
  problem: Problem,
  policy: ListPolicy,
  { task, processor, chosen }: { task: number; processor: number; chosen: number },
): ProcessorChoice {
  const at = task * problem.processorCount + processor
  const durationMs = problem.computeMs[at]!
  if (durationMs === Number.POSITIVE_INFINITY) {
    return { processor, chosen: false, feasible: false, whyNot: 'forbidden', startMs: null, finishMs: null, scoreMs: null }
  }
  const startMs = earliestStartMs(problem.workspace.timeline, processor, durationMs)
  const finishMs = startMs + durationMs
  if (policy.computeMs[at] === Number.POSITIVE_INFINITY) {
    return { processor, chosen: processor === chosen, feasible: false, whyNot: 'outside-policy', startMs, finishMs, scoreMs: null }
  }
  return { processor, chosen: processor === chosen, feasible: true, startMs, finishMs, scoreMs: finishMs + (policy.lookAheadMs?.[at] ?? 0) }
}
