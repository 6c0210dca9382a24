/**
 * A scenario: what a person imagines of the site, as plain data. The text form and this one say the same; a link may go
 * by the name of its camera or node, and a time may be relative, until `resolveScenario` and `toQuery` settle them.
 */
import { z } from 'zod'
import { ALGORITHM_NAMES, editShape, QUERY_LIMITS, whatIfQueryShape } from '../contracts/what-if.ts'
import { TwinError } from '../errors.ts'
import { bytesPerSecondShape, nameShape } from '../events/shapes.ts'

export const DAY_MS = 86_400_000
/** End of the year 9999: later times have another ISO form. */
const TIME_MS_MAX = 253_402_300_799_999
export const SWEEP_POINTS_MAX = 2_000
export const STEPS_DEFAULT = 20

const countShape = z.number().int().min(1).max(100)
const framesShape = z.number().int().min(1).max(1_000_000)
const factorShape = z.number().min(0.001).max(1_000)
export const thresholdShape = z.number().min(0).max(1e6)

/** The edits of a what-if, and a burst that comes from every camera that is there. */
export const termShape = z.discriminatedUnion('kind', [
  editShape,
  z.object({ kind: z.literal('burst-each-camera'), application: nameShape, count: countShape, frames: framesShape }),
])
export type Term = z.infer<typeof termShape>

export const atShape = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('now') }),
  z.object({ kind: z.literal('sequence'), sequence: z.number().int().min(0) }),
  z.object({ kind: z.literal('time'), timeMs: z.number().int().min(0).max(TIME_MS_MAX) }),
  z.object({
    kind: z.literal('age'),
    ageMs: z
      .number()
      .int()
      .min(0)
      .max(366 * DAY_MS),
  }),
  /** The last time it was that late, UTC. */
  z.object({
    kind: z.literal('time-of-day'),
    dayMs: z
      .number()
      .int()
      .min(0)
      .max(DAY_MS - 1),
  }),
])
export type ScenarioAt = z.infer<typeof atShape>

/** What a sweep varies. The names are those of the settings and edits that take the value. */
const sweepTargetShape = z.discriminatedUnion('kind', [
  /** Value: bytes per second. */
  z.object({ kind: z.literal('set-link'), link: nameShape }),
  z.object({ kind: z.literal('scale-link'), link: nameShape }),
  /** Value: requests, whole. */
  z.object({ kind: z.literal('burst'), camera: nameShape, application: nameShape, frames: framesShape }),
  z.object({ kind: z.literal('burst-each-camera'), application: nameShape, frames: framesShape }),
  z.object({ kind: z.literal('delta1') }),
  z.object({ kind: z.literal('delta2') }),
])
export type SweepTarget = z.infer<typeof sweepTargetShape>

export const SWEPT_VALUE_SHAPES = {
  'set-link': bytesPerSecondShape,
  'scale-link': factorShape,
  burst: countShape,
  'burst-each-camera': countShape,
  delta1: thresholdShape,
  delta2: thresholdShape,
} as const satisfies Record<SweepTarget['kind'], z.ZodType<number>>

const sweepShape = z
  .strictObject({
    target: sweepTargetShape,
    from: z.number(),
    to: z.number(),
    /** Points asked for, both ends included. */
    steps: z.number().int().min(2).default(STEPS_DEFAULT),
    scale: z.enum(['linear', 'log']).default('linear'),
  })
  .refine(({ from, to }) => from < to, { message: 'must be above `from`', path: ['to'] })
  .refine(({ scale, from }) => scale === 'linear' || from > 0, { message: 'must be above 0 on a log scale', path: ['from'] })
  .refine(({ target, from, to }) => [from, to].every((value) => SWEPT_VALUE_SHAPES[target.kind].safeParse(value).success), {
    message: 'is out of the range of what is swept',
    path: ['to'],
  })
export type Sweep = z.infer<typeof sweepShape>

export const scenarioShape = z.strictObject({
  at: atShape.default({ kind: 'now' }),
  /** Applied in order; bursts come on top of the workload. */
  edits: z.array(termShape).max(QUERY_LIMITS.edits).default([]),
  /** Applied after the edits. */
  sweep: sweepShape.nullable().default(null),
  /** `nothing`: only the bursts. */
  workload: z.enum(['each-camera', 'waiting', 'nothing']).default('each-camera'),
  algorithms: z
    .array(z.enum(ALGORITHM_NAMES))
    .min(1)
    .refine((names) => new Set(names).size === names.length, 'must name each algorithm once')
    .default(() => whatIfQueryShape.parse({}).algorithms),
  granularity: whatIfQueryShape.shape.granularity,
  delta1Seconds: whatIfQueryShape.shape.delta1Seconds,
  delta2: whatIfQueryShape.shape.delta2,
  objective: whatIfQueryShape.shape.objective.refine(
    (objective) => objective.kind === 'weighted' || new Set(objective.order).size === objective.order.length,
    'must name each criterion once',
  ),
  deadlineMs: whatIfQueryShape.shape.deadlineMs,
})
export type Scenario = z.infer<typeof scenarioShape>

/** @throws TwinError PROBLEM_TOO_LARGE naming count, limit and remedy */
export function checkSteps(count: number): void {
  if (count <= SWEEP_POINTS_MAX) return
  throw new TwinError(
    'PROBLEM_TOO_LARGE',
    `a sweep of ${count} points is above the limit of ${SWEEP_POINTS_MAX}; ask for fewer steps: break points between them are refined anyway`,
    { details: { count, max: SWEEP_POINTS_MAX, what: 'sweep points' } },
  )
}
