/**
 * Scratch memory of the algorithms, allocated once per problem, so that a schedule allocates only its result.
 * Every algorithm fills what it reads; nothing here outlives a call.
 */
import { createTimeline, type Timeline } from './timeline.ts'

export interface Workspace {
  readonly timeline: Timeline
  /** Placed tasks: where, from when and until when. */
  readonly processorOf: Int32Array
  readonly startMs: Float64Array
  readonly finishMs: Float64Array
  /** The ready list: a heap of tasks, and how many predecessors each task waits for. */
  readonly heap: Int32Array
  readonly waitingFor: Int32Array
  /** Tasks in the order in which a decode placed them. */
  readonly order: Int32Array
  readonly rankUMs: Float64Array
  readonly rankDMs: Float64Array
  readonly priorityMs: Float64Array
  /** [task][processor]. */
  readonly octMs: Float64Array
  readonly octTailMs: Float64Array
  readonly policyComputeMs: Float64Array
}

export function createWorkspace(taskCount: number, processorCount: number): Workspace {
  const perTask = () => new Float64Array(taskCount)
  const perPair = () => new Float64Array(taskCount * processorCount)
  return {
    timeline: createTimeline(taskCount, processorCount),
    processorOf: new Int32Array(taskCount),
    startMs: perTask(),
    finishMs: perTask(),
    heap: new Int32Array(taskCount),
    waitingFor: new Int32Array(taskCount),
    order: new Int32Array(taskCount),
    rankUMs: perTask(),
    rankDMs: perTask(),
    priorityMs: perTask(),
    octMs: perPair(),
    octTailMs: perPair(),
    policyComputeMs: perPair(),
  }
}
