import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { layoutSite } from './layout.ts'
import type { Box } from './placed.ts'
import { neighbourOf } from './roving.ts'
import type { SiteStructure } from './structure.ts'

const aNode = (name: string, role: 'camera' | 'server' | 'observer', acceleratorCount: number) => ({
  name,
  role,
  accelerators: Array.from({ length: acceleratorCount }, (_, index) => `${name}/gpu${index}`),
})
const DHS: SiteStructure = {
  nodes: [
    aNode('pi-1', 'camera', 1),
    aNode('tx2-1', 'camera', 2),
    aNode('tx2-2', 'camera', 2),
    aNode('edge-1', 'server', 1),
    aNode('this', 'observer', 1),
  ],
  cameras: ['pi-1', 'tx2-1', 'tx2-2'].map((node, index) => ({ name: `cam-${index}`, node, applicationCount: 3 })),
}
const overlap = (a: Box, b: Box) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
const inside = (a: Box, b: Box) => a.x >= b.x && a.y >= b.y && a.x + a.width <= b.x + b.width && a.y + a.height <= b.y + b.height

const anySite = fc
  .array(fc.tuple(fc.constantFrom('camera', 'server', 'observer'), fc.nat({ max: 4 }), fc.nat({ max: 3 }), fc.boolean()), { maxLength: 60 })
  .map((specs): SiteStructure => {
    const order = { camera: 0, server: 1, observer: 2 }
    const sorted = specs.toSorted((a, b) => order[a[0]] - order[b[0]])
    return {
      nodes: sorted.map(([role, count], index) => aNode(`n${index}`, role, count)),
      cameras: sorted.flatMap(([, , applicationCount, hasCamera], index) =>
        hasCamera ? [{ name: `c${index}`, node: index % 5 === 0 ? null : `n${index}`, applicationCount }] : [],
      ),
    }
  })
const anyRoom = fc.record({ width: fc.integer({ min: 500, max: 2_500 }), height: fc.integer({ min: 300, max: 1_500 }) })

describe('layoutSite', () => {
  it('gives the small site room in columns: cameras, their nodes, servers over observers', () => {
    const { density, nodes, cameras, height } = layoutSite(DHS, { width: 1_010, height: 720 })
    const box = (name: string) => [...nodes, ...cameras].find((each) => each.name === name)!
    expect(density).toBe('roomy')
    expect(height).toBeLessThanOrEqual(720)
    expect(box('cam-0').x).toBeLessThan(box('pi-1').x)
    expect(box('pi-1').x).toBeLessThan(box('edge-1').x)
    expect(box('this').x).toBe(box('edge-1').x)
    expect(box('this').y).toBeGreaterThan(box('edge-1').y)
    expect(box('cam-2').y).toBe(box('tx2-2').y)
  })

  it('is denser in less room, and a grid for many nodes', () => {
    expect(layoutSite(DHS, { width: 660, height: 480 }).density).toBe('compact')
    const many = { nodes: Array.from({ length: 200 }, (_, index) => aNode(`n${index}`, 'server', 2)), cameras: [] }
    expect(layoutSite(many, { width: 1_010, height: 720 }).density).toBe('grid')
  })

  it('never lets two things overlap, keeps all within its width, and gives the same again', () => {
    fc.assert(
      fc.property(anySite, anyRoom, (site, room) => {
        const layout = layoutSite(site, room)
        expect(layoutSite(structuredClone(site), room)).toEqual(layout)
        const { nodes, cameras, density, height, width } = layout
        // On the grid a camera with a node is a line of its node's tile.
        const boxes = density === 'grid' ? nodes : [...nodes, ...cameras]
        for (const [index, a] of boxes.entries()) {
          for (const b of boxes.slice(index + 1)) if (overlap(a, b)) throw new Error(`${a.name} lies on ${b.name}`)
          expect(inside(a, { x: 0, y: 0, width, height })).toBe(true)
        }
        for (const node of nodes) for (const row of node.accelerators) expect(inside(row, node)).toBe(true)
        for (const [index, a] of cameras.entries()) for (const b of cameras.slice(index + 1)) expect(overlap(a, b)).toBe(false)
      }),
      { seed: 1, numRuns: 150 },
    )
  })

  it('moves nothing when another thing is only added at the end of its column', () => {
    const room = { width: 1_010, height: 2_000 }
    const before = layoutSite(DHS, room).nodes
    const after = layoutSite({ ...DHS, nodes: [...DHS.nodes, aNode('zz', 'observer', 1)] }, room).nodes
    expect(after.slice(0, before.length)).toEqual(before)
  })
})

describe('neighbourOf', () => {
  const { nodes, cameras } = layoutSite(DHS, { width: 1_010, height: 720 })
  const items = [...cameras, ...nodes]
  const at = (name: string) => items.findIndex((item) => item.name === name)

  it('goes to the nearest thing in that direction and stays where nothing lies that way', () => {
    expect(neighbourOf(items, at('cam-1'), 'right')).toBe(at('tx2-1'))
    expect(neighbourOf(items, at('tx2-1'), 'left')).toBe(at('cam-1'))
    expect(neighbourOf(items, at('pi-1'), 'right')).toBe(at('edge-1'))
    expect(neighbourOf(items, at('cam-0'), 'down')).toBe(at('cam-1'))
    expect(neighbourOf(items, at('cam-0'), 'left')).toBe(at('cam-0'))
  })
})
