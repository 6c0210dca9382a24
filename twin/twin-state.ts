/**
 * Everything the twin knows, as plain data: maps of entities by name, and how it came to be.
 * Only `applyEvents` makes a new one; `toJson` and `fromJson` are exact inverses.
 */
import type { RegretLedger } from '../models/contracts/regret.ts'
import { type Divergence, type TwinJson, twinJsonShape } from '../models/contracts/twin-json.ts'
import { type Entity, entityName } from '../models/entities/entities.ts'
import { type EntityMaps, NO_ENTITIES } from '../models/entities/entity-maps.ts'
import type { LoopMode } from '../models/events/decision-events.ts'

export interface TwinState {
  /** Journal sequence of the last event; 0 for the empty twin. */
  readonly sequence: number
  readonly site: string | null
  /** Time of the last clock tick; 0 before the first. */
  readonly clockMs: number
  readonly loopMode: LoopMode
  /** Who set it last; null before anybody has. */
  readonly loopModeBy: string | null
  readonly entities: EntityMaps
  /** Last applied offset per `topic:partition`. */
  readonly positions: ReadonlyMap<string, number>
  readonly counts: { readonly applied: number; readonly superseded: number; readonly divergent: number }
  /** The newest hundred. */
  readonly divergences: readonly Divergence[]
  /** Number of the last change taken of each feed of jobs, by the events' source. */
  readonly jobFeeds: ReadonlyMap<string, number>
  /** null before the first round was scored or dropped. */
  readonly regret: RegretLedger | null
}

export const emptyTwin: TwinState = {
  sequence: 0,
  site: null,
  clockMs: 0,
  loopMode: 'observe',
  loopModeBy: null,
  entities: NO_ENTITIES,
  positions: new Map(),
  counts: { applied: 0, superseded: 0, divergent: 0 },
  divergences: [],
  jobFeeds: new Map(),
  regret: null,
}

export function toJson(state: TwinState): TwinJson {
  const { loopModeBy, entities, positions, jobFeeds, regret, ...rest } = state
  return {
    version: 1,
    ...rest,
    ...(loopModeBy === null ? {} : { loopModeBy }),
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
    positions: inOrder(positions),
    counts: state.counts,
    divergences: [...state.divergences],
    // A twin without them is the same text as before there were any.
    ...(jobFeeds.size === 0 ? {} : { jobFeeds: inOrder(jobFeeds) }),
    ...(regret === null ? {} : { regret }),
  }
}

/** @returns null when the text is not a twin of this version: a snapshot is used whole or not at all. */
export function fromJson(json: unknown): TwinState | null {
  const parsed = twinJsonShape.safeParse(json)
  if (!parsed.success) return null
  const { version: _, loopModeBy = null, entities, positions, jobFeeds = [], regret = null, ...rest } = parsed.data
  const names = [
    ...Object.entries(entities).map(([, all]) => all.map(entityName)),
    positions.map(([partition]) => partition),
    jobFeeds.map(([source]) => source),
  ]
  if (names.some((all) => new Set(all).size < all.length)) return null
  return {
    ...rest,
    loopModeBy,
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
    jobFeeds: new Map(jobFeeds),
    regret,
  }
}

function inOrder(numbers: ReadonlyMap<string, number>): [string, number][] {
  return [...numbers].sort(([a], [b]) => (a < b ? -1 : 1))
}

function sorted<T>(map: ReadonlyMap<string, T>): T[] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entity]) => entity)
}

function byName<T extends Entity>(entities: readonly T[]): Map<string, T> {
  return new Map(entities.map((entity) => [entityName(entity), entity]))
}
