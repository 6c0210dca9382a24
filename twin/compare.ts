/** Two scenarios side by side on the same twin: who wins each, and what the second costs or saves against the first. */
import type { ImageRegistry } from '../models/applications/registry.ts'
import { ALGORITHM_NAMES, type Outcome, type WhatIfAnswer } from '../models/contracts/what-if.ts'
import { TwinError } from '../models/errors.ts'
import type { Comparison } from '../models/scenario/answers.ts'
import { formatScenario } from '../models/scenario/format.ts'
import { resolveScenario } from '../models/scenario/resolve.ts'
import type { Scenario } from '../models/scenario/scenario.ts'
import { baseOf, pinScenario, toQuery } from '../models/scenario/to-query.ts'
import { canonicalJson } from './canonical-json.ts'
import { scenarioNames } from './scenario-names.ts'
import type { TwinState } from './twin-state.ts'
import { askWhatIf } from './what-if.ts'

export interface CompareOptions {
  readonly registry: ImageRegistry
  /** Of `state`, for the record. */
  readonly stateHash: string
  /** What relative times in the scenarios count from. */
  readonly nowMs: number
}

/**
 * @param state The base of both (`baseOf`), chosen by the caller.
 * @throws TwinError QUERY_INVALID when they start from different twins or one of them sweeps, and what `askWhatIf` throws
 */
export function compareScenarios(
  state: TwinState,
  { a, b }: { readonly a: Scenario; readonly b: Scenario },
  options: CompareOptions,
): Comparison {
  const { nowMs } = options
  if (canonicalJson(baseOf(a, nowMs)) !== canonicalJson(baseOf(b, nowMs))) {
    throw new TwinError('QUERY_INVALID', 'the two scenarios start from different twins; give both the same `at`')
  }
  const [aSide, bSide] = [askScenario(state, a, options), askScenario(state, b, options)]
  const [aBest, bBest] = [aSide.outcomes[0], bSide.outcomes[0]]
  return {
    basis: aSide.basis,
    a: sideOf(pinScenario(a, nowMs), aSide),
    b: sideOf(pinScenario(b, nowMs), bSide),
    differenceMs: difference(aBest?.makespanMs, bBest?.makespanMs),
    algorithms: algorithmsOf(aSide, bSide),
    requests: requestsOf(aBest, bBest),
    moves: movesOf(aBest, bBest),
  }
}

function askScenario(state: TwinState, scenario: Scenario, { registry, stateHash, nowMs }: CompareOptions): WhatIfAnswer {
  const query = toQuery(resolveScenario(scenario, scenarioNames(state)), { nowMs })
  return askWhatIf(state, query, { id: 'compare', stateHash, registry })
}

function sideOf(scenario: Scenario, { outcomes, infeasible, staleFacts, warnings }: WhatIfAnswer): Comparison['a'] {
  const best = outcomes[0]
  const [winner, makespanMs] = best === undefined ? [null, null] : [best.algorithm, best.makespanMs]
  return { scenario: formatScenario(scenario), winner, makespanMs, infeasible, staleFacts, warnings }
}

function algorithmsOf(a: WhatIfAnswer, b: WhatIfAnswer): Comparison['algorithms'] {
  const asked = new Set([...a.query.algorithms, ...b.query.algorithms])
  return ALGORITHM_NAMES.filter((algorithm) => asked.has(algorithm)).map((algorithm) => {
    const [aOutcome, bOutcome] = [a, b].map(({ outcomes }) => outcomes.find((outcome) => outcome.algorithm === algorithm))
    return {
      algorithm,
      aMs: aOutcome?.makespanMs ?? null,
      bMs: bOutcome?.makespanMs ?? null,
      differenceMs: difference(aOutcome?.makespanMs, bOutcome?.makespanMs),
      aMoveCount: aOutcome?.moveCount ?? null,
      bMoveCount: bOutcome?.moveCount ?? null,
    }
  })
}

function requestsOf(a: Outcome | undefined, b: Outcome | undefined): Comparison['requests'] {
  const inA = new Map(a?.requests.map((each) => [each.request, each]))
  const inB = new Map(b?.requests.map((each) => [each.request, each]))
  return [...new Map([...inA, ...inB]).values()].map(({ request, camera, application }) => {
    const [aLatencyMs, bLatencyMs] = [inA.get(request)?.latencyMs, inB.get(request)?.latencyMs]
    return {
      request,
      camera,
      application,
      aLatencyMs: aLatencyMs ?? null,
      bLatencyMs: bLatencyMs ?? null,
      differenceMs: difference(aLatencyMs, bLatencyMs),
    }
  })
}

function movesOf(a: Outcome | undefined, b: Outcome | undefined): Comparison['moves'] {
  const before = new Map(a?.requests.map(({ request, chosen }) => [request, chosen]))
  return (b?.requests ?? []).flatMap(({ request, chosen: to }) => {
    const from = before.get(request)
    return from === undefined || from === to ? [] : { request, from, to }
  })
}

function difference(a: number | undefined, b: number | undefined): number | null {
  return a === undefined || b === undefined ? null : b - a
}
