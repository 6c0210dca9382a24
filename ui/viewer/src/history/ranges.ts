/** The spans that the charts show, and where they end: now, or around the past instant that the page shows. */

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

export const RANGES = ['15m', '1h', '6h', '2d', '30d', '1y'] as const
export type Range = (typeof RANGES)[number]
export const RANGE_MS: Readonly<Record<Range, number>> = {
  '15m': 15 * MINUTE_MS,
  '1h': 60 * MINUTE_MS,
  '6h': 360 * MINUTE_MS,
  '2d': 2 * DAY_MS,
  '30d': 30 * DAY_MS,
  '1y': 365 * DAY_MS,
}
export const RANGE_TITLES: Readonly<Record<Range, string>> = {
  '15m': '15 min',
  '1h': '1 h',
  '6h': '6 h',
  '2d': '2 d',
  '30d': '30 d',
  '1y': '1 y',
}

export interface Span {
  readonly fromMs: number
  readonly toMs: number
}

/** More are less than a pixel apart. */
export const POINTS_MAX = 400

/** How often the charts move on, ms: about one pixel, so that a long span does not redraw for nothing. */
export const stepMs = (range: Range): number => Math.max(1_000, Math.round(RANGE_MS[range] / POINTS_MAX / 1_000) * 1_000)

/**
 * Ends at the next step after now. A past instant that lies before that span is put in its middle; one within leaves the
 * span as it is, so that a click on a chart does not move it away from under the pointer.
 */
export function spanOf(range: Range, { nowMs, pastMs }: { readonly nowMs: number; readonly pastMs: number | null }): Span {
  const step = stepMs(range)
  const lengthMs = RANGE_MS[range]
  const toMs = (Math.floor(nowMs / step) + 1) * step
  if (pastMs === null || pastMs >= toMs - lengthMs) return { fromMs: toMs - lengthMs, toMs }
  const middle = Math.floor(pastMs / step) * step + Math.floor(lengthMs / 2 / step) * step
  return { fromMs: middle - lengthMs, toMs: middle }
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Local time as short as the distance of the ticks allows; a day's or a year's beginning says which. */
export function timeTick(timeMs: number, distanceMs: number): string {
  const time = new Date(timeMs)
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `${time.getDate()}\u00a0${MONTHS[time.getMonth()]}`
  if (distanceMs >= 28 * DAY_MS) return time.getMonth() === 0 ? String(time.getFullYear()) : MONTHS[time.getMonth()]!
  if (distanceMs >= DAY_MS) return day
  const isMidnight = time.getHours() + time.getMinutes() + time.getSeconds() === 0
  if (isMidnight) return day
  return `${two(time.getHours())}:${two(time.getMinutes())}${distanceMs < MINUTE_MS ? `:${two(time.getSeconds())}` : ''}`
}
