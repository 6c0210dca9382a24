/** The thread that a worker of the pool is: keeps one copy of the twin, patched before each job, and answers one job at a time. */
import { parentPort, workerData } from 'node:worker_threads'
import type { ImageRegistry } from '../models/applications/registry.ts'
import { type ErrorCode, TwinError } from '../models/errors.ts'
import { emptyTwin } from '../twin/twin-state.ts'
import { JOBS, type JobName } from './pool-jobs.ts'
import { stateHash } from './state-hash.ts'
import { patchState, type StatePatch } from './state-patch.ts'

/** `input` fits the job: the pool's types see to it on the other side. */
export interface ToWorker<Input = unknown> {
  readonly job: JobName
  readonly input: Input
  /** null: the twin is the same as for the job before. */
  readonly patch: StatePatch | null
}

export type FromWorker<Output = unknown> =
  | { readonly kind: 'ready' }
  | { readonly kind: 'answer'; readonly value: Output }
  | { readonly kind: 'error'; readonly code: ErrorCode; readonly message: string; readonly details: Readonly<Record<string, unknown>> }

const port = parentPort
if (port === null) throw new TwinError('INTERNAL', 'what-if-worker.ts runs as a worker thread only; start it through createWhatIfPool')
const { registry }: { readonly registry: ImageRegistry } = workerData
const say = (message: FromWorker): void => port.postMessage(message)

let state = emptyTwin
let hash: string | null = null

port.on('message', ({ job, input, patch }: ToWorker<never>) => {
  if (patch !== null) {
    state = patchState(state, patch)
    hash = null
  }
  const context = {
    state,
    registry,
    stateHash: () => {
      hash ??= stateHash(state)
      return hash
    },
  }
  try {
    say({ kind: 'answer', value: JOBS[job](context, input) })
  } catch (error) {
    say({ kind: 'error', ...plain(error) })
  }
})
say({ kind: 'ready' })

/** An error loses its class on the way between threads. */
function plain(error: unknown): Pick<TwinError, 'code' | 'message' | 'details'> {
  if (error instanceof TwinError) return { code: error.code, message: error.message, details: error.details }
  return { code: 'INTERNAL', message: error instanceof Error ? (error.stack ?? error.message) : String(error), details: {} }
}
