/**
 * What may enter a history: names of a fixed set, plain text, finite numbers and times that the store will keep.
 *
 * It holds for every store alike, so that none has to be trusted to escape and all keep the same points.
 */
import { HISTORY_FIELDS, type HistoryPoint, TRANSITION_KINDS, unitOf } from '../../models/contracts/history.ts'
import { HOUR_MS, TIERS } from './tiers.ts'

const TEXT_LENGTH_MAX = 256
const AHEAD_MS_MAX = HOUR_MS
/** Controls would end a line of the line protocol, and a backslash would escape what follows. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g

export function cleanText(text: string): string {
  return text.toWellFormed().replace(CONTROLS, '').replaceAll('\\', '/').slice(0, TEXT_LENGTH_MAX).toWellFormed().trim()
}

/** @returns null for a point that no store takes: unknown kind, no name, no finite number, too old or too far ahead. */
export function cleanPoint(point: HistoryPoint, nowMs: number): HistoryPoint | null {
  const timeMs = Math.trunc(point.timeMs)
  const name = cleanText(point.name)
  if (name === '' || !(timeMs > nowMs - TIERS.raw.keptMs && timeMs <= nowMs + AHEAD_MS_MAX)) return null
  if (point.kind === 'transition') {
    if (!TRANSITION_KINDS.includes(point.of)) return null
    const { kind, of, from, to, reason } = point
    return { kind, of, name, timeMs, from: cleanText(from), to: cleanText(to), reason: cleanText(reason) }
  }
  if (!Object.hasOwn(HISTORY_FIELDS, point.kind)) return null
  const values = Object.entries(point.values)
    .filter(([field, value]) => Number.isFinite(value) && unitOf(point.kind, field) !== null)
    // Stores do not agree about −0.
    .map(([field, value]) => [field, value + 0] as const)
  return values.length === 0 ? null : { kind: point.kind, name, timeMs, values: Object.fromEntries(values) }
}
