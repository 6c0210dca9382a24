/** The `at` clause: which twin a scenario starts from. Clock times are UTC, so that a shared text means the same to everybody. */
import { atShape, DAY_MS, type ScenarioAt } from './scenario.ts'
import { DURATION_UNITS, formatDuration } from './units.ts'
import type { Reader } from './words.ts'

const EXPECTED = 'now, a sequence as #1234, an age as -10m, a UTC time as 14:03, or an ISO time with zone as 2026-11-21T14:03Z'
const TIME_OF_DAY = /^([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.(\d{3}))?)?$/
const ISO_TIME = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/

/** @throws TwinError QUERY_INVALID */
export function parseAt(reader: Reader): ScenarioAt {
  const word = reader.next()
  const at = word.kind === 'word' ? atOf(word.text) : null
  return at === null ? reader.fail(word, EXPECTED, ['now']) : reader.checked(atShape, at, { word, expected: EXPECTED })
}

function atOf(text: string): ScenarioAt | null {
  if (text === 'now') return { kind: 'now' }
  const [, sequence] = /^#(\d{1,16})$/.exec(text) ?? []
  if (sequence !== undefined) return { kind: 'sequence', sequence: Number(sequence) }
  const [, count, unit] = /^-(\d{1,12})(ms|s|m|h|d)$/.exec(text) ?? []
  if (count !== undefined) return { kind: 'age', ageMs: Number(count) * DURATION_UNITS.get(unit ?? '')! }
  const [, hours, minutes, seconds = '0', ms = '0'] = TIME_OF_DAY.exec(text) ?? []
  if (hours !== undefined) {
    return { kind: 'time-of-day', dayMs: ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000 + Number(ms) }
  }
  const [, date] = ISO_TIME.exec(text) ?? []
  // The 30th of February would be taken for a day in March.
  const isDate = date !== undefined && new Date(Date.parse(date) || 0).toISOString().startsWith(date)
  return isDate ? { kind: 'time', timeMs: Date.parse(text) } : null
}

export function formatAt(at: ScenarioAt): string {
  switch (at.kind) {
    case 'now':
      return 'now'
    case 'sequence':
      return `#${at.sequence}`
    case 'age':
      return `-${formatDuration(at.ageMs)}`
    case 'time-of-day':
      return withoutZeros(new Date(at.dayMs % DAY_MS).toISOString().slice(11, -1))
    case 'time':
      return `${withoutZeros(new Date(at.timeMs).toISOString().slice(0, -1))}Z`
  }
}

function withoutZeros(time: string): string {
  return time.replace(/(:00)?\.000$/, '')
}
