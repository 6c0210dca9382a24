/** From a scenario to the question that the what-if engine answers: once, or once for each point of its sweep. */
import { type Edit, type WhatIfQuery, whatIfQueryShape } from '../contracts/what-if.ts'
import { TwinError } from '../errors.ts'
import type { ResolvedScenario } from './resolve.ts'
import { checkSteps, DAY_MS, type Scenario, type ScenarioAt, type Sweep } from './scenario.ts'

/** With its relative time made absolute: shared, it still means the same twin. */
export function pinScenario<S extends Pick<Scenario, 'at'>>(scenario: S, nowMs: number): S {
  const timeMs = timeMsOf(scenario.at, nowMs)
  return timeMs === null ? scenario : { ...scenario, at: { kind: 'time', timeMs } }
}

/** Null when it is not a time: now, or a sequence. A time of day is the last one that has been, UTC; times before 1970 are 1970. */
function timeMsOf(at: ScenarioAt, nowMs: number): number | null {
  switch (at.kind) {
    case 'now':
    case 'sequence':
      return null
    case 'time':
      return at.timeMs
    case 'age':
      return Math.max(0, Math.floor(nowMs) - at.ageMs)
    case 'time-of-day': {
      const agoMs = (((Math.floor(nowMs) - at.dayMs) % DAY_MS) + DAY_MS) % DAY_MS
      return Math.max(0, Math.floor(nowMs) - agoMs)
    }
  }
}

/** Which twin to start from; known before the scenario is resolved against that twin's names. */
export function baseOf({ at }: Pick<Scenario, 'at'>, nowMs: number): WhatIfQuery['base'] {
  const timeMs = timeMsOf(at, nowMs)
  if (timeMs !== null) return { kind: 'time', timeMs }
  return at.kind === 'sequence' ? at : { kind: 'now' }
}

export interface QueryOptions {
  readonly nowMs: number
  /** The value of what is swept; of `sweepValues`. */
  readonly x?: number
}

/** @throws TwinError QUERY_INVALID when there is a sweep and no `x`, or the other way round */
export function toQuery(scenario: ResolvedScenario, { nowMs, x }: QueryOptions): WhatIfQuery {
  const { at, sweep, workload, ...rest } = scenario
  const query = whatIfQueryShape.parse({ ...rest, base: baseOf({ at }, nowMs), workload: workload === 'nothing' ? [] : workload })
  if (sweep === null && x === undefined) return query
  if (sweep === null || x === undefined) {
    const remedy = sweep === null ? 'add one, as sweep link(cam-1) 5..100 Mbit/s' : 'ask for its curve, or leave the sweep out'
    throw new TwinError('QUERY_INVALID', `the scenario has ${sweep === null ? 'no' : 'a'} sweep; ${remedy}`)
  }
  return withValue(query, sweep.target, x)
}

function withValue(query: WhatIfQuery, target: NonNullable<ResolvedScenario['sweep']>['target'], x: number): WhatIfQuery {
  const plus = (...edits: Edit[]): WhatIfQuery => ({ ...query, edits: [...query.edits, ...edits] })
  switch (target.kind) {
    case 'set-link':
      return plus({ kind: 'set-link', link: target.link, bytesPerSecond: x })
    case 'scale-link':
      return plus({ kind: 'scale-link', link: target.link, factor: x })
    case 'burst': {
      const { application, frames, cameras } = target
      return plus(...cameras.map((camera): Edit => ({ kind: 'burst', camera, application, count: x, frames })))
    }
    case 'delta1':
      return { ...query, delta1Seconds: x }
    case 'delta2':
      return { ...query, delta2: x }
  }
}

/** The points of a sweep, ascending, both ends among them; bursts are whole, so there may be fewer than `steps`. @throws TwinError PROBLEM_TOO_LARGE */
export function sweepValues({
  target,
  from,
  to,
  steps,
  scale,
}: Pick<Sweep, 'from' | 'to' | 'steps' | 'scale'> & { target: { kind: string } }): number[] {
  checkSteps(steps)
  const values = Array.from({ length: steps }, (_, index) => {
    const share = index / (steps - 1)
    const value = scale === 'log' ? from * (to / from) ** share : from + (to - from) * share
    // Rounding must not leave the range.
    return index === steps - 1 ? to : Math.min(value, to)
  })
  return isWhole(target) ? [...new Set(values.map(Math.round))] : values
}

export function isWhole({ kind }: { readonly kind: string }): boolean {
  return kind === 'burst' || kind === 'burst-each-camera'
}
