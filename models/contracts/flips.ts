/**
 * "What would have to change for this one to win?", for a request on an accelerator or for an algorithm, and the answer:
 * single changes, each found by search and true of a what-if that was asked again with it.
 */
import { z } from 'zod'
import { acceleratorKindShape, acceleratorNameShape, nameShape, textShape } from '../events/shapes.ts'
import { ALGORITHM_NAMES, whatIfQueryShape } from './what-if.ts'

/** How far a search goes. Links and devices change by doubling; the least change is then narrowed down to half a percent. */
export const FLIP_LIMITS = { runs: 200, linkFactor: 1_024, linkBytesPerSecond: 1.25e9, speedFactor: 64 } as const

const flipTargetShape = z.discriminatedUnion('kind', [
  /** The best outcome puts the first task of this request there. */
  z.object({ kind: z.literal('accelerator'), request: nameShape, accelerator: acceleratorNameShape }),
  /** No other outcome is better by the objective. */
  z.object({ kind: z.literal('algorithm'), algorithm: z.enum(ALGORITHM_NAMES) }),
])
export type FlipTarget = z.infer<typeof flipTargetShape>

export const flipQueryShape = z.object({
  query: whatIfQueryShape,
  target: flipTargetShape,
  /** What-ifs that may be asked for it. */
  runCountMax: z.number().int().min(1).max(FLIP_LIMITS.runs).default(FLIP_LIMITS.runs),
})
export type FlipQuery = z.infer<typeof flipQueryShape>
/** What a client may send. */
export type FlipQueryInput = z.input<typeof flipQueryShape>

/** From the cheapest kind to the dearest: work that is taken away, an image that is built, a link, a device. */
const flipChangeShape = z.discriminatedUnion('kind', [
  /** What runs there is done now, and of what is not to be placed nothing queues there. `from`, `to`: ms until it is free. */
  z.object({ kind: z.literal('free-accelerator'), accelerator: acceleratorNameShape }),
  /** `from`, `to`: images for the pair. */
  z.object({ kind: z.literal('add-image'), application: nameShape, acceleratorKind: acceleratorKindShape }),
  /** `from`, `to`: bytes per second. */
  z.object({ kind: z.literal('set-link'), link: nameShape }),
  /** Costs of new work are divided by it. `from`, `to`: a factor. */
  z.object({ kind: z.literal('speed-up'), accelerator: acceleratorNameShape }),
])
export type FlipChange = z.infer<typeof flipChangeShape>

const flipShape = z.object({
  change: flipChangeShape,
  from: z.number(),
  to: z.number(),
  /** The what-if was asked again with exactly this change, and the target won. */
  verified: z.literal(true),
  /** Of the best outcome; null when there was none. */
  makespanMsBefore: z.number().nullable(),
  makespanMsAfter: z.number(),
})
export type Flip = z.infer<typeof flipShape>

export const flipAnswerShape = z.object({
  target: flipTargetShape,
  /** Then nothing is searched. */
  winsAlready: z.boolean(),
  /** Cheapest first; empty: nothing within the limits. */
  flips: z.array(flipShape),
  /** In a sentence. */
  verdict: textShape,
  runCount: z.number().int(),
  /** False: `runCountMax` ended the search before all changes were tried. */
  isComplete: z.boolean(),
})
export type FlipAnswer = z.infer<typeof flipAnswerShape>
