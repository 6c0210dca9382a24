/**
 * A decision: which pod should run where, why, on what it rests and until when it holds. Plain data; it
 * touches nothing by itself and is checked again on the newest twin before anything acts on it.
 */
import { z } from 'zod'
import { acceleratorNameShape, durationMsShape, idShape, nameShape, textShape, timeMsShape } from '../events/shapes.ts'

const TRIGGER_KINDS = ['imbalance', 'node-lost', 'accelerator-lost', 'accelerator-freed', 'arrival', 'drift', 'operator'] as const

export const placementShape = z.object({
  pod: nameShape,
  request: nameShape,
  camera: nameShape,
  application: nameShape,
  stage: nameShape,
  /** Where the pod is now; null while it waits. */
  from: acceleratorNameShape.nullable(),
  to: acceleratorNameShape,
  image: textShape,
  predictedStartMs: timeMsShape,
  predictedFinishMs: timeMsShape,
})
export type Placement = z.infer<typeof placementShape>

/** One fact a decision or answer rests on, with its age when it was used. */
export const assumedFactShape = z.object({
  entity: textShape,
  group: textShape,
  source: textShape,
  ageMs: z.number().min(0),
  freshness: z.enum(['fresh', 'late', 'stale', 'lost']),
})
export type AssumedFact = z.infer<typeof assumedFactShape>

export const decisionShape = z.object({
  id: idShape,
  madeAtMs: timeMsShape,
  expiresAtMs: timeMsShape,
  /** Journal sequence of the twin it was made on. */
  sequence: z.number().int().min(0),
  trigger: z.object({ kind: z.enum(TRIGGER_KINDS), subject: textShape, detail: textShape }),
  algorithm: idShape,
  className: idShape.nullable(),
  /** Whose pods it speaks of, namespace/name; absent: of pods without a policy. */
  policy: textShape.optional(),
  /** Only pods whose place changes; what stays is not listed. */
  placements: z.array(placementShape).max(2_000),
  /** The requests whose completion the predicted makespan speaks of: all that waited or ran. */
  requests: z.array(nameShape).max(2_000),
  predicted: z.object({
    /** From `madeAtMs` until the last pod that is known now has finished, if this decision is applied. */
    makespanMs: durationMsShape,
    /** The same if nothing is done; null when the work could never finish as it stands. */
    unchangedMakespanMs: durationMsShape.nullable(),
    /** 1 − makespan / unchanged; 1 when nothing else would finish. */
    gainRatio: z.number().min(-1e6).max(1),
  }),
  alternatives: z
    .array(z.object({ algorithm: idShape, makespanMs: durationMsShape.nullable(), moveCount: z.number().int().min(0) }))
    .max(32),
  assumes: z.array(assumedFactShape).max(256),
  /** The devices, links and pods that it was reckoned with, in words: what differs later is why it no longer holds. */
  basis: z
    .array(z.object({ entity: textShape, value: textShape }))
    .max(2_000)
    .optional(),
  summary: textShape,
})
export type Decision = z.infer<typeof decisionShape>
