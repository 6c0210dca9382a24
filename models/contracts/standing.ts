/**
 * What the twin works out by itself all the time: which single loss would hurt most (N−1), and where the load stands
 * between the classes of DHS (the radar). As REST, CLI and viewer see them.
 */
import { z } from 'zod'
import { acceleratorNameShape, nameShape, textShape, timeMsShape } from '../events/shapes.ts'
import { ALGORITHM_NAMES, loadClassShape, PICKED_NAMES } from './what-if.ts'

/** Also the order between losses that hurt alike. */
export const LOSS_KINDS = ['node', 'accelerator', 'link', 'camera'] as const

const lossShape = z.object({ kind: z.enum(LOSS_KINDS), name: z.union([nameShape, acceleratorNameShape]) })
export type Loss = z.infer<typeof lossShape>

/** How the reference work would go on. */
const courseShape = z.object({
  /** From now until the last request is done; null when some request never is. */
  makespanMs: z.number().nullable(),
  /** From being raised; null when some request is never done. */
  meanLatencyMs: z.number().nullable(),
  /** Requests that are never done, sorted. */
  stranded: z.array(nameShape),
})
export type Course = z.infer<typeof courseShape>

const remedyShape = courseShape.extend({
  algorithm: z.enum(ALGORITHM_NAMES),
  /** Whom DHS or the portfolio picked. */
  picked: z.enum(PICKED_NAMES).nullable(),
  /** Stages that change their place, in the order in which to bind; `from` is null when the loss left it without a place. */
  moves: z.array(
    z.object({ request: nameShape, stage: nameShape, from: acceleratorNameShape.nullable(), to: acceleratorNameShape, image: textShape }),
  ),
})
export type Remedy = z.infer<typeof remedyShape>

const outlookShape = z.object({
  /** If nobody places anything anew. */
  unchanged: courseShape,
  /** The best that can be done; null when that is to leave all as it is. */
  remedy: remedyShape.nullable(),
})
export type Outlook = z.infer<typeof outlookShape>

/**
 * `lost`: some requests are done for, whatever is done. `stranded`: some are until somebody places them anew.
 * `slower`: all are done by themselves, but later. `none`: nobody would notice.
 */
const SEVERITIES = ['lost', 'stranded', 'slower', 'none'] as const

const nMinusOneCaseShape = outlookShape.extend({
  loss: lossShape,
  severity: z.enum(SEVERITIES),
  harm: z.object({
    /** Never done even after the remedy; of a lost camera, those that it would raise no more each round. */
    lostRequestCount: z.number().int(),
    /** Makespan after the remedy − the best without the loss; null when some request is lost. May fall below 0: schedulers are no oracles. */
    increaseMs: z.number().nullable(),
    /** Makespan if nobody places anything anew − the same without the loss; null when one of them never ends. */
    unchangedIncreaseMs: z.number().nullable(),
  }),
  /** Why the first of the lost requests can run nowhere; null when none is lost. */
  why: textShape.nullable(),
  /** For people. */
  sentence: textShape,
})
export type NMinusOneCase = z.infer<typeof nMinusOneCaseShape>

export const nMinusOneReportShape = z.object({
  basis: z.object({ sequence: z.number().int(), timeMs: timeMsShape }),
  /** `open`: what waits and runs. `each-camera`: nothing does, so one request of each application of each camera. */
  workload: z.enum(['open', 'each-camera']),
  /** Requests that the losses are judged by. */
  requestCount: z.number().int(),
  /** Can run nowhere already, so no loss is to blame; left out of everything else. */
  hopeless: z.array(nameShape),
  /** Without any loss. */
  base: outlookShape,
  /** Worst first, each thing that is alive once. */
  cases: z.array(nMinusOneCaseShape),
  /** The worst that anything but a camera could do (a lost camera takes its own requests along), in one sentence. */
  line: z.object({ severity: z.enum(SEVERITIES), loss: lossShape.nullable(), sentence: textShape }),
})
export type NMinusOneReport = z.infer<typeof nMinusOneReportShape>

const classNameShape = loadClassShape.shape.className
export type ClassName = z.infer<typeof classNameShape>

const radarPointShape = z.object({
  timeMs: timeMsShape,
  sequence: z.number().int(),
  /** The larger of t_max − t_mean and t_mean − t_min. */
  imbalanceSeconds: z.number(),
  /** A / n. */
  requestsPerCamera: z.number(),
  /** By the equations. */
  className: classNameShape,
  /** With the band: a border must be crossed by more than the band before the class changes. */
  heldClassName: classNameShape,
})
export type RadarPoint = z.infer<typeof radarPointShape>

const radarBorderShape = z.object({
  axis: z.enum(['imbalance', 'requests-per-camera']),
  /** δ1 in seconds, or δ2. */
  at: z.number(),
  /** From the point to the border, in the axis' unit; below 0 on the far side, that is Unbalanced or Heavy beyond it. */
  distance: z.number(),
  /** The class on the other side. */
  beyond: classNameShape,
})

export const radarShape = z.object({
  delta1Seconds: z.number(),
  delta2: z.number(),
  /** Half the width of the band around each border, as a share of its threshold. */
  bandRatio: z.number(),
  /** `open`: requests with a pod that has not ended. `last-round`: there is none, so those that were raised together last. */
  work: z.enum(['open', 'last-round']).nullable(),
  /** Null while no request is known. */
  loadClass: loadClassShape.nullable(),
  point: radarPointShape.nullable(),
  borders: z.array(radarBorderShape),
  /** Oldest first, the point last. */
  trail: z.array(radarPointShape),
})
export type Radar = z.infer<typeof radarShape>
