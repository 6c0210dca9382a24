/** One field: its name, its value at the moment pointed at, else the newest, and the chart. */
import { useEffect, useEffectEvent, useLayoutEffect, useRef, useState } from 'react'
import type { HistoryUnit, SeriesPoint } from '../../../../models/contracts/history.ts'
import { useTheme } from '../live/theme.ts'
import type { Tone } from '../map/signs.ts'
import { readChartColours } from './chart-colours.ts'
import { toColumns } from './columns.ts'
import { type Chart, drawChart } from './draw-chart.ts'
import { formatUnit, type ShownField } from './fields.ts'
import type { Period } from './periods.ts'
import type { Span } from './ranges.ts'

export interface FieldChartProps {
  readonly shown: ShownField
  /** At the moment pointed at, else the newest; null: nothing was heard. */
  readonly value: SeriesPoint | null
  readonly span: Span
  readonly grounds: readonly (Period & { readonly tone: Tone })[]
  readonly pastMs: number | null
  readonly momentMs: number | null
  readonly hasTimes: boolean
  readonly onHover: (timeMs: number | null) => void
  readonly onPick: (timeMs: number) => void
}

export function FieldChart({ shown, value, ...rest }: FieldChartProps) {
  const { field, title, unit } = shown.field
  return (
    <figure className="history-field" data-testid={`history-${field}`}>
      <figcaption>
        <span>{title}</span>
        <span className={value === null ? 'fine' : 'history-value'}>{valueText(value, unit)}</span>
      </figcaption>
      <Plot shown={shown} {...rest} />
    </figure>
  )
}

export function valueText(point: SeriesPoint | null, unit: HistoryUnit): string {
  if (point === null) return 'not heard'
  const [low, mean, high] = [point.min, point.mean, point.max].map((value) => formatUnit(unit, value))
  return low === high ? `${mean}` : `${mean} (${low} to ${high})`
}

/** The canvas, which the caption and the table say in words. */
function Plot({ shown, span, grounds, pastMs, momentMs, hasTimes, onHover, onPick }: Omit<FieldChartProps, 'value'>) {
  const {
    field: { unit },
    points,
    resolutionMs,
  } = shown
  const home = useRef<HTMLDivElement>(null)
  const chart = useRef<Chart | null>(null)
  const widthPx = useWidth(home)
  const theme = useTheme()
  const hover = useEffectEvent(onHover)
  const pick = useEffectEvent(onPick)
  const soft = useRef<ReturnType<typeof readChartColours>['soft'] | null>(null)

  // biome-ignore lint/correctness/useExhaustiveDependencies: the theme changes what the style sheet answers
  useEffect(() => {
    if (home.current === null || widthPx === 0) return
    const colours = readChartColours(document.body)
    soft.current = colours.soft
    chart.current = drawChart(home.current, {
      unit,
      widthPx,
      hasTimes,
      colours,
      onHover: (timeMs) => hover(timeMs),
      onPick: (timeMs) => pick(timeMs),
    })
    return () => {
      chart.current?.remove()
      chart.current = null
    }
  }, [unit, widthPx, hasTimes, theme])

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new chart is shown the same
  useEffect(() => {
    const coloured = grounds.map(({ tone, ...period }) => ({ ...period, colour: soft.current?.[tone] ?? '' }))
    chart.current?.show({ columns: toColumns(points, resolutionMs), span, grounds: coloured, pastMs })
  }, [points, resolutionMs, span, grounds, pastMs, widthPx, theme, hasTimes])

  // biome-ignore lint/correctness/useExhaustiveDependencies: a span that moves on moves the crosshair
  useEffect(() => chart.current?.point(momentMs), [momentMs, span, widthPx, theme])

  return <div ref={home} className={hasTimes ? 'history-plot has-times' : 'history-plot'} aria-hidden="true" />
}

function useWidth(element: React.RefObject<HTMLElement | null>): number {
  const [widthPx, setWidthPx] = useState(0)
  useLayoutEffect(() => {
    const target = element.current
    if (target === null) return
    const measure = () => setWidthPx(target.clientWidth)
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(target)
    return () => observer.disconnect()
  }, [element])
  return widthPx
}
