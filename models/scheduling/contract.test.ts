/** What every scheduler promises, over generated problems. A new algorithm is covered by being in CONSTRUCTOR_NAMES. */
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { CONSTRUCTOR_NAMES, policyOf, runAlgorithm } from './algorithms.ts'
import { anneal } from './annealing.ts'
import { anyProblemInput } from './any-problem-input.ts'
import { lowerBounds } from './bounds.ts'
import type { Load } from './dhs.ts'
import { createProblem, type Problem, type ProblemInput, transferMs } from './problem.ts'
import { problemOfFamily } from './problem-families.ts'
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

/** Every scheduler as one function: those that build, and those that search. */
const SCHEDULERS: ReadonlyMap<string, (problem: Problem, load: Load) => Schedule> = new Map([
  ...CONSTRUCTOR_NAMES.map((name) => [name, (problem: Problem, load: Load) => runAlgorithm(name, problem, { load })] as const),
  ['annealing', (problem) => anneal(problem, runAlgorithm('heft', problem), { decodeBudget: 60, seed: 7, targetMs: 0 }).schedule],
])
const NAMES = [...SCHEDULERS.keys()]

describe.each(NAMES)('%s', (name) => {
  it('makes a valid schedule: each task once, no overlap, data before start, allowed, ready, not below the bounds', () => {
    fc.assert(
      fc.property(anyProblemInput(), aLoad, (input, load) => {
        const problem = createProblem(input)
        expectValid(problem, SCHEDULERS.get(name)!(problem, load))
      }),
      { seed: SEED, numRuns: 200 },
    )
  })

  it('gives the same schedule again, whatever ran in between, and leaves its input alone', () => {
    fc.assert(
      fc.property(anyProblemInput(), aLoad, fc.constantFrom(...NAMES), (input, load, other) => {
        const before = structuredClone(input)
        const problem = createProblem(input)
        const first = SCHEDULERS.get(name)!(problem, load)
        const copy = structuredClone(first)
        SCHEDULERS.get(other)!(problem, load)
        expect(SCHEDULERS.get(name)!(problem, load)).toEqual(copy)
        expect(SCHEDULERS.get(name)!(createProblem(input), load)).toEqual(copy)
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
        const schedule = SCHEDULERS.get(name)!(problem, load)
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

/** The same problem under other numbers: task t becomes taskAt[t], processor j becomes processorAt[j]. */
function relabel(
  input: ProblemInput,
  { taskAt, processorAt }: { taskAt: readonly number[]; processorAt: readonly number[] },
): ProblemInput {
  const move = <T>(items: readonly T[], at: readonly number[]) => {
    const moved = [...items]
    for (const [index, item] of items.entries()) moved[at[index]!] = item
    return moved
  }
  return {
    computeMs: move(input.computeMs, taskAt).map((row) => move(row, processorAt)),
    edges: input.edges.map(([from, to, bytes]) => [taskAt[from]!, taskAt[to]!, bytes] as const),
    bytesPerMs: move(input.bytesPerMs, processorAt).map((row) => move(row, processorAt)),
    latencyMs: move(input.latencyMs, processorAt).map((row) => move(row, processorAt)),
    requestOf: move(input.requestOf!, taskAt),
    homes: input.homes!.map((processors) => processors.map((processor) => processorAt[processor]!)),
    edge: input.edge!.map((processor) => processorAt[processor]!),
  }
}

const aLight: Load = { cameraLoadsSeconds: [0.1], requestCount: 1, cameraCount: 4, delta1Seconds: 0.1, delta2: 1 }
const shuffled = (count: number, seed: number) =>
  fc.sample(fc.shuffledSubarray([...Array(count).keys()], { minLength: count }), { seed, numRuns: 1 })[0]!
const tieFreeInputs = (['layered', 'fork-join', 'gauss', 'out-tree'] as const).flatMap((family) =>
  [1, 2, 3, 4].map((seed): ProblemInput => {
    const input = problemOfFamily(family, { seed, taskCount: 20, processorCount: 4, communicationRatio: 0.3 })
    return { ...input, requestOf: input.computeMs.map(() => 0), homes: [[0, 1]], edge: [2, 3] }
  }),
)

describe.each(CONSTRUCTOR_NAMES)('%s', (name) => {
  const makespanMs = (input: ProblemInput) => runAlgorithm(name, createProblem(input), { load: aLight }).makespanMs

  it('does not care how processors are numbered', () => {
    for (const [seed, input] of tieFreeInputs.entries()) {
      const taskAt = [...input.computeMs.keys()]
      expect(makespanMs(relabel(input, { taskAt, processorAt: shuffled(4, seed) }))).toBeCloseTo(makespanMs(input), 6)
    }
  })

  it('does not care how tasks are numbered, unless priorities tie', () => {
    let compared = 0
    for (const [seed, input] of tieFreeInputs.entries()) {
      const problem = createProblem(input)
      const { priorityMs } = policyOf(
        problem,
        runAlgorithm(name === 'serial' || name === 'look-ahead-heft' ? 'heft' : name, problem, { load: aLight }),
      )
      const sorted = priorityMs.toSorted()
      // CPOP gives all tasks of its path one priority, but they wait for each other.
      if (name !== 'cpop' && sorted.some((ms, at) => at > 0 && ms - sorted[at - 1]! < 1e-6)) continue
      compared++
      expect(makespanMs(relabel(input, { taskAt: shuffled(problem.taskCount, seed), processorAt: [0, 1, 2, 3] }))).toBeCloseTo(
        makespanMs(input),
        6,
      )
    }
    expect(compared).toBeGreaterThanOrEqual(4)
  })
})

it('every scheduler takes 10,000 tasks on 64 processors', () => {
  const input = problemOfFamily('layered', { seed: 1, taskCount: 10_000, processorCount: 64 })
  const problem = createProblem({ ...input, requestOf: input.computeMs.map(() => 0), homes: [[0, 1]], edge: [62, 63] })
  const { bestMs } = lowerBounds(problem)
  for (const [name, scheduler] of SCHEDULERS) {
    if (name === 'annealing') continue
    const { makespanMs, order } = scheduler(problem, aLight)
    expect(order).toHaveLength(10_000)
    expect(makespanMs).toBeGreaterThanOrEqual(bestMs - NOISE_MS)
  }
  const start = runAlgorithm('heft', problem)
  expect(anneal(problem, start, { decodeBudget: 5, seed: 1, targetMs: bestMs }).schedule.makespanMs).toBeLessThanOrEqual(start.makespanMs)
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
