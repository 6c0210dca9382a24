/** What twinctl asks of the server: every path and answer in one place, so that a change of the API is a change here. */

import { z } from 'zod'
import { type AccessAnswer, accessAnswerShape } from '../../models/contracts/access.ts'
import { type ActiveFault, activeFaultShape, type Fault } from '../../models/contracts/fault.ts'
import { type FlipAnswer, type FlipQueryInput, flipAnswerShape } from '../../models/contracts/flips.ts'
import { type WhyPending, whyPendingShape } from '../../models/contracts/gates.ts'
import type { SeriesKind, TransitionKind } from '../../models/contracts/history.ts'
import { type SeriesAnswer, seriesAnswerShape, type TransitionsAnswer, transitionsAnswerShape } from '../../models/contracts/history-api.ts'
import { type NewJob, type StoredJob, storedJobShape } from '../../models/contracts/jobs.ts'
import { type RegretTable, regretTableShape } from '../../models/contracts/regret.ts'
import { type ScenarioAnswer, type Standing, scenarioAnswerShape, standingShape } from '../../models/contracts/study-api.ts'
import { type WhatIfAnswer, type WhatIfQueryInput, whatIfAnswerShape } from '../../models/contracts/what-if.ts'
import { ENTITY_SHAPES, type Entity, type EntityKind } from '../../models/entities/entities.ts'
import { TwinError } from '../../models/errors.ts'
import { LOOP_MODES, type LoopMode } from '../../models/events/decision-events.ts'
import { type JournaledEvent, twinEventShape } from '../../models/events/events.ts'
import { type Comparison, comparisonShape, type SweepAnswer, sweepAnswerShape } from '../../models/scenario/answers.ts'
import type { Scenario } from '../../models/scenario/scenario.ts'
import type { Query, RestClient } from './rest-client.ts'

const entityShape: z.ZodType<Entity> = z.union(Object.values(ENTITY_SHAPES))
const checkShape = z.object({ name: z.string(), ok: z.boolean(), detail: z.string(), remedy: z.string() })
export type CheckResult = z.infer<typeof checkShape>
const eventShape: z.ZodType<JournaledEvent> = z.object({
  sequence: z.number(),
  position: z.object({ topic: z.string(), partition: z.number(), offset: z.number() }),
  event: twinEventShape,
})
const loopShape = z.object({ mode: z.enum(LOOP_MODES), status: z.string() })

/** Times as the server reads them. */
export interface Span {
  readonly from: string
  readonly to: string
}

const pageOf = <T>(item: z.ZodType<T>) => z.object({ items: z.array(item), continue: z.string().nullable() })
const jobItemShape = z.object({ item: storedJobShape })
/** Of one page: what the server gives at most. */
const LIMIT = 10_000

export interface TwinCalls {
  entities(kind: EntityKind, at?: string): Promise<Entity[]>
  entity(kind: EntityKind, name: string, at?: string): Promise<Entity>
  /** null: it does not wait, or no real cluster is behind the twin. */
  whyPending(pod: string): Promise<WhyPending | null>
  whatIf(query: WhatIfQueryInput): Promise<WhatIfAnswer>
  scenario(scenario: Scenario): Promise<ScenarioAnswer>
  sweep(scenario: Scenario): Promise<SweepAnswer>
  compare(sides: { readonly a: Scenario; readonly b: Scenario }): Promise<Comparison>
  propose(proposal: { readonly whatIfId: string; readonly algorithm: string }): Promise<string>
  judge(plan: { readonly id: string; readonly verb: 'approve' | 'reject'; readonly reason: string }): Promise<void>
  loop(): Promise<z.infer<typeof loopShape>>
  setLoop(mode: LoopMode): Promise<z.infer<typeof loopShape>>
  faults(): Promise<ActiveFault[]>
  addFault(fault: Fault): Promise<ActiveFault>
  clearFault(id: string): Promise<void>
  checks(): Promise<CheckResult[]>
  access(): Promise<AccessAnswer>
  /** Of the job database; of one status when given. */
  jobs(status?: string): Promise<StoredJob[]>
  job(id: string): Promise<StoredJob>
  submitJob(job: Omit<NewJob, 'id'> & { readonly id?: string | undefined }): Promise<StoredJob>
  flips(query: FlipQueryInput): Promise<FlipAnswer>
  standing(): Promise<Standing>
  regret(): Promise<RegretTable>
  series(kind: SeriesKind, name: string, query: Span & { readonly field: string; readonly points: number }): Promise<SeriesAnswer>
  transitions(kind: TransitionKind, name: string, span: Span): Promise<TransitionsAnswer>
  /** The last journal sequence at a time. */
  sequenceAt(at: string): Promise<number>
  events(page: { readonly after: number; readonly limit: number }): Promise<JournaledEvent[]>
}

export function createTwinCalls(client: RestClient): TwinCalls {
  const listOf = async <T>(path: string, item: z.ZodType<T>, query: Query = {}): Promise<T[]> => {
    const items: T[] = []
    let next: string | null | undefined
    do {
      const page = await client.get(path, { query: { ...query, continue: next }, shape: pageOf(item) })
      items.push(...page.items)
      next = page.continue
    } while (next !== null)
    return items
  }
  return {
    entities: (kind, at) => listOf(`entities/${kind}`, entityShape, { at, limit: LIMIT }),
    entity: async (kind, name, at) =>
      (await client.get(`entities/${kind}/${toPath(name)}`, { query: { at }, shape: z.object({ item: entityShape }) })).item,
    whyPending: async (pod) => {
      try {
        return (await client.get(`pending/${toPath(pod)}`, { shape: z.object({ item: whyPendingShape.nullable() }) })).item
      } catch (error) {
        if (error instanceof TwinError && error.code === 'ROUTE_UNKNOWN') return null
        throw error
      }
    },
    whatIf: (query) => client.post('what-if', { body: query, shape: whatIfAnswerShape }),
    scenario: (scenario) => client.post('scenarios', { body: { scenario }, shape: scenarioAnswerShape }),
    sweep: (scenario) => client.post('sweeps', { body: { scenario }, shape: sweepAnswerShape }),
    compare: (sides) => client.post('comparisons', { body: sides, shape: comparisonShape }),
    propose: async (body) => (await client.post('plans', { body, shape: z.object({ id: z.string() }) })).id,
    judge: async ({ id, verb, reason }) => {
      await client.post(`plans/${toPath(id)}/${verb}`, { body: { reason }, shape: z.unknown() })
    },
    loop: () => client.get('loop', { shape: loopShape }),
    setLoop: (mode) => client.put('loop', { body: { mode }, shape: loopShape }),
    faults: () => listOf('faults', activeFaultShape),
    addFault: (fault) => client.post('faults', { body: fault, shape: activeFaultShape }),
    clearFault: (id) => client.delete(`faults/${toPath(id)}`),
    access: () => client.get('access', { shape: accessAnswerShape }),
    checks: () => listOf('checks', checkShape),
    jobs: (status) => listOf('jobs', storedJobShape, { status, limit: LIMIT }),
    job: async (id) => (await client.get(`jobs/${toPath(id)}`, { shape: jobItemShape })).item,
    submitJob: async (body) => (await client.post('jobs', { body, shape: jobItemShape })).item,
    flips: (query) => client.post('flips', { body: query, shape: flipAnswerShape }),
    standing: () => client.get('standing', { shape: standingShape }),
    regret: () => client.get('regret', { shape: regretTableShape }),
    series: (kind, name, query) => client.get(`history/${kind}/${toPath(name)}`, { query: { ...query }, shape: seriesAnswerShape }),
    transitions: (kind, name, span) =>
      client.get(`transitions/${kind}/${toPath(name)}`, { query: { ...span }, shape: transitionsAnswerShape }),
    sequenceAt: async (at) =>
      (await client.get('entities/decision', { query: { at, limit: 1 }, shape: z.object({ sequence: z.number() }) })).sequence,
    events: async (query) => (await client.get('events', { query, shape: pageOf(eventShape) })).items,
  }
}

/** Slashes stay: they are part of an accelerator's name. */
function toPath(name: string): string {
  return name.split('/').map(encodeURIComponent).join('/')
}
