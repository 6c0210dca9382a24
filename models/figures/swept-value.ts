/** The values of a sweep as people read them: rates in Mbit/s, everything in four digits. */
import type { SweepAnswer } from '../scenario/answers.ts'

const DIGITS = 4

/** What stands beside the axis of `shownValue`. */
export const SWEPT_TITLES: Readonly<Record<SweepAnswer['unit'], string>> = {
  'B/s': 'link rate, Mbit/s',
  factor: 'link rate, times what it is',
  requests: 'requests of the burst',
  s: 'δ1, s',
  'requests/camera': 'δ2, requests per camera',
}

/** In the unit of the title. */
export function shownValue(x: number, unit: SweepAnswer['unit']): number {
  return unit === 'B/s' ? (x * 8) / 1e6 : x
}

export function formatSwept(x: number, unit: SweepAnswer['unit']): string {
  const number = String(Number(shownValue(x, unit).toPrecision(DIGITS)))
  switch (unit) {
    case 'B/s':
      return `${number} Mbit/s`
    case 'factor':
    case 'requests':
      return `x${number}`
    case 's':
      return `${number} s`
    case 'requests/camera':
      return number
  }
}
