/** For tests: a twin in memory behind the server's port, made of real entities and changed by `change`. */
import { createHash } from 'node:crypto'
import type { Changes, TwinApi } from '../../models/contracts/api.ts'
import type { ActiveFault } from '../../models/contracts/fault.ts'
import type { StreamStatus } from '../../models/contracts/stream.ts'
import type { StudyApi } from '../../models/contracts/study-api.ts'
import type { TwinJson } from '../../models/contracts/twin-json.ts'
import { type WhatIfAnswer, type WhatIfQuery, whatIfQueryShape } from '../../models/contracts/what-if.ts'
import { aNewAccelerator } from '../../models/entities/accelerator.ts'
import { aNewDecisionRecord, applyDecisionEvent } from '../../models/entities/decision-record.ts'
import { ENTITY_KINDS, type Entity, type EntityKind, type EntityOfKind, entityName } from '../../models/entities/entities.ts'
import { aNewNode, applyNodeEvent } from '../../models/entities/node.ts'
import { aNewPod, applyPodEvent } from '../../models/entities/pod.ts'
import { regretTable } from '../../models/entities/regret-ledger.ts'
import { nearestNames, TwinError } from '../../models/errors.ts'
import type { LoopMode } from '../../models/events/decision-events.ts'
import type { JournaledEvent } from '../../models/events/events.ts'
import { formatScenario } from '../../models/scenario/format.ts'
import { readScenario } from '../../models/scenario/read.ts'

export interface TwinStandIn {
  readonly api: TwinApi & StudyApi
  change(entities: Changes['entities']): void
  readonly calls: string[]
}

export const aNode = (name: string, { timeMs = 1, utilizationRatio = 0.5 } = {}) =>
  applyNodeEvent(aNewNode(name), {
    type: 'node.sampled',
    site: 'lab',
    timeMs,
    source: `exporter:${name}`,
    name,
    load: { utilizationRatio },
  }).entity
export const anAccelerator = aNewAccelerator
export const aPod = (name: string, { timeMs = 1 } = {}) =>
  applyPodEvent(aNewPod(name), { type: 'pod.started', site: 'lab', timeMs, source: 'cluster', name }).entity
export const aPlan = (id: string) =>
  applyDecisionEvent(aNewDecisionRecord(id), {
    type: 'decision.rejected',
    site: 'lab',
    timeMs: 1,
    source: 'loop',
    id,
    by: 'operator',
    reason: 'no',
  }).entity

export function aTwinApi(initial: readonly Entity[] = [aNode('pi-1'), anAccelerator('pi-1/cpu0'), aPlan('plan-1')]): TwinStandIn {
  const entities = new Map(initial.map((entity) => [`${entity.kind} ${entityName(entity)}`, entity]))
  const listeners = new Set<(changes: Changes) => void>()
  const faults = new Map<string, ActiveFault>()
  const calls: string[] = []
  let sequence = 0
  let loopMode: LoopMode = 'observe'

  const ofKind = <K extends EntityKind>(kind: K) =>
    [...entities.values()]
      .filter((entity): entity is EntityOfKind[K] => entity.kind === kind)
      .sort((a, b) => (entityName(a) < entityName(b) ? -1 : 1))
  const status = (): StreamStatus => ({
    sequence,
    site: 'lab',
    clockMs: sequence,
    loopMode,
    counts: { applied: sequence, superseded: 0, divergent: 0 },
    divergences: [],
    loopStatus: 'nothing to do',
    takesFaults: true,
    troubles: [],
  })
  const api: TwinApi & StudyApi = {
    state: async (at) => {
      calls.push(`state ${JSON.stringify(at)}`)
      if (at.kind === 'sequence' && at.sequence > 1_000) {
        throw new TwinError('POSITION_UNKNOWN', `the journal ends at ${sequence}; ask for less than ${at.sequence}`)
      }
      const { loopStatus: _, troubles: __, ...rest } = status()
      const kinds = Object.fromEntries(ENTITY_KINDS.map((kind) => [kind, ofKind(kind)])) as unknown as TwinJson['entities']
      const state: TwinJson = { version: 1, ...rest, entities: kinds, positions: [] }
      return { state, hash: createHash('sha256').update(JSON.stringify(state)).digest('hex') }
    },
    entities: async (kind) => ofKind(kind),
    entity: async (kind, name) => {
      const entity = entities.get(`${kind} ${name}`)
      if (entity !== undefined) return entity
      const near = nearestNames(name, ofKind(kind).map(entityName))
      throw new TwinError('ENTITY_UNKNOWN', `no ${kind} ${name}; did you mean ${near.join(', ')}?`, { details: { near } })
    },
    status,
    onChanges: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    events: async ({ after, limit }) =>
      Array.from({ length: Math.max(0, Math.min(limit, 10 - after)) }, (_, index) => anEvent(after + index + 1)),
    deadLetters: async () => [
      {
        position: { topic: 'edgetwin.metrics.v1', partition: 0, offset: 7 },
        receivedMs: 1,
        reason: 'json',
        detail: 'cut off',
        excerpt: '{',
      },
    ],
    whatIf: async (query, by) => {
      calls.push(`whatIf ${by}`)
      return anAnswer(query, sequence)
    },
    scenario: async (given, by) => {
      calls.push(`scenario ${by}`)
      const scenario = readScenario(given)
      return { text: formatScenario(scenario), scenario, answer: anAnswer(whatIfQueryShape.parse({}), sequence) }
    },
    sweep: async (_, { signal }) => {
      const { promise, reject } = Promise.withResolvers<never>()
      signal?.addEventListener('abort', () => calls.push('sweep given up'))
      calls.push('sweep')
      setTimeout(() => reject(new TwinError('PROBLEM_TOO_LARGE', 'too many points; take fewer steps')), 50)
      return promise
    },
    compare: async ({ a, b }) => {
      readScenario(a)
      readScenario(b)
      throw new TwinError('QUERY_INVALID', 'the two scenarios start from different twins; give both the same `at`')
    },
    flips: async ({ target }) => ({ target, winsAlready: true, flips: [], verdict: 'wins already', runCount: 0, isComplete: true }),
    standing: async () => ({ nMinusOne: null, radar: EMPTY_RADAR }),
    regret: async () => regretTable(null),
    propose: async (options) => {
      calls.push(`propose ${JSON.stringify(options)}`)
      return 'plan-1'
    },
    approve: async ({ id, by, reason }) => {
      calls.push(`approve ${id} ${by} ${reason}`)
      if (id === 'stale') throw new TwinError('DECISION_STALE', 'plan stale was refused: node pi-1 is lost', { details: { id } })
    },
    reject: async ({ id, by, reason }) => void calls.push(`reject ${id} ${by} ${reason}`),
    setLoopMode: async ({ mode }) => {
      loopMode = mode
    },
    faults: async () => [...faults.values()],
    addFault: async (fault) => {
      const active = { id: `fault-${faults.size + 1}`, sinceMs: 1, fault }
      faults.set(active.id, active)
      return active
    },
    clearFault: async (id) => {
      if (!faults.delete(id)) throw new TwinError('FAULT_INVALID', `no fault ${id}; list them with GET /api/v1/faults`)
    },
    checks: async () => [{ name: 'journal', ok: true, detail: 'writes', remedy: '' }],
  }
  return {
    api,
    calls,
    change(changed) {
      sequence += 1
      for (const { kind, name, value } of changed) {
        if (value === null) entities.delete(`${kind} ${name}`)
        else entities.set(`${kind} ${name}`, value)
      }
      for (const listener of listeners) listener({ status: status(), entities: changed })
    },
  }
}

const EMPTY_RADAR = { delta1Seconds: 0.1, delta2: 1, bandRatio: 0.1, work: null, loadClass: null, point: null, borders: [], trail: [] }

function anEvent(sequence: number): JournaledEvent {
  const position = { topic: 'edgetwin.metrics.v1', partition: 0, offset: sequence }
  return { sequence, position, event: { type: 'clock.ticked', site: 'lab', timeMs: sequence, source: 'clock' } }
}

function anAnswer(query: WhatIfQuery, sequence: number): WhatIfAnswer {
  return {
    id: 'what-if-1',
    basis: { sequence, timeMs: 1, stateHash: 'hash' },
    query,
    loadClass: {
      className: 'B-L',
      algorithm: 'heft',
      cameras: [],
      tMinSeconds: 0,
      tMaxSeconds: 0,
      tMeanSeconds: 0,
      requestCount: 0,
      cameraCount: 0,
      requestsPerCamera: 0,
      delta1Seconds: 0.1,
      delta2: 1,
    },
    processors: [],
    taskCount: 0,
    outcomes: [],
    infeasible: [],
    staleFacts: [],
    warnings: [],
  }
}
