/**
 * What a worker of the pool can be asked for: pure functions of a twin and a plain input, so that it does not matter
 * which worker answers. A new job is one more member of `JOBS`; its input and output must survive a structured clone.
 *
 * A job of many steps is a generator: what it yields is told on the way, the time limit holds for each step, and it can
 * be given up between two.
 */
import type { ImageRegistry } from '../models/applications/registry.ts'
import type { FlipAnswer, FlipQuery } from '../models/contracts/flips.ts'
import type { Loss, NMinusOneCase } from '../models/contracts/standing.ts'
import type { WhatIfAnswer, WhatIfQuery } from '../models/contracts/what-if.ts'
import type { Comparison } from '../models/scenario/answers.ts'
import type { Scenario } from '../models/scenario/scenario.ts'
import { compareScenarios } from '../twin/compare.ts'
import { flipsOf } from '../twin/flips.ts'
import { judgeLoss, type NMinusOneBase, nMinusOneBase } from '../twin/n-minus-one.ts'
import { type MeasuredLoad, type MeasureOptions, measureLoad } from '../twin/radar.ts'
import { type Arrival, type RegretOptions, scoreArrival } from '../twin/regret.ts'
import { type SweepOptions, sweepPoints } from '../twin/sweep.ts'
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

export type SweepInput = Pick<SweepOptions, 'nowMs' | 'toleranceRatio' | 'trialCountMax'> & { readonly scenario: Scenario }

export interface CompareInput {
  readonly a: Scenario
  readonly b: Scenario
  readonly nowMs: number
}

export type RegretInput = Omit<RegretOptions, 'registry'> & { readonly arrival: Arrival }

export interface LossInput {
  readonly loss: Loss
  readonly base: NMinusOneBase
}

export const JOBS = {
  flips: ({ state, registry }: JobContext, query: FlipQuery): FlipAnswer => flipsOf(state, query, registry),
  whatIf: ({ state, registry, stateHash }: JobContext, { query, id, stateHash: known }: WhatIfInput): WhatIfAnswer =>
    askWhatIf(state, query, { id, stateHash: known ?? stateHash(), registry }),
  compare: ({ state, registry, stateHash }: JobContext, { a, b, nowMs }: CompareInput): Comparison =>
    compareScenarios(state, { a, b }, { registry, stateHash: stateHash(), nowMs }),
  regret: ({ state, registry }: JobContext, { arrival, ...options }: RegretInput) => scoreArrival(state, arrival, { ...options, registry }),
  nMinusOneBase: ({ state, registry }: JobContext, _: null): NMinusOneBase => nMinusOneBase(state, { registry }),
  nMinusOneCase: ({ state, registry }: JobContext, input: LossInput): NMinusOneCase => judgeLoss(state, input, { registry }),
  load: ({ state, registry }: JobContext, deltas: Omit<MeasureOptions, 'registry'>): MeasuredLoad =>
    measureLoad(state, { ...deltas, registry }),
  sweep: ({ state, registry, stateHash }: JobContext, { scenario, ...options }: SweepInput) =>
    sweepPoints(state, scenario, { ...options, stateHash: stateHash(), registry }),
}

/** Those of many steps: they never take the last free worker from the short ones. */
export const LONG_JOBS: ReadonlySet<string> = new Set<JobName>(['sweep'])

type Jobs = typeof JOBS
type Returned<N extends JobName> = ReturnType<Jobs[N]>
export type JobName = keyof Jobs
export type JobInput<N extends JobName> = Parameters<Jobs[N]>[1]
export type JobOutput<N extends JobName> = Returned<N> extends Generator<unknown, infer Output> ? Output : Returned<N>
/** What a job of many steps tells on the way; never for the others. */
export type JobStep<N extends JobName> = Returned<N> extends Generator<infer Step> ? Step : never
