/**
 * What every view draws: the entities of one twin by kind and name, live or of a past instant.
 * Patches apply only to the revision that they were made for; anything else is a gap and changes nothing.
 */
import type { StreamChange, StreamPatch, StreamSnapshot, StreamStatus } from '../../../../models/contracts/stream.ts'
import type { TwinJson } from '../../../../models/contracts/twin-json.ts'
import type { Entity, EntityKind } from '../../../../models/entities/entities.ts'
import { type EntityMaps, NO_ENTITIES } from '../../../../models/entities/entity-maps.ts'

export interface TwinView {
  /** Empty before the first snapshot and for past instants. */
  readonly epoch: string
  readonly revision: number
  readonly status: StreamStatus | null
  readonly entities: EntityMaps
}

export const EMPTY_VIEW: TwinView = {
  epoch: '',
  revision: -1,
  status: null,
  entities: NO_ENTITIES,
}

export function applySnapshot(snapshot: StreamSnapshot): TwinView {
  const { epoch, revision, status, changes } = snapshot
  return { epoch, revision, status, entities: withChanges(EMPTY_VIEW.entities, changes) }
}

/** @returns null for a gap or another epoch: ask for a new snapshot. */
export function applyPatch(view: TwinView, patch: StreamPatch): TwinView | null {
  if (patch.epoch !== view.epoch || patch.from !== view.revision) return null
  return { epoch: view.epoch, revision: patch.to, status: patch.status, entities: withChanges(view.entities, patch.changes) }
}

/** The view of a whole twin as `GET /state` answers it. */
export function viewOfState(state: TwinJson): TwinView {
  const changes = Object.entries(state.entities).flatMap(([kind, entities]) =>
    entities.map((value: Entity): StreamChange => ({ kind: kind as EntityKind, name: 'id' in value ? value.id : value.name, value })),
  )
  const { sequence, site, clockMs, loopMode, counts, divergences } = state
  const status = { sequence, site, clockMs, loopMode, counts, divergences, loopStatus: '', troubles: [] }
  return { epoch: '', revision: sequence, status, entities: withChanges(EMPTY_VIEW.entities, changes) }
}

function withChanges(entities: EntityMaps, changes: readonly StreamChange[]): EntityMaps {
  if (changes.length === 0) return entities
  const next: Record<EntityKind, ReadonlyMap<string, Entity>> = { ...entities }
  const copies = new Map<EntityKind, Map<string, Entity>>()
  for (const { kind, name, value } of changes) {
    const copy = copies.get(kind) ?? new Map(next[kind])
    copies.set(kind, copy)
    next[kind] = copy
    if (value === null) copy.delete(name)
    else copy.set(name, value)
  }
  // The stream's contract ties `kind` to the shape of `value`; the compiler cannot see it through the loop.
  return next as EntityMaps
}
