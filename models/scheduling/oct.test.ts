import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { anyProblemInput } from './any-problem-input.ts'
import { optimisticCostMs } from './oct.ts'
import { createProblem, type Problem } from './problem.ts'

/** The recurrence as the paper writes it. */
function octByDefinition(problem: Problem, task: number, k: number): number {
  const { processorCount, computeMs, hostOf, graph } = problem
  const { start, task: successors, meanTransferMs } = graph.successors
  let worstMs = 0
  for (let edge = start[task]!; edge < start[task + 1]!; edge++) {
    const costsMs = Array.from({ length: processorCount }, (_, w) => {
      const durationMs = computeMs[successors[edge]! * processorCount + w]!
      if (durationMs === Number.POSITIVE_INFINITY) return durationMs
      return octByDefinition(problem, successors[edge]!, w) + durationMs + (hostOf[w] === hostOf[k] ? 0 : meanTransferMs[edge]!)
    })
    worstMs = Math.max(worstMs, Math.min(...costsMs))
  }
  return worstMs
}

it('equals the recurrence, with forbidden pairs and shared hosts', () => {
  fc.assert(
    fc.property(anyProblemInput({ taskCountMax: 6, processorCountMax: 4 }), (input) => {
      const problem = createProblem(input)
      const octMs = optimisticCostMs(problem)
      for (let at = 0; at < octMs.length; at++) {
        expect(octMs[at]).toBeCloseTo(octByDefinition(problem, Math.floor(at / problem.processorCount), at % problem.processorCount), 9)
      }
    }),
    { seed: 2014, numRuns: 200 },
  )
})
