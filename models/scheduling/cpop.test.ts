import { expect, it } from '@jest/globals'
import { criticalPath } from './cpop.ts'
import { createProblem } from './problem.ts'
import { upwardRankMs } from './ranks.ts'
import type { Edge } from './task-graph.ts'

const rows = (size: number, value: number) => Array.from({ length: size }, () => [value, value])

it.each<[string, Edge[], number[]]>([
  [
    'the lower of tied successors, lower first',
    [
      [0, 1, 1],
      [0, 2, 1],
    ],
    [0, 1],
  ],
  [
    'the lower of tied successors, lower last',
    [
      [0, 2, 1],
      [0, 1, 1],
    ],
    [0, 1],
  ],
  [
    'tight edges, not the short cut between critical tasks',
    [
      [0, 2, 1],
      [0, 1, 1],
      [1, 2, 1],
    ],
    [0, 1, 2],
  ],
  [
    'the lower of tied entries',
    [
      [1, 2, 1],
      [0, 2, 1],
    ],
    [0, 2],
  ],
])('the critical path follows %s', (_, edges, path) => {
  const problem = createProblem({ computeMs: rows(3, 5), edges, bytesPerMs: rows(2, 1), latencyMs: rows(2, 0) })
  expect(criticalPath(problem, upwardRankMs(problem))).toEqual(path)
})
