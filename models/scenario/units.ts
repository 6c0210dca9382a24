/** Numbers with units, as people write them: a value that was written in decimals is read back exactly, whatever its unit. */

/** A number without sign; what JavaScript writes for any number ≥ 0 below 1e21. */
export const NUMBER = String.raw`\d+(?:\.\d+)?(?:e-?\d{1,3})?`

interface Unit {
  readonly name: string
  /** Of a thousand, a million …: the power of ten. */
  readonly exponent: number
  /** Of the power of ten, how many make one of the base unit. */
  readonly divisor: number
}

/** Smallest first within each family; bits are what we write. */
const RATE_UNITS: readonly Unit[] = [
  { name: 'bit/s', exponent: 0, divisor: 8 },
  { name: 'kbit/s', exponent: 3, divisor: 8 },
  { name: 'Mbit/s', exponent: 6, divisor: 8 },
  { name: 'Gbit/s', exponent: 9, divisor: 8 },
  { name: 'B/s', exponent: 0, divisor: 1 },
  { name: 'kB/s', exponent: 3, divisor: 1 },
  { name: 'MB/s', exponent: 6, divisor: 1 },
  { name: 'GB/s', exponent: 9, divisor: 1 },
]
export const RATE_UNIT_NAMES = RATE_UNITS.map(({ name }) => name)
const BIT_UNITS = RATE_UNITS.filter(({ divisor }) => divisor === 8)

/** ms */
export const DURATION_UNITS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
])

/** @param number As `NUMBER`. @returns bytes per second; null when there is no such unit. */
export function toBytesPerSecond(number: string, unitName: string): number | null {
  const unit = RATE_UNITS.find(({ name }) => name === unitName)
  return unit === undefined ? null : shifted(number, unit.exponent) / unit.divisor
}

/** In the unit that makes the shortest text and loses nothing, of equals the smallest. */
export function formatRates(bytesPerSecond: readonly number[]): string {
  const texts = BIT_UNITS.flatMap(({ name, exponent }) => {
    const numbers = bytesPerSecond.map((value) => String(shifted(String(value * 8), -exponent)))
    const isExact = numbers.every((number, index) => toBytesPerSecond(number, name) === bytesPerSecond[index])
    return isExact ? `${numbers.join('..')} ${name}` : []
  })
  // In bits per second every rate is exact.
  return texts.reduce((shortest, text) => (text.length < shortest.length ? text : shortest))
}

/** Whole units only: '10m', '90s', '1500ms'. */
export function formatDuration(durationMs: number): string {
  for (const [name, ms] of [...DURATION_UNITS].reverse()) if (durationMs > 0 && durationMs % ms === 0) return `${durationMs / ms}${name}`
  return `${durationMs}ms`
}

/** Times a power of ten, by its decimals, so that 4.35 Mbit is 4,350,000 bit. */
function shifted(number: string, exponent: number): number {
  const [digits = '', written = '0'] = number.split('e')
  return Number(`${digits}e${Number(written) + exponent}`)
}
