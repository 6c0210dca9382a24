/**
 * From a plan to a schedule: tasks go by priority, each into the first gap of its processor that holds it, or, when it is
 * free, to the earliest finish. Leaves the schedule in the workspace and allocates nothing, so that a search can decode often.
 */
import { collectArrivals, earliestFinish, type ListPolicy } from './earliest-finish.ts'
import { place } from './list-schedule.ts'
import type { Problem } from './problem.ts'
import { popReady, releaseSuccessors, startReadyList } from './ready-list.ts'
import type { Schedule } from './schedule.ts'
import { clearTimeline, earliestStartMs } from './timeline.ts'

/** What a search changes. */
export interface Plan {
  /** By task; the ready task with the highest goes first. */
  readonly priority: Float64Array
  /** By task; FREE, or a processor where the task may run. */
  readonly processorOf: Int32Array
}

export const FREE = -1

export interface DecodeLimit {
  /** Gives up as soon as the makespan must exceed this. */
  readonly makespanMs: number
  /** [task][processor]: least time from the finish of a task there to the end of the schedule. */
  readonly tailMs: Float64Array
}

/** @returns the makespan, or Infinity when it would exceed the limit: then the workspace holds only a part of the schedule */
export function decode(problem: Problem, plan: Plan, limit?: DecodeLimit): number {
  const { workspace, processorCount } = problem
  const freePolicy: ListPolicy = { priorityMs: plan.priority, computeMs: problem.computeMs }
  clearTimeline(workspace.timeline, problem.readyMs)
  const ready = startReadyList(problem, plan.priority)
  let makespanMs = 0
  for (let count = 0; ready.size > 0; count++) {
    const task = popReady(ready)
    const processor = plan.processorOf[task]!
    if (processor === FREE) {
      collectArrivals(problem, task)
      place(problem, earliestFinish(problem, freePolicy, task))
    } else {
      place(problem, toFixed(problem, task, processor))
    }
    workspace.order[count] = task
    const finishMs = workspace.finishMs[task]!
    if (finishMs > makespanMs) makespanMs = finishMs
    if (limit !== undefined && finishMs + limit.tailMs[task * processorCount + workspace.processorOf[task]!]! > limit.makespanMs) {
      return Number.POSITIVE_INFINITY
    }
    releaseSuccessors(ready, problem, task)
  }
  return makespanMs
}

/** The schedule that the last decode left in the workspace. */
export function decodedSchedule(algorithm: string, { taskCount, workspace }: Problem): Schedule {
  const { processorOf, startMs, finishMs, order } = workspace
  return {
    algorithm,
    makespanMs: finishMs.reduce((latest, ms) => Math.max(latest, ms), 0),
    assignments: Array.from({ length: taskCount }, (_, task) => {
      return { task, processor: processorOf[task]!, startMs: startMs[task]!, finishMs: finishMs[task]! }
    }),
    order: [...order],
  }
}

/** Decodes to the very schedule: each task after those placed before it, on its processor. */
export function planOf({ order, assignments }: Schedule): Plan {
  const priority = new Float64Array(order.length)
  for (const [position, task] of order.entries()) priority[task] = order.length - position
  return { priority, processorOf: Int32Array.from(assignments, ({ processor }) => processor) }
}

/** Only the arrival at the one processor counts, so only that is worked out. */
function toFixed({ processorCount, graph, latencyMs, msPerByte, computeMs, workspace }: Problem, task: number, processor: number) {
  const { start, task: predecessors, bytes } = graph.predecessors
  let arrivalMs = 0
  for (let edge = start[task]!, end = start[task + 1]!; edge < end; edge++) {
    const from = predecessors[edge]!
    const link = workspace.processorOf[from]! * processorCount + processor
    const ms = workspace.finishMs[from]! + (latencyMs[link]! + bytes[edge]! * msPerByte[link]!)
    if (ms > arrivalMs) arrivalMs = ms
  }
  const durationMs = computeMs[task * processorCount + processor]!
  workspace.timeline.arrivalMs[processor] = arrivalMs
  const startMs = earliestStartMs(workspace.timeline, processor, durationMs)
  return { task, processor, startMs, finishMs: startMs + durationMs }
}
