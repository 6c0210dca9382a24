/**
 * What a copy of the twin elsewhere (in a worker thread) needs to become the next one. The fold leaves untouched
 * entities the same objects, so a patch is as large as the change; the first one, from the empty twin, is all of it.
 */
import { ENTITY_KINDS, type Entity } from '../models/entities/entities.ts'
import { diffEntities, type EntityChange } from '../twin/diff.ts'
import type { TwinState } from '../twin/twin-state.ts'

/** Plain data: it survives a structured clone. */
export interface StatePatch {
  readonly rest: Omit<TwinState, 'entities'>
  readonly changes: readonly EntityChange[]
}

export function diffState(before: TwinState, { entities, ...rest }: TwinState): StatePatch {
  return { rest, changes: diffEntities(before, { ...rest, entities }) }
}

/** Entities may stand in another order than in the original; nothing that the twin answers rests on it. */
export function patchState(before: TwinState, { rest, changes }: StatePatch): TwinState {
  const entities = { ...before.entities }
  for (const kind of ENTITY_KINDS) {
    const ofKind = changes.filter((change) => change.kind === kind)
    if (ofKind.length === 0) continue
    const map = new Map<string, Entity>(before.entities[kind])
    for (const { name, value } of ofKind) {
      if (value === null) map.delete(name)
      else map.set(name, value)
    }
    Object.assign(entities, { [kind]: map })
  }
  return { ...rest, entities }
}
