/** The strip at the foot: requests by state, latency, and one dot per completed request in its camera's colour over two minutes. */
import { useEffect, useMemo, useRef } from 'react'
import { counted, duration, UNKNOWN } from '../format.ts'
import { HISTORY_MS } from '../live/history.ts'
import { usePage, useTwin } from '../live/store.ts'
import { useTheme } from '../live/theme.ts'
import { useTwinNow } from '../live/twin-time.ts'
import { write } from '../map/pen.ts'
import { cameraIndexes, readPalette } from '../palette.ts'
import { type RequestFigures, requestFigures } from './request-figures.ts'

export function RequestsStrip() {
  const { entities, status } = useTwin()
  const { connection } = usePage()
  const count = (value: number) => (status === null ? UNKNOWN : String(value))
  const figures = useMemo(() => requestFigures(entities.request.values()), [entities.request])
  return (
    <section className="strip" aria-label="Requests">
      <dl className="strip-figures">
        <Figure title="waiting" value={count(figures.waitingCount)} />
        <Figure title="assigned" value={count(figures.assignedCount)} />
        <Figure title="completed" value={count(figures.completedCount)} />
        <Figure title="failed" value={count(figures.failedCount)} tone={figures.failedCount > 0 ? 'is-bad' : ''} />
        <Figure title="latency p50" value={duration(figures.p50Ms)} />
        <Figure title="latency p95" value={duration(figures.p95Ms)} />
      </dl>
      <LatencyChart figures={figures} />
      <dl className="strip-figures">
        <Figure title="event to page" value={duration(connection.latencyMs)} />
      </dl>
    </section>
  )
}

function Figure({ title, value, tone = '' }: { title: string; value: string; tone?: string }) {
  return (
    <div className={`strip-figure ${tone}`}>
      <dt>{title}</dt>
      <dd>{value}</dd>
    </div>
  )
}

function LatencyChart({ figures }: { figures: RequestFigures }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const { entities } = useTwin()
  const theme = useTheme()
  const nowMs = useTwinNow()
  // biome-ignore lint/correctness/useExhaustiveDependencies: the theme changes what the style sheet answers
  const palette = useMemo(() => readPalette(document.body), [theme])
  const colourOf = useMemo(() => cameraIndexes(entities.camera.keys()), [entities.camera])
  useEffect(() => {
    const element = canvas.current
    const context = element?.getContext('2d')
    if (element == null || context == null) return
    const { clientWidth: width, clientHeight: height } = element
    const scale = devicePixelRatio
    if (element.width !== width * scale || element.height !== height * scale)
      Object.assign(element, { width: width * scale, height: height * scale })
    context.setTransform(scale, 0, 0, scale, 0, 0)
    context.clearRect(0, 0, width, height)
    const topMs = niceAbove(Math.max(1_000, ...figures.completed.map(({ latencyMs }) => latencyMs)))
    const pen = { context, font: palette.font }
    const chart = { left: 52, right: width - 8, top: 8, bottom: height - 8 }
    for (const share of [0, 0.5, 1]) {
      const y = chart.bottom - share * (chart.bottom - chart.top)
      context.fillStyle = palette.line
      context.fillRect(chart.left, y, chart.right - chart.left, 1)
      write(pen, duration(topMs * share), { x: chart.left - 6, y: y + 3.5 }, { size: 10, colour: palette.muted, align: 'right' })
    }
    for (const { timeMs, latencyMs, camera } of figures.completed) {
      const x = chart.right - ((nowMs - timeMs) / HISTORY_MS) * (chart.right - chart.left)
      if (x < chart.left) continue
      context.fillStyle = palette.cameras[colourOf.get(camera) ?? 0]!
      context.beginPath()
      context.arc(Math.min(chart.right, x), chart.bottom - (latencyMs / topMs) * (chart.bottom - chart.top), 2.6, 0, 7)
      context.fill()
    }
  }, [figures, palette, nowMs, colourOf])
  return (
    <div className="strip-chart">
      <canvas ref={canvas} />
      <span className="unseen">{counted(figures.completed.length, 'completed request')} of the last two minutes are kept.</span>
    </div>
  )
}

/** 1, 2 or 5 times a power of ten, so that the scale seldom changes. */
export function niceAbove(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value))
  return [1, 2, 5, 10].map((step) => step * power).find((nice) => nice >= value)!
}
