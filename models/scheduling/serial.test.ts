import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { anyProblemInput } from './any-problem-input.ts'
import { decode, FREE } from './decode.ts'
import { createProblem } from './problem.ts'
import { upwardRankMs } from './ranks.ts'
import { serial } from './serial.ts'

it('is the best over all processors of putting there whatever may run there', () => {
  fc.assert(
    fc.property(anyProblemInput(), (input) => {
      const problem = createProblem(input)
      const makespansMs = input.bytesPerMs.map((_, processor) => {
        const processorOf = Int32Array.from(input.computeMs, (row) => (row[processor] === null ? FREE : processor))
        return decode(problem, { priority: upwardRankMs(problem), processorOf })
      })
      expect(serial(problem).makespanMs).toBeCloseTo(Math.min(...makespansMs), 6)
    }),
    { seed: 2002, numRuns: 200 },
  )
})
