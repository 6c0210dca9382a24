/**
 * Lower bounds of any schedule's makespan: how far a schedule can be from the best one at most.
 * No scheduler may report less than `bestMs`; SLR is makespan / `cpMinMs`.
 */
import type { Problem } from './problem.ts'

export interface LowerBounds {
  /** Longest path of least costs, without communication: the denominator of SLR (Topcuoglu et al. 2002). */
  readonly cpMinMs: number
  /** Longest path where each task and its transfers take their cheapest placement, from the times processors are ready. */
  readonly cpCommMs: number
  /** Sum of least costs / processors: all busy, all fastest. */
  readonly areaMs: number
  readonly bestMs: number
}

export function lowerBounds(problem: Problem): LowerBounds {
  const leastMs = leastComputeMs(problem)
  const cpMinMs = longestPathMs(problem, leastMs)
  const cpCommMs = longestPlacedPathMs(problem)
  const areaMs = leastMs.reduce((sum, ms) => sum + ms, 0) / problem.processorCount
  return { cpMinMs, cpCommMs, areaMs, bestMs: Math.max(cpMinMs, cpCommMs, areaMs) }
}

function leastComputeMs({ computeMs, taskCount, processorCount }: Problem): Float64Array {
  return Float64Array.from({ length: taskCount }, (_, task) =>
    computeMs
      .subarray(task * processorCount, (task + 1) * processorCount)
      .reduce((least, ms) => Math.min(least, ms), Number.POSITIVE_INFINITY),
  )
}

function longestPathMs({ graph, taskCount }: Problem, leastMs: Float64Array): number {
  const { start, task: predecessors } = graph.predecessors
  const finishMs = new Float64Array(taskCount)
  for (const task of graph.topologicalOrder) {
    let startMs = 0
    for (let edge = start[task]!; edge < start[task + 1]!; edge++) startMs = Math.max(startMs, finishMs[predecessors[edge]!]!)
    finishMs[task] = startMs + leastMs[task]!
  }
  return finishMs.reduce((longest, ms) => Math.max(longest, ms), 0)
}

/** finish(v, w) = max(ready(w), max over u of min over a of finish(u, a) + transfer(a, w)) + computeMs(v, w). */
function longestPlacedPathMs(problem: Problem): number {
  const { graph, taskCount, processorCount, computeMs, readyMs } = problem
  const { start, task: predecessors, bytes } = graph.predecessors
  const finishMs = new Float64Array(taskCount * processorCount)
  const startMs = new Float64Array(processorCount)
  let longestMs = 0
  for (const task of graph.topologicalOrder) {
    startMs.set(readyMs)
    for (let edge = start[task]!; edge < start[task + 1]!; edge++) {
      raiseToArrivals(problem, startMs, { finishMs, row: predecessors[edge]! * processorCount, bytes: bytes[edge]! })
    }
    let taskMs = Number.POSITIVE_INFINITY
    for (let processor = 0; processor < processorCount; processor++) {
      const ms = startMs[processor]! + computeMs[task * processorCount + processor]!
      finishMs[task * processorCount + processor] = ms
      if (ms < taskMs) taskMs = ms
    }
    if (taskMs > longestMs) longestMs = taskMs
  }
  return longestMs
}

/** Each processor starts no earlier than the data of one predecessor can arrive from its best place. */
function raiseToArrivals(
  { processorCount, latencyMs, msPerByte }: Problem,
  startMs: Float64Array,
  { finishMs, row, bytes }: { finishMs: Float64Array; row: number; bytes: number },
): void {
  for (let to = 0; to < processorCount; to++) {
    let leastMs = finishMs[row + to]!
    // It can stay for nothing, so when that is early enough no other place matters.
    if (leastMs <= startMs[to]!) continue
    for (let from = 0, link = to; from < processorCount; from++, link += processorCount) {
      // A transfer takes no negative time, so a later finish cannot arrive earlier.
      if (finishMs[row + from]! >= leastMs) continue
      const ms = finishMs[row + from]! + (latencyMs[link]! + bytes * msPerByte[link]!)
      if (ms < leastMs) leastMs = ms
    }
    if (leastMs > startMs[to]!) startMs[to] = leastMs
  }
}
