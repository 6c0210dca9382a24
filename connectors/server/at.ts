/** Times in a request: the twin `at` a time or after a journal sequence, and the ends of a range. */
import type { At } from '../../models/contracts/api.ts'
import { TwinError } from '../../models/errors.ts'

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const TIME_MS_MAX = 8.64e15
const ISO_TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/

/**
 * @param text `#123` a sequence · `2026-11-21T08:00:00Z` or a date (UTC) · milliseconds since the epoch · `-10m` or
 *   `10m` ago (ms, s, m, h, d) · `now`; undefined is now.
 * @throws TwinError QUERY_INVALID
 */
export function parseAt(text: string | undefined, nowMs: number): At {
  if (text === undefined || text === 'now') return { kind: 'now' }
  const sequence = /^#(\d{1,15})$/.exec(text)
  if (sequence !== null) return { kind: 'sequence', sequence: Number(sequence[1]) }
  const timeMs = toTimeMs(text, nowMs)
  if (isTime(timeMs)) return { kind: 'time', timeMs }
  const remedy = 'give #SEQUENCE (as %23 in a URL), an ISO time with zone, milliseconds since the epoch, or an age such as 10m'
  throw new TwinError('QUERY_INVALID', `at=${JSON.stringify(text)} is no position and no time; ${remedy}`, { details: { at: text } })
}

/**
 * @param field Whose value `text` is: `now` or what `parseAt` takes, but no sequence.
 * @throws TwinError QUERY_INVALID
 */
export function parseTimeMs(field: string, text: string, nowMs: number): number {
  const timeMs = text === 'now' ? nowMs : toTimeMs(text, nowMs)
  if (isTime(timeMs)) return timeMs
  const remedy = 'give an ISO time with zone, milliseconds since the epoch, an age such as 15m or 30d, or now'
  throw new TwinError('QUERY_INVALID', `${field}=${JSON.stringify(text)} is no time; ${remedy}`, { details: { [field]: text } })
}

const isTime = (timeMs: number) => Number.isInteger(timeMs) && timeMs >= 0 && timeMs <= TIME_MS_MAX

function toTimeMs(text: string, nowMs: number): number {
  if (/^\d{1,16}$/.test(text)) return Number(text)
  const age = /^-?(\d{1,9})(ms|s|m|h|d)$/.exec(text)
  if (age !== null) return nowMs - Number(age[1]) * UNIT_MS[age[2]!]!
  return ISO_TIME.test(text) ? Date.parse(text) : Number.NaN
}
