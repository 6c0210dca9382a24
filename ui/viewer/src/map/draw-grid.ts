/** Tiles of the grid: a name, a bar per accelerator, a line per camera. Details are one key press away. */
import { GRID } from './grid-layout.ts'
import { glyph, type Pen, roundBox, write } from './pen.ts'
import type { Placed, PlacedNode } from './placed.ts'
import { ageingOf, isOld, type Scene } from './scene.ts'
import { cameraSign, nodeSign } from './signs.ts'

export function drawTile(pen: Pen, scene: Scene, tile: PlacedNode): void {
  const { palette, selection, entities } = scene
  const node = entities.node.get(tile.name)
  const sign = node === undefined ? null : nodeSign(node)
  const isSelected = selection?.kind === 'node' && selection.name === tile.name
  const isEmulated = node?.reported.identity?.value.emulated
  const origin = isEmulated === undefined ? '' : isEmulated ? 'E' : 'R'
  const box = { x: tile.x + 0.5, y: tile.y + 0.5, width: tile.width - 1, height: tile.height - 1 }
  const stroke = isSelected ? palette.accent : sign?.tone === 'bad' ? palette.bad : palette['line-strong']
  roundBox(pen, box, 6, { fill: palette.surface, stroke, lineWidth: isSelected ? 2 : 1 })
  glyph(pen, sign?.glyph ?? 'ring', { x: tile.x + 12, y: tile.y + 12 }, palette[sign?.tone ?? 'muted'])
  const podCount = tile.accelerators.reduce((sum, { name }) => sum + (scene.work.queueOf.get(name)?.length ?? 0), 0)
  const diverged = (scene.divergenceCounts.get(`node:${tile.name}`) ?? 0) > 0 ? '≠ ' : ''
  const about = `${diverged}${podCount > 0 ? `${podCount} · ` : ''}${origin}`
  const used = write(
    pen,
    about,
    { x: tile.x + tile.width - 8, y: tile.y + 16 },
    { size: 11, weight: 600, colour: palette.muted, align: 'right' },
  )
  write(
    pen,
    tile.name,
    { x: tile.x + 21, y: tile.y + 16, maxWidth: tile.width - 34 - used },
    { size: 11.5, weight: 600, colour: palette.text },
  )
  for (const bar of tile.accelerators) drawBar(pen, scene, bar)
}

function drawBar(pen: Pen, { palette, entities }: Scene, bar: Placed): void {
  const accelerator = entities.accelerator.get(bar.name)
  const y = bar.y + 1
  roundBox(pen, { x: bar.x, y, width: bar.width, height: 5 }, 2, { fill: palette['util-track'] })
  if (accelerator === undefined) return
  if (accelerator.mode === 'failed') {
    roundBox(pen, { x: bar.x + 0.5, y: y + 0.5, width: bar.width - 1, height: 4 }, 2, { stroke: palette.bad, dash: [3, 2] })
    return
  }
  const ratio = accelerator.reported.load?.value.utilizationRatio ?? 0
  if (ratio < 0.01) return
  const fill = isOld(ageingOf(accelerator)) || accelerator.mode === 'offline' ? palette.faint : palette.util
  roundBox(pen, { x: bar.x, y, width: Math.max(3, bar.width * Math.min(1, ratio)), height: 5 }, 2, { fill })
}

export function drawCameraLine(pen: Pen, scene: Scene, line: Placed): void {
  const camera = scene.entities.camera.get(line.name)
  if (camera === undefined) return
  const { palette, selection } = scene
  const middle = line.y + line.height / 2
  if (selection?.kind === 'camera' && selection.name === line.name) {
    roundBox(pen, { x: line.x + 2, y: line.y + 1, width: line.width - 4, height: line.height - 3 }, 4, {
      stroke: palette.accent,
      lineWidth: 1.5,
    })
  }
  roundBox(pen, { x: line.x + 7, y: middle - 5, width: 3, height: 10 }, 1.5, {
    fill: palette.cameras[scene.cameraIndex.get(line.name) ?? 0]!,
  })
  const sign = cameraSign(camera)
  const framesPerSecond = camera.reported.stream?.value.framesPerSecond
  const figure = sign.tone === 'good' ? (framesPerSecond === undefined ? '' : `${framesPerSecond.toFixed(0)} fps`) : sign.word
  const tone = sign.tone === 'good' ? palette.muted : palette[sign.tone]
  const used = write(pen, figure, { x: line.x + line.width - 8, y: middle + 4 }, { size: 10.5, colour: tone, align: 'right' })
  write(pen, line.name, { x: line.x + 15, y: middle + 4, maxWidth: line.width - GRID.headerPx - used }, { size: 11, colour: palette.text })
}
