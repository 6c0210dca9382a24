/** Every fact of a twin with the entity it belongs to: for counting and checking freshness. */

import type { Entity } from '../models/entities/entities.ts'
import type { Fact, Freshness } from '../models/entities/fact.ts'
import type { TwinState } from '../twin/twin-state.ts'

export interface OwnedFact {
  readonly entity: Entity
  readonly group: string
  readonly freshness: Freshness
}

export function factsOf(state: TwinState): OwnedFact[] {
  const kinds = [state.entities.node, state.entities.camera, state.entities.accelerator, state.entities.link]
  return kinds.flatMap((map) =>
    [...map.values()].flatMap((entity) =>
      Object.entries(entity.reported).flatMap(([group, value]) => (isFact(value) ? [{ entity, group, freshness: value.freshness }] : [])),
    ),
  )
}

/** The fold made it, so its mark is enough: this runs for every fact at every scrape of our own metrics. */
function isFact(value: unknown): value is Fact<unknown> {
  return typeof value === 'object' && value !== null && 'freshness' in value
}
