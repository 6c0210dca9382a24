/**
 * The regret ledger: what every round of real requests would have taken under each policy, what it did take under the
 * one that really placed it, and the running sums of both. Means are derived (`regretTable`), so sums can go on for ever.
 */
import { z } from 'zod'
import { durationMsShape, idShape, timeMsShape } from '../events/shapes.ts'
import { ALGORITHM_NAMES } from './what-if.ts'

/** `spread`: what Kubernetes does by default, the feasible accelerator with the fewest pods. */
export const REGRET_POLICIES = ['heft', 'cpop', 'peft', 'dhs', 'local', 'edge', 'spread'] as const

/** Who really placed a round: edgetwin, if the newest plan that placed any of it was its own. */
export const APPLIED_POLICIES = ['site-scheduler', ...ALGORITHM_NAMES.map((name) => `edgetwin:${name}` as const), 'edgetwin:other'] as const
export type AppliedPolicy = (typeof APPLIED_POLICIES)[number]

/**
 * Why a round is not scored. `failed`: a request of it failed, so there is no makespan. `overdue`: it did not end in time.
 * `overloaded`: too many rounds at once, or its scoring took too long. `unplaceable`: no policy could place it, or it asked
 * for what the twin did not know then. `past-forgotten`: after a restart the twin of its arrival could not be had.
 */
export const REGRET_DROP_REASONS = ['failed', 'overdue', 'overloaded', 'unplaceable', 'past-forgotten'] as const
export type RegretDropReason = (typeof REGRET_DROP_REASONS)[number]

const makespanMs = durationMsShape.nullable()
/** From the arrival until the last request is done, played on the twin as it was at the arrival; null: it found no schedule. */
const policyMakespansShape = z.object({
  heft: makespanMs,
  cpop: makespanMs,
  peft: makespanMs,
  dhs: makespanMs,
  local: makespanMs,
  edge: makespanMs,
  spread: makespanMs,
})
export type PolicyMakespans = z.infer<typeof policyMakespansShape>

/** One round, scored. */
export const regretScoreShape = z.object({
  id: idShape,
  /** Of its first request. */
  arrivedMs: timeMsShape,
  predictedMakespanMs: policyMakespansShape,
  applied: z.enum(APPLIED_POLICIES),
  /** For the very placements that were made, played in the same way; null when that twin cannot play them. */
  appliedPredictedMs: makespanMs,
  realisedMakespanMs: durationMsShape,
})

const count = z.number().int().min(0)

export const regretLedgerShape = z.object({
  /** Rounds scored. */
  roundCount: count,
  /** In the order of `REGRET_POLICIES`; sums over the rounds that the policy could place. */
  policies: z.array(
    z.object({
      policy: z.enum(REGRET_POLICIES),
      roundCount: count,
      /** Rounds in which none was predicted to be faster; of several equals each. */
      winCount: count,
      predictedMsSum: z.number(),
      /** Predicted − the best prediction of the round. */
      regretMsSum: z.number(),
    }),
  ),
  /** Sorted by name; only those that placed something. */
  applied: z.array(
    z.object({
      applied: z.enum(APPLIED_POLICIES),
      roundCount: count,
      realisedMsSum: z.number(),
      /** Realised − the best prediction of the round; below zero when reality was better. */
      regretMsSum: z.number(),
      /** Rounds whose real placement could be predicted, with the sums over these. */
      predictedCount: count,
      predictedMsSum: z.number(),
      /** |predicted − realised| / realised. */
      errorRatioSum: z.number(),
      /** (predicted − realised) / realised: below zero, we promise too much. */
      biasRatioSum: z.number(),
    }),
  ),
  /** Sorted by reason. */
  dropped: z.array(z.object({ reason: z.enum(REGRET_DROP_REASONS), roundCount: count })),
  /** The newest fifty, oldest first. */
  recent: z.array(regretScoreShape.extend({ requestCount: count })),
})
export type RegretLedger = z.infer<typeof regretLedgerShape>

const mean = z.number().nullable()
/** The ledger as people read it: means, in ms and ratios; null where nothing was counted. */
export const regretTableShape = z.object({
  roundCount: count,
  /** Least mean regret first, those without a round last. */
  policies: z.array(
    z.object({ policy: z.enum(REGRET_POLICIES), roundCount: count, winCount: count, meanPredictedMs: mean, meanRegretMs: mean }),
  ),
  applied: z.array(
    z.object({
      applied: z.enum(APPLIED_POLICIES),
      roundCount: count,
      meanRealisedMs: z.number(),
      meanRegretMs: z.number(),
      predictedCount: count,
      meanPredictedMs: mean,
      meanErrorRatio: mean,
      meanBiasRatio: mean,
    }),
  ),
  dropped: regretLedgerShape.shape.dropped,
  recent: regretLedgerShape.shape.recent,
})
export type RegretTable = z.infer<typeof regretTableShape>
