/** What happens to work: pods, inference requests and jobs. */
import { z } from 'zod'
import { acceleratorNameShape, commonShape, durationMsShape, idShape, nameShape, textShape, timeMsShape } from './shapes.ts'

const pod = { ...commonShape, name: nameShape }
const inference = { ...commonShape, id: nameShape }

/** The eight states of a job, in the order of a job that goes well (G-Edge, table 1). */
export const JOB_STATUSES = [
  'Enqueue',
  'Preprocessing',
  'Preprocessing_complete',
  'Inferencing',
  'Inferencing_complete',
  'Postprocessing',
  'Postprocessing_complete',
  'Exit',
] as const
export type JobStatus = (typeof JOB_STATUSES)[number]

export const podSpecShape = z.object({
  request: nameShape,
  camera: nameShape,
  application: nameShape,
  stage: nameShape,
  frames: z.number().int().min(1).max(1_000_000),
  /** How often this stage was started before: an evicted pod's replacement has one more. */
  iteration: z.number().int().min(0).max(1_000_000),
  /** Names of which its accelerator must offer one, and which it then has for itself; empty: not known yet. Absent: it asks for none. */
  asks: z.array(textShape).max(32).optional(),
  /** Nodes that the site's scheduler would not put it on, whatever runs there. Absent: none, or not known. */
  rejectedBy: z.array(nameShape).max(10_000).optional(),
})

export const workEventShapes = [
  z.object({ type: z.literal('pod.created'), ...pod, uid: idShape, spec: podSpecShape }),
  z.object({ type: z.literal('pod.gated'), ...pod, gate: textShape }),
  z.object({
    type: z.literal('pod.bound'),
    ...pod,
    node: nameShape,
    accelerator: acceleratorNameShape,
    image: textShape,
    /** Who chose: `edgetwin` or the name of another scheduler. */
    by: idShape,
  }),
  z.object({ type: z.literal('pod.started'), ...pod }),
  z.object({ type: z.literal('pod.finished'), ...pod, durationMs: durationMsShape }),
  z.object({ type: z.literal('pod.failed'), ...pod, reason: textShape }),
  z.object({ type: z.literal('pod.evicted'), ...pod, reason: textShape, by: idShape }),
  z.object({
    type: z.literal('pod.warned'),
    ...pod,
    uid: idShape,
    /** One word, such as FailedScheduling. */
    reason: idShape,
    note: textShape,
    /** How often, as far as anybody counted. */
    count: z.number().int().min(1).max(1_000_000_000),
  }),

  z.object({
    type: z.literal('inference.requested'),
    ...inference,
    camera: nameShape,
    application: nameShape,
    frames: z.number().int().min(1).max(1_000_000),
  }),
  z.object({ type: z.literal('inference.assigned'), ...inference, pod: nameShape, accelerator: acceleratorNameShape }),
  z.object({ type: z.literal('inference.completed'), ...inference, succeeded: z.boolean(), latencyMs: durationMsShape }),

  z.object({
    type: z.literal('job.statusChanged'),
    ...inference,
    status: z.enum(JOB_STATUSES),
    iteration: z.number().int().min(0).max(1_000_000),
    user: textShape,
    path: textShape,
    jobType: textShape,
    startTimeMs: timeMsShape.nullable(),
    endTimeMs: timeMsShape.nullable(),
    /** Number in the feed that `source` names, rising: told twice, it is taken once. */
    change: z.number().int().min(1).optional(),
  }),
] as const
