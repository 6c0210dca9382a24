/** Draws the part of the map that is in sight, at the screen's own resolution. */
import { drawCamera } from './draw-camera.ts'
import { drawCameraLine, drawTile } from './draw-grid.ts'
import { drawNode } from './draw-node.ts'
import { drawWires } from './draw-wires.ts'
import { type Pen, write } from './pen.ts'
import type { Box } from './placed.ts'
import type { Scene } from './scene.ts'

export interface Viewport {
  readonly width: number
  readonly height: number
  readonly left: number
  readonly top: number
}

export function drawSite(canvas: HTMLCanvasElement, scene: Scene, viewport: Viewport): void {
  const context = canvas.getContext('2d')
  if (context === null) return
  const scale = devicePixelRatio
  const width = Math.round(viewport.width * scale)
  const height = Math.round(viewport.height * scale)
  // Setting the size clears the canvas and costs a layout, so only when it changed.
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height })
  context.setTransform(scale, 0, 0, scale, 0, 0)
  context.clearRect(0, 0, viewport.width, viewport.height)
  context.translate(-viewport.left, -viewport.top)
  const pen: Pen = { context, font: scene.palette.font }
  const inSight = (box: Box) => box.y < viewport.top + viewport.height && box.y + box.height > viewport.top

  const { layout, palette } = scene
  const isGrid = layout.density === 'grid'
  if (!isGrid) drawWires(pen, scene)
  for (const title of layout.titles) {
    write(pen, title.text.toUpperCase(), { x: title.x + 1, y: title.y + 12 }, { size: 10.5, weight: 650, colour: palette.muted })
  }
  for (const node of layout.nodes.filter(inSight)) (isGrid ? drawTile : drawNode)(pen, scene, node)
  for (const camera of layout.cameras.filter(inSight)) (isGrid ? drawCameraLine : drawCamera)(pen, scene, camera)
}
