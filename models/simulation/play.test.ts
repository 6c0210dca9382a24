import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { ALGORITHM_NAMES, runAlgorithm } from '../scheduling/algorithms.ts'
import { anyProblemInput } from '../scheduling/any-problem-input.ts'
import { lowerBounds } from '../scheduling/bounds.ts'
import { createProblem, type ProblemInput } from '../scheduling/problem.ts'
import type { Schedule } from '../scheduling/schedule.ts'
import { type Played, play } from './play.ts'

const SEED = 20_250

/** Two sources on one host, a sink each on another: processors 0 (host 0), 1 and 2 (host 1). Both send 1,000 bytes at 10 bytes/ms. */
const twoSenders: ProblemInput = {
  computeMs: [
    [0, null, null],
    [0, null, null],
    [null, 50, null],
    [null, null, 50],
  ],
  edges: [
    [0, 2, 1_000],
    [1, 3, 1_000],
  ],
  bytesPerMs: [
    [10, 10, 10],
    [10, 10, 10],
    [10, 10, 10],
  ],
  latencyMs: [
    [3, 3, 3],
    [3, 3, 3],
    [3, 3, 3],
  ],
  hostOf: [0, 1, 1],
}
const placed = { processorOf: [0, 0, 1, 2], queues: [[0, 1], [2], [3]] }

it('gives a transfer the whole link when it is alone', () => {
  const played = play(createProblem(twoSenders), { ...placed, hostBytesPerMs: null })
  expect([...played.startMs]).toEqual([0, 0, 103, 103])
  expect(played.makespanMs).toBe(153)
})

it('shares a link between the transfers on it, and the latency comes on top', () => {
  const played = play(createProblem(twoSenders), { ...placed, hostBytesPerMs: [10, 10] })
  expect([...played.startMs]).toEqual([0, 0, 203, 203])
  expect(played.transfers).toEqual([
    { from: 0, to: 2, startMs: 0, finishMs: 203 },
    { from: 1, to: 3, startMs: 0, finishMs: 203 },
  ])
})

it('gives what a finished transfer leaves to the other', () => {
  const edges: ProblemInput['edges'] = [
    [0, 2, 500],
    [1, 3, 1_000],
  ]
  const played = play(createProblem({ ...twoSenders, edges }), { ...placed, hostBytesPerMs: [10, 10] })
  // Both at 5 bytes/ms until 100 ms; the other 500 bytes then take 50 ms.
  expect([...played.startMs]).toEqual([0, 0, 103, 153])
})

it('counts bytes that arrived before', () => {
  const arrivedBytes = [0, 0, 400, 5_000]
  const played = play(createProblem(twoSenders), { ...placed, hostBytesPerMs: null, arrivedBytes })
  expect([...played.startMs]).toEqual([0, 0, 63, 3])
})

it('lets no task overtake the one before it in the queue', () => {
  const played = play(
    createProblem({
      ...twoSenders,
      computeMs: [
        [0, 1, 1],
        [0, 1, 1],
        [9, 50, 9],
        [9, 7, 9],
      ],
    }),
    {
      processorOf: [0, 1, 1, 1],
      queues: [[0], [1, 2, 3], []],
      hostBytesPerMs: null,
    },
  )
  expect([...played.startMs]).toEqual([0, 0, 103, 153])
})

it('waits for the processor to be ready, and for ever for what is bound nowhere', () => {
  const input = { ...twoSenders, readyMs: [0, 500, 0] }
  const played = play(createProblem(input), { processorOf: [0, 0, 1, -1], queues: [[0, 1], [2], []], hostBytesPerMs: [10, 10] })
  expect([...played.finishMs]).toEqual([0, 0, 550, Number.POSITIVE_INFINITY])
  expect(played.makespanMs).toBe(Number.POSITIVE_INFINITY)
})

it('never ends a transfer over a link that carries nothing', () => {
  const played = play(createProblem(twoSenders), { ...placed, hostBytesPerMs: [10, 0] })
  expect(played.makespanMs).toBe(Number.POSITIVE_INFINITY)
})

it('without sharing, every schedule of every algorithm happens exactly as planned', () => {
  fc.assert(
    fc.property(anyProblemInput(), fc.constantFrom(...ALGORITHM_NAMES), (input, algorithm) => {
      const problem = createProblem(input)
      const schedule = runAlgorithm(algorithm, problem, { load })
      const played = playAsScheduled(input, schedule, null)
      for (const { task, startMs, finishMs } of schedule.assignments) {
        expect(played.startMs[task]).toBeCloseTo(startMs, 6)
        expect(played.finishMs[task]).toBeCloseTo(finishMs, 6)
      }
      expect(played.makespanMs).toBeCloseTo(schedule.makespanMs, 6)
    }),
    { seed: SEED, numRuns: 300 },
  )
})

it('with sharing, nothing happens earlier than planned or than any schedule could', () => {
  fc.assert(
    fc.property(anyProblemInput(), fc.constantFrom(...ALGORITHM_NAMES), fc.integer({ min: 1, max: 3_000 }), (input, algorithm, rate) => {
      const problem = createProblem(input)
      const schedule = runAlgorithm(algorithm, problem, { load })
      const played = playAsScheduled(input, schedule, rate)
      for (const { task, finishMs } of schedule.assignments) expect(played.finishMs[task]).toBeGreaterThanOrEqual(finishMs - 1e-6)
      expect(played.makespanMs).toBeGreaterThanOrEqual(lowerBounds(problem).bestMs - 1e-6)
      expect(playAsScheduled(input, schedule, rate)).toEqual(played)
    }),
    { seed: SEED, numRuns: 300 },
  )
})

const load = { cameraLoadsSeconds: [1, 2], requestCount: 2, cameraCount: 2, delta1Seconds: 0.1, delta2: 1 }

/** @param hostRate Of every host's link; null: no sharing. */
function playAsScheduled(input: ProblemInput, { assignments, order }: Schedule, hostRate: number | null): Played {
  const problem = createProblem(input)
  const queues = input.bytesPerMs.map((_, processor) =>
    assignments
      .filter((each) => each.processor === processor)
      .sort((a, b) => a.startMs - b.startMs || a.finishMs - b.finishMs || order.indexOf(a.task) - order.indexOf(b.task))
      .map(({ task }) => task),
  )
  const hostCount = Math.max(...problem.hostOf) + 1
  return play(problem, {
    processorOf: assignments.map(({ processor }) => processor),
    queues,
    hostBytesPerMs: hostRate === null ? null : Array.from({ length: hostCount }, () => hostRate),
  })
}
