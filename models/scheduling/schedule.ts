/**
 * What every scheduler returns: assignments with times, as plain data that can be simulated, shown and sent.
 */

export interface Assignment {
  readonly task: number
  readonly processor: number
  readonly startMs: number
  readonly finishMs: number
}

export interface Schedule {
  /** The algorithm that was asked for. */
  readonly algorithm: string
  /** The algorithm that DHS picked; absent when nothing was picked. */
  readonly dispatchedTo?: 'heft' | 'cpop' | 'peft'
  /** Finish of the last task, ms from time 0 (now), so busy processors count. 0 without tasks. */
  readonly makespanMs: number
  /** One per task, indexed by task. */
  readonly assignments: readonly Assignment[]
  /** Tasks in the order in which they were placed. */
  readonly order: readonly number[]
}
