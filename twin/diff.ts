/** What changed between two twins of one fold. Untouched maps and entities are the same objects, so the cost follows the change. */
import { ENTITY_KINDS, type Entity, type EntityKind } from '../models/entities/entities.ts'
import type { TwinState } from './twin-state.ts'

export interface EntityChange {
  readonly kind: EntityKind
  readonly name: string
  /** null: forgotten. */
  readonly value: Entity | null
}

export function diffEntities(before: TwinState, after: TwinState): EntityChange[] {
  const changes: EntityChange[] = []
  for (const kind of ENTITY_KINDS) {
    const was: ReadonlyMap<string, Entity> = before.entities[kind]
    const is: ReadonlyMap<string, Entity> = after.entities[kind]
    if (was === is) continue
    for (const [name, value] of is) if (was.get(name) !== value) changes.push({ kind, name, value })
    for (const name of was.keys()) if (!is.has(name)) changes.push({ kind, name, value: null })
  }
  return changes
}
