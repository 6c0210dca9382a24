import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { runAlgorithm } from './algorithms.ts'
import { anyProblemInput } from './any-problem-input.ts'
import { FREE, planOf } from './decode.ts'
import { changePlan } from './plan-moves.ts'
import { createProblem } from './problem.ts'
import { problemOfFamily } from './problem-families.ts'
import { seededChoice } from './seeded-choice.ts'

it('never puts a task where it may not run', () => {
  fc.assert(
    fc.property(anyProblemInput(), fc.integer(), (input, seed) => {
      fc.pre(input.computeMs.length > 0)
      const problem = createProblem(input)
      const plan = planOf(runAlgorithm('heft', problem))
      const move = { chain: [...problem.graph.topologicalOrder], choice: seededChoice(seed) }
      for (let count = 0; count < 60; count++) changePlan(problem, plan, move)
      for (const [task, processor] of plan.processorOf.entries())
        expect(processor === FREE || input.computeMs[task]![processor] !== null).toBe(true)
    }),
    { seed: 2002, numRuns: 60 },
  )
})

it('draws every move: reorder, move one task, move several, free one, free several', () => {
  const problem = createProblem(problemOfFamily('dnn', { seed: 1, taskCount: 18, processorCount: 4 }))
  const before = planOf(runAlgorithm('heft', problem))
  const choice = seededChoice(1)
  const kinds = new Map<string, number>()
  for (let count = 0; count < 400; count++) {
    const plan = { priority: before.priority.slice(), processorOf: before.processorOf.slice() }
    changePlan(problem, plan, { chain: [1, 2, 3, 4, 5], choice })
    const moved = [...plan.processorOf.keys()].filter((task) => plan.processorOf[task] !== before.processorOf[task])
    const reordered = plan.priority.some((priority, task) => priority !== before.priority[task])
    const isFree = moved.some((task) => plan.processorOf[task] === FREE)
    const size = moved.length > 1 ? 'several' : moved.length === 1 ? 'one' : 'none'
    const kind = reordered ? 'reorder' : `${isFree ? 'free' : 'move'} ${size}`
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
  }
  for (const kind of ['reorder', 'move one', 'move several', 'free one', 'free several'])
    expect(kinds.get(kind) ?? 0).toBeGreaterThan(kind === 'free one' ? 40 : 0)
})
