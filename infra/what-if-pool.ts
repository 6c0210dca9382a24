/**
 * Questions to the twin, answered in worker threads: a runaway query ends its worker and never touches the fold.
 *
 * Jobs are pure, so the answers are the same whatever the number of workers. Everything is bounded: the time and
 * memory of a job, the questions that wait, the batches under way and their length.
 */
import { availableParallelism } from 'node:os'
import type { ImageRegistry } from '../models/applications/registry.ts'
import type { WhatIfAnswer, WhatIfQuery } from '../models/contracts/what-if.ts'
import { TwinError } from '../models/errors.ts'
import type { Stop } from '../models/ports.ts'
import type { TwinState } from '../twin/twin-state.ts'
import { createJobQueue } from './job-queue.ts'
import type { JobInput, JobName, JobOutput, JobStep, WhatIfInput } from './pool-jobs.ts'
import { makeSeat } from './worker-seat.ts'

const POOL_LIMITS = {
  timeoutMs: 2_000,
  heapMiB: 256,
  /** Questions that may wait for a worker. */
  queueMax: 64,
  batchesMax: 8,
  /** Questions of one batch. */
  batchMax: 10_000,
} as const
export type PoolLimits = { readonly [K in keyof typeof POOL_LIMITS]: number }

export interface WhatIfPoolOptions {
  readonly registry: ImageRegistry
  /** Default: one fewer than processors, from 2 to 4. */
  readonly workerCount?: number
  readonly limits?: Partial<PoolLimits>
}

export interface RunOptions {
  /** Gives up, with the signal's reason. The step that a worker has begun it ends, unheard. */
  readonly signal?: AbortSignal | undefined
}

export interface BatchOptions extends RunOptions {
  readonly onProgress?: (progress: { readonly doneCount: number; readonly count: number }) => void
}

/** One that fails leaves the others of its batch standing. */
export type BatchResult<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: TwinError }

export interface WhatIfPool {
  /** @throws TwinError of the query, OVERLOADED, QUERY_TIMEOUT, or PROBLEM_TOO_LARGE when it needs too much memory */
  ask(state: TwinState, query: WhatIfQuery, options: Omit<WhatIfInput, 'query'> & RunOptions): Promise<WhatIfAnswer>
  /** In the order of the queries, numbered `<id>-1`, `<id>-2` … @throws TwinError OVERLOADED or PROBLEM_TOO_LARGE (too many) */
  askAll(
    state: TwinState,
    queries: readonly WhatIfQuery[],
    options: Omit<WhatIfInput, 'query'> & BatchOptions,
  ): Promise<BatchResult<WhatIfAnswer>[]>
  /** Any job of `pool-jobs.ts`; `onStep` hears what one of many steps tells on the way. */
  run<N extends JobName>(
    job: N,
    state: TwinState,
    options: { readonly input: JobInput<N>; readonly onStep?: (step: JobStep<N>) => void } & RunOptions,
  ): Promise<JobOutput<N>>
  runAll<N extends JobName>(
    job: N,
    state: TwinState,
    options: { readonly inputs: readonly JobInput<N>[] } & BatchOptions,
  ): Promise<BatchResult<JobOutput<N>>[]>
  readonly stop: Stop
}

export function createWhatIfPool({ registry, workerCount = defaultWorkerCount(), limits: changed }: WhatIfPoolOptions): WhatIfPool {
  const limits = { ...POOL_LIMITS, ...changed }
  const queue = createJobQueue(Array.from({ length: workerCount }, () => makeSeat({ registry, ...limits })))
  let batchCount = 0

  const pool: WhatIfPool = {
    ask: (state, query, { signal, ...rest }) => pool.run('whatIf', state, { input: { query, ...rest }, signal }),
    askAll: (state, queries, { id, stateHash, ...options }) =>
      pool.runAll('whatIf', state, { inputs: queries.map((query, index) => ({ query, id: `${id}-${index + 1}`, stateHash })), ...options }),
    async run(job, state, options) {
      const count = queue.singleCount()
      if (count < limits.queueMax) return queue.submit(job, state, { ...options, isOfBatch: false })
      throw new TwinError('OVERLOADED', `${count} questions wait already; try again in a second`, { details: { max: limits.queueMax } })
    },
    async runAll(job, state, { inputs, onProgress, signal }) {
      if (inputs.length > limits.batchMax) {
        const message = `a batch of ${inputs.length} questions is above the limit of ${limits.batchMax}; split it`
        throw new TwinError('PROBLEM_TOO_LARGE', message, { details: { count: inputs.length, max: limits.batchMax } })
      }
      if (batchCount >= limits.batchesMax)
        throw new TwinError('OVERLOADED', `${batchCount} batches are under way; try again when one is done`)
      batchCount++
      try {
        const run = (input: (typeof inputs)[number]) => queue.submit(job, state, { input, signal, isOfBatch: true })
        return await inTurns(inputs, run, { laneCount: workerCount, onProgress })
      } finally {
        batchCount--
      }
    },
    stop: queue.stop,
  }
  return pool
}

function defaultWorkerCount(): number {
  return Math.max(2, Math.min(4, availableParallelism() - 1))
}

/** Only as many as there are workers wait at a time, so that single questions get their turn between those of a batch. */
async function inTurns<I, O>(
  inputs: readonly I[],
  run: (input: I) => Promise<O>,
  { laneCount, onProgress }: { readonly laneCount: number; readonly onProgress: BatchOptions['onProgress'] },
): Promise<BatchResult<O>[]> {
  const results = new Array<BatchResult<O>>(inputs.length)
  const left = inputs.entries()
  let doneCount = 0
  let isGivenUp = false
  const lane = async (): Promise<void> => {
    for (const [index, input] of left) {
      if (isGivenUp) return
      results[index] = await settled(run(input))
      onProgress?.({ doneCount: ++doneCount, count: inputs.length })
    }
  }
  const giveUp = (error: unknown): never => {
    isGivenUp = true
    throw error
  }
  await Promise.all(Array.from({ length: laneCount }, () => lane().catch(giveUp)))
  return results
}

async function settled<T>(promise: Promise<T>): Promise<BatchResult<T>> {
  try {
    return { ok: true, value: await promise }
  } catch (error) {
    if (error instanceof TwinError && error.code !== 'INTERNAL') return { ok: false, error }
    throw error
  }
}
