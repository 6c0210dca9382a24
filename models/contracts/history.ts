/**
 * The history of a site as clients see it: numbers over time, and changes of mode.
 *
 * What is kept is a fixed set of names, so that a store's series follow the size of the site and never the time it
 * runs: no pod, request or decision has a series of its own. One history is of one site.
 */
import { z } from 'zod'
import { timeMsShape } from '../events/shapes.ts'

/** Of each kind its fields and their units. A new field is a new line; the unit of one never changes. */
export const HISTORY_FIELDS = {
  node: { utilizationRatio: 'ratio', memoryUsedBytes: 'bytes', temperatureCelsius: 'celsius', powerWatts: 'watts' },
  /** `podCount`: the pods bound to it. */
  accelerator: {
    utilizationRatio: 'ratio',
    memoryUsedBytes: 'bytes',
    temperatureCelsius: 'celsius',
    powerWatts: 'watts',
    podCount: 'count',
  },
  /** `latencyMs`: from request to answer, of the slowest of the requests that were answered in one second. */
  camera: { framesPerSecond: 'perSecond', latencyMs: 'ms' },
  link: { bytesPerSecond: 'bytesPerSecond', latencyMs: 'ms', utilizationRatio: 'ratio' },
  /** Of the site's decisions, all under the site's name: what they predicted when made, what was observed when verified. */
  plan: {
    makespanMs: 'ms',
    unchangedMakespanMs: 'ms',
    gainRatio: 'ratio',
    moveCount: 'count',
    observedMakespanMs: 'ms',
    errorRatio: 'ratio',
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, HistoryUnit>>>>

export const HISTORY_UNITS = ['ratio', 'bytes', 'bytesPerSecond', 'celsius', 'watts', 'perSecond', 'ms', 'count'] as const
export type HistoryUnit = (typeof HISTORY_UNITS)[number]

export type SeriesKind = keyof typeof HISTORY_FIELDS
export const SERIES_KINDS = ['node', 'accelerator', 'camera', 'link', 'plan'] as const satisfies readonly SeriesKind[]
/** Things of which the changes of mode are kept. */
export const TRANSITION_KINDS = ['node', 'accelerator', 'camera', 'link'] as const
export type TransitionKind = (typeof TRANSITION_KINDS)[number]

export const HISTORY_LIMITS = { points: 2_000, transitions: 2_000 } as const

/** What a store is told. Two of the same kind and name in one millisecond are one, field by field the last wins. */
export interface NumbersPoint {
  readonly kind: SeriesKind
  readonly name: string
  readonly timeMs: number
  /** By field of the kind. What is not known is left out, never zero. */
  readonly values: Readonly<Record<string, number>>
}

export interface TransitionPoint {
  readonly kind: 'transition'
  readonly of: TransitionKind
  readonly name: string
  readonly timeMs: number
  readonly from: string
  readonly to: string
  /** Empty when nobody gave one. */
  readonly reason: string
}

export type HistoryPoint = NumbersPoint | TransitionPoint

const nameShape = z.string().min(1).max(320).describe('name of the thing; of plans, the name of the site')
const spanShape = {
  fromMs: timeMsShape.describe('start of the span, ms since the epoch, included'),
  toMs: timeMsShape.describe('end of the span, ms since the epoch, not included'),
}

export const historyQueryShape = z
  .object({
    kind: z.enum(SERIES_KINDS).describe('kind of thing'),
    name: nameShape,
    field: z.string().max(64).describe('a field of the kind'),
    ...spanShape,
    maxPoints: z.number().int().min(1).max(HISTORY_LIMITS.points).default(500).describe('so many points at most; coarser if need be'),
  })
  .superRefine(({ kind, field, fromMs, toMs }, context) => {
    if (unitOf(kind, field) === null) {
      const fields = Object.keys(HISTORY_FIELDS[kind]).join(', ')
      context.addIssue({ code: 'custom', path: ['field'], message: `is no field of a ${kind}: ask for one of ${fields}` })
    }
    checkSpan(fromMs, toMs, context)
  })
export type HistoryQuery = Readonly<z.infer<typeof historyQueryShape>>

export const transitionQueryShape = z
  .object({ kind: z.enum(TRANSITION_KINDS).describe('kind of thing'), name: nameShape, ...spanShape })
  .superRefine(({ fromMs, toMs }, context) => checkSpan(fromMs, toMs, context))
export type TransitionQuery = Readonly<z.infer<typeof transitionQueryShape>>

export const HISTORY_SOURCES = ['sqlite', 'influx'] as const
export type HistorySource = (typeof HISTORY_SOURCES)[number]

const answerShape = {
  source: z.enum(HISTORY_SOURCES).describe('the store that answered'),
  oldestMs: timeMsShape.nullable().describe('oldest time of this series that is still kept; null when there is none'),
}

export const historySeriesShape = z.object({
  unit: z.enum(HISTORY_UNITS).describe('of mean, min and max'),
  resolutionMs: z.number().int().min(1).describe('length of the interval behind each point; intervals start at multiples of it'),
  points: z
    .array(
      z.object({
        timeMs: timeMsShape.describe('start of the interval'),
        mean: z.number(),
        min: z.number(),
        max: z.number(),
        count: z.number().int().min(1).describe('samples in the interval'),
      }),
    )
    .max(HISTORY_LIMITS.points)
    .describe('oldest first; an interval without a sample has no point'),
  ...answerShape,
})
export type HistorySeries = Readonly<z.infer<typeof historySeriesShape>>
export type SeriesPoint = HistorySeries['points'][number]

export const historyTransitionsShape = z.object({
  transitions: z
    .array(z.object({ timeMs: timeMsShape, from: z.string(), to: z.string(), reason: z.string() }))
    .max(HISTORY_LIMITS.transitions)
    .describe('oldest first; of more than the limit the newest'),
  ...answerShape,
})
export type HistoryTransitions = Readonly<z.infer<typeof historyTransitionsShape>>
export type Transition = HistoryTransitions['transitions'][number]

/** @returns null when the kind has no such field. */
export function unitOf(kind: SeriesKind, field: string): HistoryUnit | null {
  const units: Readonly<Record<string, HistoryUnit>> = HISTORY_FIELDS[kind]
  return Object.hasOwn(units, field) ? units[field]! : null
}

function checkSpan(fromMs: number, toMs: number, context: z.RefinementCtx): void {
  if (fromMs < toMs) return
  context.addIssue({ code: 'custom', path: ['toMs'], message: 'must be after fromMs' })
}
