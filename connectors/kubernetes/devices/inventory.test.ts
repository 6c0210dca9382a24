import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { aDevice, aKubeNode, aSlice } from '../testing/objects.ts'
import { type InventoryInput, inventoryOf } from './inventory.ts'

const gpu = aDevice('gpu0', { kind: 'gpu', model: 'iris-xe', id: 'edge-1/gpu0' })
const line = ({ devices }: ReturnType<typeof inventoryOf>) =>
  devices.map(
    ({ name, from, deviceModel, fault }) => `${name} ${from.join('+')} ${deviceModel ?? '-'}${fault === null ? '' : ` !${fault}`}`,
  )
const seen = (...names: string[]) => names.map((name) => ({ name: `edge-1/${name}`, acceleratorKind: 'GPU' as const }))
const of = (input: Partial<InventoryInput>) => inventoryOf({ node: aKubeNode('edge-1'), slices: [], seen: [], ...input })

describe('the accelerators of a node', () => {
  it.each<[string, Partial<InventoryInput>, string[], string[]]>([
    ['of a bare machine are its CPU', {}, ['edge-1/cpu0 node -'], []],
    ['come from a slice', { slices: [aSlice('edge-1', [gpu])] }, ['edge-1/cpu0 node -', 'edge-1/gpu0 slice iris-xe'], []],
    [
      'are told of by all four sources, and counted once',
      {
        node: aKubeNode('edge-1', {
          resources: { 'gpu.intel.com/i915': '1' },
          labels: { 'feature.node.kubernetes.io/pci-0300_8086.present': 'true' },
        }),
        slices: [aSlice('edge-1', [gpu])],
        seen: seen('gpu0'),
      },
      ['edge-1/cpu0 node -', 'edge-1/gpu0 slice+extended-resource+label+exporter iris-xe'],
      [],
    ],
    [
      'are those of the highest generation',
      {
        slices: [aSlice('edge-1', [gpu], { generation: 1 }), aSlice('edge-1', [aDevice('npu0', { kind: 'npu' })], { generation: 2 })],
      },
      ['edge-1/cpu0 node -', 'edge-1/npu0 slice -'],
      [],
    ],
    [
      'are those of the highest generation that is complete',
      {
        slices: [
          aSlice('edge-1', [gpu], { generation: 1 }),
          aSlice('edge-1', [aDevice('npu0', { kind: 'npu' })], { generation: 2, count: 2 }),
        ],
      },
      ['edge-1/cpu0 node -', 'edge-1/gpu0 slice iris-xe'],
      [],
    ],
    [
      'take no work while no generation is complete',
      { slices: [aSlice('edge-1', [gpu], { count: 2 })] },
      ['edge-1/cpu0 node -', 'edge-1/gpu0 slice iris-xe !its pool is incomplete: 1 of 2 slices of generation 1 are there'],
      ['pool acc.edgetwin.dev/edge-1 of edge-1: 1 of 2 slices of generation 1 are there'],
    ],
    [
      'take no work while they are tainted',
      { slices: [aSlice('edge-1', [{ ...gpu, taints: [{ key: 'hot', value: 'yes', effect: 'NoExecute' }] }])] },
      ['edge-1/cpu0 node -', 'edge-1/gpu0 slice iris-xe !taint hot=yes:NoExecute'],
      [],
    ],
    [
      'of a device plugin are numbered, and those that are ill are told',
      {
        node: aKubeNode('edge-1', {
          resources: { 'nvidia.com/gpu': '2' },
          allocatable: { 'nvidia.com/gpu': '1' },
          labels: { 'edgetwin.dev/gpu': 'iris-xe' },
        }),
      },
      [
        'edge-1/cpu0 node -',
        'edge-1/gpu0 extended-resource iris-xe',
        'edge-1/gpu1 extended-resource iris-xe !1 of 2 nvidia.com/gpu cannot be allocated',
      ],
      [],
    ],
    [
      'of two vendors are two',
      {
        node: aKubeNode('edge-1', { resources: { 'nvidia.com/gpu': '1' } }),
        slices: [aSlice('edge-1', [aDevice('gpu-0')], { driver: 'gpu.intel.com' })],
      },
      ['edge-1/cpu0 node -', 'edge-1/gpu0 slice -', 'edge-1/gpu1 extended-resource -'],
      [],
    ],
    [
      'that only a label tells of take no work',
      { node: aKubeNode('edge-1', { labels: { 'feature.node.kubernetes.io/pci-1200_10ee.present': 'true' } }) },
      ['edge-1/cpu0 node -', 'edge-1/fpga0 label - !only a label tells of it: no driver offers it'],
      [],
    ],
    [
      'are as many as the slice says, and the exporter is contradicted',
      { slices: [aSlice('edge-1', [gpu, aDevice('gpu1', { kind: 'gpu' })])], seen: seen('gpu0') },
      ['edge-1/cpu0 node -', 'edge-1/gpu0 slice+exporter iris-xe', 'edge-1/gpu1 slice -'],
      ['edge-1: slice says 2 GPU, exporter sees 1'],
    ],
    [
      'may have another name at the exporter',
      { slices: [aSlice('edge-1', [gpu])], seen: seen('card-a') },
      ['edge-1/cpu0 node -', 'edge-1/gpu0 slice+exporter iris-xe'],
      [],
    ],
    [
      'that are CPUs are what the cluster says of the node, under the names that the exporter has for them',
      {
        node: aKubeNode('edge-1', { labels: { 'edgetwin.dev/device-model': 'jetson-tx2' } }),
        seen: [0, 1].map((number) => ({ name: `edge-1/socket${number}`, acceleratorKind: 'CPU' as const })),
      },
      ['edge-1/socket0 node+exporter jetson-tx2', 'edge-1/socket1 node+exporter jetson-tx2'],
      [],
    ],
    [
      'of a model that nobody knows have no model, and what may be meant is told',
      { node: aKubeNode('edge-1', { labels: { 'edgetwin.dev/device-model': 'raspberry-pi-4' } }) },
      ['edge-1/cpu0 node -'],
      ['edgetwin.dev/device-model raspberry-pi-4 of edge-1 is no device model that edgetwin knows; did you mean raspberry-pi-4b?'],
    ],
    ['may be known to the exporter alone', { seen: seen('card-a') }, ['edge-1/card-a exporter -', 'edge-1/cpu0 node -'], []],
    [
      'are as many as the slice says, and the device plugin is contradicted',
      { node: aKubeNode('edge-1', { resources: { 'gpu.intel.com/i915': '2' } }), slices: [aSlice('edge-1', [gpu])] },
      ['edge-1/cpu0 node -', 'edge-1/gpu0 slice+extended-resource iris-xe'],
      ['slices of edge-1 tell of 1 GPU, gpu.intel.com/i915 of 2'],
    ],
    [
      'may be told of by two drivers, and are counted once',
      { slices: [aSlice('edge-1', [gpu]), aSlice('edge-1', [gpu], { driver: 'gpu.intel.com' })] },
      ['edge-1/cpu0 node -', 'edge-1/gpu0 slice iris-xe'],
      ['edge-1/gpu0 is told of twice, by acc.edgetwin.dev/edge-1/gpu0 and gpu.intel.com/edge-1/gpu0; the first is believed'],
    ],
  ])('%s', (_, input, devices, conflicts) => {
    const found = of(input)
    expect(line(found)).toEqual(devices)
    expect(found.conflicts).toEqual(conflicts)
  })

  it('names no device twice, claims none twice, and counts no more of a resource than there are', () => {
    const kind = fc.constantFrom('gpu', 'npu', 'fpga')
    const deviceArb = fc.record({
      name: fc.constantFrom('gpu0', 'gpu-0', 'npu0', 'a'),
      kind,
      id: fc.option(fc.constantFrom('edge-1/gpu0', 'edge-1/npu0', 'BAD')),
    })
    const sliceArb = fc.record({
      devices: fc.uniqueArray(deviceArb, { maxLength: 4, selector: ({ name }) => name }),
      driver: fc.constantFrom('acc.edgetwin.dev', 'gpu.nvidia.com', 'gpu.intel.com'),
      generation: fc.integer({ min: 1, max: 3 }),
      count: fc.integer({ min: 1, max: 2 }),
    })
    const resourceArb = fc.dictionary(
      fc.constantFrom('nvidia.com/gpu', 'gpu.intel.com/i915', 'npu.intel.com/accel'),
      fc.integer({ min: 0, max: 3 }).map(String),
    )
    const seenArb = fc.uniqueArray(fc.constantFrom('gpu0', 'gpu1', 'npu0', 'card-a'), { maxLength: 4 })
    fc.assert(
      fc.property(fc.array(sliceArb, { maxLength: 4 }), resourceArb, seenArb, (drawn, resources, names) => {
        const slices = drawn.map(({ devices, ...options }, index) =>
          aSlice(
            'edge-1',
            devices.map(({ name, kind, id }) => aDevice(name, { kind, ...(id === null ? {} : { id }) })),
            { ...options, name: `s-${index}` },
          ),
        )
        const { devices } = inventoryOf({ node: aKubeNode('edge-1', { resources }), slices, seen: seen(...names) })
        const all = devices.map(({ name }) => name)
        expect(new Set(all).size).toBe(all.length)
        for (const name of all) expect(name).toMatch(/^edge-1\/[a-z0-9][-a-z0-9.]*$/)
        const keys = devices.flatMap(({ claimKey }) => claimKey ?? [])
        expect(new Set(keys).size).toBe(keys.length)
        for (const [resource, count] of Object.entries(resources)) {
          expect(devices.filter((device) => device.resource === resource).length).toBeLessThanOrEqual(Number(count))
        }
        expect(devices.some(({ acceleratorKind }) => acceleratorKind === 'CPU')).toBe(true)
      }),
      { seed: 20_261 },
    )
  })
})
