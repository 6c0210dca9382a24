import { expect, it } from '@jest/globals'
import { aDevice, aKubeNode, aKubePod, aSlice } from '../testing/objects.ts'
import type { ResourceClaim } from '../watched.ts'
import { asksOf, offersOf } from './asked-devices.ts'
import { inventoryOf } from './inventory.ts'

const claim = (...classes: (readonly string[])[]): ResourceClaim => ({
  metadata: { name: 'c', uid: 'c', resourceVersion: '1' },
  spec: {
    devices: {
      requests: classes.map(([first = '', ...others]) =>
        others.length === 0
          ? { exactly: { deviceClassName: first } }
          : { firstAvailable: [first, ...others].map((deviceClassName) => ({ deviceClassName })) },
      ),
    },
  },
})

it.each([
  ['nothing', {}, [], undefined],
  ['CPU and memory alone', { cpu: '1', memory: '1Gi' }, [], undefined],
  ['an extended resource', { 'gpu.intel.com/i915': '1' }, [], ['gpu.intel.com/i915']],
  ['a claim of a class', {}, [claim(['gpu.edgetwin.dev'])], ['claim of a GPU']],
  ['the first that is there of several', {}, [claim(['gpu.edgetwin.dev', 'npu.edgetwin.dev'])], ['claim of a GPU', 'claim of a NPU']],
  ['a CPU and an NPU', {}, [claim(['cpu.edgetwin.dev'], ['npu.edgetwin.dev'])], ['claim of a NPU']],
  ['a class that may be of any kind', {}, [claim(['fast.example.com'])], undefined],
  ['a claim that is not made yet', {}, [null], []],
])('of %s', (_, limits, claims, asks) => expect(asksOf(aKubePod('p', { limits }), claims)).toEqual(asks))

it('offers a device by its resource and, when a slice names it, to claims', () => {
  const node = aKubeNode('edge-1', { resources: { 'gpu.intel.com/i915': '1', 'npu.intel.com/accel': '1' } })
  const { devices } = inventoryOf({ node, slices: [aSlice('edge-1', [aDevice('gpu0', { kind: 'gpu' })])], seen: [] })
  expect(Object.fromEntries(devices.map((device) => [device.name, offersOf(device)]))).toEqual({
    'edge-1/cpu0': [],
    'edge-1/gpu0': ['gpu.intel.com/i915', 'claim of a GPU'],
    'edge-1/npu0': ['npu.intel.com/accel'],
  })
})
