/**
 * Places one task: when its data arrives at each processor, and where it finishes earliest.
 * A processor must be strictly better (beyond a tie) than all before it, so ties go to the lower index.
 */
import type { Problem } from './problem.ts'
import type { Assignment } from './schedule.ts'
import { earliestStartMs } from './timeline.ts'
import { isClearlyLess } from './tolerance.ts'

/** What tells one list scheduler from another. */
export interface ListPolicy {
  /** By task; the ready task with the highest goes first. */
  readonly priorityMs: Float64Array
  /** [task][processor]; Infinity where the policy does not place the task. */
  readonly computeMs: Float64Array
  /** [task][processor], added to the EFT when processors are compared. */
  readonly lookAheadMs?: Float64Array | undefined
}

/** Fills the timeline's arrivalMs for a task whose predecessors are all placed in the workspace. */
export function collectArrivals({ processorCount, graph, latencyMs, msPerByte, workspace }: Problem, task: number): void {
  const { arrivalMs } = workspace.timeline
  const { start, task: predecessors, bytes } = graph.predecessors
  for (let processor = 0; processor < processorCount; processor++) arrivalMs[processor] = 0
  for (let edge = start[task]!, end = start[task + 1]!; edge < end; edge++) {
    const finishMs = workspace.finishMs[predecessors[edge]!]!
    const edgeBytes = bytes[edge]!
    let link = workspace.processorOf[predecessors[edge]!]! * processorCount
    for (let processor = 0; processor < processorCount; processor++, link++) {
      const ms = finishMs + (latencyMs[link]! + edgeBytes * msPerByte[link]!)
      if (ms > arrivalMs[processor]!) arrivalMs[processor] = ms
    }
  }
}

/** The assignment of least EFT (+ look-ahead) under the policy. Call collectArrivals before. */
export function earliestFinish({ processorCount, workspace }: Problem, policy: ListPolicy, task: number): Assignment {
  const { timeline } = workspace
  const { computeMs, lookAheadMs } = policy
  const row = task * processorCount
  let chosen = -1
  let chosenStartMs = 0
  let chosenScoreMs = Number.POSITIVE_INFINITY
  for (let processor = 0; processor < processorCount; processor++) {
    const durationMs = computeMs[row + processor]!
    const aheadMs = lookAheadMs === undefined ? 0 : lookAheadMs[row + processor]!
    // No gap is earlier than the data, so this processor cannot win: skip the search.
    if (timeline.arrivalMs[processor]! + durationMs + aheadMs >= chosenScoreMs) continue
    const startMs = earliestStartMs(timeline, processor, durationMs)
    const scoreMs = startMs + durationMs + aheadMs
    if (chosen >= 0 && !isClearlyLess(scoreMs, chosenScoreMs)) continue
    chosen = processor
    chosenStartMs = startMs
    chosenScoreMs = scoreMs
  }
  return { task, processor: chosen, startMs: chosenStartMs, finishMs: chosenStartMs + computeMs[row + chosen]! }
}
