/**
 * What a worker of the pool can be asked for: pure functions of a twin and a plain input, so that it does not matter
 * which worker answers. A new job is one more member of `JOBS`; its input and output must survive a structured clone.
 */
import type { ImageRegistry } from '../models/applications/registry.ts'
import type { WhatIfAnswer, WhatIfQuery } from '../models/contracts/what-if.ts'
import type { TwinState } from '../twin/twin-state.ts'
import { askWhatIf } from '../twin/what-if.ts'

export interface JobContext {
  readonly state: TwinState
  /** Of `state`, worked out once for each state. */
  readonly stateHash: () => string
  readonly registry: ImageRegistry
}

export interface WhatIfInput {
  readonly query: WhatIfQuery
  readonly id: string
  /** Of the twin, when the caller has it; else the worker works it out. */
  readonly stateHash?: string | undefined
}

export const JOBS = {
  whatIf: ({ state, registry, stateHash }: JobContext, { query, id, stateHash: known }: WhatIfInput): WhatIfAnswer =>
    askWhatIf(state, query, { id, stateHash: known ?? stateHash(), registry }),
}

type Jobs = typeof JOBS
export type JobName = keyof Jobs
export type JobInput<N extends JobName> = Parameters<Jobs[N]>[1]
export type JobOutput<N extends JobName> = ReturnType<Jobs[N]>
