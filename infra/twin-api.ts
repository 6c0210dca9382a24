/** What the server may ask of the running twin, put together from the ingest, the journal, the loop and the site. */
import { randomUUID } from 'node:crypto'
import type { ImageRegistry } from '../models/applications/registry.ts'
import type { At, Changes, Check, TwinApi } from '../models/contracts/api.ts'
import type { ActiveFault, Fault } from '../models/contracts/fault.ts'
import type { StreamStatus, Trouble } from '../models/contracts/stream.ts'
import type { WhatIfAnswer } from '../models/contracts/what-if.ts'
import type { DecisionRecord } from '../models/entities/decision-record.ts'
import { type Entity, type EntityKind, entityName } from '../models/entities/entities.ts'
import { nearestNames, TwinError } from '../models/errors.ts'
import { touchesNothing } from '../models/events/decision-events.ts'
import type { JournaledEvent, TwinEvent } from '../models/events/events.ts'
import type { Clock, Journal } from '../models/ports.ts'
import { decisionOf, revalidate } from '../twin/decide.ts'
import type { LoopSettings } from '../twin/loop-settings.ts'
import { modeFor, type RulesFor } from '../twin/pod-rules.ts'
import { type TwinState, toJson } from '../twin/twin-state.ts'
import { stateHash } from './state-hash.ts'
import type { WhatIfPool } from './what-if-pool.ts'

export interface TwinApiOptions {
  readonly state: () => TwinState
  readonly stateAt: (at: Exclude<At, { kind: 'now' }>) => Promise<TwinState>
  readonly publish: (events: readonly TwinEvent[]) => Promise<unknown>
  readonly journal: Journal
  readonly registry: ImageRegistry
  readonly ask: WhatIfPool['ask']
  readonly settings: LoopSettings
  /** Where people may allow more or less for single pods. */
  readonly rulesFor?: RulesFor | undefined
  readonly clock: Clock
  readonly loopStatus: () => string
  /** Of what the twin rests on; default: none. */
  readonly troubles?: () => readonly Trouble[]
  readonly observeWhatIf: (seconds: number) => void
  readonly onChanges: (listener: (changes: Changes) => void) => () => void
  readonly checks: () => Promise<readonly Check[]>
  /** Absent when the cluster is real: it takes no faults. */
  readonly faults?: { list(): readonly ActiveFault[]; add(fault: Fault): ActiveFault; clear(id: string): void }
}

/** Answers kept so that an outcome can be proposed as a plan. */
const ANSWERS_KEPT = 50

export function makeTwinApi(options: TwinApiOptions): TwinApi {
  const { state, journal, publish, clock } = options
  const answers = new Map<string, WhatIfAnswer>()
  const stateOf = async (at: At): Promise<TwinState> => (at.kind === 'now' ? state() : options.stateAt(at))
  const common = () => ({ site: state().site ?? 'site', timeMs: clock(), source: 'operator' })
  const siteFaults = () => {
    if (options.faults) return options.faults
    throw new TwinError('SITE_READ_ONLY', 'the connected cluster is not simulated, so no fault can be put on it')
  }

  return {
    state: async (at) => {
      const twin = await stateOf(at)
      return { state: toJson(twin), hash: stateHash(twin) }
    },
    entities: async (kind, at) => [...mapOf(await stateOf(at), kind).values()].sort((a, b) => (entityName(a) < entityName(b) ? -1 : 1)),
    entity: async (kind, name, at) => {
      const map = mapOf(await stateOf(at), kind)
      const entity = map.get(name)
      if (entity) return entity
      const near = nearestNames(name, [...map.keys()])
      const hint = near.length > 0 ? `did you mean ${near.join(' or ')}?` : `GET /api/v1/entities/${kind} lists what there is`
      throw new TwinError('ENTITY_UNKNOWN', `no ${kind} ${name}; ${hint}`, { details: { kind, name, near } })
    },
    status: () =>
      statusOf(state(), {
        loopStatus: options.loopStatus(),
        troubles: options.troubles?.() ?? [],
        takesFaults: options.faults !== undefined,
      }),
    onChanges: options.onChanges,
    events: async ({ after, limit, type }) => readEvents(journal, { after, limit, type }),
    deadLetters: async (limit) => journal.deadLetters({ limit }),
    whatIf: async (query, by) => {
      const base = await stateOf(query.base.kind === 'now' ? { kind: 'now' } : query.base)
      const id = randomUUID()
      const startedMs = performance.now()
      const answer = await options.ask(base, query, { id })
      options.observeWhatIf((performance.now() - startedMs) / 1_000)
      answers.set(id, answer)
      for (const oldest of [...answers.keys()].slice(0, Math.max(0, answers.size - ANSWERS_KEPT))) answers.delete(oldest)
      const summary = `${answer.taskCount} tasks, best ${answer.outcomes[0]?.algorithm ?? 'none'}`
      await publish([{ type: 'whatif.asked', ...common(), id, by, summary }])
      return answer
    },
    propose: async ({ whatIfId, algorithm, by }) => {
      const answer = answers.get(whatIfId)
      const outcome = answer?.outcomes.find((candidate) => candidate.algorithm === algorithm)
      if (answer === undefined || outcome === undefined) {
        throw new TwinError('DECISION_UNKNOWN', `no answer ${whatIfId} with an outcome of ${algorithm} is kept; ask the what-if again`)
      }
      if (answer.query.workload !== 'waiting' || answer.query.edits.length > 0 || answer.query.base.kind !== 'now') {
        throw new TwinError(
          'DECISION_STATE',
          'only an answer about the work that waits now, without edits, can become a plan; ask with workload `waiting`',
        )
      }
      const id = randomUUID()
      const trigger = { kind: 'operator', subject: by, detail: `proposed from what-if ${whatIfId}` } as const
      const decided = decisionOf(state(), { answer, outcome, trigger, options: { ...options, id } })
      if (!decided.ok) throw new TwinError('DECISION_STATE', `no plan: ${decided.reason}`)
      await publish([{ type: 'decision.made', ...common(), decision: decided.decision }])
      return id
    },
    approve: async ({ id, by, reason }) => {
      const record = openDecision(state(), id)
      const { loopMode } = state()
      if (touchesNothing(loopMode)) {
        throw new TwinError('DECISION_STATE', `mode ${loopMode} touches nothing; switch to approve first (\`twinctl loop approve\`)`)
      }
      for (const { pod } of record.desired?.placements ?? []) {
        const mode = modeFor(state(), [pod], options.rulesFor)
        if (!touchesNothing(mode)) continue
        const policy = options.rulesFor?.(pod).policy
        throw new TwinError('DECISION_STATE', `policy ${policy} is in mode ${mode} and touches nothing; set its spec.mode to approve first`)
      }
      await publish([{ type: 'clock.ticked', ...common() }])
      const { registry, settings, rulesFor } = options
      const checking = { registry, settings, ...(rulesFor === undefined ? {} : { rulesFor }) }
      const verdict =
        record.desired === null ? { ok: false as const, reason: 'its content is not known' } : revalidate(state(), record.desired, checking)
      if (!verdict.ok) {
        await publish([{ type: 'decision.expired', ...common(), id, reason: verdict.reason }])
        throw new TwinError('DECISION_STALE', `plan ${id} was refused: ${verdict.reason}`, { details: { id, reason: verdict.reason } })
      }
      await publish([{ type: 'decision.approved', ...common(), id, by, reason }])
    },
    reject: async ({ id, by, reason }) => {
      openDecision(state(), id)
      await publish([{ type: 'decision.rejected', ...common(), id, by, reason }])
    },
    setLoopMode: async ({ mode, by }) => {
      await publish([{ type: 'loop.modeChanged', ...common(), mode, by }])
    },
    faults: async () => siteFaults().list(),
    addFault: async (fault) => siteFaults().add(fault),
    clearFault: async (id) => siteFaults().clear(id),
    checks: options.checks,
  }
}

export function statusOf(
  { sequence, site, clockMs, loopMode, counts, divergences }: TwinState,
  {
    loopStatus,
    troubles,
    takesFaults,
  }: { readonly loopStatus: string; readonly troubles: readonly Trouble[]; readonly takesFaults: boolean },
): StreamStatus {
  return { sequence, site, clockMs, loopMode, counts, divergences: [...divergences], loopStatus, takesFaults, troubles: [...troubles] }
}

function mapOf(state: TwinState, kind: EntityKind): ReadonlyMap<string, Entity> {
  return state.entities[kind]
}

function openDecision(state: TwinState, id: string): DecisionRecord {
  const record = state.entities.decision.get(id)
  if (record === undefined) {
    const near = nearestNames(id, [...state.entities.decision.keys()])
    throw new TwinError(
      'DECISION_UNKNOWN',
      `no plan ${id}${near.length > 0 ? `; did you mean ${near[0]}?` : '; `twinctl plan list` shows them'}`,
    )
  }
  if (record.mode === 'proposed') return record
  const last = record.reported.steps.at(-1)
  const code = record.mode === 'expired' || record.mode === 'refused' ? 'DECISION_STALE' : 'DECISION_STATE'
  throw new TwinError(code, `plan ${id} is ${record.mode} already${last ? `: ${last.detail}` : ''}`, { details: { id, mode: record.mode } })
}

function readEvents(
  journal: Journal,
  { after, limit, type }: { after: number; limit: number; type: string | undefined },
): JournaledEvent[] {
  const found: JournaledEvent[] = []
  for (const journaled of journal.read({ after })) {
    if (type === undefined || journaled.event.type === type) found.push(journaled)
    if (found.length >= limit) break
  }
  return found
}
