import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { heft } from './heft.ts'
import { createProblem } from './problem.ts'
import { clearTimeline, createTimeline, earliestStartMs, occupy, occupyOnTrial, vacate } from './timeline.ts'

it('puts a task into an earlier gap: the insertion policy', () => {
  const links = [
    [1, 1],
    [1, 1],
  ]
  const noLatency = [
    [0, 0],
    [0, 0],
  ]
  const computeMs = [
    [100, 8],
    [1, 100],
    [3, 20],
  ]
  const schedule = heft(createProblem({ computeMs, edges: [[0, 1, 2]], bytesPerMs: links, latencyMs: noLatency }))
  expect(schedule.assignments[2]).toEqual({ task: 2, processor: 0, startMs: 0, finishMs: 3 })
  expect(schedule.makespanMs).toBe(11)
})

/** The definition: the least time, from `readyMs` and the arrival on, from which nothing placed is in the way. */
function earliestStartByDefinition(placed: readonly { startMs: number; finishMs: number }[], floorMs: number, durationMs: number): number {
  const candidates = [floorMs, ...placed.map(({ finishMs }) => finishMs).filter((ms) => ms >= floorMs)].sort((a, b) => a - b)
  return candidates.find((startMs) => placed.every((other) => startMs + durationMs <= other.startMs || other.finishMs <= startMs))!
}

it('finds the same start as the definition, on any sequence of tasks', () => {
  const aTask = fc.record({ arrivalMs: fc.nat(60), durationMs: fc.integer({ min: 1, max: 9 }) })
  fc.assert(
    fc.property(fc.nat(5), fc.array(aTask, { maxLength: 40 }), (readyMs, tasks) => {
      const timeline = createTimeline(tasks.length, 2)
      clearTimeline(timeline, Float64Array.of(0, readyMs))
      const placed: { startMs: number; finishMs: number }[] = []
      for (const [task, { arrivalMs, durationMs }] of tasks.entries()) {
        timeline.arrivalMs[1] = arrivalMs
        const startMs = earliestStartMs(timeline, 1, durationMs)
        expect(startMs).toBe(earliestStartByDefinition(placed, Math.max(arrivalMs, readyMs), durationMs))
        const assignment = { task, processor: 1, startMs, finishMs: startMs + durationMs }
        occupy(timeline, assignment)
        placed.push(assignment)
      }
    }),
    { seed: 2002, numRuns: 300 },
  )
})

it('forgets a gap that a task fills to the last millisecond', () => {
  const timeline = createTimeline(2, 1)
  clearTimeline(timeline, Float64Array.of(0))
  occupy(timeline, { task: 0, processor: 0, startMs: 4, finishMs: 6 })
  expect(timeline.gapCount[0]).toBe(2)
  occupy(timeline, { task: 1, processor: 0, startMs: 0, finishMs: 4 })
  expect(timeline.gapCount[0]).toBe(1)
  expect(timeline.gapStartMs[0]).toBe(6)
})

it('trials taken back, last first, leave every gap as it was', () => {
  const aTask = fc.record({ arrivalMs: fc.nat(60), durationMs: fc.nat(9) })
  fc.assert(
    fc.property(fc.array(aTask, { maxLength: 30 }), fc.nat(30), (tasks, keptCount) => {
      const timeline = createTimeline(tasks.length, 1)
      clearTimeline(timeline, Float64Array.of(0))
      const next = (task: number) => {
        const { arrivalMs, durationMs } = tasks[task]!
        timeline.arrivalMs[0] = arrivalMs
        const startMs = earliestStartMs(timeline, 0, durationMs)
        return { task, processor: 0, startMs, finishMs: startMs + durationMs }
      }
      const gaps = () => [...timeline.gapStartMs.subarray(0, timeline.gapCount[0]), ...timeline.gapEndMs.subarray(0, timeline.gapCount[0])]
      const kept = Math.min(keptCount, tasks.length)
      for (let task = 0; task < kept; task++) occupy(timeline, next(task))
      const before = gaps()
      const trials = tasks.slice(kept).map((_, index) => occupyOnTrial(timeline, next(kept + index)))
      for (const taken of trials.toReversed()) vacate(timeline, taken)
      expect(gaps()).toEqual(before)
    }),
    { seed: 2002 },
  )
})
