/** The winner against another algorithm on the same rows. Hover or arrow keys choose a task; the line beneath says all about it. */
import { useEffect, useMemo, useRef, useState } from 'react'
import type { Outcome, WhatIfAnswer } from '../../../../models/contracts/what-if.ts'
import { duration } from '../format.ts'
import { useTwin } from '../live/store.ts'
import { useTheme } from '../live/theme.ts'
import { cameraIndexes, readPalette } from '../palette.ts'
import { drawGantt } from './draw-gantt.ts'
import { barAt, ganttLayout } from './gantt-layout.ts'
import { ALGORITHM_TITLES } from './question.ts'

export function GanttChart({ answer, first, second }: { answer: WhatIfAnswer; first: Outcome; second: Outcome | null }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const width = useParentWidth(canvas)
  const [active, setActive] = useState<number | null>(null)
  const { entities } = useTwin()
  const theme = useTheme()
  // biome-ignore lint/correctness/useExhaustiveDependencies: the theme changes what the style sheet answers
  const palette = useMemo(() => readPalette(document.body), [theme])
  const lanes = useMemo(
    (): readonly [Outcome] | readonly [Outcome, Outcome] => (second === null ? [first] : [first, second]),
    [first, second],
  )
  const gantt = useMemo(() => ganttLayout(answer, lanes, width), [answer, lanes, width])
  const cameraByRequest = useMemo(() => new Map(first.requests.map(({ request, camera }) => [request, camera])), [first])
  const cameras = useMemo(
    () => cameraIndexes(new Set([...entities.camera.keys(), ...cameraByRequest.values()])),
    [entities.camera, cameraByRequest],
  )

  // biome-ignore lint/correctness/useExhaustiveDependencies: another answer has other bars
  useEffect(() => setActive(null), [answer, second])
  useEffect(() => {
    if (canvas.current === null || width === 0) return
    drawGantt(canvas.current, {
      gantt,
      lanes,
      active,
      palette,
      cameraOf: ({ request }) => cameraByRequest.get(request) ?? '',
      colourOf: (camera) => palette.cameras[cameras.get(camera) ?? 0]!,
    })
  }, [gantt, lanes, active, palette, cameraByRequest, cameras, width])

  const onKeyDown = (event: React.KeyboardEvent) => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
    if (step === 0 || gantt.bars.length === 0) return
    event.preventDefault()
    setActive(active === null ? 0 : (active + step + gantt.bars.length) % gantt.bars.length)
  }
  const bar = active === null ? undefined : gantt.bars[active]
  const text =
    bar === undefined
      ? 'Point at a task, or use the arrow keys, to see its times and the source of its cost.'
      : describeTask(lanes[bar.lane]!, bar.task, cameraByRequest)
  const versus = second === null ? '' : ` against ${ALGORITHM_TITLES[second.algorithm]}`
  return (
    <figure className="gantt">
      <div
        className="gantt-chart"
        // One value at a time out of many, chosen by arrow keys: what assistive technology knows as a slider.
        role="slider"
        aria-label={`Tasks of ${ALGORITHM_TITLES[first.algorithm]}${versus} on ${gantt.rows.length} accelerators`}
        aria-valuemin={0}
        aria-valuemax={gantt.bars.length}
        aria-valuenow={active === null ? 0 : active + 1}
        aria-valuetext={text}
        data-testid="whatif-gantt"
        tabIndex={0}
        onKeyDown={onKeyDown}
        onPointerMove={({ nativeEvent }) => setActive(barAt(gantt, nativeEvent.offsetX, nativeEvent.offsetY))}
        onPointerLeave={() => setActive(null)}
      >
        <canvas ref={canvas} style={{ width: '100%', height: gantt.height }} />
      </div>
      <figcaption className="gantt-caption">{text}</figcaption>
    </figure>
  )
}

function useParentWidth(canvas: React.RefObject<HTMLCanvasElement | null>): number {
  const [width, setWidth] = useState(0)
  useEffect(() => {
    const parent = canvas.current?.parentElement
    if (parent == null) return
    const observer = new ResizeObserver(() => setWidth(parent.clientWidth))
    observer.observe(parent)
    return () => observer.disconnect()
  }, [canvas])
  return width
}

function describeTask({ algorithm, tasks }: Outcome, index: number, cameraByRequest: ReadonlyMap<string, string>): string {
  const { name, request, accelerator, startMs, finishMs, plannedFinishMs, costSource } = tasks[index]!
  const planned = Math.abs(plannedFinishMs - finishMs) < 1 ? 'as planned' : `planned to end at ${duration(plannedFinishMs)}`
  const camera = cameraByRequest.get(request) ?? '?'
  return `${ALGORITHM_TITLES[algorithm]} · ${name} of ${request} (${camera}) on ${accelerator}: ${duration(startMs)} to ${duration(finishMs)}, ${planned}. Cost: ${costSource}`
}
