/** One accelerator as a row of its node: what it is, how busy it was and is, and the pods that hold it or wait for it. */
import type { Accelerator } from '../../../../models/entities/accelerator.ts'
import type { Pod } from '../../../../models/entities/pod.ts'
import { age, percent, UNKNOWN } from '../format.ts'
import { cameraMark } from '../palette.ts'
import { glyph, type Pen, roundBox, write } from './pen.ts'
import type { Box, Placed } from './placed.ts'
import { ageingOf, isOld, type Scene } from './scene.ts'
import { acceleratorSign } from './signs.ts'

const POD_PX = 15
const POD_STEP_PX = 18
const SPARKLINE_MS = 60_000
const BAR_PX = 4

export function drawAccelerator(pen: Pen, scene: Scene, row: Placed): void {
  const accelerator = scene.entities.accelerator.get(row.name)
  if (accelerator === undefined) return
  const { palette } = scene
  const isRoomy = scene.layout.density === 'roomy'
  const isWide = row.width >= 280
  const sign = acceleratorSign(accelerator)
  const leftWidth = isWide ? 92 : 80
  const podCapacity = row.width >= 360 ? 5 : isWide ? 4 : 3
  const podsX = row.x + row.width - 10 - podCapacity * POD_STEP_PX
  // Narrow rows keep the words on one line and lay the meter beneath them.
  const middle = isWide ? row.y + row.height / 2 : row.y + row.height / 2 - 4
  const nameY = isRoomy && isWide ? row.y + 20 : middle + 4

  pen.context.fillStyle = palette.line
  pen.context.fillRect(row.x + 10, row.y, row.width - 20, 1)
  glyph(pen, sign.glyph, { x: row.x + 15, y: nameY - 4 }, palette[sign.tone])
  const kind = accelerator.reported.identity?.value.acceleratorKind ?? '?'
  const kindWidth = write(pen, kind, { x: row.x + 26, y: nameY }, { size: 12, weight: 650, colour: palette.text })
  const device = row.name.slice(row.name.indexOf('/') + 1)
  const deviceRoom = leftWidth - kindWidth - 8
  write(pen, device, { x: row.x + 31 + kindWidth, y: nameY, maxWidth: deviceRoom }, { size: 11.5, colour: palette.muted })
  if (isRoomy && isWide) {
    const ageing = ageingOf(accelerator)
    const word = isOld(ageing) && sign.tone !== 'bad' ? ageing.freshness : sign.word
    const style = { size: 11, colour: sign.tone === 'bad' ? palette.bad : palette.muted }
    write(pen, word, { x: row.x + 26, y: row.y + 36, maxWidth: leftWidth - 8 }, style)
  }
  drawMeter(pen, scene, accelerator, meterBox(row, { leftWidth, right: podsX - 52, isWide, isRoomy }))
  drawFigure(pen, scene, accelerator, { right: podsX - 10, y: middle + 4 })
  drawQueue(pen, scene, scene.work.queueOf.get(row.name) ?? [], { x: podsX, middle, capacity: podCapacity })
}

interface Room {
  readonly leftWidth: number
  readonly right: number
  readonly isWide: boolean
  readonly isRoomy: boolean
}

function meterBox(row: Placed, { leftWidth, right, isWide, isRoomy }: Room): Box {
  if (!isWide) return { x: row.x + 26, y: row.y + row.height - 8, width: row.width - 38, height: BAR_PX }
  const x = row.x + 20 + leftWidth
  const margin = isRoomy ? 9 : 6
  return { x, y: row.y + margin, width: Math.max(20, right - x), height: row.height - 2 * margin }
}

/** A minute of utilisation above the bar of now. Without a sample the track stays empty: unknown is not zero. */
function drawMeter(pen: Pen, scene: Scene, accelerator: Accelerator, box: Box): void {
  const { context } = pen
  const { palette, history, nowMs } = scene
  const chart = { ...box, height: box.height - BAR_PX - 3 }
  const bottom = box.y + box.height
  roundBox(pen, { ...box, y: bottom - BAR_PX, height: BAR_PX }, 2, { fill: palette['util-track'] })
  const ageing = ageingOf(accelerator)
  const ratio = accelerator.reported.load?.value.utilizationRatio
  const isGrey = isOld(ageing) || accelerator.mode === 'offline'
  const colour = isGrey ? palette.faint : palette.util
  if (ratio !== undefined && ratio > 0.005) {
    roundBox(pen, { ...box, y: bottom - BAR_PX, height: BAR_PX, width: Math.max(3, box.width * Math.min(1, ratio)) }, 2, { fill: colour })
  }
  const samples = history.get(accelerator.name) ?? []
  if (samples.length < 2 || chart.height < 8) return
  const xOf = (timeMs: number) => chart.x + chart.width * Math.max(0, 1 - (nowMs - timeMs) / SPARKLINE_MS)
  const yOf = (value: number) => chart.y + chart.height * (1 - Math.min(1, value))
  context.beginPath()
  context.moveTo(xOf(samples[0]!.timeMs), chart.y + chart.height)
  for (const sample of samples) context.lineTo(Math.min(chart.x + chart.width, xOf(sample.timeMs)), yOf(sample.ratio))
  context.lineTo(Math.min(chart.x + chart.width, xOf(samples.at(-1)!.timeMs)), chart.y + chart.height)
  context.closePath()
  // The row may be dimmed as a whole.
  const alpha = context.globalAlpha
  context.globalAlpha = alpha * 0.3
  context.fillStyle = colour
  context.fill()
  context.globalAlpha = alpha
}

function drawFigure(pen: Pen, { palette, nowMs }: Scene, accelerator: Accelerator, at: { right: number; y: number }): void {
  const ageing = ageingOf(accelerator)
  if (accelerator.mode === 'offline')
    return void write(pen, UNKNOWN, { x: at.right, y: at.y }, { size: 12, colour: palette.faint, align: 'right' })
  if (isOld(ageing)) {
    write(pen, age(nowMs - ageing.timeMs), { x: at.right, y: at.y, maxWidth: 44 }, { size: 11, colour: palette.muted, align: 'right' })
    return
  }
  const text = percent(accelerator.reported.load?.value.utilizationRatio)
  write(pen, text, { x: at.right, y: at.y }, { size: 12, weight: 550, colour: palette.text, align: 'right' })
}

function drawQueue(pen: Pen, scene: Scene, queue: readonly Pod[], at: { x: number; middle: number; capacity: number }): void {
  const shown = queue.length > at.capacity ? queue.slice(0, at.capacity - 1) : queue
  for (const [index, pod] of shown.entries()) drawPod(pen, scene, pod, { x: at.x + index * POD_STEP_PX, y: at.middle - POD_PX / 2 })
  if (shown.length < queue.length) {
    const x = at.x + shown.length * POD_STEP_PX + 1
    write(pen, `+${queue.length - shown.length}`, { x, y: at.middle + 4 }, { size: 11, weight: 600, colour: scene.palette.muted })
  }
}

/** Running: filled. Waiting: outlined. The mark is its camera's. */
export function drawPod(pen: Pen, { palette, cameraIndex }: Scene, pod: Pod, at: { x: number; y: number }): void {
  const camera = pod.spec?.camera ?? ''
  const colour = palette.cameras[cameraIndex.get(camera) ?? 0] ?? palette.muted
  const box = { x: at.x + 0.75, y: at.y + 0.75, width: POD_PX - 1.5, height: POD_PX - 1.5 }
  const isRunning = pod.mode === 'running'
  roundBox(
    pen,
    box,
    3.5,
    isRunning ? { fill: colour, stroke: colour, lineWidth: 1.5 } : { fill: palette.surface, stroke: colour, lineWidth: 1.5 },
  )
  write(
    pen,
    cameraMark(camera),
    { x: at.x + POD_PX / 2, y: at.y + POD_PX / 2 + 3.5 },
    { size: 9.5, weight: 700, colour: isRunning ? palette.bg : palette.text, align: 'center' },
  )
}
