/**
 * The chain of tasks that fixes a makespan: each begins when the one before it lets it, by its data or by leaving the processor.
 * No schedule gets shorter unless something on its chain moves, so this is where a search looks.
 */
import type { Problem } from './problem.ts'
import { isClearlyLess } from './tolerance.ts'

/** Who runs where and when, by task. */
export interface Placed {
  readonly processorOf: Int32Array
  readonly startMs: Float64Array
  readonly finishMs: Float64Array
}

/** From the task that ends last back to one that nothing delays. Empty without tasks; ties go to the lower task. */
export function bindingChain(problem: Problem, placed: Placed): number[] {
  const { finishMs } = placed
  let task = 0
  for (let other = 1; other < problem.taskCount; other++) if (finishMs[other]! > finishMs[task]!) task = other
  const chain: number[] = []
  // Tasks that take no time could delay each other in a circle.
  for (let cause = problem.taskCount > 0 ? task : -1; cause >= 0 && chain.length < problem.taskCount; ) {
    chain.push(cause)
    cause = causeOf(problem, placed, cause)
  }
  return chain
}

/** What a task waited for: data first, then its processor; −1: nothing. */
function causeOf({ processorCount, graph, latencyMs, msPerByte, taskCount }: Problem, placed: Placed, task: number): number {
  const { processorOf, startMs, finishMs } = placed
  const { start, task: predecessors, bytes } = graph.predecessors
  const taskStartMs = startMs[task]!
  for (let edge = start[task]!; edge < start[task + 1]!; edge++) {
    const from = predecessors[edge]!
    const link = processorOf[from]! * processorCount + processorOf[task]!
    if (!isClearlyLess(finishMs[from]! + (latencyMs[link]! + bytes[edge]! * msPerByte[link]!), taskStartMs)) return from
  }
  for (let other = 0; other < taskCount; other++) {
    if (other === task || processorOf[other] !== processorOf[task]) continue
    if (finishMs[other]! === taskStartMs && startMs[other]! < taskStartMs) return other
  }
  return -1
}
