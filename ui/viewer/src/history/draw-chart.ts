/**
 * One field as a chart: the only file that knows uPlot. A band from least to greatest with the line of the mean on it, modes
 * as grounds behind, the crosshair of all charts, and the past instant that the page shows.
 *
 * What changes often (values, span, grounds, moment) is set on the chart that stands; only size and colours make a new one.
 */
import uPlot from 'uplot'
import type { HistoryUnit } from '../../../../models/contracts/history.ts'
import type { ChartColours } from './chart-colours.ts'
import type { Columns } from './columns.ts'
import { formatUnit } from './fields.ts'
import { type Span, timeTick } from './ranges.ts'

export interface Ground extends Span {
  readonly colour: string
}
export interface Shown {
  readonly columns: Columns
  readonly span: Span
  readonly grounds: readonly Ground[]
  readonly pastMs: number | null
}
export interface ChartOptions {
  readonly unit: HistoryUnit
  readonly widthPx: number
  /** Only the lowest of a stack says the time. */
  readonly hasTimes: boolean
  readonly colours: ChartColours
  readonly onHover: (timeMs: number | null) => void
  readonly onPick: (timeMs: number) => void
}
export interface Chart {
  readonly show: (shown: Shown) => void
  readonly point: (timeMs: number | null) => void
  readonly remove: () => void
}

/** Left of the plot, CSS pixels: the charts of a stack begin at the same place. */
export const AXIS_PX = 62
export const RIGHT_PX = 10
const PLOT_PX = 78
const TIMES_PX = 24
const TOP_PX = 8

export function drawChart(element: HTMLElement, options: ChartOptions): Chart {
  let shown: Shown = { columns: { timesMs: [], means: [], mins: [], maxs: [] }, span: { fromMs: 0, toMs: 1 }, grounds: [], pastMs: null }
  const { onHover, onPick } = options
  const chart = new uPlot(
    {
      ...frameOf(options),
      hooks: {
        drawClear: [(self) => drawGrounds(self, shown.grounds)],
        draw: [(self) => drawPast(self, shown.pastMs, options.colours)],
        setCursor: [({ cursor, posToVal }) => onHover((cursor.left ?? -1) < 0 ? null : posToVal(cursor.left!, 'x'))],
      },
    },
    undefined,
    element,
  )
  chart.over.addEventListener('click', ({ offsetX }) => onPick(chart.posToVal(offsetX, 'x')))
  return {
    show: (next) => {
      shown = next
      const { timesMs, means, mins, maxs } = next.columns
      chart.batch(() => {
        chart.setData([[...timesMs], [...maxs], [...mins], [...means]], false)
        chart.setScale('x', { min: next.span.fromMs, max: next.span.toMs })
      })
    },
    point: (timeMs) => {
      const { fromMs, toMs } = shown.span
      const isOut = timeMs === null || timeMs < fromMs || timeMs > toMs
      chart.setCursor({ left: isOut ? -10 : chart.valToPos(timeMs, 'x'), top: isOut ? -10 : 0 }, false)
    },
    remove: () => chart.destroy(),
  }
}

function frameOf({ unit, widthPx, hasTimes, colours: { palette } }: ChartOptions): Omit<uPlot.Options, 'hooks'> {
  const font = `11px ${palette.font}`
  const axis = { font, stroke: palette.muted, grid: { stroke: palette.line, width: 1 }, ticks: { show: false } } as const
  const edge = { stroke: 'transparent', width: 0, points: { show: false } } as const
  return {
    width: widthPx,
    height: TOP_PX + PLOT_PX + (hasTimes ? TIMES_PX : TOP_PX),
    ms: 1,
    padding: [TOP_PX, RIGHT_PX, hasTimes ? 0 : TOP_PX, 0],
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false, setScale: false } },
    scales: { x: { time: true }, y: { range: (_, low, high) => rangeOf(unit, low, high) } },
    axes: [
      {
        ...axis,
        size: hasTimes ? TIMES_PX : 0,
        space: 62,
        gap: 4,
        values: (_, splits, __, ___, distanceMs) => splits.map((timeMs) => (hasTimes ? timeTick(timeMs, distanceMs) : '')),
      },
      {
        ...axis,
        size: AXIS_PX,
        space: 26,
        gap: 6,
        ...(unit === 'bytes' ? { incrs: POWERS_OF_TWO } : unit === 'count' ? { incrs: WHOLE } : {}),
        values: (_, splits) => splits.map((value) => formatUnit(unit, value)),
      },
    ],
    series: [{}, edge, edge, { stroke: palette.util, width: 1.6, points: { size: 4, fill: palette.util, filter: lonely } }],
    bands: [{ series: [1, 2], fill: `color-mix(in srgb, ${palette.util} 28%, transparent)` }],
  }
}

const POWERS_OF_TWO = Array.from({ length: 50 }, (_, power) => 2 ** power)
const WHOLE = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 10_000, 100_000]

/** From zero, as sizes are compared by height, but for temperatures. A share is of the whole. */
function rangeOf(unit: HistoryUnit, low: number | null, high: number | null): uPlot.Range.MinMax {
  if (unit === 'ratio' && (low ?? 0) >= 0 && (high ?? 1) <= 1) return [0, 1]
  if (low === null || high === null) return [0, 1]
  const margin = (high - low || Math.abs(high) || 1) * 0.1
  return [unit === 'celsius' || low < 0 ? low - margin : 0, high + margin]
}

/** A point between two gaps has no line, so it gets a dot. */
const lonely: uPlot.Series.Points.Filter = (self, seriesIndex) => {
  const values = self.data[seriesIndex] ?? []
  const isNone = (index: number) => values[index] === null || values[index] === undefined
  return [...values.keys()].filter((index) => !isNone(index) && isNone(index - 1) && isNone(index + 1))
}

function drawGrounds({ ctx, bbox, valToPos }: uPlot, grounds: readonly Ground[]): void {
  for (const { fromMs, toMs, colour } of grounds) {
    const left = Math.max(bbox.left, valToPos(fromMs, 'x', true))
    const right = Math.min(bbox.left + bbox.width, valToPos(toMs, 'x', true))
    ctx.fillStyle = colour
    if (right > left) ctx.fillRect(left, bbox.top, right - left, bbox.height)
  }
}

function drawPast({ ctx, bbox, valToPos }: uPlot, pastMs: number | null, { palette }: ChartColours): void {
  if (pastMs === null) return
  const x = valToPos(pastMs, 'x', true)
  if (x < bbox.left || x > bbox.left + bbox.width) return
  ctx.fillStyle = palette.accent
  ctx.fillRect(Math.round(x) - 1, bbox.top, 2, bbox.height)
}
