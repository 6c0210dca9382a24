/**
 * The DHS class radar: how unbalanced and how heavy the load is (eqs. (1) to (4) of the paper), how far that is from the
 * borders δ1 and δ2, and the way it took. Measuring needs the twin; the way is a pure step from one measure to the next.
 */
import type { ImageRegistry } from '../models/applications/registry.ts'
import type { ClassName, Radar, RadarPoint } from '../models/contracts/standing.ts'
import type { LoadClass } from '../models/contracts/what-if.ts'
import { isAbove } from '../models/scheduling/dhs.ts'
import { loadClassOf } from './load-class.ts'
import { surveyWork } from './problem.ts'
import { ROUND_WINDOW_MS } from './regret-rounds.ts'
import type { TwinState } from './twin-state.ts'
import { runningPods, waitingPods } from './waiting-work.ts'
import { toWork, type Work } from './workload.ts'

export interface RadarSettings {
  readonly delta1Seconds: number
  readonly delta2: number
  /** Half the width of the band around each border, as a share of its threshold; 0: none. */
  readonly bandRatio: number
}

/** The load as it is now. Plain data, so that it can be measured in another thread. */
export interface MeasuredLoad {
  readonly sequence: number
  readonly timeMs: number
  readonly work: Radar['work']
  readonly loadClass: LoadClass | null
}

export interface MeasureOptions {
  readonly registry: ImageRegistry
  readonly delta1Seconds: number
  readonly delta2: number
}

/** Older points fall off. */
export const TRAIL_MAX = 200

/**
 * A counts the requests with a pod that has not ended, waiting or running, each with all of its work: what it has behind
 * it was load of this round too. Without any, the requests that were raised together last stand for the load.
 */
export function measureLoad(state: TwinState, { registry, ...deltas }: MeasureOptions): MeasuredLoad {
  const open = toWork(state, [...waitingPods(state), ...runningPods(state)])
  const work = open.length > 0 ? open : lastRound(state)
  const measured = { sequence: state.sequence, timeMs: state.clockMs }
  if (work.length === 0) return { ...measured, work: null, loadClass: null }
  const survey = surveyWork(state, work, { granularity: 'stage', registry, busyMs: new Map() })
  return { ...measured, work: open.length > 0 ? 'open' : 'last-round', loadClass: loadClassOf(state, survey, deltas).loadClass }
}

/** Those raised within a round's window before the newest. */
function lastRound({ entities }: TwinState): Work[] {
  const raisedMs = ({ reported }: { readonly reported: { readonly requestedMs: number | null } }) => reported.requestedMs ?? -1
  const raised = [...entities.request.values()].filter(({ desired, reported }) => desired !== null && reported.requestedMs !== null)
  const newestMs = raised.reduce((newest, request) => Math.max(newest, raisedMs(request)), -1)
  return raised
    .filter((request) => newestMs - raisedMs(request) <= ROUND_WINDOW_MS)
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .flatMap(({ id, desired }) => (desired === null ? [] : { id, ...desired, waitedMs: 0, pods: new Map() }))
}

export function emptyRadar({ delta1Seconds, delta2, bandRatio }: RadarSettings): Radar {
  return { delta1Seconds, delta2, bandRatio, work: null, loadClass: null, point: null, borders: [], trail: [] }
}

/** The radar after one more measure. Without a load the last point stays where it was, at the end of its trail. */
export function nextRadar(radar: Radar, { loadClass, work, ...when }: MeasuredLoad, settings: RadarSettings): Radar {
  if (loadClass === null) return { ...radar, ...settings, work, loadClass }
  const place = placeOf(loadClass)
  const heldClassName = heldClass(radar.point?.heldClassName ?? loadClass.className, place, settings)
  const point = { ...when, ...place, className: loadClass.className, heldClassName }
  return { ...settings, work, loadClass, point, borders: bordersOf(point, settings), trail: withPoint(radar.trail, point) }
}

type Place = Pick<RadarPoint, 'imbalanceSeconds' | 'requestsPerCamera'>

export function placeOf({ tMinSeconds, tMaxSeconds, tMeanSeconds, requestsPerCamera }: LoadClass): Place {
  return { imbalanceSeconds: Math.max(0, tMaxSeconds - tMeanSeconds, tMeanSeconds - tMinSeconds), requestsPerCamera }
}

/**
 * The class with hysteresis: on each axis the side changes only beyond the band; inside it the side of before is kept.
 * Without a band this is the class of the equations: equality is Balanced and Heavy.
 */
export function heldClass(
  before: ClassName,
  { imbalanceSeconds, requestsPerCamera }: Place,
  { delta1Seconds, delta2, bandRatio }: RadarSettings,
): ClassName {
  const [wasUnbalanced, wasHeavy] = [before.startsWith('U'), before.endsWith('H')]
  const isUnbalanced = isAbove(imbalanceSeconds, delta1Seconds * (1 + (wasUnbalanced ? -bandRatio : bandRatio)))
  const isHeavy = !isAbove(delta2 * (1 + (wasHeavy ? -bandRatio : bandRatio)), requestsPerCamera)
  return classOf({ isUnbalanced, isHeavy })
}

/** The trail with the point behind it; the same trail when the point did not move. */
function withPoint(trail: Radar['trail'], point: RadarPoint): Radar['trail'] {
  const last = trail.at(-1)
  const hasMoved =
    last === undefined ||
    last.heldClassName !== point.heldClassName ||
    last.className !== point.className ||
    isApart(last.imbalanceSeconds, point.imbalanceSeconds) ||
    isApart(last.requestsPerCamera, point.requestsPerCamera)
  return hasMoved ? [...trail, point].slice(-TRAIL_MAX) : trail
}

function bordersOf({ imbalanceSeconds, requestsPerCamera, className }: RadarPoint, { delta1Seconds, delta2 }: RadarSettings) {
  const [isUnbalanced, isHeavy] = [className.startsWith('U'), className.endsWith('H')]
  return [
    {
      axis: 'imbalance',
      at: delta1Seconds,
      distance: delta1Seconds - imbalanceSeconds,
      beyond: classOf({ isUnbalanced: !isUnbalanced, isHeavy }),
    },
    { axis: 'requests-per-camera', at: delta2, distance: delta2 - requestsPerCamera, beyond: classOf({ isUnbalanced, isHeavy: !isHeavy }) },
  ] satisfies Radar['borders']
}

function classOf({ isUnbalanced, isHeavy }: { readonly isUnbalanced: boolean; readonly isHeavy: boolean }): ClassName {
  return `${isUnbalanced ? 'U' : 'B'}-${isHeavy ? 'H' : 'L'}`
}

function isApart(a: number, b: number): boolean {
  return isAbove(a, b) || isAbove(b, a)
}
