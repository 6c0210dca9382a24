/** The thread that a worker of the pool is: keeps one copy of the twin, patched before each job, and answers one job at a time. */
import { parentPort, workerData } from 'node:worker_threads'
import type { ImageRegistry } from '../models/applications/registry.ts'
import { type ErrorCode, TwinError } from '../models/errors.ts'
import { emptyTwin } from '../twin/twin-state.ts'
import { JOBS, type JobName } from './pool-jobs.ts'
import { stateHash } from './state-hash.ts'
import { patchState, type StatePatch } from './state-patch.ts'

/** `input` fits the job: the pool's types see to it on the other side. */
export type ToWorker<Input = unknown> = ToRun<Input> | { readonly kind: 'give-up' }

interface ToRun<Input> {
  readonly kind: 'run'
  readonly job: JobName
  readonly input: Input
  /** null: the twin is the same as for the job before. */
  readonly patch: StatePatch | null
}

export type FromWorker<Output = unknown> =
  | { readonly kind: 'ready' }
  | { readonly kind: 'step'; readonly value: Output }
  | { readonly kind: 'answer'; readonly value: Output }
  | { readonly kind: 'error'; readonly code: ErrorCode; readonly message: string; readonly details: Readonly<Record<string, unknown>> }

const port = parentPort
if (port === null) throw new TwinError('INTERNAL', 'what-if-worker.ts runs as a worker thread only; start it through createWhatIfPool')
const { registry }: { readonly registry: ImageRegistry } = workerData
const say = (message: FromWorker): void => port.postMessage(message)

let state = emptyTwin
let hash: string | null = null
let isGivenUp = false

port.on('message', (message: ToWorker<never>) => {
  if (message.kind === 'run') return void run(message)
  isGivenUp = true
})
say({ kind: 'ready' })

async function run({ job, input, patch }: ToRun<never>): Promise<void> {
  isGivenUp = false
  if (patch !== null) {
    state = patchState(state, patch)
    hash = null
  }
  try {
    const result = JOBS[job]({ state, registry, stateHash: hashOfState }, input)
    say({ kind: 'answer', value: 'next' in result ? await toTheEnd(result) : result })
  } catch (error) {
    say({ kind: 'error', ...plain(error) })
  }
}

function hashOfState(): string {
  hash ??= stateHash(state)
  return hash
}

/** @returns undefined when given up: nobody listens any more. */
async function toTheEnd<T>(steps: Generator<unknown, T>): Promise<T | undefined> {
  while (!isGivenUp) {
    const { done, value } = steps.next()
    if (done) return value
    say({ kind: 'step', value })
    // Lets a `give-up` be heard.
    await new Promise(setImmediate)
  }
  return undefined
}

/** An error loses its class on the way between threads. */
function plain(error: unknown): Pick<TwinError, 'code' | 'message' | 'details'> {
  if (error instanceof TwinError) return { code: error.code, message: error.message, details: error.details }
  return { code: 'INTERNAL', message: error instanceof Error ? (error.stack ?? error.message) : String(error), details: {} }
}
