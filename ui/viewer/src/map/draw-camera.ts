/** One camera as a card: its colour in all views, frame rate, each application with the accelerator that works for it, and what waits. */
import type { Camera } from '../../../../models/entities/camera.ts'
import { age } from '../format.ts'
import type { Stream } from '../live/work.ts'
import { drawPod } from './draw-accelerator.ts'
import { APPLICATIONS_SHOWN, SIZES } from './layout.ts'
import { badge, glyph, type Pen, roundBox, write } from './pen.ts'
import type { Placed } from './placed.ts'
import { ageingOf, isOld, type Scene } from './scene.ts'
import { cameraSign } from './signs.ts'

export function drawCamera(pen: Pen, scene: Scene, box: Placed): void {
  const camera = scene.entities.camera.get(box.name)
  if (camera === undefined) return
  const { palette, selection } = scene
  const sizes = SIZES[scene.layout.density === 'compact' ? 'compact' : 'roomy']
  const colour = palette.cameras[scene.cameraIndex.get(box.name) ?? 0]!
  const isSelected = selection?.kind === 'camera' && selection.name === box.name
  const isDown = camera.mode === 'offline' || camera.mode === 'gone'
  roundBox(pen, { x: box.x + 0.5, y: box.y + 0.5, width: box.width - 1, height: box.height - 1 }, 9, {
    fill: palette.surface,
    stroke: isSelected ? palette.accent : isDown ? palette.bad : palette['line-strong'],
    lineWidth: isSelected ? 2 : 1,
  })
  // The strip at the right edge is where its lines begin.
  roundBox(pen, { x: box.x + box.width - 5, y: box.y + 8, width: 3, height: box.height - 16 }, 1.5, {
    fill: isDown ? palette.faint : colour,
  })
  drawHeader(pen, scene, box, camera)

  const streams = scene.work.streamsOf.get(box.name) ?? []
  const { applications } = camera.desired
  const shown = applications.length > APPLICATIONS_SHOWN ? applications.slice(0, APPLICATIONS_SHOWN - 1) : applications
  let y = box.y + sizes.cameraHeaderPx + sizes.applicationPx - 6
  for (const application of shown) {
    drawApplication(pen, scene, { application, streams: streams.filter((stream) => stream.application === application) }, { box, y })
    y += sizes.applicationPx
  }
  if (shown.length < applications.length) {
    write(pen, `+${applications.length - shown.length} more`, { x: box.x + 14, y }, { size: 11, colour: palette.muted })
  }
  drawUnplaced(pen, scene, box)
}

function drawHeader(pen: Pen, scene: Scene, box: Placed, camera: Camera): void {
  const { palette, nowMs } = scene
  const sizes = SIZES[scene.layout.density === 'compact' ? 'compact' : 'roomy']
  const middle = box.y + sizes.cameraHeaderPx / 2 + 1
  const sign = cameraSign(camera)
  glyph(pen, sign.glyph, { x: box.x + 16, y: middle }, palette[sign.tone])
  const ageing = ageingOf(camera)
  const framesPerSecond = camera.reported.stream?.value.framesPerSecond
  const figure =
    sign.tone !== 'good'
      ? sign.word
      : isOld(ageing)
        ? `${ageing.freshness} ${age(nowMs - ageing.timeMs)}`
        : framesPerSecond === undefined
          ? '– fps'
          : `${framesPerSecond.toFixed(box.width < 160 ? 0 : 1)} fps`
  const tone = sign.tone === 'good' ? palette.muted : palette[sign.tone]
  const right = box.x + box.width - 13
  const figureWidth = write(pen, figure, { x: right, y: middle + 4 }, { size: 11, colour: tone, align: 'right' })
  write(
    pen,
    box.name,
    { x: box.x + 27, y: middle + 4.5, maxWidth: box.width - 48 - figureWidth },
    { size: 13, weight: 650, colour: palette.text },
  )
}

function drawApplication(
  pen: Pen,
  { palette }: Scene,
  { application, streams }: { readonly application: string; readonly streams: readonly Stream[] },
  { box, y }: { readonly box: Placed; readonly y: number },
): void {
  const running = streams.find(({ runningCount }) => runningCount > 0) ?? streams[0]
  const right = box.x + box.width - 13
  const width = write(pen, application, { x: box.x + 14, y, maxWidth: box.width * 0.48 }, { size: 11.5, colour: palette.text })
  if (running === undefined) {
    write(pen, 'idle', { x: right, y }, { size: 11, colour: palette.muted, align: 'right' })
    return
  }
  const more = streams.length > 1 ? ` +${streams.length - 1}` : ''
  const text = `${running.runningCount > 0 ? '▸' : '◦'} ${box.width < 160 ? running.accelerator.split('/', 1)[0] : running.accelerator}${more}`
  write(pen, text, { x: right, y, maxWidth: box.width - width - 36 }, { size: 11, colour: palette.text, align: 'right' })
}

function drawUnplaced(pen: Pen, scene: Scene, box: Placed): void {
  const { palette, entities } = scene
  const unplaced = scene.work.unplacedOf.get(box.name) ?? []
  const middle = box.y + box.height - 14
  const isEmulated = entities.camera.get(box.name)?.reported.identity?.value.emulated
  let right = box.x + box.width - 13
  if (isEmulated !== undefined && box.width >= 120) {
    const style = isEmulated ? { colour: palette.muted, isDashed: true } : { colour: palette.good, isDashed: false }
    right -= badge(pen, isEmulated ? 'EMULATED' : 'REAL', { right, middle }, style)
  }
  const divergenceCount = scene.divergenceCounts.get(`camera:${box.name}`) ?? 0
  if (divergenceCount > 0)
    right -= badge(pen, `≠ ${divergenceCount}`, { right: right - 5, middle }, { colour: palette.warn, isDashed: false }) + 5
  const capacity = Math.max(1, Math.floor((right - box.x - 20) / 18) - (unplaced.length > 3 ? 1 : 0))
  for (const [index, pod] of unplaced.slice(0, capacity).entries()) {
    drawPod(pen, scene, pod, { x: box.x + 13 + index * 18, y: middle - 7.5 })
  }
  const rest = unplaced.length - capacity
  if (rest > 0) write(pen, `+${rest}`, { x: box.x + 14 + capacity * 18, y: middle + 4 }, { size: 11, weight: 600, colour: palette.warn })
}
