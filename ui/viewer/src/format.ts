/** Numbers as people read them: short, with a unit, of a steady width. Unknown is a dash, never zero. */

export const UNKNOWN = '–'
const NO_BREAK = '\u00a0'

/** 0.427 → "43 %". */
export function percent(ratio: number | null | undefined, digits = 0): string {
  return ratio === null || ratio === undefined || !Number.isFinite(ratio) ? UNKNOWN : `${(ratio * 100).toFixed(digits)}${NO_BREAK}%`
}

/** 0.4 → "0.40 ms", 812 → "812 ms", 8,120 → "8.12 s", 95,000 → "1 min 35 s". */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return UNKNOWN
  const size = Math.abs(ms)
  if (size < 10) return `${ms.toFixed(2)}${NO_BREAK}ms`
  if (size < 1_000) return `${ms.toFixed(0)}${NO_BREAK}ms`
  if (size < 60_000) return `${(ms / 1_000).toFixed(2)}${NO_BREAK}s`
  return age(ms)
}

/** Whole units, for ages and countdowns: "7 s", "3 min 20 s", "2 h 5 min", "4 d". */
export function age(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return UNKNOWN
  const seconds = Math.max(0, Math.round(ms / 1_000))
  if (seconds < 60) return `${seconds}${NO_BREAK}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return joined(minutes, 'min', seconds % 60, 's')
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return joined(hours, 'h', minutes % 60, 'min')
  return `${Math.floor(hours / 24)}${NO_BREAK}d`
}

function joined(whole: number, unit: string, rest: number, restUnit: string): string {
  return `${whole}${NO_BREAK}${unit}${rest > 0 ? `${NO_BREAK}${rest}${NO_BREAK}${restUnit}` : ''}`
}

/** Binary units: 8,589,934,592 → "8.0 GiB". */
export function bytes(count: number | null | undefined): string {
  return scaled(count, 1_024, ['B', 'KiB', 'MiB', 'GiB', 'TiB'])
}

/** Decimal units, as links are sold: 11,900,000 → "11.9 MB/s". */
export function rate(bytesPerSecond: number | null | undefined): string {
  const text = scaled(bytesPerSecond, 1_000, ['B', 'kB', 'MB', 'GB', 'TB'])
  return text === UNKNOWN ? text : `${text}/s`
}

/** As people name links: 12,500,000 bytes a second → "100 Mbit/s". */
export function bitRate(bytesPerSecond: number | null | undefined): string {
  const text = scaled(bytesPerSecond == null ? bytesPerSecond : bytesPerSecond * 8, 1_000, ['bit', 'kbit', 'Mbit', 'Gbit', 'Tbit'])
  return text === UNKNOWN ? text : `${text}/s`
}

/** 1,540 → "1.5 kJ". */
export function joules(count: number | null | undefined): string {
  return scaled(count, 1_000, ['J', 'kJ', 'MJ', 'GJ'])
}

function scaled(count: number | null | undefined, base: number, units: readonly string[]): string {
  if (count === null || count === undefined || !Number.isFinite(count)) return UNKNOWN
  let value = count
  let unit = 0
  while (Math.abs(value) >= base && unit < units.length - 1) {
    value /= base
    unit++
  }
  return `${unit === 0 || Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(1)}${NO_BREAK}${units[unit]}`
}

/** Local time of day, "14:03:07"; with the date when it is not today's. */
export function clockTime(timeMs: number, nowMs: number): string {
  const time = new Date(timeMs)
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`
  return new Date(nowMs).toDateString() === time.toDateString() ? clock : `${day} ${clock}`
}

/** tx2-2 before tx2-10. Ties are impossible for different names: it falls back to code units. */
export function byName(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true }) || (a < b ? -1 : a > b ? 1 : 0)
}

/** 1 → "1 pod", 3 → "3 pods". */
export function counted(count: number, noun: string): string {
  return `${count}${NO_BREAK}${noun}${count === 1 ? '' : 's'}`
}

const UUID = /\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g

/** A sentence of the twin as people read it: ids by their first eight characters, and one pod or two pods, not pod(s). */
export function readable(text: string): string {
  return text.replace(UUID, '$1').replace(/\b(\d+) (\w+)\(s\)( are\b)?/g, (_, count: string, noun: string, are?: string) => {
    return `${counted(Number(count), noun)}${are === undefined ? '' : count === '1' ? ' is' : are}`
  })
}
