import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { runAlgorithm } from './algorithms.ts'
import { anneal, DECODE_BUDGET_MAX } from './annealing.ts'
import { anyProblemInput } from './any-problem-input.ts'
import { bindingChain } from './binding-chain.ts'
import { lowerBounds } from './bounds.ts'
import { portfolio } from './portfolio.ts'
import { createProblem, type ProblemInput } from './problem.ts'
import { problemOfFamily } from './problem-families.ts'

const SEED = 2002
const square = (size: number, value: number) => Array.from({ length: size }, () => new Array<number>(size).fill(value))
const aProblem = (over: Partial<ProblemInput> = {}) =>
  createProblem({
    computeMs: [
      [4, 9],
      [5, 3],
    ],
    edges: [[0, 1, 10]],
    bytesPerMs: square(2, 10),
    latencyMs: square(2, 1),
    ...over,
  })

describe('annealing', () => {
  it('is never worse than its start and never below a bound; the same seed and budget give the same schedule', () => {
    fc.assert(
      fc.property(anyProblemInput(), fc.integer(), fc.integer({ min: 1, max: 200 }), (input, seed, decodeBudget) => {
        const problem = createProblem(input)
        const start = runAlgorithm('heft', problem)
        const targetMs = lowerBounds(problem).bestMs
        const { schedule, decodeCount } = anneal(problem, start, { decodeBudget, seed, targetMs })
        expect(schedule.makespanMs).toBeLessThanOrEqual(start.makespanMs)
        expect(schedule.makespanMs).toBeGreaterThanOrEqual(targetMs - 1e-6)
        expect(decodeCount).toBeLessThanOrEqual(decodeBudget)
        expect(anneal(createProblem(input), start, { decodeBudget, seed, targetMs })).toEqual({ schedule, decodeCount })
      }),
      { seed: SEED, numRuns: 100 },
    )
  })

  it('a larger budget helps, other seeds go other ways', () => {
    const problem = createProblem(problemOfFamily('dnn', { seed: 3, taskCount: 45, processorCount: 5 }))
    const start = runAlgorithm('heft', problem)
    const makespanMs = (decodeBudget: number, seed: number) =>
      anneal(problem, start, { decodeBudget, seed, targetMs: 0 }).schedule.makespanMs
    expect(makespanMs(3_000, 1)).toBeLessThan(start.makespanMs * 0.95)
    expect(new Set([1, 2, 3, 4].map((seed) => makespanMs(300, seed))).size).toBeGreaterThan(1)
  })

  it('looks where the makespan is fixed now, so 1,000 decodes take more than a tenth off HEFT', () => {
    const ratios = (['layered', 'gauss', 'dnn'] as const).flatMap((family) =>
      [1, 2, 3, 4, 5, 6].map((seed) => {
        const problem = createProblem(problemOfFamily(family, { seed, taskCount: 36, processorCount: 5 }))
        const start = runAlgorithm('heft', problem)
        return anneal(problem, start, { decodeBudget: 1_000, seed, targetMs: 0 }).schedule.makespanMs / start.makespanMs
      }),
    )
    expect(ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length).toBeLessThan(0.89)
  })

  it('leaves a better start alone and stops at the target', () => {
    const problem = aProblem({ edges: [], latencyMs: square(2, 0) })
    const start = runAlgorithm('heft', problem)
    const annealed = anneal(problem, start, { decodeBudget: 1_000, seed: 1, targetMs: start.makespanMs })
    expect(annealed.schedule).toBe(start)
    expect(annealed.decodeCount).toBe(0)
  })
})

it('the binding chain runs from the last task back to one that nothing delays, by data or by processor', () => {
  // 0 and 1 share processor 0; 2 waits for the data of 1; 3 runs beside them and binds nothing.
  const problem = aProblem({
    computeMs: [
      [5, null],
      [6, null],
      [null, 2],
      [null, 1],
    ],
    edges: [[1, 2, 0]],
  })
  const placed = { processorOf: Int32Array.of(0, 0, 1, 1), startMs: Float64Array.of(0, 5, 12, 0), finishMs: Float64Array.of(5, 11, 14, 1) }
  expect(bindingChain(problem, placed)).toEqual([2, 1, 0])
})

describe('portfolio', () => {
  it('is the best of all it tried, names who made it, and repeats', () => {
    fc.assert(
      fc.property(anyProblemInput(), (input) => {
        fc.pre(input.computeMs.length > 0)
        const load = { cameraLoadsSeconds: [0.5, 0], requestCount: 1, cameraCount: 2, delta1Seconds: 0.1, delta2: 1 }
        const problem = createProblem(input)
        const result = portfolio(problem, { decodeBudget: 50, seed: 5, load })
        expect(result.tried.map(({ name }) => name)).toHaveLength(11)
        expect(result.schedule.makespanMs - 1e-6).toBeLessThanOrEqual(Math.min(...result.tried.map(({ makespanMs }) => makespanMs)))
        expect(result.schedule.algorithm).toBe(result.from)
        expect(portfolio(createProblem(input), { decodeBudget: 50, seed: 5, load })).toEqual(result)
      }),
      { seed: SEED, numRuns: 40 },
    )
  })

  it('says what it skipped and why', () => {
    const names = (input: Partial<ProblemInput>) => portfolio(aProblem(input), { decodeBudget: 1, seed: 0 }).skipped
    expect(names({})).toEqual([
      { name: 'dhs', reason: 'no load is given' },
      { name: 'local', reason: 'the problem has no homes' },
      { name: 'edge', reason: 'the problem has no edge server' },
    ])
    const pinned = {
      computeMs: [
        [4, null],
        [5, 3],
      ],
      requestOf: [0, 0],
      homes: [[1]],
      edge: [1],
    }
    expect(names(pinned)[1]).toEqual({ name: 'local', reason: expect.stringContaining('task 0 of request 0 may run on none of its home') })
  })

  it('the serial plan wins when links are slow', () => {
    const slow = {
      computeMs: [
        [4, 3],
        [4, 5],
        [4, 3],
      ],
      edges: [
        [0, 1, 1e4],
        [1, 2, 1e4],
      ] as const,
    }
    const serial = runAlgorithm('serial', aProblem(slow))
    expect(serial.assignments.map(({ processor }) => processor)).toEqual([1, 1, 1])
    expect(serial.makespanMs).toBe(11)
    // Task 1 is pinned elsewhere: it stays there, the rest is on one.
    const pinned = runAlgorithm(
      'serial',
      aProblem({
        computeMs: [
          [4, 3],
          [4, null],
          [4, 3],
        ],
      }),
    )
    expect(pinned.assignments.map(({ processor }) => processor)).toEqual([1, 0, 1])
  })

  it.each([
    [{ decodeBudget: 0 }, 'decodeBudget is 0; give an integer from 1 to 1000000'],
    [{ decodeBudget: -5 }, 'decodeBudget is -5'],
    [{ decodeBudget: Number.NaN }, 'decodeBudget is NaN'],
    [{ decodeBudget: 1.5 }, 'decodeBudget is 1.5'],
    [{ decodeBudget: DECODE_BUDGET_MAX + 1 }, 'decodeBudget is 1000001'],
    [{ seed: Number.NaN }, 'seed is NaN'],
    [{ seed: 0.5 }, 'seed is 0.5'],
  ])('refuses %j', (over, message) => {
    expect(() => portfolio(aProblem(), { decodeBudget: 10, seed: 1, ...over })).toThrow(
      expect.objectContaining({ code: 'PROBLEM_INVALID', message: expect.stringContaining(message) }),
    )
  })

  it('refuses a problem without tasks', () => {
    expect(() => portfolio(aProblem({ computeMs: [], edges: [] }), { decodeBudget: 10, seed: 1 })).toThrow('the problem has no task')
  })
})
