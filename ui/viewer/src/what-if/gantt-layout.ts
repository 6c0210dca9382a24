/**
 * Geometry of the chart that lays two schedules over the same rows: one row per accelerator, the winner in its upper
 * lane, the other in its lower one, one time axis for both. Pure, so that drawing, pointer and keyboard agree.
 */
import type { Outcome, WhatIfAnswer } from '../../../../models/contracts/what-if.ts'
import type { Box } from '../map/placed.ts'

export interface Bar extends Box {
  readonly lane: 0 | 1
  /** Index into the outcome's tasks. */
  readonly task: number
}
export interface GanttRow {
  readonly accelerator: string
  readonly y: number
  readonly height: number
  /** Until here the accelerator is busy with what already runs; null when it is free. */
  readonly busyUntilX: number | null
}
export interface Gantt {
  readonly width: number
  readonly height: number
  readonly left: number
  readonly rows: readonly GanttRow[]
  /** Per lane in order of start; ties by row. */
  readonly bars: readonly Bar[]
  readonly ticks: readonly { readonly x: number; readonly timeMs: number }[]
  readonly endMs: number
}

export const GANTT = { labelPx: 112, axisPx: 22, lanePx: 15, laneGapPx: 3, rowGapPx: 9, barMinPx: 2, rightPx: 16 } as const
const TICKS_MAX = 8

export function ganttLayout(
  { processors }: Pick<WhatIfAnswer, 'processors'>,
  lanes: readonly [Outcome] | readonly [Outcome, Outcome],
  width: number,
): Gantt {
  const rowHeight = lanes.length * GANTT.lanePx + (lanes.length - 1) * GANTT.laneGapPx
  const left = GANTT.labelPx
  const right = Math.max(left + 50, width - GANTT.rightPx)
  const endMs = Math.max(1, ...lanes.flatMap(({ tasks }) => tasks.map(({ finishMs }) => finishMs)))
  const xOf = (timeMs: number) => left + (Math.max(0, timeMs) / endMs) * (right - left)
  const used = new Set(lanes.flatMap(({ tasks }) => tasks.map(({ accelerator }) => accelerator)))
  const shown = processors.filter(({ accelerator, readyMs }) => used.has(accelerator) || readyMs > 0)

  const rows = shown.map(({ accelerator, readyMs }, index) => ({
    accelerator,
    y: GANTT.axisPx + 6 + index * (rowHeight + GANTT.rowGapPx),
    height: rowHeight,
    busyUntilX: readyMs > 0 ? Math.min(right, xOf(readyMs)) : null,
  }))
  const rowOf = new Map(rows.map((row) => [row.accelerator, row]))
  const bars = lanes.flatMap(({ tasks }, lane) =>
    tasks
      .flatMap(({ accelerator, startMs, finishMs }, task): Bar[] => {
        const row = rowOf.get(accelerator)
        if (row === undefined) return []
        const x = xOf(startMs)
        const y = row.y + lane * (GANTT.lanePx + GANTT.laneGapPx)
        return [{ lane: lane === 0 ? 0 : 1, task, x, y, width: Math.max(GANTT.barMinPx, xOf(finishMs) - x), height: GANTT.lanePx }]
      })
      .sort((a, b) => a.x - b.x || a.y - b.y),
  )
  const height = GANTT.axisPx + 6 + rows.length * (rowHeight + GANTT.rowGapPx)
  const stepMs = tickStepMs(endMs)
  const ticks = Array.from({ length: Math.floor(endMs / stepMs) + 1 }, (_, index) => ({ timeMs: index * stepMs, x: xOf(index * stepMs) }))
  return { width, height, left, rows, bars, ticks, endMs }
}

/** The bar under a point, the later drawn first; null for none. */
export function barAt({ bars }: Gantt, x: number, y: number): number | null {
  const index = bars.findLastIndex((bar) => x >= bar.x - 1 && x <= bar.x + bar.width + 1 && y >= bar.y && y <= bar.y + bar.height)
  return index < 0 ? null : index
}

/** 1, 2 or 5 times a power of ten, for at most eight ticks. */
function tickStepMs(endMs: number): number {
  const least = endMs / TICKS_MAX
  const power = 10 ** Math.floor(Math.log10(least))
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= least)!
}
