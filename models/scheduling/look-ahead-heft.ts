/**
 * Look-ahead HEFT: order by upward rank, then give each task the processor from which its successors could finish earliest.
 *
 * Source: Bittencourt, Sakellariou & Madeira (2010), PDP, 27–34. For each processor the task and then its successors are
 * placed on trial, by rank, each at its EFT; the latest of their finishes counts. Predecessors that are not placed yet are
 * left out. Ties, many where another task delays the successors: the task's own EFT, then the lower processor.
 */
import { earliestFinish, type ListPolicy } from './earliest-finish.ts'
import { heftPolicy } from './heft.ts'
import { place } from './list-schedule.ts'
import type { Problem } from './problem.ts'
import { popReady, releaseSuccessors, startReadyList } from './ready-list.ts'
import type { Assignment, Schedule } from './schedule.ts'
import { clearTimeline, earliestStartMs, occupyOnTrial, type Taken, vacate } from './timeline.ts'
import { isClearlyLess } from './tolerance.ts'

const NOT_PLACED = -1

export function lookAheadHeft(problem: Problem): Schedule {
  const { workspace, taskCount } = problem
  const policy = heftPolicy(problem)
  clearTimeline(workspace.timeline, problem.readyMs)
  workspace.processorOf.fill(NOT_PLACED)
  const ready = startReadyList(problem, policy.priorityMs)
  const assignments = new Array<Assignment>(taskCount)
  const order: number[] = []
  let makespanMs = 0
  while (ready.size > 0) {
    const task = popReady(ready)
    const assignment = bestOnTrial(problem, policy, task)
    place(problem, assignment)
    assignments[task] = assignment
    order.push(task)
    makespanMs = Math.max(makespanMs, assignment.finishMs)
    releaseSuccessors(ready, problem, task)
  }
  return { algorithm: 'look-ahead-heft', makespanMs, assignments, order }
}

function bestOnTrial(problem: Problem, policy: ListPolicy, task: number): Assignment {
  const { workspace, processorCount } = problem
  const byRank = successorsByRank(problem, policy.priorityMs, task)
  collectPlacedArrivals(problem, task)
  if (byRank.length === 0) return earliestFinish(problem, policy, task)
  const options: Assignment[] = []
  for (let processor = 0; processor < processorCount; processor++) {
    const durationMs = policy.computeMs[task * processorCount + processor]!
    if (durationMs === Number.POSITIVE_INFINITY) continue
    const startMs = earliestStartMs(workspace.timeline, processor, durationMs)
    options.push({ task, processor, startMs, finishMs: startMs + durationMs })
  }
  let best: Assignment | undefined
  let bestMs = Number.MAX_VALUE
  for (const option of options) {
    const latestMs = latestSuccessorMs(problem, policy, { option, byRank, limitMs: bestMs })
    if (best !== undefined && isClearlyLess(bestMs, latestMs)) continue
    if (best !== undefined && !isClearlyLess(latestMs, bestMs) && !isClearlyLess(option.finishMs, best.finishMs)) continue
    best = option
    bestMs = latestMs
  }
  return best!
}

interface Trial {
  readonly option: Assignment
  readonly byRank: readonly number[]
  /** A trial that is clearly worse than this ends early. */
  readonly limitMs: number
}

/** Places the option and its successors, and takes all of it back, last first. */
function latestSuccessorMs(problem: Problem, policy: ListPolicy, { option, byRank, limitMs }: Trial): number {
  const trials = [placeOnTrial(problem, option)]
  let latestMs = 0
  for (const successor of byRank) {
    collectPlacedArrivals(problem, successor)
    const assignment = earliestFinish(problem, policy, successor)
    if (assignment.finishMs > latestMs) latestMs = assignment.finishMs
    if (isClearlyLess(limitMs, latestMs)) break
    trials.push(placeOnTrial(problem, assignment))
  }
  for (let at = trials.length - 1; at >= 0; at--) {
    vacate(problem.workspace.timeline, trials[at]!.taken)
    problem.workspace.processorOf[trials[at]!.task] = NOT_PLACED
  }
  return latestMs
}

function placeOnTrial({ workspace }: Problem, assignment: Assignment): { readonly task: number; readonly taken: Taken } {
  workspace.processorOf[assignment.task] = assignment.processor
  workspace.finishMs[assignment.task] = assignment.finishMs
  return { task: assignment.task, taken: occupyOnTrial(workspace.timeline, assignment) }
}

/** Highest rank first; ties go to the lower task. */
function successorsByRank({ graph }: Problem, rankUMs: Float64Array, task: number): number[] {
  const { start, task: successors } = graph.successors
  return Array.from(successors.subarray(start[task], start[task + 1])).sort((a, b) => {
    if (isClearlyLess(rankUMs[b]!, rankUMs[a]!)) return -1
    return isClearlyLess(rankUMs[a]!, rankUMs[b]!) ? 1 : a - b
  })
}

/** As collectArrivals, from the predecessors that are placed. */
function collectPlacedArrivals({ processorCount, graph, latencyMs, msPerByte, workspace }: Problem, task: number): void {
  const { arrivalMs } = workspace.timeline
  const { start, task: predecessors, bytes } = graph.predecessors
  arrivalMs.fill(0)
  for (let edge = start[task]!, end = start[task + 1]!; edge < end; edge++) {
    const from = workspace.processorOf[predecessors[edge]!]!
    if (from === NOT_PLACED) continue
    const finishMs = workspace.finishMs[predecessors[edge]!]!
    for (let processor = 0, link = from * processorCount; processor < processorCount; processor++, link++) {
      const ms = finishMs + (latencyMs[link]! + bytes[edge]! * msPerByte[link]!)
      if (ms > arrivalMs[processor]!) arrivalMs[processor] = ms
    }
  }
}
