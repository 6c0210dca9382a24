/**
 * Seeded problems of the families that schedulers are compared on, for tests of quality and for the bench.
 *
 * Times are continuous, so ties are rare; links differ, and so do speeds, by task and processor. The same arguments give
 * the same problem.
 */
import type { ProblemInput } from './problem.ts'
import { type SeededChoice, seededChoice } from './seeded-choice.ts'
import type { Edge } from './task-graph.ts'

export const FAMILIES = ['layered', 'fork-join', 'gauss', 'out-tree', 'dnn'] as const
export type Family = (typeof FAMILIES)[number]

export interface FamilyOptions {
  readonly seed: number
  /** Aimed at; gauss and dnn take the nearest size below that their shape allows. */
  readonly taskCount: number
  readonly processorCount: number
  /** Mean transfer / mean compute time; drawn from 0.1 … 10 by default. */
  readonly communicationRatio?: number | undefined
}

const MEAN_COMPUTE_MS = 20
const COMMUNICATION_RATIOS = [0.1, 0.5, 1, 2, 5, 10]

export function problemOfFamily(family: Family, { seed, taskCount, processorCount, communicationRatio }: FamilyOptions): ProblemInput {
  const choice = seededChoice(seed * FAMILIES.length + FAMILIES.indexOf(family))
  const ratio = communicationRatio ?? COMMUNICATION_RATIOS[choice.below(COMMUNICATION_RATIOS.length)]!
  const pairs = SHAPES[family](taskCount, choice)
  const count = Math.max(...pairs.flat(), family === 'dnn' ? 0 : taskCount - 1) + 1
  const meanBytes = ratio * MEAN_COMPUTE_MS * 1_000
  const speeds = Array.from({ length: processorCount }, () => 0.4 + 1.2 * choice.fraction())
  const spread = 0.1 + choice.fraction()
  const isPinned = (task: number) => family === 'dnn' && !pairs.some(([, to]) => to === task)
  return {
    computeMs: Array.from({ length: count }, (_, task) => {
      const taskMs = MEAN_COMPUTE_MS * (0.1 + 1.8 * choice.fraction())
      const camera = choice.below(processorCount)
      return speeds.map((speed, processor) => {
        const ms = (taskMs / speed) * (1 + spread * (choice.fraction() - 0.5))
        return isPinned(task) ? (processor === camera ? ms / 50 : null) : ms
      })
    }),
    edges: pairs.map(([from, to]): Edge => [from, to, meanBytes * 2 * choice.fraction()]),
    bytesPerMs: square(processorCount, () => 500 + 1_000 * choice.fraction()),
    latencyMs: square(processorCount, () => choice.fraction()),
  }
}

type Pair = readonly [from: number, to: number]

const SHAPES: Readonly<Record<Family, (taskCount: number, choice: SeededChoice) => Pair[]>> = {
  layered: (taskCount, choice) => {
    const width = Math.max(2, Math.round(Math.sqrt(taskCount)))
    return range(width, taskCount).flatMap((task) => {
      const layer = (Math.floor(task / width) - 1) * width
      const from = new Set([choice.below(width), choice.below(width), choice.below(width)])
      return [...from].map((column): Pair => [layer + column, task])
    })
  },
  // Sections of branches between a fork and a join, one behind the other.
  'fork-join': (taskCount, choice) => {
    const pairs: Pair[] = []
    for (let fork = 0; fork + 2 < taskCount; ) {
      const join = Math.min(taskCount - 1, fork + 3 + choice.below(5))
      for (let branch = fork + 1; branch < join; branch++) pairs.push([fork, branch], [branch, join])
      fork = join
    }
    return pairs
  },
  // Step k of a matrix of m columns: the pivot k releases the updates of the columns behind it.
  gauss: (taskCount) => {
    let columns = 2
    while (((columns + 1) * (columns + 2)) / 2 - 1 <= taskCount) columns++
    const stepStart = (step: number) => (step * (2 * columns - step + 1)) / 2
    return range(0, columns - 1).flatMap((step) =>
      range(1, columns - step).flatMap((column): Pair[] => {
        const update = stepStart(step) + column
        const next: Pair[] = step < columns - 2 ? [[update, stepStart(step + 1) + column - 1]] : []
        return [[stepStart(step), update], ...next]
      }),
    )
  },
  'out-tree': (taskCount, choice) => range(1, taskCount).map((task): Pair => [Math.max(0, task - 1 - choice.below(4)), task]),
  // Requests side by side: the frame on its camera, then a chain of blocks, some with a branch around them.
  dnn: (taskCount, choice) => {
    const requestCount = Math.max(1, Math.round(taskCount / 9))
    const length = Math.max(2, Math.floor(taskCount / requestCount))
    return range(0, requestCount).flatMap((request) =>
      range(1, length).flatMap((block): Pair[] => {
        const task = request * length + block
        return block > 2 && choice.below(4) === 0
          ? [
              [task - 1, task],
              [task - 2, task],
            ]
          : [[task - 1, task]]
      }),
    )
  },
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index)
}

function square(size: number, draw: () => number): number[][] {
  return Array.from({ length: size }, () => Array.from({ length: size }, draw))
}
