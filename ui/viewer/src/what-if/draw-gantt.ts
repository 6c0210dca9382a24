/** Draws the two schedules: the winner filled, the other outlined, in the colours of the cameras. */
import type { Outcome } from '../../../../models/contracts/what-if.ts'
import { duration } from '../format.ts'
import { type Pen, roundBox, write } from '../map/pen.ts'
import { cameraMark, type Palette } from '../palette.ts'
import type { Bar, Gantt } from './gantt-layout.ts'

type TaskOutcome = Outcome['tasks'][number]

export interface GanttScene {
  readonly gantt: Gantt
  readonly lanes: readonly Outcome[]
  readonly cameraOf: (task: TaskOutcome) => string
  readonly colourOf: (camera: string) => string
  readonly active: number | null
  readonly palette: Palette
}

export function drawGantt(canvas: HTMLCanvasElement, scene: GanttScene): void {
  const context = canvas.getContext('2d')
  if (context === null) return
  const { gantt, palette, active } = scene
  const scale = devicePixelRatio
  if (canvas.width !== gantt.width * scale || canvas.height !== gantt.height * scale) {
    Object.assign(canvas, { width: gantt.width * scale, height: gantt.height * scale })
  }
  context.setTransform(scale, 0, 0, scale, 0, 0)
  context.clearRect(0, 0, gantt.width, gantt.height)
  const pen: Pen = { context, font: palette.font }
  for (const { x, timeMs } of gantt.ticks) {
    context.fillStyle = palette.line
    context.fillRect(Math.round(x), 20, 1, gantt.height - 20)
    const text = timeMs === 0 ? '0' : duration(timeMs)
    write(pen, text, { x, y: 13 }, { size: 10.5, colour: palette.muted, align: timeMs === 0 ? 'left' : 'center' })
  }
  for (const { accelerator, y, height, busyUntilX } of gantt.rows) {
    write(
      pen,
      accelerator,
      { x: gantt.left - 10, y: y + height / 2 + 4, maxWidth: gantt.left - 14 },
      { size: 11.5, colour: palette.text, align: 'right' },
    )
    if (busyUntilX !== null) {
      roundBox(pen, { x: gantt.left, y, width: busyUntilX - gantt.left, height }, 3, { fill: palette['util-track'] })
      write(
        pen,
        'busy',
        { x: gantt.left + 5, y: y + height / 2 + 4, maxWidth: busyUntilX - gantt.left - 8 },
        { size: 10, colour: palette.muted },
      )
    }
  }
  for (const [index, bar] of gantt.bars.entries()) drawBar(pen, scene, { bar, isActive: index === active })
}

function drawBar(pen: Pen, { lanes, cameraOf, colourOf, palette }: GanttScene, { bar, isActive }: { bar: Bar; isActive: boolean }): void {
  const task = lanes[bar.lane]?.tasks[bar.task]
  if (task === undefined) return
  const camera = cameraOf(task)
  const colour = colourOf(camera)
  const box = { x: bar.x + 0.5, y: bar.y + 0.5, width: Math.max(1, bar.width - 1), height: bar.height - 1 }
  const isFilled = bar.lane === 0
  roundBox(
    pen,
    box,
    2.5,
    isFilled
      ? { fill: colour, stroke: isActive ? palette.text : palette.surface, lineWidth: isActive ? 2 : 1 }
      : { fill: palette.surface, stroke: isActive ? palette.text : colour, lineWidth: isActive ? 2 : 1.4 },
  )
  if (bar.width < 16) return
  const text = bar.width > 90 ? `${cameraMark(camera)} ${task.name}` : cameraMark(camera)
  const style = { size: 10, weight: 650, colour: isFilled ? palette.bg : palette.text }
  write(pen, text, { x: bar.x + 5, y: bar.y + bar.height - 4, maxWidth: bar.width - 8 }, style)
}
