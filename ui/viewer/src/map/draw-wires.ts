/**
 * Lines from each camera to the accelerators that work for it, in the camera's colour: solid while something runs,
 * dashed while it waits. A thin grey line says in which node a camera sits.
 */
import type { Stream } from '../live/work.ts'
import type { Pen } from './pen.ts'
import type { Placed, PlacedNode } from './placed.ts'
import type { Scene } from './scene.ts'

export function drawWires(pen: Pen, scene: Scene): void {
  const { layout, palette } = scene
  const nodes = new Map(layout.nodes.map((node) => [node.name, node]))
  const rows = new Map(layout.nodes.flatMap((node) => node.accelerators.map((row) => [row.name, { node, row }] as const)))
  const firstX = Math.min(...layout.nodes.map(({ x }) => x))
  for (const [order, camera] of layout.cameras.entries()) {
    const home = nodes.get(scene.entities.camera.get(camera.name)?.reported.identity?.value.node ?? '')
    if (home !== undefined) drawHome(pen, { camera, home, colour: palette['line-strong'] })
    const colour = palette.cameras[scene.cameraIndex.get(camera.name) ?? 0]!
    for (const [lane, stream] of byAccelerator(scene.work.streamsOf.get(camera.name) ?? []).entries()) {
      const target = rows.get(stream.accelerator)
      if (target === undefined) continue
      pen.context.strokeStyle = colour
      pen.context.lineWidth = stream.runningCount > 0 ? 2 : 1.25
      pen.context.setLineDash(stream.runningCount > 0 ? [] : [3, 4])
      drawStream(pen, { camera, home, target, lane, order, isFar: target.node.x > firstX })
    }
  }
  pen.context.setLineDash([])
}

/** One line per accelerator however many applications use it. */
function byAccelerator(streams: readonly Stream[]): Stream[] {
  const merged = new Map<string, Stream>()
  for (const stream of streams) {
    const known = merged.get(stream.accelerator)
    merged.set(stream.accelerator, known === undefined || known.runningCount === 0 ? stream : known)
  }
  return [...merged.values()]
}

function drawHome({ context }: Pen, { camera, home, colour }: { camera: Placed; home: PlacedNode; colour: string }): void {
  const y = camera.y + 17
  context.setLineDash([])
  context.strokeStyle = colour
  context.lineWidth = 1
  context.beginPath()
  context.moveTo(camera.x + camera.width, y)
  context.bezierCurveTo(camera.x + camera.width + 24, y, home.x - 24, home.y + 17, home.x, home.y + 17)
  context.stroke()
}

interface Route {
  readonly camera: Placed
  readonly home: PlacedNode | undefined
  readonly target: { readonly node: PlacedNode; readonly row: Placed }
  readonly lane: number
  readonly order: number
  readonly isFar: boolean
}

/** To the first column straight; to a later one through the free lane beneath the camera's own node. */
function drawStream({ context }: Pen, { camera, home, target, lane, order, isFar }: Route): void {
  const fromX = camera.x + camera.width - 2
  const fromY = Math.min(camera.y + camera.height - 12, camera.y + 40 + lane * 9)
  const toX = target.node.x
  const toY = target.row.y + target.row.height / 2 + (order % 5) * 4 - 8
  context.beginPath()
  context.moveTo(fromX, fromY)
  if (isFar && home !== undefined && home !== target.node) {
    const laneY = home.y + home.height + 6 + (lane % 3) * 3
    const endX = home.x + home.width
    context.bezierCurveTo(fromX + 26, fromY, home.x - 26, laneY, home.x + 6, laneY)
    context.lineTo(endX, laneY)
    const bend = Math.max(16, (toX - endX) / 2)
    context.bezierCurveTo(endX + bend, laneY, toX - bend, toY, toX, toY)
  } else {
    const bend = Math.max(16, (toX - fromX) / 2)
    context.bezierCurveTo(fromX + bend, fromY, toX - bend, toY, toX, toY)
  }
  context.stroke()
}
