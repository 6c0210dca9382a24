/**
 * Task graphs as compressed rows: the edges of task t are the entries start[t] … start[t + 1] − 1, in input order.
 * The topological order is fixed by the input alone, so equal inputs give equal schedules.
 */
import { TwinError } from '../errors.ts'

export type Edge = readonly [from: number, to: number, bytes: number]

/** One direction of the edges; `task` is the far end. */
export interface Adjacency {
  readonly start: Int32Array
  readonly task: Int32Array
  readonly bytes: Float64Array
  /** Mean latency + bytes / mean rate, over all pairs of processors on different hosts. */
  readonly meanTransferMs: Float64Array
}

export interface TaskGraph {
  readonly successors: Adjacency
  readonly predecessors: Adjacency
  readonly topologicalOrder: Int32Array
}

export interface TaskGraphOptions {
  readonly taskCount: number
  readonly meanTransferMs: (bytes: number) => number
  /** Ends the error messages, e.g. ' in instance small-1'. */
  readonly where: string
}

/** @throws TwinError PROBLEM_CYCLIC naming one cycle */
export function toTaskGraph(edges: readonly Edge[], options: TaskGraphOptions): TaskGraph {
  const successors = toAdjacency(edges, options, { near: 0, far: 1 })
  const predecessors = toAdjacency(edges, options, { near: 1, far: 0 })
  const topologicalOrder = sortTopologically(successors, predecessors)
  if (topologicalOrder.length < options.taskCount) {
    const cycle = findCycle(predecessors, topologicalOrder)
    throw new TwinError('PROBLEM_CYCLIC', `the tasks ${describeCycle(cycle)} form a cycle${options.where}; remove one of these edges`, {
      details: { cycle },
    })
  }
  return { successors, predecessors, topologicalOrder }
}

export function isEntry(graph: TaskGraph, task: number): boolean {
  return graph.predecessors.start[task] === graph.predecessors.start[task + 1]
}

function toAdjacency(edges: readonly Edge[], options: TaskGraphOptions, ends: { near: 0 | 1; far: 0 | 1 }): Adjacency {
  const start = new Int32Array(options.taskCount + 1)
  for (const edge of edges) start[edge[ends.near] + 1]!++
  for (let task = 0; task < options.taskCount; task++) start[task + 1]! += start[task]!
  const next = start.slice(0, options.taskCount)
  const task = new Int32Array(edges.length)
  const bytes = new Float64Array(edges.length)
  const meanTransferMs = new Float64Array(edges.length)
  for (const edge of edges) {
    const at = next[edge[ends.near]]!++
    task[at] = edge[ends.far]
    bytes[at] = edge[2]
    meanTransferMs[at] = options.meanTransferMs(edge[2])
  }
  return { start, task, bytes, meanTransferMs }
}

/** Shorter than the task count when there is a cycle. */
function sortTopologically(successors: Adjacency, predecessors: Adjacency): Int32Array {
  const taskCount = successors.start.length - 1
  const order = new Int32Array(taskCount)
  const waitingFor = new Int32Array(taskCount)
  let found = 0
  for (let task = 0; task < taskCount; task++) {
    waitingFor[task] = predecessors.start[task + 1]! - predecessors.start[task]!
    if (waitingFor[task] === 0) order[found++] = task
  }
  for (let at = 0; at < found; at++) {
    const task = order[at]!
    for (let edge = successors.start[task]!; edge < successors.start[task + 1]!; edge++) {
      const successor = successors.task[edge]!
      if (--waitingFor[successor]! === 0) order[found++] = successor
    }
  }
  return order.subarray(0, found)
}

/** Every unsorted task has an unsorted predecessor, so walking back from one must meet itself. */
function findCycle(predecessors: Adjacency, sorted: Int32Array): number[] {
  const isSorted = new Set(sorted)
  const seenAt = new Map<number, number>()
  const path: number[] = []
  let task = 0
  while (isSorted.has(task)) task++
  while (!seenAt.has(task)) {
    seenAt.set(task, path.length)
    path.push(task)
    const rowEnd = predecessors.start[task + 1]!
    let edge = predecessors.start[task]!
    while (edge < rowEnd && isSorted.has(predecessors.task[edge]!)) edge++
    task = predecessors.task[edge]!
  }
  return path.slice(seenAt.get(task)).reverse()
}

function describeCycle(cycle: readonly number[]): string {
  const shown = cycle.length > 10 ? [...cycle.slice(0, 9), '…', cycle.at(-1)] : cycle
  return [...shown, cycle[0]].join(' → ')
}
