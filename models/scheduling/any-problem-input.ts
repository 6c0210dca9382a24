/**
 * Generated scheduling problems for property tests: any task order, forbidden pairs, shared hosts, asymmetric links, busy processors.
 * Every algorithm can run on them: each task may run at home, and the last processor is an edge server.
 */
import fc from 'fast-check'
import type { ProblemInput } from './problem.ts'
import type { Edge } from './task-graph.ts'

export function anyProblemInput({ taskCountMax = 14, processorCountMax = 5 } = {}): fc.Arbitrary<ProblemInput> {
  return fc
    .record({ taskCount: fc.integer({ min: 0, max: taskCountMax }), processorCount: fc.integer({ min: 1, max: processorCountMax }) })
    .chain(({ taskCount, processorCount }) => {
      const perTask = <T>(item: fc.Arbitrary<T>) => fc.array(item, { minLength: taskCount, maxLength: taskCount })
      const perProcessor = <T>(item: fc.Arbitrary<T>) => fc.array(item, { minLength: processorCount, maxLength: processorCount })
      const processor = fc.nat(processorCount - 1)
      return fc.record({
        timesMs: perTask(perProcessor(fc.option(aTimeMs(), { freq: 4 }))),
        homeMs: perTask(aTimeMs()),
        requestOf: perTask(fc.nat(2)),
        homes: fc.array(fc.uniqueArray(processor, { minLength: 1, maxLength: 2 }), { minLength: 3, maxLength: 3 }),
        links: fc.array(fc.tuple(fc.nat(Math.max(0, taskCount - 1)), fc.nat(Math.max(0, taskCount - 1)), fc.nat(10_000)), {
          maxLength: 30,
        }),
        taskOrder: fc.shuffledSubarray([...Array(taskCount).keys()], { minLength: taskCount, maxLength: taskCount }),
        bytesPerMs: perProcessor(perProcessor(fc.integer({ min: 1, max: 5_000 }))),
        latencyMs: perProcessor(perProcessor(fc.nat(4))),
        readyMs: fc.option(perProcessor(fc.nat(30)), { nil: undefined }),
        hostOf: fc.option(perProcessor(fc.nat(2)), { nil: undefined }),
      })
    })
    .map(({ timesMs, homeMs, links, taskOrder, ...rest }) => ({
      ...rest,
      computeMs: timesMs.map((row, task) =>
        row.map((ms, processor) => ms ?? (rest.homes[rest.requestOf[task]!]![0] === processor ? homeMs[task]! : null)),
      ),
      edges: toAcyclicEdges(links, taskOrder),
      edge: [rest.bytesPerMs.length - 1],
    }))
}

/** Few distinct values, so that ties are common; 0 included. */
function aTimeMs(): fc.Arbitrary<number> {
  return fc.oneof(
    fc.integer({ min: 0, max: 12 }),
    fc.integer({ min: 1, max: 4_000 }).map((n) => n / 100),
  )
}

/** Every edge leads forward in a shuffled order, so it cannot close a cycle. */
function toAcyclicEdges(links: readonly Edge[], taskOrder: readonly number[]): Edge[] {
  const byEnds = new Map<string, Edge>()
  for (const [a, b, bytes] of links) {
    if (a === b) continue
    const edge: Edge = [taskOrder[Math.min(a, b)]!, taskOrder[Math.max(a, b)]!, bytes]
    byEnds.set(`${edge[0]}-${edge[1]}`, edge)
  }
  return [...byEnds.values()]
}
