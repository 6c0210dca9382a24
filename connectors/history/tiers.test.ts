import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { HOUR_MS, mergeInto, stepFor, TIER_NAMES, TIERS, tierFor } from './tiers.ts'

const NOW_MS = 1_750_000_000_000
const DAY_MS = 24 * HOUR_MS

it.each([
  // The span's start and length.
  [HOUR_MS, HOUR_MS, 'raw'],
  [6 * HOUR_MS, 6 * HOUR_MS, 'raw'],
  [47 * HOUR_MS, HOUR_MS, 'raw'],
  [7 * HOUR_MS, 7 * HOUR_MS, 'm1'],
  [49 * HOUR_MS, HOUR_MS, 'm1'],
  [29 * DAY_MS, 15 * DAY_MS, 'm1'],
  [29 * DAY_MS, 16 * DAY_MS, 'h1'],
  [31 * DAY_MS, HOUR_MS, 'h1'],
  [500 * DAY_MS, DAY_MS, 'h1'],
])('a span that began %d ms ago and is %d ms long is answered from %s', (agoMs, lengthMs, tier) => {
  expect(tierFor({ fromMs: NOW_MS - agoMs, toMs: NOW_MS - agoMs + lengthMs }, NOW_MS)).toBe(tier)
})

it('a step never gives more points than asked for, wherever the span begins', () => {
  expect(stepFor({ fromMs: 500, toMs: 1_500, maxPoints: 1 }, 'raw')).toBe(2_000)
  expect(stepFor({ fromMs: 500, toMs: 1_500, maxPoints: 2 }, 'raw')).toBe(1_000)
  const span = fc.record({
    fromMs: fc.nat(10_000_000),
    lengthMs: fc.integer({ min: 1, max: 2 * 365 * DAY_MS }),
    maxPoints: fc.integer({ min: 2, max: 2_000 }),
  })
  fc.assert(
    fc.property(span, fc.constantFrom(...TIER_NAMES), ({ fromMs, lengthMs, maxPoints }, tier) => {
      const toMs = fromMs + lengthMs
      const step = stepFor({ fromMs, toMs, maxPoints }, tier)
      expect(Math.ceil(toMs / step) - Math.floor(fromMs / step)).toBeLessThanOrEqual(maxPoints)
      expect(step % TIERS[tier].intervalMs).toBe(0)
    }),
    { seed: 5 },
  )
})

it('a mean never leaves what it is a mean of', () => {
  const point = fc.record({ timeMs: fc.nat(5_000), value: fc.double({ noNaN: true, min: -1e300, max: 1e300 }) })
  fc.assert(
    fc.property(fc.array(point, { minLength: 1 }), (given) => {
      const points = given
        .sort((a, b) => a.timeMs - b.timeMs)
        .map(({ timeMs, value }) => ({ timeMs, mean: value, min: value, max: value, count: 1 }))
      const merged = mergeInto(1_000, points)
      expect(merged.reduce((sum, { count }) => sum + count, 0)).toBe(points.length)
      for (const { mean, min, max } of merged) expect(min <= mean && mean <= max).toBe(true)
    }),
    { seed: 5 },
  )
})
