/**
 * Geometry of the radar: requests per camera to the right, imbalance upwards, both borders where they can be seen.
 * Up to its border an axis is linear, and beyond it linear again, so that a border near 0 leaves room for both sides.
 */
import type { Radar, RadarPoint } from '../../../../models/contracts/standing.ts'

export const RADAR = { width: 356, height: 250, left: 44, right: 12, top: 10, bottom: 34 } as const
/** Share of an axis below its border; at a border of 0 only as much as its name needs. */
const BELOW_SHARE = 0.4
const BELOW_ZERO_SHARE = 0.18
const HEADROOM = 1.1

export interface RadarLayout {
  readonly border: { readonly x: number; readonly y: number }
  /** Largest values that the axes show. */
  readonly max: { readonly requestsPerCamera: number; readonly imbalanceSeconds: number }
  /** Of the trail, oldest first. */
  readonly trail: readonly { readonly x: number; readonly y: number }[]
  readonly point: { readonly x: number; readonly y: number } | null
}

export function radarLayout({
  delta1Seconds,
  delta2,
  trail,
  point,
}: Pick<Radar, 'delta1Seconds' | 'delta2' | 'trail' | 'point'>): RadarLayout {
  const all = point === null ? trail : [...trail, point]
  const xMax = topOf(
    delta2,
    all.map(({ requestsPerCamera }) => requestsPerCamera),
  )
  const yMax = topOf(
    delta1Seconds,
    all.map(({ imbalanceSeconds }) => imbalanceSeconds),
  )
  const x = (value: number) => RADAR.left + share(value, delta2, xMax) * (RADAR.width - RADAR.left - RADAR.right)
  const y = (value: number) => RADAR.height - RADAR.bottom - share(value, delta1Seconds, yMax) * (RADAR.height - RADAR.top - RADAR.bottom)
  const place = ({ requestsPerCamera, imbalanceSeconds }: RadarPoint) => ({ x: x(requestsPerCamera), y: y(imbalanceSeconds) })
  return {
    border: { x: x(delta2), y: y(delta1Seconds) },
    max: { requestsPerCamera: xMax, imbalanceSeconds: yMax },
    trail: trail.map(place),
    point: point === null ? null : place(point),
  }
}

function topOf(border: number, values: readonly number[]): number {
  return Math.max(2 * border, HEADROOM * Math.max(0, ...values)) || 1
}

/** 0 to 1. */
function share(value: number, border: number, max: number): number {
  const below = border > 0 ? BELOW_SHARE : BELOW_ZERO_SHARE
  if (value <= border) return border === 0 ? below : (value / border) * below
  return below + ((value - border) / (max - border)) * (1 - below)
}
