import { expect, it } from '@jest/globals'
import type { Outcome } from '../../../../models/contracts/what-if.ts'
import { barAt, GANTT, ganttLayout } from './gantt-layout.ts'

type Task = Outcome['tasks'][number]
const aTask = (accelerator: string, startMs: number, finishMs: number): Task => ({
  task: 0,
  request: 'r1',
  name: 'infer',
  accelerator,
  plannedStartMs: startMs,
  plannedFinishMs: finishMs,
  startMs,
  finishMs,
  costSource: 'measured',
})
const anOutcome = (tasks: Task[]): Outcome => ({
  algorithm: 'heft',
  picked: null,
  plannedMakespanMs: 0,
  makespanMs: 0,
  meanLatencyMs: 0,
  p95LatencyMs: 0,
  utilization: [],
  slr: 1,
  speedup: 1,
  lowerBoundMs: 0,
  gapRatio: 0,
  moveCount: 0,
  moveSeconds: 0,
  moves: [],
  deadlineMissCount: 0,
  energy: { aboveIdleJoules: 0, transferJoules: 0, totalJoules: 0, source: '' },
  isPareto: true,
  requests: [],
  tasks,
  placements: [],
})
const processor = (accelerator: string, readyMs = 0) => ({
  accelerator,
  node: 'n',
  acceleratorKind: 'CPU' as const,
  emulated: true,
  readyMs,
})
const answer = { processors: [processor('a/cpu0'), processor('b/gpu0', 50), processor('c/npu0')] }
const width = GANTT.labelPx + GANTT.rightPx + 200

it('lays both schedules over the same rows and one axis', () => {
  const gantt = ganttLayout(answer, [anOutcome([aTask('a/cpu0', 0, 100)]), anOutcome([aTask('a/cpu0', 100, 200)])], width)
  // c/npu0 has no work in either; b/gpu0 has none but is busy with what already runs.
  expect(gantt.rows.map(({ accelerator }) => accelerator)).toEqual(['a/cpu0', 'b/gpu0'])
  expect(gantt.rows[1]!.busyUntilX).toBe(GANTT.labelPx + 50)
  const [first, second] = gantt.bars
  expect(first).toMatchObject({ lane: 0, x: GANTT.labelPx, width: 100, y: gantt.rows[0]!.y })
  expect(second).toMatchObject({ lane: 1, x: GANTT.labelPx + 100, width: 100, y: gantt.rows[0]!.y + GANTT.lanePx + GANTT.laneGapPx })
  expect(second!.y + second!.height).toBe(gantt.rows[0]!.y + gantt.rows[0]!.height)
})

it('shows even the shortest task, and ticks at round times', () => {
  const gantt = ganttLayout(answer, [anOutcome([aTask('a/cpu0', 0, 0.001), aTask('a/cpu0', 0.001, 730)])], width)
  expect(gantt.bars[0]!.width).toBe(GANTT.barMinPx)
  expect(gantt.ticks.map(({ timeMs }) => timeMs)).toEqual([0, 100, 200, 300, 400, 500, 600, 700])
})

it('finds the bar under the pointer', () => {
  const gantt = ganttLayout(answer, [anOutcome([aTask('a/cpu0', 0, 100), aTask('b/gpu0', 50, 200)])], width)
  for (const [index, bar] of gantt.bars.entries()) expect(barAt(gantt, bar.x + bar.width / 2, bar.y + 3)).toBe(index)
  expect(barAt(gantt, 3, 3)).toBeNull()
})

it('survives an answer without tasks', () => {
  expect(ganttLayout({ processors: [] }, [anOutcome([])], 300)).toMatchObject({ rows: [], bars: [] })
})
