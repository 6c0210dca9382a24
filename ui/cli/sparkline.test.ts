import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { toSparkline } from './sparkline.ts'

it.each([
  [[0, 1, 2, 3, 4, 5, 6, 7], 8, '▁▂▃▄▅▆▇█'],
  [[0, 10, null, 5], 8, '▁█ ▅'],
  [[3, 3, 3], 8, '▁▁▁'],
  [[], 8, ''],
  [[null, null], 8, '  '],
  [[0, 0, 9, 9], 2, '▁█'],
  [[1, null, 9, 9], 2, '▁█'],
])('%j in %i characters', (values, width, line) => expect(toSparkline(values, width)).toBe(line))

it('is never wider than asked, and a blank is a gap', () => {
  const values = fc.array(fc.option(fc.double({ min: -1e9, max: 1e9, noNaN: true })), { maxLength: 300 })
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 60 }), (given, width) => {
      const line = toSparkline(given, width)
      expect([...line]).toHaveLength(Math.min(width, given.length))
      expect(line).toMatch(/^[▁-█ ]*$/)
      if (given.every((value) => value !== null)) expect(line).not.toContain(' ')
    }),
    { seed: 20_261_121 },
  )
})
