import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { CONSTRUCTOR_NAMES, runAlgorithm } from './algorithms.ts'
import { anyProblemInput } from './any-problem-input.ts'
import { decode, decodedSchedule, FREE, planOf } from './decode.ts'
import { realLinkCostMs } from './peft-real-link.ts'
import { createProblem } from './problem.ts'

const SEED = 2002
const aName = fc.constantFrom(...CONSTRUCTOR_NAMES.filter((name) => name !== 'dhs'))

it('the plan of a schedule decodes to that schedule, whoever made it', () => {
  fc.assert(
    fc.property(anyProblemInput(), aName, (input, name) => {
      const problem = createProblem(input)
      const schedule = runAlgorithm(name, problem)
      expect(decode(problem, planOf(schedule))).toBe(schedule.makespanMs)
      expect(decodedSchedule(name, problem)).toEqual(schedule)
    }),
    { seed: SEED, numRuns: 300 },
  )
})

it('a plan of free tasks in order of upward rank is HEFT', () => {
  fc.assert(
    fc.property(anyProblemInput(), (input) => {
      const problem = createProblem(input)
      const heft = runAlgorithm('heft', problem)
      const plan = planOf(heft)
      plan.processorOf.fill(FREE)
      decode(problem, plan)
      expect(decodedSchedule('heft', problem)).toEqual(heft)
    }),
    { seed: SEED, numRuns: 100 },
  )
})

it('gives up only when the makespan exceeds the limit', () => {
  fc.assert(
    fc.property(anyProblemInput(), fc.double({ min: 0, max: 2, noNaN: true }), (input, ratio) => {
      const problem = createProblem(input)
      const plan = planOf(runAlgorithm('cpop', problem))
      const fullMs = decode(problem, plan)
      const makespanMs = decode(problem, plan, { makespanMs: fullMs * ratio, tailMs: realLinkCostMs(problem) })
      expect(makespanMs).toBe(ratio >= 1 + 1e-9 || fullMs === 0 ? fullMs : makespanMs)
      if (ratio < 1 && fullMs > 0) expect(makespanMs).toBe(Number.POSITIVE_INFINITY)
    }),
    { seed: SEED, numRuns: 200 },
  )
})
