/** Entities by kind and name, and how it is when there are none. Types apart, it imports nothing: the browser takes it without the schemas. */
import type { EntityKind, EntityOfKind } from './entities.ts'

export type EntityMaps = { readonly [K in EntityKind]: ReadonlyMap<string, EntityOfKind[K]> }

export const NO_ENTITIES: EntityMaps = {
  node: new Map(),
  camera: new Map(),
  accelerator: new Map(),
  link: new Map(),
  pod: new Map(),
  request: new Map(),
  job: new Map(),
  decision: new Map(),
}
