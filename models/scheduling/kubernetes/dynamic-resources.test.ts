/**
 * The verdicts of Kubernetes' own DynamicResources plugin (1.36.3, run without an API server) on drawn devices and claims; and what is
 * not claimed. Thousands more are compared live by the real-service suites.
 */
import { readFileSync } from 'node:fs'
import { expect, it } from '@jest/globals'
import type { DeviceObjects, KubeDevice } from './device-objects.ts'
import { deviceSelectors } from './device-selectors.ts'
import type { KubePod } from './objects.ts'
import { snapshotOf } from './snapshot.ts'
import { judge } from './stock-scheduler.ts'
import { anyDevices } from './testing/any-devices.ts'

type StockVerdict = readonly [seed: number, feasible: readonly string[], totals: Readonly<Record<string, number>>]
const VERDICTS: readonly StockVerdict[] = JSON.parse(readFileSync(new URL('./testing/stock-device-verdicts.json', import.meta.url), 'utf8'))

it(`agrees with the stock plugin on ${VERDICTS.length} drawn clusters with devices, node by node and point by point`, () => {
  for (const [seed, feasible, totals] of VERDICTS) {
    const { pod, ...cluster } = anyDevices(seed)
    const verdict = judge(pod, snapshotOf({ ...cluster, devices: cluster }))
    const ours = Object.fromEntries([...verdict.scores].map(([name, { total }]) => [name, total]))
    expect({ seed, feasible: [...verdict.feasible].sort(), totals: ours }).toEqual({ seed, feasible, totals })
  }
})

const device: KubeDevice = {
  name: 'gpu0',
  attributes: {
    kind: { string: 'gpu' },
    index: { int: 2 },
    'example.com/fast': { bool: true },
    firmware: { version: '1.2.3' },
  },
  capacity: { memory: { value: '8Gi' } },
}
const OWN = 'device.attributes["acc.example.com"]'

it.each([
  ['device.driver == "acc.example.com"', true],
  [`${OWN}.kind == 'gpu' && ${OWN}["index"] == 2`, true],
  [`${OWN}.kind != "gpu" || ${OWN}.index in [1, 2]`, true],
  [`!("kind" in ${OWN})`, false],
  ['device.attributes["example.com"].fast', true],
  [`${OWN}.index == "2"`, false],
  [`${OWN}.index >= 2 && ${OWN}.index < 3`, true],
  ['device.capacity["acc.example.com"].memory.compareTo(quantity("8192Mi")) == 0', true],
  ['device.capacity["acc.example.com"].memory.isLessThan(quantity("8Gi"))', false],
  ['"memory" in device.capacity["nobody.example.com"]', false],
  // What is not there.
  [`${OWN}.colour == "red"`, 'fault'],
  ['device.attributes["nobody.example.com"].kind == "gpu"', 'fault'],
  [`${OWN}.colour == "red" || true`, true],
  [`false && ${OWN}.colour == "red"`, false],
  [`${OWN}.kind > 3`, 'fault'],
  [`${OWN}.kind`, 'fault'],
  // Beyond what is claimed.
  [`${OWN}.kind.matches("g.*")`, 'unclaimed'],
  [`${OWN}.firmware.compareTo(semver("1.0.0")) > 0`, 'unclaimed'],
  [`${OWN}.kind == "gpu" ? true : false`, 'unclaimed'],
  [`${OWN}.?kind.orValue("") == "gpu"`, 'unclaimed'],
  [`${OWN}.index > 1.5`, 'unclaimed'],
  ['device.allowMultipleAllocations', 'unclaimed'],
  ['device.driver ==', 'unclaimed'],
  ['', 'unclaimed'],
] as const)('reads the selector %s', (expression, selected) =>
  expect(deviceSelectors()(expression, { driver: 'acc.example.com', device })).toBe(selected),
)

const pod: KubePod = { metadata: { name: 'p' }, spec: { containers: [], resourceClaims: [{ name: 'c', resourceClaimName: 'c' }] } }
const objects = (expression: string): DeviceObjects => ({
  classes: [{ metadata: { name: 'gpu' }, spec: { selectors: [{ cel: { expression } }] } }],
  slices: [
    {
      metadata: { name: 's' },
      spec: { driver: 'acc.example.com', nodeName: 'a', pool: { name: 'a', generation: 1, resourceSliceCount: 1 }, devices: [device] },
    },
  ],
  claims: [{ metadata: { name: 'c' }, spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'gpu' } }] } } }],
})
const nodes = ['a', 'b'].map((name) => ({ metadata: { name }, status: { allocatable: { pods: '10' } } }))
const verdictOn = (devices: DeviceObjects | null) => judge(pod, snapshotOf({ nodes, pods: [], devices }))

it('tells which selector it does not claim, and leaves the node to the scheduler', () => {
  const expression = `${OWN}.kind.startsWith("g")`
  expect(verdictOn(objects(expression))).toMatchObject({ feasible: ['a'], unclaimed: [`selector ${expression}`] })
  expect(verdictOn(objects('true'))).toMatchObject({ feasible: ['a'], unclaimed: [] })
})

it('claims nothing of a device that many may have, though one has it', () => {
  const { slices, claims, ...others } = objects('true')
  const shared = slices.map(({ spec, ...slice }) => ({
    ...slice,
    spec: { ...spec, devices: [{ ...device, allowMultipleAllocations: true }] },
  }))
  const results = [{ driver: 'acc.example.com', pool: 'a', device: 'gpu0' }]
  const taken = [...claims, { metadata: { name: 'other' }, status: { allocation: { devices: { results } } } }]
  expect(verdictOn({ ...others, slices, claims: taken }).feasible).toEqual([])
  const { feasible, unclaimed } = verdictOn({ ...others, slices: shared, claims: taken })
  expect({ feasible, unclaimed }).toEqual({ feasible: ['a'], unclaimed: [expect.stringContaining('acc.example.com/a/gpu0')] })
})

it('says nothing about claims where the devices are not known', () => expect(verdictOn(null).feasible).toEqual(['a', 'b']))
