/** What every scheduler promises, over generated problems. A new algorithm is covered by being in CONSTRUCTOR_NAMES. */
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { CONSTRUCTOR_NAMES, runAlgorithm } from './algorithms.ts'
import { anyProblemInput } from './any-problem-input.ts'
import { lowerBounds } from './bounds.ts'
import type { Load } from './dhs.ts'
import { createProblem, type Problem, transferMs } from './problem.ts'
import { processorChoices } from './processor-choices.ts'
import type { Schedule } from './schedule.ts'

const SEED = 2002
const NOISE_MS = 1e-6
const aLoad: fc.Arbitrary<Load> = fc.record({
  cameraLoadsSeconds: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 5 }),
  requestCount: fc.nat(8),
  cameraCount: fc.integer({ min: 1, max: 5 }),
  delta1Seconds: fc.constant(0.1),
  delta2: fc.constant(1),
})

function expectValid(problem: Problem, { assignments, order, makespanMs }: Schedule): void {
  expect(assignments.map(({ task }) => task)).toEqual([...Array(problem.taskCount).keys()])
  expect([...order].sort((a, b) => a - b)).toEqual([...Array(problem.taskCount).keys()])
  for (const { task, processor, startMs, finishMs } of assignments) {
    expect(finishMs).toBe(startMs + problem.computeMs[task * problem.processorCount + processor]!)
    expect(finishMs).toBeLessThan(Number.POSITIVE_INFINITY)
    expect(startMs).toBeGreaterThanOrEqual(problem.readyMs[processor]!)
    const { start, task: predecessors, bytes } = problem.graph.predecessors
    for (let edge = start[task]!; edge < start[task + 1]!; edge++) {
      const from = assignments[predecessors[edge]!]!
      const arrivalMs = from.finishMs + transferMs(problem, { bytes: bytes[edge]!, from: from.processor, to: processor })
      expect(startMs).toBeGreaterThanOrEqual(arrivalMs - NOISE_MS)
      expect(order.indexOf(from.task)).toBeLessThan(order.indexOf(task))
    }
  }
  for (const a of assignments) {
    for (const b of assignments) {
      if (a.task < b.task && a.processor === b.processor) expect(a.finishMs <= b.startMs || b.finishMs <= a.startMs).toBe(true)
    }
  }
  expect(makespanMs).toBe(Math.max(0, ...assignments.map(({ finishMs }) => finishMs)))
  expect(makespanMs).toBeGreaterThanOrEqual(lowerBounds(problem).bestMs - NOISE_MS)
}

describe.each(CONSTRUCTOR_NAMES)('%s', (name) => {
  it('makes a valid schedule: each task once, no overlap, data before start, allowed, ready, not below the bounds', () => {
    fc.assert(
      fc.property(anyProblemInput(), aLoad, (input, load) => {
        const problem = createProblem(input)
        expectValid(problem, runAlgorithm(name, problem, { load }))
      }),
      { seed: SEED, numRuns: 200 },
    )
  })

  it('gives the same schedule again, whatever ran in between, and leaves its input alone', () => {
    fc.assert(
      fc.property(anyProblemInput(), aLoad, fc.constantFrom(...CONSTRUCTOR_NAMES), (input, load, other) => {
        const before = structuredClone(input)
        const problem = createProblem(input)
        const first = runAlgorithm(name, problem, { load })
        const copy = structuredClone(first)
        runAlgorithm(other, problem, { load })
        expect(runAlgorithm(name, problem, { load })).toEqual(copy)
        expect(runAlgorithm(name, createProblem(input), { load })).toEqual(copy)
        expect(first).toEqual(copy)
        expect(input).toEqual(before)
      }),
      { seed: SEED, numRuns: 40 },
    )
  })

  it('explains each task: the chosen processor had the least score, the lowest among ties', () => {
    fc.assert(
      fc.property(anyProblemInput({ taskCountMax: 8 }), aLoad, (input, load) => {
        const problem = createProblem(input)
        const schedule = runAlgorithm(name, problem, { load })
        for (const { task, processor, startMs, finishMs } of schedule.assignments) {
          const choices = processorChoices(problem, schedule, task)
          expect(choices.filter(({ chosen }) => chosen)).toEqual([
            expect.objectContaining({ processor, startMs, finishMs, feasible: true }),
          ])
          const leastMs = Math.min(...choices.flatMap(({ scoreMs }) => scoreMs ?? []))
          expect(choices.find(({ scoreMs }) => scoreMs !== null && scoreMs <= leastMs + NOISE_MS)!.processor).toBe(processor)
        }
      }),
      { seed: SEED, numRuns: 40 },
    )
  })
})

it('local keeps every task at home; edge leaves the server only where a task is forbidden there', () => {
  fc.assert(
    fc.property(anyProblemInput(), (input) => {
      const problem = createProblem(input)
      const server = input.edge![0]!
      for (const { task, processor } of runAlgorithm('local', problem).assignments) {
        expect(input.homes![input.requestOf![task]!]).toContain(processor)
      }
      for (const { task, processor } of runAlgorithm('edge', problem).assignments) {
        expect(processor === server).toBe(input.computeMs[task]![server] !== null)
      }
    }),
    { seed: SEED, numRuns: 100 },
  )
})
