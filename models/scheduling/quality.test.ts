/** How good the best schedules are: against optima proved here by exhaustive search, the gold files' best known, and DHS. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { dhs } from './dhs.ts'
import { parseInstances } from './gold-instance.ts'
import { portfolio } from './portfolio.ts'
import { createProblem, type Problem, transferMs } from './problem.ts'
import { FAMILIES, problemOfFamily } from './problem-families.ts'

const NOISE_MS = 1e-6
const NODES_MAX = 400_000
const SEARCH = { decodeBudget: 1_000, seed: 1 }

/**
 * Tries every schedule that is left-shifted, in order of start, and prunes what cannot beat the incumbent.
 *
 * @returns the least makespan, or null when the search was too long to prove it
 */
function provedOptimumMs(problem: Problem, incumbentMs: number): number | null {
  const { taskCount, processorCount, computeMs, graph, readyMs } = problem
  const { successors, predecessors } = graph
  const pairOf = (task: number, processor: number) => computeMs[task * processorCount + processor]!
  const tailMs = new Float64Array(taskCount)
  for (const task of graph.topologicalOrder.toReversed()) {
    const next = successors.task.subarray(successors.start[task], successors.start[task + 1])
    const leastMs = Math.min(...computeMs.subarray(task * processorCount, (task + 1) * processorCount))
    tailMs[task] = leastMs + next.reduce((longest, successor) => Math.max(longest, tailMs[successor]!), 0)
  }
  const idleMs = Float64Array.from(readyMs)
  const placed = new Map<number, { processor: number; finishMs: number }>()
  let bestMs = incumbentMs
  let nodes = 0
  const extend = (lastStartMs: number, makespanMs: number): void => {
    if (++nodes > NODES_MAX) return
    if (placed.size === taskCount) bestMs = Math.min(bestMs, makespanMs)
    for (let task = 0; task < taskCount; task++) if (!placed.has(task) && lastStartMs + tailMs[task]! >= bestMs) return
    for (let task = 0; task < taskCount; task++) {
      const edges = Array.from(
        { length: predecessors.start[task + 1]! - predecessors.start[task]! },
        (_, at) => predecessors.start[task]! + at,
      )
      if (placed.has(task) || edges.some((edge) => !placed.has(predecessors.task[edge]!))) continue
      for (let processor = 0; processor < processorCount; processor++) {
        const arrivalsMs = edges.map((edge) => {
          const from = placed.get(predecessors.task[edge]!)!
          return from.finishMs + transferMs(problem, { bytes: predecessors.bytes[edge]!, from: from.processor, to: processor })
        })
        const idleBeforeMs = idleMs[processor]!
        const startMs = Math.max(idleBeforeMs, ...arrivalsMs)
        const finishMs = startMs + pairOf(task, processor)
        const leastTaskMs = Math.min(...computeMs.subarray(task * processorCount, (task + 1) * processorCount))
        if (startMs < lastStartMs || finishMs + tailMs[task]! - leastTaskMs >= bestMs) continue
        placed.set(task, { processor, finishMs })
        idleMs[processor] = finishMs
        extend(startMs, Math.max(makespanMs, finishMs))
        placed.delete(task)
        idleMs[processor] = idleBeforeMs
      }
    }
  }
  extend(0, 0)
  return nodes > NODES_MAX ? null : bestMs
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

it('the exhaustive search finds the optimum of the gold files', () => {
  const lines = readFileSync(new URL('gold/random.jsonl', import.meta.url), 'utf8')
    .trim()
    .split('\n')
  const small = lines.filter((line) => JSON.parse(line).id.startsWith('small-'))
  for (const line of small) {
    const proved = provedOptimumMs(createProblem(parseInstances(line)[0]!.input), Number.POSITIVE_INFINITY)
    if (proved !== null) expect(proved).toBeCloseTo(JSON.parse(line).optimum.makespan, 6)
  }
})

it.each(FAMILIES)('%s: at most 6 % above the proved optimum on average, and never below a bound', (family) => {
  const gaps: number[] = []
  for (let seed = 0; seed < 12; seed++) {
    const problem = createProblem(problemOfFamily(family, { seed, taskCount: 9, processorCount: 2 + (seed % 2) }))
    const { schedule, bounds, gapRatio, tried } = portfolio(problem, SEARCH)
    expect(schedule.makespanMs).toBeGreaterThanOrEqual(bounds.bestMs - NOISE_MS)
    expect(schedule.makespanMs).toBe(Math.min(...tried.map(({ makespanMs }) => makespanMs)))
    expect(gapRatio).toBeCloseTo(Math.max(0, schedule.makespanMs / bounds.bestMs - 1), 9)
    const optimumMs = provedOptimumMs(problem, schedule.makespanMs)
    if (optimumMs === null) continue
    expect(optimumMs).toBeGreaterThanOrEqual(bounds.bestMs - NOISE_MS)
    gaps.push(schedule.makespanMs / optimumMs - 1)
  }
  expect(gaps.length).toBeGreaterThanOrEqual(8)
  expect(mean(gaps)).toBeLessThanOrEqual(0.06)
})

describe('gold', () => {
  const lines = readFileSync(new URL('gold/random.jsonl', import.meta.url), 'utf8')
    .trim()
    .split('\n')
  it('never below an optimum or a bound, and close to the best known', () => {
    const gaps = lines.map((line) => {
      const { optimum, bestKnown, bound } = JSON.parse(line) as {
        optimum: { makespan: number } | null
        bestKnown: number
        bound: { best: number }
      }
      const { makespanMs } = portfolio(createProblem(parseInstances(line)[0]!.input), SEARCH).schedule
      expect(makespanMs).toBeGreaterThanOrEqual(Math.max(bound.best, optimum?.makespan ?? 0) * (1 - 1e-9) - NOISE_MS)
      return makespanMs / bestKnown - 1
    })
    expect(mean(gaps)).toBeLessThanOrEqual(0.025)
  })

  const scenarios = parseInstances(readFileSync(new URL('gold/dhs-scenarios.json', import.meta.url), 'utf8'))
  it.each(scenarios.map((scenario) => [scenario.id, scenario] as const))(
    '%s: never worse than DHS, local, edge or the best of three',
    (_, scenario) => {
      const problem = createProblem(scenario.input)
      const { schedule, tried, skipped } = portfolio(problem, { ...SEARCH, load: scenario.load })
      expect(skipped).toEqual([])
      expect(tried.map(({ name }) => name)).toEqual(expect.arrayContaining(['heft', 'dhs', 'local', 'edge', 'annealing']))
      const { local, edge, best3 } = scenario.expect as Record<string, number>
      expect(schedule.makespanMs).toBeLessThanOrEqual(Math.min(local!, edge!, best3!, dhs(problem, scenario.load!).makespanMs) + NOISE_MS)
    },
  )
})
