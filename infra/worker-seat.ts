/**
 * A place for one worker thread: starts it, gives it one job at a time, ends it when the job runs too long or eats too
 * much, and then seats a new one. What the worker knows of the twin is known here, so that only changes are sent.
 */
import { Worker } from 'node:worker_threads'
import type { ImageRegistry } from '../models/applications/registry.ts'
import { TwinError } from '../models/errors.ts'
import type { Stop } from '../models/ports.ts'
import { emptyTwin, type TwinState } from '../twin/twin-state.ts'
import type { JobInput, JobName, JobOutput, JobStep } from './pool-jobs.ts'
import { diffState } from './state-patch.ts'
import type { FromWorker, ToWorker } from './what-if-worker.ts'

export interface SeatOptions {
  readonly registry: ImageRegistry
  /** A job, or a step of one, that takes longer is ended with its worker. */
  readonly timeoutMs: number
  /** Heap of one worker. */
  readonly heapMiB: number
}

export interface Seat {
  /** One at a time. @throws TwinError of the job, QUERY_TIMEOUT, PROBLEM_TOO_LARGE (memory) or INTERNAL */
  run<N extends JobName>(job: N, state: TwinState, options: SeatRun<N>): Promise<JobOutput<N>>
  /** Ends what runs after its step, without an answer that means anything. */
  readonly giveUp: () => void
  readonly holds: (state: TwinState) => boolean
  readonly stop: Stop
}

export interface SeatRun<N extends JobName> {
  readonly input: JobInput<N>
  readonly onStep?: ((step: JobStep<N>) => void) | undefined
}

/** Reading the sources takes part of a second; a machine that needs longer than this is out of order. */
const START_MS_MAX = 30_000
const WORKER = new URL('./what-if-worker.ts', import.meta.url)

type Answer = Exclude<FromWorker<never>, { kind: 'ready' }>

export function makeSeat(options: SeatOptions): Seat {
  const { timeoutMs } = options
  let seated: Launched | null = null
  let held = emptyTwin
  let settle: ((answer: Answer | TwinError) => void) | null = null
  let isStopped = false

  const sit = (): Launched => {
    held = emptyTwin
    const launched = launch(options, {
      onAnswer: (answer) => {
        if (seated === launched) settle?.(answer)
      },
      onLost: (error) => {
        if (seated !== launched) return
        seated = null
        settle?.(error)
      },
    })
    seated = launched
    return launched
  }
  const leave = async (): Promise<void> => {
    const { worker } = seated ?? {}
    seated = null
    await worker?.terminate()
  }
  sit()

  return {
    holds: (state) => held === state,
    async run<N extends JobName>(job: N, state: TwinState, { input, onStep }: SeatRun<N>): Promise<JobOutput<N>> {
      const { worker, ready } = seated ?? sit()
      await ready
      const { promise, resolve, reject } = Promise.withResolvers<JobOutput<N>>()
      const hear = (answer: Answer | TwinError): void => {
        clearTimeout(timer)
        if (!(answer instanceof TwinError) && answer.kind === 'step') {
          timer = setTimeout(late, timeoutMs)
          return onStep?.(answer.value)
        }
        settle = null
        if (answer instanceof TwinError) reject(answer)
        else if (answer.kind === 'answer') resolve(answer.value)
        else reject(new TwinError(answer.code, answer.message, { details: answer.details }))
        // The next job should not wait for a start, if there is a next one.
        if (seated === null && !isStopped) sit()
      }
      // When it was this thread that was busy, the answer is here already and is heard before this.
      const late = (): void => {
        const fired = timer
        setImmediate(() => {
          if (settle !== hear || timer !== fired) return
          void leave()
          hear(tooLong(timeoutMs))
        })
      }
      let timer = setTimeout(late, timeoutMs)
      settle = hear
      const patch = held === state ? null : diffState(held, state)
      held = state
      tell(worker, { kind: 'run', job, input, patch })
      return promise
    },
    giveUp: () => {
      if (seated !== null) tell(seated.worker, { kind: 'give-up' })
    },
    async stop() {
      isStopped = true
      settle?.(new TwinError('OVERLOADED', 'the twin is stopping; ask again when it runs'))
      await leave()
    },
  }
}

function tell(worker: Worker, message: ToWorker): void {
  worker.postMessage(message)
}

function tooLong(timeoutMs: number): TwinError {
  const message = `the answer took more than ${timeoutMs} ms; ask about fewer requests or coarser parts`
  return new TwinError('QUERY_TIMEOUT', message, { details: { timeoutMs } })
}

interface Launched {
  readonly worker: Worker
  /** Rejects when it cannot start. */
  readonly ready: Promise<void>
}

interface Heard {
  readonly onAnswer: (answer: Answer) => void
  readonly onLost: (error: TwinError) => void
}

function launch({ registry, heapMiB }: SeatOptions, { onAnswer, onLost }: Heard): Launched {
  const worker = new Worker(WORKER, { name: 'what-if', workerData: { registry }, resourceLimits: { maxOldGenerationSizeMb: heapMiB } })
  const { promise: ready, resolve, reject } = Promise.withResolvers<void>()
  const late = setTimeout(() => lose(new TwinError('INTERNAL', `a worker did not start within ${START_MS_MAX} ms`)), START_MS_MAX)
  const lose = (error: TwinError): void => {
    clearTimeout(late)
    reject(error)
    onLost(error)
  }
  worker.on('message', (message: FromWorker<never>) => {
    if (message.kind !== 'ready') return onAnswer(message)
    clearTimeout(late)
    resolve()
  })
  worker.on('error', (error) => lose(lossOf(error, heapMiB)))
  worker.on('exit', (code) => lose(new TwinError('INTERNAL', `a worker ended by itself with ${code}`)))
  // Who waits for it hears of it; before the first job nobody does.
  ready.catch(() => {})
  return { worker, ready }
}

function lossOf(error: unknown, heapMiB: number): TwinError {
  const isMemory = typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY'
  if (isMemory)
    return new TwinError('PROBLEM_TOO_LARGE', `the answer needs more than ${heapMiB} MiB; ask about fewer requests or coarser parts`)
  return new TwinError('INTERNAL', `a worker failed: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
}
