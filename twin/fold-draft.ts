/** The working copy of one batch of the fold: maps are copied on first write, so the state it came from stays as it was. */
import type { Divergence } from '../models/contracts/twin-json.ts'
import type { Applied } from '../models/entities/applied.ts'
import type { EntityKind, EntityOfKind } from '../models/entities/entities.ts'
import type { EntityMaps } from '../models/entities/entity-maps.ts'
import type { TwinEvent } from '../models/events/events.ts'
import type { TwinState } from './twin-state.ts'

const DIVERGENCES_MAX = 100

export interface Draft {
  sequence: number
  site: string | null
  clockMs: number
  loopMode: TwinState['loopMode']
  loopModeBy: TwinState['loopModeBy']
  applied: number
  superseded: number
  divergent: number
  readonly divergences: Divergence[]
  regret: TwinState['regret']
  readonly positions: Map<string, number>
  readonly jobFeeds: Map<string, number>
  readonly entities: { [K in EntityKind]: ReadonlyMap<string, EntityOfKind[K]> }
  readonly written: { [K in EntityKind]?: Map<string, EntityOfKind[K]> }
}

export function draftOf(state: TwinState): Draft {
  return {
    sequence: state.sequence,
    site: state.site,
    clockMs: state.clockMs,
    loopMode: state.loopMode,
    loopModeBy: state.loopModeBy,
    ...state.counts,
    divergences: [...state.divergences],
    regret: state.regret,
    positions: new Map(state.positions),
    jobFeeds: new Map(state.jobFeeds),
    entities: { ...state.entities },
    written: {},
  }
}

/** The map of `kind` that this batch may change. */
export function writable<K extends EntityKind>(draft: Draft, kind: K): Map<string, EntityOfKind[K]> {
  const kept: Map<string, EntityOfKind[K]> | undefined = draft.written[kind]
  if (kept) return kept
  const copy: Map<string, EntityOfKind[K]> = new Map<string, EntityOfKind[K]>(draft.entities[kind])
  Object.assign(draft.written, { [kind]: copy })
  Object.assign(draft.entities, { [kind]: copy })
  return copy
}

type Apply<K extends EntityKind> = (name: string, held: EntityOfKind[K] | undefined) => Applied<EntityOfKind[K]>

/** One event applied to the one entity it speaks of, and counted. */
export function step<K extends EntityKind>(draft: Draft, event: TwinEvent, kind: K, ...[name, apply]: [string, Apply<K>]): void {
  const held = draft.entities[kind].get(name)
  const result = apply(name, held)
  if (result.entity !== held) writable(draft, kind).set(name, result.entity)
  recordStep(draft, event, { kind, name, mode: held?.mode ?? 'unknown', ...result })
}

interface StepRecord {
  readonly kind: EntityKind
  readonly name: string
  /** Before the event. */
  readonly mode: string
  readonly superseded: boolean
  readonly expected: boolean
  /** The event was already counted for another entity. */
  readonly isSideEffect?: boolean
}

export function recordStep(
  draft: Draft,
  event: TwinEvent,
  { kind, name, mode, superseded, expected, isSideEffect = false }: StepRecord,
): void {
  if (!isSideEffect) {
    if (superseded) draft.superseded++
    else draft.applied++
  }
  if (expected) return
  draft.divergent++
  draft.divergences.push({ timeMs: event.timeMs, kind, name, mode, event: event.type })
  if (draft.divergences.length > DIVERGENCES_MAX) draft.divergences.shift()
}

/** @param before Returned as it is when the batch held nothing new, so that "nothing changed" is `===`. */
export function finish(draft: Draft, before: TwinState): TwinState {
  if (draft.sequence === before.sequence) return before
  const entities: EntityMaps = { ...draft.entities }
  return {
    sequence: draft.sequence,
    site: draft.site,
    clockMs: draft.clockMs,
    loopMode: draft.loopMode,
    loopModeBy: draft.loopModeBy,
    entities,
    positions: draft.positions,
    counts: { applied: draft.applied, superseded: draft.superseded, divergent: draft.divergent },
    divergences: draft.divergences,
    jobFeeds: draft.jobFeeds,
    regret: draft.regret,
  }
}
