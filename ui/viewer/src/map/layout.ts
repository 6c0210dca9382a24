/**
 * Where everything on the map stands: cameras left, their nodes, servers, observers. A pure function of the site's
 * structure and the room there is, so nothing moves while the site lives; too many nodes become a grid.
 */
import { gridLayout } from './grid-layout.ts'
import type { Placed, PlacedNode, SiteLayout, Title } from './placed.ts'
import type { SiteStructure } from './structure.ts'

export interface Sizes {
  readonly headerPx: number
  readonly acceleratorPx: number
  readonly footerPx: number
  readonly gapPx: number
  readonly cameraHeaderPx: number
  readonly applicationPx: number
  readonly waitingPx: number
}
export const SIZES: Readonly<Record<'roomy' | 'compact', Sizes>> = {
  roomy: { headerPx: 34, acceleratorPx: 46, footerPx: 26, gapPx: 20, cameraHeaderPx: 34, applicationPx: 19, waitingPx: 24 },
  compact: { headerPx: 28, acceleratorPx: 34, footerPx: 21, gapPx: 13, cameraHeaderPx: 27, applicationPx: 15, waitingPx: 20 },
}
export const APPLICATIONS_SHOWN = 4
const PADDING_PX = 20
const TITLE_PX = 26
const NODE_WIDTH_MAX_PX = 420
/** Beyond these a column is a scroll of its own and tells less than a grid. */
const COLUMN_NODES_MAX = 24
const OVERFLOW_MAX_RATIO = 1.5

export function layoutSite(structure: SiteStructure, room: { readonly width: number; readonly height: number }): SiteLayout {
  if (structure.nodes.length > COLUMN_NODES_MAX) return gridLayout(structure, room.width)
  const roomy = columnLayout(structure, room.width, 'roomy')
  if (roomy.height <= room.height) return roomy
  const compact = columnLayout(structure, room.width, 'compact')
  return compact.height <= room.height * OVERFLOW_MAX_RATIO ? compact : gridLayout(structure, room.width)
}

function columnLayout({ nodes, cameras }: SiteStructure, width: number, density: 'roomy' | 'compact'): SiteLayout {
  const sizes = SIZES[density]
  const inField = nodes.filter(({ role }) => role === 'camera')
  const servers = nodes.filter(({ role }) => role === 'server')
  const observers = nodes.filter(({ role }) => role === 'observer')
  // Observers stand under the servers, unless there is a column to spare.
  const isSpare = inField.length === 0 && servers.length > 0 && observers.length > 0
  const nodeColumnCount = isSpare ? 2 : Number(inField.length > 0) + Number(servers.length + observers.length > 0)
  const columns = columnsFor(width, { hasCameras: cameras.length > 0, nodeColumnCount })
  const titles: Title[] = []
  const placedNodes: PlacedNode[] = []
  const stack = (title: string, members: SiteStructure['nodes'], from: { x: number; y: number }) => {
    if (members.length === 0) return from.y
    titles.push({ text: title, x: from.x, y: from.y })
    let y = from.y + TITLE_PX
    for (const { name, accelerators } of members) {
      const height = sizes.headerPx + Math.max(1, accelerators.length) * sizes.acceleratorPx + sizes.footerPx
      const targetPx = accelerators.length === 0 ? height : sizes.headerPx
      placedNodes.push({ name, x: from.x, y, width: columns.nodeWidth, height, targetPx, accelerators: rows(accelerators, from.x, y) })
      y += height + sizes.gapPx
    }
    return y
  }
  const rows = (names: readonly string[], x: number, y: number): Placed[] =>
    names.map((name, index) => ({
      name,
      x: x + 1,
      y: y + sizes.headerPx + index * sizes.acceleratorPx,
      width: columns.nodeWidth - 2,
      height: sizes.acceleratorPx,
    }))

  const fieldX = columns.nodeXs[0]!
  const bottoms = [stack('Camera nodes', inField, { x: fieldX, y: PADDING_PX })]
  const lastX = columns.nodeXs.at(-1)!
  const serversEnd = stack('Edge servers', servers, { x: isSpare ? fieldX : lastX, y: PADDING_PX })
  bottoms.push(serversEnd)
  bottoms.push(stack('Observed machines', observers, { x: lastX, y: isSpare ? PADDING_PX : serversEnd + (servers.length > 0 ? 6 : 0) }))

  const placedCameras = cameraColumn(cameras, placedNodes, { x: PADDING_PX, width: columns.cameraWidth, sizes })
  if (cameras.length > 0) titles.push({ text: 'Cameras', x: PADDING_PX, y: PADDING_PX })
  bottoms.push(...placedCameras.map((camera) => camera.y + camera.height + sizes.gapPx))
  const height = Math.max(...bottoms, PADDING_PX) - sizes.gapPx + PADDING_PX
  return {
    density,
    width: Math.max(width, lastX + columns.nodeWidth + PADDING_PX),
    height,
    titles,
    nodes: placedNodes,
    cameras: placedCameras,
  }
}

interface Columns {
  readonly cameraWidth: number
  readonly nodeWidth: number
  readonly nodeXs: readonly number[]
}

function columnsFor(width: number, { hasCameras, nodeColumnCount }: { hasCameras: boolean; nodeColumnCount: number }): Columns {
  const inner = Math.max(480, width - 2 * PADDING_PX)
  const cameraWidth = hasCameras ? clamp(Math.round(inner * 0.2), 132, 210) : 0
  const gap = clamp(Math.round(inner * 0.07), 38, 84)
  const count = Math.max(1, nodeColumnCount)
  const left = PADDING_PX + (hasCameras ? cameraWidth + gap : 0)
  const free = PADDING_PX + inner - left - (count - 1) * gap
  const nodeWidth = clamp(Math.floor(free / count), 150, NODE_WIDTH_MAX_PX)
  return { cameraWidth, nodeWidth, nodeXs: Array.from({ length: count }, (_, index) => left + index * (nodeWidth + gap)) }
}

/** Each camera level with its node, pushed down where two would meet. */
function cameraColumn(
  cameras: SiteStructure['cameras'],
  nodes: readonly PlacedNode[],
  { x, width, sizes }: { readonly x: number; readonly width: number; readonly sizes: Sizes },
): Placed[] {
  const nodeTop = new Map(nodes.map((node) => [node.name, node.y]))
  let free = PADDING_PX + TITLE_PX
  return cameras.map(({ name, node, applicationCount }) => {
    const lines = clamp(applicationCount, 1, APPLICATIONS_SHOWN)
    const height = sizes.cameraHeaderPx + lines * sizes.applicationPx + sizes.waitingPx
    const y = Math.max(free, nodeTop.get(node ?? '') ?? free)
    free = y + height + sizes.gapPx
    return { name, x, y, width, height }
  })
}

const clamp = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value))
