/**
 * What makes one outcome better than another, in words that a query can ask for.
 * Every criterion is a cost: less is better. A new one adds its name here and its line in twin/objectives.ts.
 */
import { z } from 'zod'
import { acceleratorNameShape, nameShape, textShape } from '../events/shapes.ts'

/**
 * `makespan`, `meanLatency`, `p95Latency` as played, `moveTime` what moving pods costs: in seconds. `energy`: joules above idle.
 * `deadlineMisses`, `moves`: counts.
 */
export const CRITERIA = ['makespan', 'meanLatency', 'p95Latency', 'deadlineMisses', 'energy', 'moveTime', 'moves'] as const
export type Criterion = (typeof CRITERIA)[number]

const weightShape = z.number().min(0).max(1e9)

export const objectiveShape = z.discriminatedUnion('kind', [
  /** The first criterion decides; the next one only between equals. */
  z.object({ kind: z.literal('lexicographic'), order: z.array(z.enum(CRITERIA)).min(1).max(CRITERIA.length) }),
  /** What a second, a joule, a miss or a move is worth: the sum of weight × value decides. What is not named weighs nothing. */
  z.object({
    kind: z.literal('weighted'),
    weights: z
      .partialRecord(z.enum(CRITERIA), weightShape)
      .refine((weights) => Object.values(weights).some((weight) => weight > 0), 'give at least one criterion a weight above 0'),
  }),
])
export type Objective = z.infer<typeof objectiveShape>

export const DEFAULT_OBJECTIVE: Objective = { kind: 'lexicographic', order: ['makespan', 'meanLatency', 'moves'] }

/** What an outcome's work takes until its makespan. */
export const energyShape = z.object({
  /** Compute time × (busy − idle power) and what the transfers take: what the placement causes. */
  aboveIdleJoules: z.number(),
  /** Of that, the transfers between nodes. */
  transferJoules: z.number(),
  /** With the idle power of every processor, and with the work that runs already. */
  totalJoules: z.number(),
  /** Where the powers come from, and what is assumed. */
  source: textShape,
})
export type Energy = z.infer<typeof energyShape>

/** What moving one pod costs beside the data that has to travel again, which is played. */
export const moveShape = z.object({
  pod: nameShape,
  from: acceleratorNameShape,
  to: acceleratorNameShape,
  /** 0 when a pod of the same image was on the node before. */
  imagePullSeconds: z.number(),
  modelLoadSeconds: z.number(),
  /** Computed already and computed again. */
  lostProgressSeconds: z.number(),
})
export type Move = z.infer<typeof moveShape>
