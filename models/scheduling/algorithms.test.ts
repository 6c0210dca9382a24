import { expect, it } from '@jest/globals'
import { ALGORITHM_NAMES, runAlgorithm, toAlgorithmName } from './algorithms.ts'
import { createProblem } from './problem.ts'
import { processorChoices } from './processor-choices.ts'

const BARE = {
  computeMs: [
    [4, 9],
    [5, null],
  ],
  edges: [[0, 1, 100]] as const,
  bytesPerMs: [
    [0, 10],
    [10, 0],
  ],
  latencyMs: [
    [0, 1],
    [1, 0],
  ],
}

it('knows its names and suggests the nearest', () => {
  for (const name of ALGORITHM_NAMES) expect(toAlgorithmName(name)).toBe(name)
  expect(() => toAlgorithmName('hfet')).toThrow(
    expect.objectContaining({ code: 'ALGORITHM_UNKNOWN', message: expect.stringContaining('heft') }),
  )
  expect(() => toAlgorithmName('simulated annealing')).toThrow('use one of heft, cpop, peft, dhs, local, edge')
})

it.each([
  ['dhs', 'dhs needs a load'],
  ['local', 'local needs requestOf and homes'],
  ['edge', 'edge needs edge'],
] as const)('%s says what the problem lacks', (name, message) => {
  expect(() => runAlgorithm(name, createProblem(BARE))).toThrow(
    expect.objectContaining({ code: 'PROBLEM_INVALID', message: expect.stringContaining(message) }),
  )
})

it('local refuses a task that may not run at home', () => {
  const problem = createProblem({ ...BARE, requestOf: [0, 0], homes: [[1]] })
  expect(() => runAlgorithm('local', problem)).toThrow(
    expect.objectContaining({
      code: 'PROBLEM_INFEASIBLE',
      message: expect.stringContaining('task 1 of request 0 may run on none of its home processors (1)'),
    }),
  )
})

it('says why a processor was no choice', () => {
  const problem = createProblem({ ...BARE, requestOf: [0, 0], homes: [[0]] })
  const schedule = runAlgorithm('local', problem)
  expect(processorChoices(problem, schedule, 0)).toEqual([
    { processor: 0, chosen: true, feasible: true, startMs: 0, finishMs: 4, scoreMs: 4 },
    { processor: 1, chosen: false, feasible: false, whyNot: 'outside-policy', startMs: 0, finishMs: 9, scoreMs: null },
  ])
  expect(processorChoices(problem, schedule, 1)[1]).toEqual({
    processor: 1,
    chosen: false,
    feasible: false,
    whyNot: 'forbidden',
    startMs: null,
    finishMs: null,
    scoreMs: null,
  })
  expect(() => processorChoices(problem, schedule, 7)).toThrow('task 7 is not in the schedule')
  expect(() => processorChoices(problem, { ...schedule, algorithm: 'mystery' }, 0)).toThrow(
    expect.objectContaining({ code: 'ALGORITHM_UNKNOWN' }),
  )
})

it('local takes the home processor of least EFT: the CPU for one task, the GPU of the same camera for the next', () => {
  const computeMs = [
    [3, 9, 1],
    [8, 2, 1],
  ]
  const square = [0, 1, 2].map(() => [1, 1, 1])
  const problem = createProblem({ computeMs, edges: [], bytesPerMs: square, latencyMs: square, requestOf: [0, 0], homes: [[0, 1]] })
  expect(runAlgorithm('local', problem).assignments.map(({ processor }) => processor)).toEqual([0, 1])
})
