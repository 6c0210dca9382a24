import { describe, expect, it } from '@jest/globals'
import { heft } from './heft.ts'
import { createProblem, type ProblemInput, QUERY_LIMITS, transferMs } from './problem.ts'

const square = (size: number, value: number) => Array.from({ length: size }, () => new Array<number>(size).fill(value))
const anInput = (over: Partial<ProblemInput> = {}): ProblemInput => ({
  computeMs: [
    [1, 2],
    [3, null],
  ],
  edges: [[0, 1, 10]],
  bytesPerMs: square(2, 5),
  latencyMs: square(2, 1),
  ...over,
})

describe('createProblem', () => {
  it('builds flat arrays', () => {
    const problem = createProblem(anInput())
    expect([...problem.computeMs]).toEqual([1, 2, 3, Number.POSITIVE_INFINITY])
    expect([...problem.meanComputeMs]).toEqual([1.5, 3])
    expect([...problem.graph.topologicalOrder]).toEqual([0, 1])
    expect(transferMs(problem, { bytes: 10, from: 0, to: 1 })).toBe(3)
    expect(transferMs(problem, { bytes: 10, from: 1, to: 1 })).toBe(0)
  })

  it('leaves pairs within a host out of the means, and transfers there are free', () => {
    const latencyMs = [
      [0, 99, 1],
      [99, 0, 2],
      [3, 6, 0],
    ]
    const input = anInput({
      computeMs: [
        [1, 1, 1],
        [1, 1, 1],
      ],
      bytesPerMs: square(3, 5),
      latencyMs,
      hostOf: [7, 7, 3],
    })
    const problem = createProblem(input)
    expect(problem.graph.successors.meanTransferMs[0]).toBe((1 + 2 + 3 + 6) / 4 + 10 / 5)
    expect(transferMs(problem, { bytes: 10, from: 0, to: 1 })).toBe(0)
    expect(problem.hostCount).toBe(2)
  })

  it('takes a problem without tasks', () => {
    expect(heft(createProblem(anInput({ computeMs: [], edges: [] })))).toEqual({
      algorithm: 'heft',
      makespanMs: 0,
      assignments: [],
      order: [],
    })
  })

  it('holds no reference to its input', () => {
    const readyMs = [1, 2]
    const problem = createProblem(anInput({ readyMs }))
    readyMs[0] = 50
    expect(problem.readyMs[0]).toBe(1)
  })

  it.each<[string, Partial<ProblemInput>, string, string]>([
    ['a negative time', { computeMs: [[1, -2]], edges: [] }, 'PROBLEM_INVALID', 'task 0 takes -2 on processor 1'],
    ['a NaN time', { computeMs: [[1, Number.NaN]], edges: [] }, 'PROBLEM_INVALID', 'task 0 takes NaN on processor 1'],
    ['an infinite time', { computeMs: [[1, Number.POSITIVE_INFINITY]], edges: [] }, 'PROBLEM_INVALID', 'task 0 takes Infinity'],
    ['a short row', { computeMs: [[1, 2], [3]] }, 'PROBLEM_INVALID', 'the times of task 1: 1 given'],
    ['no processor', { computeMs: [], edges: [], bytesPerMs: [], latencyMs: [] }, 'PROBLEM_INVALID', 'there is no processor'],
    [
      'a task forbidden everywhere',
      {
        computeMs: [
          [1, 2],
          [null, null],
        ],
      },
      'PROBLEM_INFEASIBLE',
      'task 1 may run on no processor',
    ],
    ['an edge to nowhere', { edges: [[0, 9, 1]] }, 'PROBLEM_INVALID', 'edge 0 (0 → 9) names no task'],
    ['a fractional task', { edges: [[0.5, 1, 1]] }, 'PROBLEM_INVALID', 'edge 0 (0.5 → 1) names no task'],
    ['a loop', { edges: [[1, 1, 1]] }, 'PROBLEM_INVALID', 'edge 0 (1 → 1) leads back to its own task'],
    [
      'a double edge',
      {
        edges: [
          [0, 1, 1],
          [0, 1, 2],
        ],
      },
      'PROBLEM_INVALID',
      'edge 1 (0 → 1) stands twice',
    ],
    ['negative bytes', { edges: [[0, 1, -1]] }, 'PROBLEM_INVALID', 'edge 0 (0 → 1) carries -1 bytes'],
    [
      'a dead link',
      {
        bytesPerMs: [
          [0, 5],
          [0, 0],
        ],
      },
      'PROBLEM_INVALID',
      'the link from processor 1 to 0 moves 0 bytes per ms',
    ],
    [
      'a negative latency',
      {
        latencyMs: [
          [0, -1],
          [0, 0],
        ],
      },
      'PROBLEM_INVALID',
      'the link from processor 0 to 1 has latency -1 ms',
    ],
    ['missing latencies', { latencyMs: [[0, 1]] }, 'PROBLEM_INVALID', 'latencies: 1 given'],
    ['a bad ready time', { readyMs: [0, -3] }, 'PROBLEM_INVALID', 'processor 1 is ready at -3 ms'],
    ['too few hosts', { hostOf: [0] }, 'PROBLEM_INVALID', 'hosts: 1 given'],
    ['a negative host', { hostOf: [0, -1] }, 'PROBLEM_INVALID', 'processor 1 has host -1'],
    ['an unknown server', { edge: [2] }, 'PROBLEM_INVALID', 'edge processor 2 does not exist'],
    ['an unknown request', { requestOf: [0, 1], homes: [[0]] }, 'PROBLEM_INVALID', 'task 1 has request 1'],
    ['an unknown home', { requestOf: [0, 0], homes: [[4]] }, 'PROBLEM_INVALID', 'request 0 has home 4'],
  ])('refuses %s', (_, over, code, message) => {
    expect(() => createProblem(anInput(over), { place: 'query 5' })).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(new RegExp(`^${toPattern(message)}.* in query 5`)) }),
    )
  })

  it('names a cycle in the direction of its edges', () => {
    const computeMs = square(5, 1)
    const edges = [
      [0, 1, 1],
      [1, 2, 1],
      [2, 3, 1],
      [3, 1, 1],
      [3, 4, 1],
    ] as const
    expect(() => createProblem({ computeMs, edges, bytesPerMs: square(5, 1), latencyMs: square(5, 0) })).toThrow(
      expect.objectContaining({ code: 'PROBLEM_CYCLIC', message: expect.stringMatching(/1 → 2 → 3 → 1|2 → 3 → 1 → 2|3 → 1 → 2 → 3/) }),
    )
  })

  it('refuses what is above the limits', () => {
    const computeMs = Array.from({ length: 2_001 }, () => [1])
    const input = { computeMs, edges: [], bytesPerMs: [[1]], latencyMs: [[0]] }
    expect(createProblem(input).taskCount).toBe(2_001)
    expect(() => createProblem(input, { limits: QUERY_LIMITS })).toThrow(
      expect.objectContaining({ code: 'PROBLEM_TOO_LARGE', message: '2001 tasks are above the limit of 2000; split the problem' }),
    )
  })
})

function toPattern(text: string): string {
  return text.replace(/[()[\].*+?]/g, '\\$&')
}
