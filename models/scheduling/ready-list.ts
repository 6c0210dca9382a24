/**
 * Tasks whose predecessors are all placed, highest priority first: a heap in the problem's workspace.
 * Sorting once by priority is wrong for PEFT, where one graph in three has a child ranked above its parent.
 */
import type { Problem } from './problem.ts'
import { isClearlyLess } from './tolerance.ts'

export interface ReadyList {
  readonly heap: Int32Array
  readonly priorityMs: Float64Array
  size: number
}

/** The entry tasks. */
export function startReadyList({ taskCount, graph, workspace }: Problem, priorityMs: Float64Array): ReadyList {
  const ready: ReadyList = { heap: workspace.heap, priorityMs, size: 0 }
  const { start } = graph.predecessors
  for (let task = 0; task < taskCount; task++) {
    workspace.waitingFor[task] = start[task + 1]! - start[task]!
    if (workspace.waitingFor[task] === 0) push(ready, task)
  }
  return ready
}

/** Adds the successors of a placed task that wait for nothing else. */
export function releaseSuccessors(ready: ReadyList, problem: Problem, task: number): void {
  const { start, task: successors } = problem.graph.successors
  const { waitingFor } = problem.workspace
  for (let edge = start[task]!, end = start[task + 1]!; edge < end; edge++) {
    if (--waitingFor[successors[edge]!]! === 0) push(ready, successors[edge]!)
  }
}

/** Takes the task of highest priority; ties go to the lower index. The list must not be empty. */
export function popReady(ready: ReadyList): number {
  const { heap } = ready
  const first = heap[0]!
  const moved = heap[--ready.size]!
  let at = 0
  for (let child = 1; child < ready.size; child = 2 * at + 1) {
    if (child + 1 < ready.size && isBefore(ready, heap[child + 1]!, heap[child]!)) child++
    if (!isBefore(ready, heap[child]!, moved)) break
    heap[at] = heap[child]!
    at = child
  }
  heap[at] = moved
  return first
}

function push(ready: ReadyList, task: number): void {
  const { heap } = ready
  let at = ready.size++
  while (at > 0) {
    const parent = (at - 1) >> 1
    if (!isBefore(ready, task, heap[parent]!)) break
    heap[at] = heap[parent]!
    at = parent
  }
  heap[at] = task
}

function isBefore({ priorityMs }: ReadyList, a: number, b: number): boolean {
  if (isClearlyLess(priorityMs[b]!, priorityMs[a]!)) return true
  return a < b && !isClearlyLess(priorityMs[a]!, priorityMs[b]!)
}
