import { expect, it } from '@jest/globals'
import { formatAge, formatValue } from './format-value.ts'

it.each([
  ['utilizationRatio', 0.034, '3.4%'],
  ['utilizationRatio', 0.5, '50%'],
  ['utilizationRatio', null, '<unknown>'],
  ['memoryBytes', 4 * 2 ** 30, '4GiB'],
  ['memoryBytes', 1536, '1.5KiB'],
  ['memoryBytes', 12, '12B'],
  ['bytesPerSecond', 12_500_000, '13MB/s'],
  ['latencyMs', 0.5, '0.5ms'],
  ['makespanMs', 1_234, '1.23s'],
  ['makespanMs', 90_000, '1.5min'],
  ['increaseMs', -13_738.7, '-13.74s'],
  ['timeMs', Date.UTC(2026, 10, 21), '2026-11-21T00:00:00.000Z'],
  ['pods', [], '<none>'],
  ['pods', ['a', 'b'], 'a, b'],
  ['reason', '', '<none>'],
  ['emulated', false, 'false'],
])('%s %j is %s', (name, value, expected) => expect(formatValue(name, value)).toBe(expected))

it.each([
  [-5, '0s'],
  [119_000, '119s'],
  [200_000, '3m20s'],
  [3_600_000, '60m'],
  [5 * 3_600_000, '5h'],
  [72 * 3_600_000, '3d'],
])('an age of %i ms is %s', (ageMs, expected) => expect(formatAge(ageMs)).toBe(expected))
