/** A whole twin as JSON: what snapshots store, `GET /state` answers and two replays are compared by. */
import { z } from 'zod'
import { ENTITY_KINDS, ENTITY_SHAPES } from '../entities/entities.ts'
import { LOOP_MODES } from '../events/decision-events.ts'
import { regretLedgerShape } from './regret.ts'

const count = z.number().int().min(0)

/** Something happened that the entity's machine did not allow. */
export const divergenceShape = z.object({
  timeMs: z.number(),
  kind: z.enum(ENTITY_KINDS),
  name: z.string(),
  /** Of the entity, before the event. */
  mode: z.string(),
  event: z.string(),
})
export type Divergence = z.infer<typeof divergenceShape>

export const twinJsonShape = z.object({
  version: z.literal(1),
  /** Journal sequence of the last event; 0 for the empty twin. */
  sequence: count,
  site: z.string().nullable(),
  /** Time of the last clock tick; 0 before the first. */
  clockMs: z.number(),
  loopMode: z.enum(LOOP_MODES),
  /** Who set it last; absent before anybody has. */
  loopModeBy: z.string().optional(),
  /** Each sorted by name. */
  entities: z.object({
    node: z.array(ENTITY_SHAPES.node),
    camera: z.array(ENTITY_SHAPES.camera),
    accelerator: z.array(ENTITY_SHAPES.accelerator),
    link: z.array(ENTITY_SHAPES.link),
    pod: z.array(ENTITY_SHAPES.pod),
    request: z.array(ENTITY_SHAPES.request),
    job: z.array(ENTITY_SHAPES.job),
    decision: z.array(ENTITY_SHAPES.decision),
  }),
  /** Last applied offset per `topic:partition`, sorted. */
  positions: z.array(z.tuple([z.string(), count])),
  counts: z.object({ applied: count, superseded: count, divergent: count }),
  /** The newest hundred. */
  divergences: z.array(divergenceShape),
  /** Last change taken of each feed of jobs, by source, sorted; absent before the first. */
  jobFeeds: z.array(z.tuple([z.string(), count])).optional(),
  /** Absent before the first round was scored or dropped. */
  regret: regretLedgerShape.optional(),
})
export type TwinJson = z.infer<typeof twinJsonShape>
