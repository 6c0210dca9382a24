import { expect, it } from '@jest/globals'
import { aNewAccelerator } from '../../../../models/entities/accelerator.ts'
import { aNewCamera } from '../../../../models/entities/camera.ts'
import { aNewNode } from '../../../../models/entities/node.ts'
import { workOf } from '../live/work.ts'
import { acceleratorLabel, cameraLabel, nodeLabel } from './labels.ts'
import { structureKey, structureOf } from './structure.ts'

const fact = <T>(value: T) => ({ value, timeMs: 0, source: 'cluster', freshness: 'stale' as const })
const aNode = (name: string, role: 'camera' | 'server' | 'observer') => {
  const node = aNewNode(name)
  return { ...node, reported: { ...node.reported, identity: fact({ role, emulated: true, deviceModel: null, memoryBytes: null }) } }
}
const aCamera = (name: string, node: string | null) => {
  const camera = aNewCamera(name)
  return { ...camera, reported: { ...camera.reported, identity: fact({ node, recordedAt: null, emulated: false }) } }
}
const mapOf = <T extends { readonly name: string }>(...entities: T[]) => new Map(entities.map((entity) => [entity.name, entity]))
const none = workOf(new Map())

it('orders by role, then as people count, whatever was heard of first; CPUs come last on a node', () => {
  const nodes = [aNode('edge-1', 'server'), aNode('tx2-10', 'camera'), aNode('me', 'observer'), aNode('tx2-2', 'camera')]
  const accelerators = ['tx2-2/cpu0', 'tx2-2/gpu0', 'ghost/npu0'].map(aNewAccelerator)
  const cameras = [aCamera('cam-b', 'tx2-10'), aCamera('cam-z', 'tx2-2'), aCamera('cam-a', null)]
  const site = structureOf({ node: mapOf(...nodes), accelerator: mapOf(...accelerators), camera: mapOf(...cameras) })
  // A device whose node is not heard of yet stands where its name says.
  expect(site.nodes.map(({ name }) => name)).toEqual(['tx2-2', 'tx2-10', 'edge-1', 'ghost', 'me'])
  expect(site.nodes[0]?.accelerators).toEqual(['tx2-2/gpu0', 'tx2-2/cpu0'])
  expect(site.cameras.map(({ name }) => name)).toEqual(['cam-z', 'cam-b', 'cam-a'])
  const turned = structureOf({
    node: mapOf(...nodes.toReversed()),
    accelerator: mapOf(...accelerators.toReversed()),
    camera: mapOf(...cameras.toReversed()),
  })
  expect(structureKey(turned)).toBe(structureKey(site))
})

it('says in words what the drawing shows', () => {
  expect(nodeLabel(aNode('tx2-1', 'camera'), 2)).toBe('tx2-1, camera node, expected, emulated, stale, 2\u00a0accelerators')
  expect(acceleratorLabel(aNewAccelerator('tx2-1/gpu0'), none)).toBe(
    'tx2-1/gpu0, accelerator, offline, utilisation unknown, 0 running, 0 waiting, not heard yet',
  )
  expect(cameraLabel(aCamera('cam-1', 'tx2-1'), none)).toBe('cam-1, camera, expected, – frames per second, in tx2-1, real, stale')
})
