/** Many more stories than the quick suite tells, and each guard taken out in turn: a story that does not notice proves nothing. */
import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { runActuations } from '../testing/actuation-run.ts'
import { PLANTED } from '../testing/planted.ts'

it('1,000 stories without a violation, in which pods were placed, moved and taken over', async () => {
  const counts = { placed: 0, evicted: 0, takeovers: 0 }
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      const { violations, placed, evicted, takeovers } = await runActuations(seed)
      expect(violations).toEqual([])
      counts.placed += placed
      counts.evicted += evicted
      counts.takeovers += takeovers
    }),
    { seed: 60, numRuns: 1_000, endOnFailure: true },
  )
  expect(counts.placed).toBeGreaterThan(8_000)
  expect(counts.evicted).toBeGreaterThan(4_500)
  expect(counts.takeovers).toBeGreaterThan(3_000)
}, 240_000)

const SAFETY = /reservation|twice|moves within|epoch|times within/
it.each(Object.keys(PLANTED))('finds %s', async (guard) => {
  for (let seed = 1; seed <= 500; seed++) {
    const { violations } = await runActuations(seed, PLANTED[guard])
    if (violations.some((violation) => SAFETY.test(violation))) return
  }
  throw new Error('500 stories did not notice')
})
