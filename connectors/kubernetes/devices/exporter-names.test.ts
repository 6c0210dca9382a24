/** One device is one in the twin, whatever its exporter calls it. */
import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { aNewAccelerator } from '../../../models/entities/accelerator.ts'
import type { EntityMaps } from '../../../models/entities/entity-maps.ts'
import type { TwinEvent } from '../../../models/events/events.ts'
import { aDevice, aKubeNode, aSlice } from '../testing/objects.ts'
import { createExporterNames, deviceIds, type NamedDevice, namesInCluster } from './exporter-names.ts'
import { inventoryOf } from './inventory.ts'

const gpu = (name: string, ...ids: string[]): NamedDevice => ({ name: `n/${name}`, acceleratorKind: 'GPU', ids: deviceIds(...ids) })
const npu = (name: string): NamedDevice => ({ name: `n/${name}`, acceleratorKind: 'NPU' })
const GPU_A = 'GPU-6d5c0ac5-74d7-3130-46f1-e93ed57f469a'
const GPU_B = 'GPU-11111111-2222-3333-4444-555555555555'

it.each<[string, NamedDevice[], NamedDevice[], Record<string, string | null>]>([
  ['its name', [gpu('gpu0'), gpu('gpu1')], [gpu('gpu1')], { 'n/gpu1': 'n/gpu1' }],
  [
    'its UUID, though the names are swapped',
    [gpu('gpu0', GPU_A), gpu('gpu1', GPU_B)],
    [gpu('gpu0', GPU_B), gpu('gpu1', GPU_A.toLowerCase())],
    { 'n/gpu0': 'n/gpu1', 'n/gpu1': 'n/gpu0' },
  ],
  [
    'its bus address, with or without the domain',
    [gpu('gpu0', '0000:03:00.0'), gpu('gpu1', '0000:04:00.0')],
    [gpu('card0', '04:00.0')],
    { 'n/card0': 'n/gpu1' },
  ],
  [
    'its kind and order',
    [gpu('gpu0'), npu('npu0'), gpu('gpu1')],
    [npu('accel0'), gpu('card10'), gpu('card2')],
    { 'n/accel0': 'n/npu0', 'n/card2': 'n/gpu0', 'n/card10': 'n/gpu1' },
  ],
  ['nothing, when all of its kind are others', [gpu('gpu0', GPU_A)], [gpu('gpu0', GPU_B)], { 'n/gpu0': null }],
  ['nothing, when it is one too many', [gpu('gpu0')], [gpu('card0'), gpu('card1')], { 'n/card0': 'n/gpu0', 'n/card1': null }],
])('knows a device by %s', (_, devices, seen, names) => expect(Object.fromEntries(namesInCluster(devices, seen))).toEqual(names))

const kinds = fc.constantFrom('gpu', 'npu', 'fpga')
const drawn = fc.uniqueArray(fc.record({ kind: kinds, number: fc.nat(5), id: fc.option(fc.constantFrom('a', 'b', 'c', 'd')) }), {
  selector: ({ kind, number }) => `${kind}${number}`,
  maxLength: 6,
})
const withOneId = (all: readonly { kind: string; number: number; id: string | null }[]) =>
  all.map((each, index) => ({ ...each, id: all.findIndex(({ id }) => id === each.id) === index ? each.id : null }))

it('counts no device twice, in whatever order its sources tell of it', () => {
  fc.assert(
    fc.property(drawn, drawn, fc.boolean(), fc.infiniteStream(fc.nat(1_000)), (told, reported, isRenamed, keys) => {
      const devices = withOneId(told).map(({ kind, number, id }) =>
        aDevice(`${kind}-${number}`, { kind, ...(id === null ? {} : { uuid: `${kind}-${id}` }) }),
      )
      const seen = withOneId(reported).map(
        ({ kind, number, id }): NamedDevice => ({
          name: `n/${isRenamed ? 'card-' : ''}${kind}${number}`,
          acceleratorKind: kind.toUpperCase() as 'GPU' | 'NPU' | 'FPGA',
          ids: id === null ? [] : deviceIds(`${kind}-${id}`),
        }),
      )
      const shuffled = seen.map((each) => ({ each, key: keys.next().value ?? 0 })).sort((a, b) => a.key - b.key)
      const read = (order: readonly NamedDevice[]) => inventoryOf({ node: aKubeNode('n'), slices: [aSlice('n', devices)], seen: order })
      const found = read(seen)
      expect(read(shuffled.map(({ each }) => each))).toEqual(found)
      for (const kind of ['GPU', 'NPU', 'FPGA']) {
        const [slice, exporter] = [
          devices.filter(({ attributes }) => attributes?.kind?.string === kind.toLowerCase()),
          seen.filter(({ acceleratorKind }) => acceleratorKind === kind),
        ]
        const all = found.devices.filter(({ acceleratorKind }) => acceleratorKind === kind)
        expect(all.length).toBe(slice.length > 0 ? slice.length : exporter.length)
        const isTold = found.conflicts.includes(`n: slice says ${slice.length} ${kind}, exporter sees ${exporter.length}`)
        expect(isTold).toBe(slice.length > 0 && exporter.length > 0 && slice.length !== exporter.length)
      }
      const given = [...namesInCluster(found.devices, seen).values()].filter((name) => name !== null)
      expect(new Set(given).size).toBe(given.length)
    }),
    { seed: 20_261 },
  )
})

it('tells what an exporter tells under the name of the cluster, and takes back what it told before it knew', () => {
  const common = { site: 's', timeMs: 1, source: 'exporter:n' }
  const identity = { node: 'n', acceleratorKind: 'GPU', emulated: false, deviceModel: null } as const
  const observed = (name: string): TwinEvent => ({ type: 'accelerator.observed', ...common, name: `n/${name}`, identity })
  const sampled = (name: string): TwinEvent => ({ type: 'accelerator.sampled', ...common, name: `n/${name}`, load: {} })
  let known: readonly NamedDevice[] | undefined
  const raw = {
    ...aNewAccelerator('n/card0'),
    reported: {
      ...aNewAccelerator('n/card0').reported,
      identity: { value: identity, timeMs: 1, source: 'exporter:n', freshness: 'fresh' },
    },
  }
  const entities = { accelerator: new Map([['n/card0', raw]]) } as unknown as EntityMaps
  const names = createExporterNames({ devices: () => known, entities: () => entities })
  const lines = (events: readonly TwinEvent[]) => events.map((event) => `${event.type} ${'name' in event ? event.name : ''}`)
  expect(lines(names.translate([observed('card0'), sampled('card0')]))).toEqual([
    'accelerator.observed n/card0',
    'accelerator.sampled n/card0',
  ])
  known = [gpu('gpu0')]
  expect(lines(names.translate([observed('card0'), sampled('card0')]))).toEqual([
    'accelerator.gone n/card0',
    'accelerator.observed n/gpu0',
    'accelerator.sampled n/gpu0',
  ])
  // One more than the cluster knows is told by nobody; one of another kind by its exporter.
  expect(lines(names.translate([observed('card1'), sampled('card1')]))).toEqual([])
  const fpga: TwinEvent = { type: 'accelerator.observed', ...common, name: 'n/fpga0', identity: { ...identity, acceleratorKind: 'FPGA' } }
  expect(lines(names.translate([fpga, { type: 'clock.ticked', ...common }]))).toEqual(['accelerator.observed n/fpga0', 'clock.ticked '])
  expect(names.seen('n')?.map(({ name }) => name)).toEqual(['n/card0', 'n/card1', 'n/fpga0'])
})
