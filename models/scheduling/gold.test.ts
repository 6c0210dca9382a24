/** Every value of the gold files: ranks, tables, order, processors, times, makespans, bounds. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { type ConstructorName, runAlgorithm } from './algorithms.ts'
import { lowerBounds } from './bounds.ts'
import { cpopPolicy, criticalPath, criticalPathProcessor } from './cpop.ts'
import { classifyLoad } from './dhs.ts'
import { parseInstances } from './gold-instance.ts'
import { optimisticCostMs, optimisticRankMs } from './oct.ts'
import { createProblem } from './problem.ts'
import { processorChoices } from './processor-choices.ts'
import { downwardRankMs, upwardRankMs } from './ranks.ts'
import type { Schedule } from './schedule.ts'

interface Detail {
  readonly makespan: number
  readonly rank_u?: number[]
  readonly rank_d?: number[]
  readonly priority?: number[]
  readonly criticalPath?: number[]
  readonly cpProcessor?: number
  readonly oct?: number[][]
  readonly rank_oct?: number[]
  readonly order: number[]
  /** Per processor where the task may run. */
  readonly steps?: { task: number; eft: number[]; oeft: number[] }[]
  readonly schedule: { task: number; proc: number; start: number; finish: number }[]
}

interface GoldFile {
  readonly id: string
  readonly expect: Record<string, { makespan: number; proc?: number[] }>
  readonly detail: Record<'heft' | 'cpop' | 'peft', Detail>
  readonly bound: Record<'cpMin' | 'cpComm' | 'area' | 'best', number>
  readonly optimum: { makespan: number } | null
}

const read = (name: string) => readFileSync(new URL(`gold/${name}`, import.meta.url), 'utf8')
const texts = ['topcuoglu2002.json', 'peft2014.json'].map(read).concat(read('random.jsonl').trim().split('\n'))
const cases = texts.map((text) => [(JSON.parse(text) as GoldFile).id, text] as const)

function expectClose(actual: ArrayLike<number>, expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length)
  for (const [index, value] of expected.entries()) {
    expect(Math.abs(actual[index]! - value)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(value)))
  }
}

function expectSchedule(actual: Schedule, expected: Detail): void {
  expectClose([actual.makespanMs], [expected.makespan])
  expect(actual.order).toEqual(expected.order)
  const byTask = [...expected.schedule].sort((a, b) => a.task - b.task)
  expect(actual.assignments.map(({ task, processor }) => [task, processor])).toEqual(byTask.map(({ task, proc }) => [task, proc]))
  expectClose(
    actual.assignments.flatMap(({ startMs, finishMs }) => [startMs, finishMs]),
    byTask.flatMap(({ start, finish }) => [start, finish]),
  )
}

describe.each(cases)('%s', (_, text) => {
  const gold = JSON.parse(text) as GoldFile
  const problem = createProblem(parseInstances(text)[0]!.input)
  const { heft, cpop, peft } = gold.detail

  it('HEFT: ranks, order, times', () => {
    expectClose(upwardRankMs(problem), heft.rank_u!)
    expectSchedule(runAlgorithm('heft', problem), heft)
  })

  it('CPOP: ranks, critical path, its processor, order, times', () => {
    const rankUMs = upwardRankMs(problem)
    expectClose(rankUMs, cpop.rank_u!)
    expectClose(downwardRankMs(problem), cpop.rank_d!)
    expectClose(cpopPolicy(problem).priorityMs, cpop.priority!)
    const path = criticalPath(problem, rankUMs)
    expect(path).toEqual(cpop.criticalPath)
    expect(criticalPathProcessor(problem, path)).toBe(cpop.cpProcessor)
    expectSchedule(runAlgorithm('cpop', problem), cpop)
  })

  it('PEFT: optimistic costs, ranks, order, times, and what every processor offered at each step', () => {
    const octMs = optimisticCostMs(problem)
    expectClose(octMs, peft.oct!.flat())
    expectClose(optimisticRankMs(problem, octMs), peft.rank_oct!)
    const schedule = runAlgorithm('peft', problem)
    expectSchedule(schedule, peft)
    for (const { task, eft, oeft } of peft.steps!) {
      const feasible = processorChoices(problem, schedule, task).filter((choice) => choice.feasible)
      expectClose(
        feasible.map(({ finishMs }) => finishMs!),
        eft,
      )
      expectClose(
        feasible.map(({ scoreMs }) => scoreMs!),
        oeft,
      )
    }
  })

  it('makespans and processors as expected, never below the bounds or the optimum', () => {
    for (const name of ['heft', 'cpop', 'peft'] as const) {
      const schedule = runAlgorithm(name, problem)
      const { makespan, proc } = gold.expect[name]!
      expectClose([schedule.makespanMs], [makespan])
      if (proc !== undefined) expect(schedule.assignments.map(({ processor }) => processor)).toEqual(proc)
      expect(schedule.makespanMs).toBeGreaterThanOrEqual(Math.max(gold.bound.best, gold.optimum?.makespan ?? 0) - 1e-6)
    }
    const { cpMinMs, cpCommMs, areaMs, bestMs } = lowerBounds(problem)
    expectClose([cpMinMs, cpCommMs, areaMs, bestMs], [gold.bound.cpMin, gold.bound.cpComm, gold.bound.area, gold.bound.best])
  })
})

it.each([
  ['topcuoglu2002.json', { heft: 80, cpop: 86, 'look-ahead-heft': 76 }],
  ['peft2014.json', { heft: 133, peft: 122, 'look-ahead-heft': 127 }],
])('%s gives the published makespans', (file, published) => {
  const problem = createProblem(parseInstances(read(file))[0]!.input)
  for (const [name, makespanMs] of Object.entries(published)) {
    expect(runAlgorithm(name as ConstructorName, problem).makespanMs).toBeCloseTo(makespanMs, 9)
  }
})

describe('the DHS cluster', () => {
  const scenarios = parseInstances(read('dhs-scenarios.json'))
  it('has 16 scenarios', () => expect(scenarios).toHaveLength(16))

  it.each(scenarios.map((scenario) => [scenario.id, scenario] as const))(
    '%s: class, dispatch, makespans, bound',
    (_, { input, load, expect: expected }) => {
      const problem = createProblem(input)
      const { className, algorithm } = classifyLoad(load!)
      expect({ className, algorithm }).toEqual({ className: expected!.cls, algorithm: expected!.algorithm })
      expect(runAlgorithm('dhs', problem, { load })).toMatchObject({ algorithm: 'dhs', dispatchedTo: expected!.algorithm })
      for (const name of ['local', 'edge', 'heft', 'cpop', 'peft', 'dhs'] as const) {
        expectClose([runAlgorithm(name, problem, { load }).makespanMs], [Number(expected![name])])
      }
      expectClose([lowerBounds(problem).bestMs], [Number(expected!.bound)])
    },
  )
})
