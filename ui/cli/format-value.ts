/**
 * Values for people: the unit is read off the name (`Ms`, `Bytes`, `Ratio`, …), as everywhere in this project.
 * Unknown is never shown as zero.
 */

export const UNKNOWN = '<unknown>'
export const NONE = '<none>'

/** Milliseconds above this are a time of day, below it a duration: about 1973. */
const EPOCH_MS_MIN = 1e11
const STEPS = ['', 'K', 'M', 'G', 'T', 'P']

export function formatRatio(ratio: number | undefined): string {
  return ratio === undefined ? UNKNOWN : `${(ratio * 100).toFixed(ratio < 0.0995 ? 1 : 0)}%`
}

/** Binary, as memory is counted: 1536 → 1.5Ki. */
export function formatBytes(bytes: number | null | undefined): string {
  return bytes === undefined || bytes === null ? UNKNOWN : `${formatSteps(bytes, 1_024)}${bytes >= 1_024 ? 'iB' : 'B'}`
}

/** Decimal, as links are counted. */
export function formatRate(bytesPerSecond: number | undefined): string {
  return bytesPerSecond === undefined ? UNKNOWN : `${formatSteps(bytesPerSecond, 1_000)}B/s`
}

/** As networks are sold, and as people set them. */
export function formatMbit(bytesPerSecond: number): string {
  return `${Number(((bytesPerSecond * 8) / 1e6).toPrecision(4))} Mbit/s`
}

/** Two units at most, as kubectl does: 45s, 3m20s, 5h, 2d. */
export function formatAge(ageMs: number): string {
  const seconds = Math.max(0, Math.floor(ageMs / 1_000))
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`
  if (minutes < 180) return `${minutes}m`
  return minutes < 2_880 ? `${Math.floor(minutes / 60)}h` : `${Math.floor(minutes / 1_440)}d`
}

export function formatMs(ms: number | null | undefined): string {
  if (ms === undefined || ms === null) return UNKNOWN
  if (ms < 0) return `-${formatMs(-ms)}`
  if (ms >= 60_000) return `${(ms / 60_000).toFixed(1)}min`
  return ms >= 1_000 ? `${(ms / 1_000).toFixed(2)}s` : `${Number(ms.toFixed(1))}ms`
}

export function formatTime(timeMs: number): string {
  return new Date(timeMs).toISOString()
}

/** @param name Of the property: its last word is the unit. */
export function formatValue(name: string, value: unknown): string {
  if (value === null || value === undefined) return UNKNOWN
  if (typeof value === 'number') return formatNumber(name, value)
  if (Array.isArray(value)) return value.length === 0 ? NONE : value.map((item) => formatValue(name, item)).join(', ')
  if (typeof value === 'object') return JSON.stringify(value)
  return value === '' ? NONE : String(value)
}

function formatNumber(name: string, value: number): string {
  if (name.endsWith('Ms')) return value >= EPOCH_MS_MIN ? formatTime(value) : formatMs(value)
  if (name.endsWith('bytesPerSecond')) return formatRate(value)
  if (name.endsWith('Bytes')) return formatBytes(value)
  if (name.endsWith('Ratio')) return formatRatio(value)
  if (name.endsWith('Celsius')) return `${value} °C`
  if (name.endsWith('Watts')) return `${value} W`
  return String(value)
}

function formatSteps(value: number, step: number): string {
  let rest = value
  let index = 0
  while (rest >= step && index < STEPS.length - 1) {
    rest /= step
    index++
  }
  return `${Number(rest.toFixed(rest < 10 ? 1 : 0))}${STEPS[index]}`
}
