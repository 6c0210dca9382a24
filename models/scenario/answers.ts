/** What a sweep and a comparison give, as REST, CLI and viewer see them. */
import { z } from 'zod'
import { ALGORITHM_NAMES, whatIfAnswerShape } from '../contracts/what-if.ts'
import { acceleratorNameShape, nameShape, textShape } from '../events/shapes.ts'

const algorithmShape = z.enum(ALGORITHM_NAMES)

const sweepPointShape = z.object({
  /** Bytes per second for rates of links, seconds for delta1; else a factor, requests, or requests per camera. */
  x: z.number(),
  /** Best by the objective; null when no algorithm finds a schedule. */
  winner: algorithmShape.nullable(),
  /** As played; absent where there is no schedule. */
  makespanMsByAlgorithm: z.partialRecord(algorithmShape, z.number()),
})
export type SweepPoint = z.infer<typeof sweepPointShape>

/** The winner changes between `xLow`, where it is `from`, and `xHigh`, where it is `to`. */
const breakPointShape = z.object({
  xLow: z.number(),
  xHigh: z.number(),
  /** The middle between them; of whole values the upper, the first with the new winner. */
  x: z.number(),
  from: algorithmShape.nullable(),
  to: algorithmShape.nullable(),
})
export type BreakPoint = z.infer<typeof breakPointShape>

export const sweepAnswerShape = z.object({
  /** Canonical text, with an absolute time. */
  scenario: z.string(),
  basis: whatIfAnswerShape.shape.basis,
  unit: z.enum(['B/s', 'factor', 'requests', 's', 'requests/camera']),
  points: z.array(sweepPointShape),
  /** Ascending. */
  breakPoints: z.array(breakPointShape),
  /** How far apart `xLow` and `xHigh` are at most: a share of the range, on its scale; whole values are exact. */
  toleranceRatio: z.number(),
  /** Changes that the budget left as far apart as the points are. */
  unrefinedCount: z.number().int(),
  /** Of all points, each once. */
  warnings: z.array(textShape),
})
export type SweepAnswer = z.infer<typeof sweepAnswerShape>

const sideShape = z.object({
  /** Canonical text. */
  scenario: z.string(),
  winner: algorithmShape.nullable(),
  makespanMs: z.number().nullable(),
  infeasible: whatIfAnswerShape.shape.infeasible,
  staleFacts: whatIfAnswerShape.shape.staleFacts,
  warnings: whatIfAnswerShape.shape.warnings,
})

/** Every difference is b − a: negative when b is better; null when one of them is missing. */
export const comparisonShape = z.object({
  basis: whatIfAnswerShape.shape.basis,
  a: sideShape,
  b: sideShape,
  /** Of the winners. */
  differenceMs: z.number().nullable(),
  algorithms: z.array(
    z.object({
      algorithm: algorithmShape,
      aMs: z.number().nullable(),
      bMs: z.number().nullable(),
      differenceMs: z.number().nullable(),
      aMoveCount: z.number().int().nullable(),
      bMoveCount: z.number().int().nullable(),
    }),
  ),
  /** Under each side's winner; those of both first, in the order of a. */
  requests: z.array(
    z.object({
      request: nameShape,
      camera: nameShape,
      application: nameShape,
      aLatencyMs: z.number().nullable(),
      bLatencyMs: z.number().nullable(),
      differenceMs: z.number().nullable(),
    }),
  ),
  /** Requests that b's winner places elsewhere than a's. */
  moves: z.array(z.object({ request: nameShape, from: acceleratorNameShape, to: acceleratorNameShape })),
})
export type Comparison = z.infer<typeof comparisonShape>
