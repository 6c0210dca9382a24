/** Scenarios in words, sweeps and comparisons on the running twin: read here, answered by the pool. */
import type { TwinApi } from '../models/contracts/api.ts'
import type { GivenScenario, Standing, StudyApi } from '../models/contracts/study-api.ts'
import { regretTable } from '../models/entities/regret-ledger.ts'
import type { Clock } from '../models/ports.ts'
import { formatScenario } from '../models/scenario/format.ts'
import { readScenario } from '../models/scenario/read.ts'
import { resolveScenario } from '../models/scenario/resolve.ts'
import type { Scenario } from '../models/scenario/scenario.ts'
import { baseOf, pinScenario, toQuery } from '../models/scenario/to-query.ts'
import { scenarioNames } from '../twin/scenario-names.ts'
import type { TwinState } from '../twin/twin-state.ts'
import type { TwinApiOptions } from './twin-api.ts'
import type { WhatIfPool } from './what-if-pool.ts'

export interface StudyApiOptions extends Pick<TwinApiOptions, 'state' | 'stateAt'> {
  readonly whatIf: TwinApi['whatIf']
  readonly pool: Pick<WhatIfPool, 'run'>
  readonly standing: () => Standing
  readonly clock: Clock
}

export function makeStudyApi({ state, stateAt, whatIf, pool, standing, clock }: StudyApiOptions): StudyApi {
  /** Relative times count from one moment for the whole question. */
  const begin = async (given: GivenScenario): Promise<{ scenario: Scenario; base: TwinState; nowMs: number }> => {
    const nowMs = clock()
    const scenario = pinScenario(readScenario(given), nowMs)
    const from = baseOf(scenario, nowMs)
    return { scenario, base: from.kind === 'now' ? state() : await stateAt(from), nowMs }
  }
  return {
    scenario: async (given, by) => {
      const { scenario, base, nowMs } = await begin(given)
      const query = toQuery(resolveScenario(scenario, scenarioNames(base)), { nowMs })
      return { text: formatScenario(scenario), scenario, answer: await whatIf(query, by) }
    },
    sweep: async (given, { signal }) => {
      const { scenario, base, nowMs } = await begin(given)
      return pool.run('sweep', base, { input: { scenario, nowMs }, signal })
    },
    compare: async (given) => {
      const { scenario: a, base, nowMs } = await begin(given.a)
      const b = pinScenario(readScenario(given.b), nowMs)
      return pool.run('compare', base, { input: { a, b, nowMs } })
    },
    flips: async (input) => {
      const { base } = input.query
      return pool.run('flips', base.kind === 'now' ? state() : await stateAt(base), { input })
    },
    standing: async () => standing(),
    regret: async () => regretTable(state().regret),
  }
}
