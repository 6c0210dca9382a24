/** What edgetwin itself does: questions, decisions, approvals, placements, scores and the clock. This is the audit trail. */
import { z } from 'zod'
import { decisionShape } from '../contracts/decision.ts'
import { REGRET_DROP_REASONS, regretScoreShape } from '../contracts/regret.ts'
import { acceleratorNameShape, commonShape, durationMsShape, idShape, nameShape, textShape, timeMsShape } from './shapes.ts'

export const LOOP_MODES = ['observe', 'advise', 'approve', 'auto'] as const
export type LoopMode = (typeof LOOP_MODES)[number]
/** In the others a plan may be carried out, once it is approved. */
export const touchesNothing = (mode: LoopMode): boolean => mode === 'observe' || mode === 'advise'

const decision = { ...commonShape, id: idShape }
/** Of one round, in the order in which they were raised. */
const requests = z.array(nameShape).max(500)

export const decisionEventShapes = [
  z.object({ type: z.literal('clock.ticked'), ...commonShape }),
  z.object({ type: z.literal('whatif.asked'), ...commonShape, id: idShape, by: idShape, summary: textShape }),
  z.object({ type: z.literal('loop.modeChanged'), ...commonShape, mode: z.enum(LOOP_MODES), by: idShape }),

  z.object({ type: z.literal('decision.made'), ...commonShape, decision: decisionShape }),
  z.object({ type: z.literal('decision.approved'), ...decision, by: idShape, reason: textShape }),
  z.object({ type: z.literal('decision.rejected'), ...decision, by: idShape, reason: textShape }),
  z.object({ type: z.literal('decision.expired'), ...decision, reason: textShape }),

  z.object({
    type: z.literal('placement.applied'),
    ...decision,
    pod: nameShape,
    /** The pod that now runs the stage: another one when the first had to be evicted. */
    replacement: nameShape.nullable(),
    accelerator: acceleratorNameShape,
  }),
  z.object({ type: z.literal('placement.refused'), ...decision, pod: nameShape.nullable(), reason: textShape }),
  z.object({
    type: z.literal('placement.verified'),
    ...decision,
    predictedMakespanMs: durationMsShape,
    observedMakespanMs: durationMsShape,
    /** |observed − predicted| / predicted. */
    errorRatio: z.number().min(0).max(1e6),
    /** What came in between that the prediction could not know; absent when nothing did. */
    disturbedBy: textShape.optional(),
  }),

  z.object({ type: z.literal('regret.scored'), ...commonShape, ...regretScoreShape.shape, requests }),
  z.object({
    type: z.literal('regret.dropped'),
    ...decision,
    arrivedMs: timeMsShape,
    requests,
    reason: z.enum(REGRET_DROP_REASONS),
  }),
] as const
