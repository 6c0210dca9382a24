import { describe, expect, it } from '@jest/globals'
import type { ImageRegistry } from '../../../models/applications/registry.ts'
import { snapshotOf } from '../../../models/scheduling/kubernetes/snapshot.ts'
import { inventoryOf } from '../devices/inventory.ts'
import { aDevice, aKubeNode, aKubePod, aSlice, type PodParts } from '../testing/objects.ts'
import type { ResourceClaim, WatchedNode } from '../watched.ts'
import { whyPending } from './why-pending.ts'

const image = (acceleratorKind: 'GPU' | 'NPU' | 'CPU') => ({
  application: 'face',
  acceleratorKind,
  image: `face-${acceleratorKind}:1`,
  label: '',
})
const gpuNode = aKubeNode('node-g', { resources: { 'gpu.intel.com/i915': '1' } })
const npuNode = aKubeNode('node-n')
const slices = [aSlice('node-n', [aDevice('npu0', { kind: 'npu' })])]
const I915 = { limits: { 'gpu.intel.com/i915': '1' } }
const NPU_CLAIM: ResourceClaim = {
  metadata: { name: 'c', uid: 'c', resourceVersion: '1' },
  spec: { devices: { requests: [{ exactly: { deviceClassName: 'npu.edgetwin.dev' } }] } },
}

interface Given {
  readonly pod: PodParts
  readonly nodes?: readonly WatchedNode[]
  readonly holders?: Readonly<Record<string, string[]>>
  readonly registry?: ImageRegistry
  readonly claims?: readonly ResourceClaim[]
  readonly taker?: PodParts
}

function explain({ pod, nodes = [gpuNode, npuNode], holders = {}, registry = [image('GPU')], claims = [], taker }: Given) {
  const pods = taker === undefined ? [] : [aKubePod('taker', { node: 'node-g', ...taker })]
  return whyPending({
    pod: aKubePod('asks', pod),
    work: { application: 'face', stage: 'infer' },
    snapshot: snapshotOf({ nodes, pods }),
    devices: nodes.flatMap((node) => inventoryOf({ node, slices, seen: [] }).devices),
    holders: new Map(Object.entries(holders)),
    claims,
    registry,
  })
}

const TAKEN = { holders: { 'node-g/gpu0': ['taker.default'] }, taker: I915 }

describe('a pending pod', () => {
  it.each<[string, Given, string, string]>([
    [
      'waits behind a gate',
      {
        pod: { gates: ['edgetwin.dev/placement'] },
        nodes: [aKubeNode('node-p', { labels: { 'edgetwin.dev/device-model': 'raspberry-pi-4b' } })],
      },
      'gated',
      'edgetwin has not decided yet',
    ],
    [
      'waits behind a gate where no node says what it is',
      { pod: { gates: ['edgetwin.dev/placement'] } },
      'gated',
      'edgetwin cannot decide where it goes, as no node says what it is; label the nodes with edgetwin.dev/device-model',
    ],
    ['waits behind the gate of another', { pod: { gates: ['example.com/quota'] } }, 'gated', 'somebody else holds it back'],
    ['asks for what nobody has', { pod: I915, nodes: [npuNode] }, 'accelerator-unknown', 'No node offers gpu.intel.com/i915'],
    [
      'asks for what is taken, with something idle that no image is for',
      { pod: I915, ...TAKEN },
      'idle-without-image',
      'Every gpu.intel.com/i915 is taken: node-g/gpu0 by taker.default. Idle without an image for face: node-g/cpu0, node-n/cpu0, node-n/npu0.',
    ],
    [
      'asks for what is taken, with something idle that could do it',
      { pod: I915, ...TAKEN, registry: [image('GPU'), image('NPU')] },
      'idle-with-image',
      'Idle and able to do it: node-n/npu0 (face-NPU:1).',
    ],
    [
      'asks for what is taken, with nothing else to be had',
      { pod: I915, ...TAKEN, nodes: [gpuNode] },
      'accelerator-taken',
      'node-g/gpu0 by taker.default',
    ],
    [
      'asks for what is ill',
      { pod: I915, nodes: [aKubeNode('node-g', { resources: I915.limits, allocatable: { 'gpu.intel.com/i915': '0' } })] },
      'accelerator-faulty',
      'node-g/gpu0: 1 of 1 gpu.intel.com/i915 cannot be allocated',
    ],
    [
      'claims what is taken',
      { pod: { claims: ['c'] }, claims: [NPU_CLAIM], holders: { 'node-n/npu0': ['b.default'] } },
      'idle-with-image',
      'Every npu.edgetwin.dev is taken: node-n/npu0 by b.default. Idle and able to do it: node-g/gpu0 (face-GPU:1).',
    ],
    ['claims what is free and fits', { pod: { claims: ['c'] }, claims: [NPU_CLAIM] }, 'not-yet', 'It fits on node-g, node-n'],
    [
      'fits no node',
      {
        pod: {},
        nodes: [
          aKubeNode('a', { spec: { unschedulable: true } }),
          aKubeNode('b', { spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] } }),
        ],
      },
      'no-node',
      'It fits no node: a: the node is cordoned (NodeUnschedulable); b: untolerated taint k:NoSchedule (TaintToleration).',
    ],
  ])('%s', (_, given, cause, text) => {
    const why = explain(given)
    expect(why?.cause).toBe(cause)
    expect(why?.text).toContain(text)
  })

  it('is none when it is bound', () => {
    expect(explain({ pod: { node: 'node-g' } })).toBeNull()
  })
})
