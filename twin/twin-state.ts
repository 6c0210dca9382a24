/**
 * Everything the twin knows, as plain data: maps of entities by name, and how it came to be.
 * Only `applyEvents` makes a new one; `toJson` and `fromJson` are exact inverses.
 */
import { z } from 'zod'
import { type Accelerator, acceleratorShape } from '../models/entities/accelerator.ts'
import { type Camera, cameraShape } from '../models/entities/camera.ts'
import { type DecisionRecord, decisionRecordShape } from '../models/entities/decision-record.ts'
import { type Job, jobShape } from '../models/entities/job.ts'
import { type Link, linkShape } from '../models/entities/link.ts'
import { type Node, nodeShape } from '../models/entities/node.ts'
import { type Pod, podShape } from '../models/entities/pod.ts'
import { type InferenceRequest, requestShape } from '../models/entities/request.ts'
import { LOOP_MODES, type LoopMode } from '../models/events/decision-events.ts'

export interface EntityOfKind {
  readonly node: Node
  readonly camera: Camera
  readonly accelerator: Accelerator
  readonly link: Link
  readonly pod: Pod
  readonly request: InferenceRequest
  readonly job: Job
  readonly decision: DecisionRecord
}
export type EntityKind = keyof EntityOfKind
export type Entity = EntityOfKind[EntityKind]
export const ENTITY_KINDS = [
  'node',
  'camera',
  'accelerator',
  'link',
  'pod',
  'request',
  'job',
  'decision',
] as const satisfies readonly EntityKind[]

export type EntityMaps = { readonly [K in EntityKind]: ReadonlyMap<string, EntityOfKind[K]> }

/** Something happened that the entity's machine did not allow. */
export interface Divergence {
  readonly timeMs: number
  readonly kind: EntityKind
  readonly name: string
  readonly mode: string
  readonly event: string
}

export interface TwinState {
  /** Journal sequence of the last event; 0 for the empty twin. */
  readonly sequence: number
  readonly site: string | null
  /** Time of the last clock tick; 0 before the first. */
  readonly clockMs: number
  readonly loopMode: LoopMode
  readonly entities: EntityMaps
  /** Last applied offset per `topic:partition`. */
  readonly positions: ReadonlyMap<string, number>
  readonly counts: { readonly applied: number; readonly superseded: number; readonly divergent: number }
  /** The newest hundred. */
  readonly divergences: readonly Divergence[]
}

export const emptyTwin: TwinState = {
  sequence: 0,
  site: null,
  clockMs: 0,
  loopMode: 'observe',
  entities: {
    node: new Map(),
    camera: new Map(),
    accelerator: new Map(),
    link: new Map(),
    pod: new Map(),
    request: new Map(),
    job: new Map(),
    decision: new Map(),
  },
  positions: new Map(),
  counts: { applied: 0, superseded: 0, divergent: 0 },
  divergences: [],
}

const count = z.number().int().min(0)
const twinJsonShape = z.object({
  version: z.literal(1),
  sequence: count,
  site: z.string().nullable(),
  clockMs: z.number(),
  loopMode: z.enum(LOOP_MODES),
  entities: z.object({
    node: z.array(nodeShape),
    camera: z.array(cameraShape),
    accelerator: z.array(acceleratorShape),
    link: z.array(linkShape),
    pod: z.array(podShape),
    request: z.array(requestShape),
    job: z.array(jobShape),
    decision: z.array(decisionRecordShape),
  }),
  positions: z.array(z.tuple([z.string(), count])),
  counts: z.object({ applied: count, superseded: count, divergent: count }),
  divergences: z.array(z.object({ timeMs: z.number(), kind: z.enum(ENTITY_KINDS), name: z.string(), mode: z.string(), event: z.string() })),
})
/** Entities sorted by name, positions by key: equal twins give equal JSON. */
export type TwinJson = z.infer<typeof twinJsonShape>

export function entityName(entity: Entity): string {
  return 'name' in entity ? entity.name : entity.id
}

export function toJson(state: TwinState): TwinJson {
  const { entities, positions, ...rest } = state
  return {
    version: 1,
    ...rest,
    entities: {
      node: sorted(entities.node),
      camera: sorted(entities.camera),
      accelerator: sorted(entities.accelerator),
      link: sorted(entities.link),
      pod: sorted(entities.pod),
      request: sorted(entities.request),
      job: sorted(entities.job),
      decision: sorted(entities.decision),
    },
    positions: [...positions].sort(([a], [b]) => (a < b ? -1 : 1)),
    counts: state.counts,
    divergences: [...state.divergences],
  }
}

/** @returns null when the text is not a twin of this version: a snapshot is used whole or not at all. */
export function fromJson(json: unknown): TwinState | null {
  const parsed = twinJsonShape.safeParse(json)
  if (!parsed.success) return null
  const { version: _, entities, positions, ...rest } = parsed.data
  return {
    ...rest,
    entities: {
      node: byName(entities.node),
      camera: byName(entities.camera),
      accelerator: byName(entities.accelerator),
      link: byName(entities.link),
      pod: byName(entities.pod),
      request: byName(entities.request),
      job: byName(entities.job),
      decision: byName(entities.decision),
    },
    positions: new Map(positions),
  }
}

function sorted<T>(map: ReadonlyMap<string, T>): T[] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entity]) => entity)
}

function byName<T extends Entity>(entities: readonly T[]): Map<string, T> {
  return new Map(entities.map((entity) => [entityName(entity), entity]))
}
