import { expect, it } from '@jest/globals'
import type { DeviceSlice, Reach } from '../../../models/scheduling/kubernetes/device-objects.ts'
import { aDevice, aKubeNode } from '../testing/objects.ts'
import { inventoryOf } from './inventory.ts'
import { sharedDevicesOf, sharedText } from './shared-devices.ts'

const slice = (reach: Reach & { perDeviceNodeSelection?: boolean }, devices: DeviceSlice['spec']['devices'], generation = 1) => ({
  metadata: { name: `s-${generation}`, uid: `s-${generation}`, resourceVersion: '1' },
  spec: { driver: 'gpu.example.com', pool: { name: 'rack', generation, resourceSliceCount: 1 }, ...reach, devices: devices ?? [] },
})
const nodes = ['a', 'b', 'c'].map((name) => aKubeNode(name, { labels: { rack: name === 'c' ? '2' : '1' } }))
const inRack = { nodeSelector: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'rack', operator: 'In', values: ['1'] }] }] } }
const gpu = aDevice('g0', { kind: 'gpu' })

it('shows each device of several nodes once, with the nodes that reach it', () => {
  const found = sharedDevicesOf([slice(inRack, [gpu, aDevice('x', { kind: 'npu' })])], nodes)
  expect(found).toEqual([
    { name: 'gpu.example.com/rack/g0', acceleratorKind: 'GPU', nodes: ['a', 'b'] },
    { name: 'gpu.example.com/rack/x', acceleratorKind: 'NPU', nodes: ['a', 'b'] },
  ])
  expect(sharedText(found)).toBe('gpu.example.com/rack/g0 (GPU): a, b; gpu.example.com/rack/x (NPU): a, b')
})

it('counts none of them as a device of a node', () => {
  const slices = [slice({ allNodes: true }, [gpu])]
  for (const node of nodes)
    expect(inventoryOf({ node, slices, seen: [] }).devices.map(({ name }) => name)).toEqual([`${node.metadata.name}/cpu0`])
})

it('takes those of the newest generation, and leaves those of one node to its inventory', () => {
  const each = { ...gpu, name: 'g1', nodeName: 'a' }
  expect(
    sharedDevicesOf([slice({ allNodes: true }, [gpu]), slice({ allNodes: true }, [aDevice('new', { kind: 'gpu' })], 2)], nodes),
  ).toEqual([{ name: 'gpu.example.com/rack/new', acceleratorKind: 'GPU', nodes: ['a', 'b', 'c'] }])
  const mixed = sharedDevicesOf([slice({ perDeviceNodeSelection: true }, [each, { ...gpu, ...inRack }])], nodes)
  expect(mixed.map(({ name }) => name)).toEqual(['gpu.example.com/rack/g0'])
  expect(sharedDevicesOf([slice({ nodeName: 'a' }, [gpu])], nodes)).toEqual([])
})
