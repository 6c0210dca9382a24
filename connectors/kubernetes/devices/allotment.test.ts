import { describe, expect, it } from '@jest/globals'
import { aClaim, aDevice, aKubeNode, aKubePod, aSlice } from '../testing/objects.ts'
import type { ResourceClaim, WatchedPod } from '../watched.ts'
import { allot } from './allotment.ts'
import { inventoryOf } from './inventory.ts'

const node = aKubeNode('edge-1', { resources: { 'nvidia.com/gpu': '2' } })
const slices = [aSlice('edge-1', [aDevice('gpu0', { kind: 'gpu' }), aDevice('gpu1', { kind: 'gpu' }), aDevice('npu0', { kind: 'npu' })])]
const { devices } = inventoryOf({ node, slices, seen: [] })
const oneGpu = { limits: { 'nvidia.com/gpu': '1' } }

function devicesOf(
  pods: readonly WatchedPod[],
  given: { readonly claims?: readonly ResourceClaim[]; readonly known?: Readonly<Record<string, string>> } = {},
) {
  const { claims = [], known = {} } = given
  const allotted = allot({
    devices,
    pods,
    claims: ({ spec }) => (spec.resourceClaims ?? []).map(({ name }) => claims.find(({ metadata }) => metadata.name === name) ?? null),
    known: ({ metadata }) => known[metadata.name] ?? null,
  })
  return Object.fromEntries([...allotted.values()].map(({ pod, devices }) => [pod.metadata.name, devices]))
}

describe('which pod has which device', () => {
  it('is settled by claims, which name them', () => {
    const pods = [aKubePod('a', { claims: ['c'] }), aKubePod('b', oneGpu)]
    expect(devicesOf(pods, { claims: [aClaim('c', 'acc.edgetwin.dev/edge-1/gpu0')] })).toEqual({ a: ['edge-1/gpu0'], b: ['edge-1/gpu1'] })
  })

  it('is settled by age where they are only counted, and a place that is known stays', () => {
    expect(devicesOf([aKubePod('a', oneGpu), aKubePod('b', oneGpu)])).toEqual({ a: ['edge-1/gpu0'], b: ['edge-1/gpu1'] })
    const known = { b: 'edge-1/gpu0' }
    expect(devicesOf([aKubePod('a', oneGpu), aKubePod('b', oneGpu)], { known })).toEqual({ b: ['edge-1/gpu0'], a: ['edge-1/gpu1'] })
  })

  it('is the wish of the decision for a pod that asks for none', () => {
    expect(devicesOf([aKubePod('a')], { known: { a: 'edge-1/npu0' } })).toEqual({ a: ['edge-1/npu0'] })
    expect(devicesOf([aKubePod('a')], { known: { a: 'edge-2/npu0' } })).toEqual({ a: [] })
  })

  it('is open while a claim is not allocated, or not there yet', () => {
    const pods = [aKubePod('a', { claims: ['c'] }), aKubePod('b', { claims: ['d'] }), aKubePod('e')]
    const claims = [aClaim('c', null)]
    const allotted = allot({
      devices,
      pods,
      claims: ({ spec }) => (spec.resourceClaims ?? []).map(({ name }) => claims.find(({ metadata }) => metadata.name === name) ?? null),
      known: () => null,
    })
    expect([...allotted.values()].map(({ awaitsClaim }) => awaitsClaim)).toEqual([true, true, false])
  })

  it('gives a second pod of a shared resource the same device', () => {
    const pods = ['a', 'b', 'c'].map((name) => aKubePod(name, oneGpu))
    expect(Object.values(devicesOf(pods)).map(([first]) => first)).toEqual(['edge-1/gpu0', 'edge-1/gpu1', 'edge-1/gpu0'])
  })
})
