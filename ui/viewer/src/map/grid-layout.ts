/** The map of a large site: equal tiles in reading order, grouped by role. A tile shows what a box shows, without the words. */
import type { Placed, PlacedNode, SiteLayout, Title } from './placed.ts'
import type { Role, SiteStructure } from './structure.ts'

export const GRID = { headerPx: 24, barPx: 8, cameraPx: 24, gapPx: 8, tileWidthMinPx: 124 } as const
const PADDING_PX = 20
const TITLE_PX = 26
const BARS_MAX = 8
const CAMERAS_MAX = 2
const TITLES: Readonly<Record<Role, string>> = { camera: 'Camera nodes', server: 'Edge servers', observer: 'Observed machines' }

export function gridLayout({ nodes, cameras }: SiteStructure, width: number): SiteLayout {
  const inner = Math.max(GRID.tileWidthMinPx, width - 2 * PADDING_PX)
  const columnCount = Math.max(1, Math.floor((inner + GRID.gapPx) / (GRID.tileWidthMinPx + GRID.gapPx)))
  const tileWidth = Math.floor((inner - (columnCount - 1) * GRID.gapPx) / columnCount)
  const known = new Set(nodes.map(({ name }) => name))
  const camerasOf = Map.groupBy(cameras, ({ node }) => (node !== null && known.has(node) ? node : ''))
  const titles: Title[] = []
  const placedNodes: PlacedNode[] = []
  const placedCameras: Placed[] = []
  let top = PADDING_PX

  for (const role of ['camera', 'server', 'observer'] as const) {
    const members = nodes.filter((node) => node.role === role)
    if (members.length === 0) continue
    const barCount = Math.min(BARS_MAX, Math.max(1, ...members.map(({ accelerators }) => accelerators.length)))
    const cameraCount = Math.min(CAMERAS_MAX, Math.max(0, ...members.map(({ name }) => camerasOf.get(name)?.length ?? 0)))
    const tileHeight = GRID.headerPx + barCount * GRID.barPx + 6 + cameraCount * GRID.cameraPx
    titles.push({ text: `${TITLES[role]} · ${members.length}`, x: PADDING_PX, y: top })
    top += TITLE_PX
    members.forEach(({ name, accelerators }, index) => {
      const x = PADDING_PX + (index % columnCount) * (tileWidth + GRID.gapPx)
      const y = top + Math.floor(index / columnCount) * (tileHeight + GRID.gapPx)
      const bars = accelerators.slice(0, BARS_MAX).map((accelerator, bar) => ({
        name: accelerator,
        x: x + 8,
        y: y + GRID.headerPx + bar * GRID.barPx,
        width: tileWidth - 16,
        height: GRID.barPx,
      }))
      placedNodes.push({
        name,
        x,
        y,
        width: tileWidth,
        height: tileHeight,
        targetPx: tileHeight - cameraCount * GRID.cameraPx,
        accelerators: bars,
      })
      for (const [row, camera] of (camerasOf.get(name) ?? []).slice(0, CAMERAS_MAX).entries()) {
        const cameraY = y + GRID.headerPx + barCount * GRID.barPx + 5 + row * GRID.cameraPx
        placedCameras.push({ name: camera.name, x: x + 1, y: cameraY, width: tileWidth - 2, height: GRID.cameraPx })
      }
    })
    top += Math.ceil(members.length / columnCount) * (tileHeight + GRID.gapPx) + 10
  }
  const loose = camerasOf.get('') ?? []
  if (loose.length > 0) {
    titles.push({ text: `Cameras that do not compute · ${loose.length}`, x: PADDING_PX, y: top })
    top += TITLE_PX
    loose.forEach(({ name }, index) => {
      const x = PADDING_PX + (index % columnCount) * (tileWidth + GRID.gapPx)
      placedCameras.push({ name, x, y: top + Math.floor(index / columnCount) * 32, width: tileWidth, height: GRID.cameraPx })
    })
    top += Math.ceil(loose.length / columnCount) * 32
  }
  return { density: 'grid', width, height: top + PADDING_PX, titles, nodes: placedNodes, cameras: placedCameras }
}
