/** One host as a box: its state and what it is, its accelerators as rows, its way onto the network and its own load at the foot. */
import type { Node } from '../../../../models/entities/node.ts'
import { age, bitRate, percent } from '../format.ts'
import { drawAccelerator } from './draw-accelerator.ts'
import { SIZES } from './layout.ts'
import { badge, glyph, type Pen, roundBox, write } from './pen.ts'
import type { PlacedNode } from './placed.ts'
import { ageingOf, isOld, type Scene } from './scene.ts'
import { nodeSign } from './signs.ts'

/** Below this share of what it was built for a link is told as slow. */
const SLOW_LINK_RATIO = 0.8

export function drawNode(pen: Pen, scene: Scene, box: PlacedNode): void {
  const { palette, selection } = scene
  const node = scene.entities.node.get(box.name)
  const isDown = node === undefined || node.mode === 'notReady' || node.mode === 'gone'
  const isSelected = selection?.kind === 'node' && selection.name === box.name
  const isEmulated = node?.reported.identity?.value.emulated
  roundBox(pen, inset(box), 9, {
    fill: palette.surface,
    stroke: isSelected ? palette.accent : isDown ? palette.bad : palette['line-strong'],
    lineWidth: isSelected ? 2 : 1,
    ...(isEmulated === false || isSelected ? {} : isDown ? { dash: [5, 3] } : {}),
  })
  if (selection?.kind === 'accelerator') {
    const row = box.accelerators.find(({ name }) => name === selection.name)
    if (row !== undefined)
      roundBox(pen, { x: row.x + 4, y: row.y + 2, width: row.width - 8, height: row.height - 3 }, 6, {
        fill: palette.raised,
        stroke: palette.accent,
        lineWidth: 1.5,
      })
  }
  drawHeader(pen, scene, box, node)
  pen.context.globalAlpha = isDown ? 0.5 : 1
  for (const row of box.accelerators) drawAccelerator(pen, scene, row)
  if (box.accelerators.length === 0) {
    const { headerPx } = SIZES[scene.layout.density === 'compact' ? 'compact' : 'roomy']
    write(pen, 'no accelerator heard of yet', { x: box.x + 14, y: box.y + headerPx + 20 }, { size: 11.5, colour: palette.muted })
  }
  pen.context.globalAlpha = 1
  drawFooter(pen, scene, box, node)
}

function drawHeader(pen: Pen, scene: Scene, box: PlacedNode, node: Node | undefined): void {
  const { palette, nowMs } = scene
  const { headerPx } = SIZES[scene.layout.density === 'compact' ? 'compact' : 'roomy']
  const middle = box.y + headerPx / 2 + 1
  const sign = node === undefined ? null : nodeSign(node)
  glyph(pen, sign?.glyph ?? 'ring', { x: box.x + 16, y: middle }, palette[sign?.tone ?? 'muted'])
  let right = box.x + box.width - 10
  const isEmulated = node?.reported.identity?.value.emulated
  if (isEmulated !== undefined) {
    const style = isEmulated ? { colour: palette.muted, isDashed: true } : { colour: palette.good, isDashed: false }
    right -= badge(pen, isEmulated ? 'EMULATED' : 'REAL', { right, middle }, style) + 6
  }
  const divergenceCount = scene.divergenceCounts.get(`node:${box.name}`) ?? 0
  if (divergenceCount > 0) right -= badge(pen, `≠ ${divergenceCount}`, { right, middle }, { colour: palette.warn, isDashed: false }) + 6
  const ageing = node === undefined ? null : ageingOf(node)
  if (isOld(ageing)) {
    const text = `${ageing.freshness} ${age(nowMs - ageing.timeMs)}`
    right -= badge(pen, text, { right, middle }, { colour: palette.warn, isDashed: true }) + 6
  }
  const nameWidth = write(
    pen,
    box.name,
    { x: box.x + 27, y: middle + 4.5, maxWidth: right - box.x - 30 },
    { size: 13.5, weight: 650, colour: palette.text },
  )
  const about = sign !== null && sign.tone !== 'good' ? sign.word : (node?.reported.identity?.value.deviceModel ?? '')
  const colour = sign !== null && sign.tone !== 'good' ? palette[sign.tone] : palette.muted
  const x = box.x + 35 + nameWidth
  write(pen, about, { x, y: middle + 4.5, maxWidth: right - x - 4 }, { size: 11.5, colour })
}

function drawFooter(pen: Pen, scene: Scene, box: PlacedNode, node: Node | undefined): void {
  const { palette } = scene
  const { footerPx } = SIZES[scene.layout.density === 'compact' ? 'compact' : 'roomy']
  const y = box.y + box.height - footerPx / 2 + 3.5
  pen.context.fillStyle = palette.line
  pen.context.fillRect(box.x + 11, box.y + box.height - footerPx, box.width - 22, 1)
  const link = scene.entities.link.get(scene.linkOfNode.get(box.name) ?? '')
  const quality = link?.reported.quality?.value ?? link?.desired.nominal ?? null
  const nominal = link?.desired.nominal?.bytesPerSecond
  const isSlow = quality !== null && nominal !== undefined && quality.bytesPerSecond < nominal * SLOW_LINK_RATIO
  const assumed = link?.desired.origin === 'assumed' && link.reported.quality === null ? ' · assumed' : ''
  const text =
    link === undefined
      ? ''
      : link.mode === 'down'
        ? '⇅ link down'
        : `⇅ ${bitRate(quality?.bytesPerSecond)}${isSlow ? ` of ${bitRate(nominal)}` : ''} · ${quality?.latencyMs ?? '–'} ms${assumed}`
  const colour = link?.mode === 'down' ? palette.bad : isSlow ? palette.warn : palette.muted
  const used = write(pen, text, { x: box.x + 13, y, maxWidth: box.width - 26 }, { size: 11, colour })
  const load = node?.reported.load
  // Of a dead host the last sample says nothing.
  if (load == null || node?.mode === 'notReady' || node?.mode === 'gone' || box.width - used < 150) return
  const { utilizationRatio, temperatureCelsius } = load.value
  const parts = [
    ...(utilizationRatio === undefined ? [] : [`host ${percent(utilizationRatio)}`]),
    ...(temperatureCelsius === undefined ? [] : [`${temperatureCelsius.toFixed(0)} °C`]),
  ]
  const room = box.width - used - 40
  write(pen, parts.join(' · '), { x: box.x + box.width - 12, y, maxWidth: room }, { size: 11, colour: palette.muted, align: 'right' })
}

const inset = ({ x, y, width, height }: PlacedNode) => ({ x: x + 0.5, y: y + 0.5, width: width - 1, height: height - 1 })
