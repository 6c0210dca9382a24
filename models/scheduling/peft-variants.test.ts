/** PEFT by upward rank and PEFT on real links, against their definitions. */
import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { anyProblemInput } from './any-problem-input.ts'
import { heft } from './heft.ts'
import { optimisticCostMs } from './oct.ts'
import { peft } from './peft.ts'
import { peftRankU } from './peft-rank-u.ts'
import { peftRealLink, realLinkCostMs } from './peft-real-link.ts'
import { createProblem, type Problem, transferMs } from './problem.ts'
import { problemOfFamily } from './problem-families.ts'
import { processorChoices } from './processor-choices.ts'

const SEED = 2014

/** The recurrence as it is written, one cell at a time. */
function costByDefinition(problem: Problem): number[] {
  const { taskCount, processorCount, computeMs, graph } = problem
  const { start, task: successors, bytes } = graph.successors
  const costMs = new Array<number>(taskCount * processorCount).fill(0)
  const processors = [...Array(processorCount).keys()]
  for (const task of graph.topologicalOrder.toReversed()) {
    for (const k of processors) {
      for (let edge = start[task]!; edge < start[task + 1]!; edge++) {
        const tailsMs = processors.map((w) => {
          const at = successors[edge]! * processorCount + w
          return costMs[at]! + computeMs[at]! + transferMs(problem, { bytes: bytes[edge]!, from: k, to: w })
        })
        costMs[task * processorCount + k] = Math.max(costMs[task * processorCount + k]!, Math.min(...tailsMs))
      }
    }
  }
  return costMs
}

it('the real-link cost follows its recurrence', () => {
  fc.assert(
    fc.property(anyProblemInput(), (input) => {
      const problem = createProblem(input)
      const actual = realLinkCostMs(problem)
      for (const [at, ms] of costByDefinition(problem).entries()) expect(actual[at]).toBeCloseTo(ms, 6)
    }),
    { seed: SEED, numRuns: 100 },
  )
})

it('is PEFT where all links are alike, and not where they differ', () => {
  const differing = [1, 2, 3, 4, 5].map((seed) => problemOfFamily('layered', { seed, taskCount: 40, processorCount: 4 }))
  const difference = differing.map((input) => {
    const alike = createProblem({ ...input, bytesPerMs: flat(input.bytesPerMs, 1_000), latencyMs: flat(input.latencyMs, 0.5) })
    expect(peftRealLink(alike).order).toEqual(peft(alike).order)
    expect(peftRealLink(alike).makespanMs).toBeCloseTo(peft(alike).makespanMs, 6)
    const problem = createProblem(input)
    return Math.abs(peftRealLink(problem).makespanMs - peft(problem).makespanMs)
  })
  expect(Math.max(...difference)).toBeGreaterThan(1)
})

function flat(matrix: readonly (readonly number[])[], value: number): number[][] {
  return matrix.map((row) => row.map(() => value))
}

it("PEFT by upward rank takes HEFT's order and PEFT's choice of processor", () => {
  fc.assert(
    fc.property(anyProblemInput(), (input) => {
      const problem = createProblem(input)
      const octMs = optimisticCostMs(problem)
      const schedule = peftRankU(problem)
      expect(schedule.order).toEqual(heft(problem).order)
      for (const { task, processor } of schedule.assignments) {
        const scores = processorChoices(problem, schedule, task).map(({ finishMs }, j) => {
          return finishMs === null ? Number.POSITIVE_INFINITY : finishMs + octMs[task * problem.processorCount + j]!
        })
        expect(scores[processor]! - 1e-6).toBeLessThanOrEqual(Math.min(...scores))
      }
    }),
    { seed: SEED, numRuns: 60 },
  )
})
