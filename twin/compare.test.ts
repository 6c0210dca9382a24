import { expect, it } from '@jest/globals'
import { applicationNamed } from '../models/applications/applications.ts'
import { costOf } from '../models/applications/costs.ts'
import { defaultRegistry } from '../models/applications/registry.ts'
import type { AcceleratorKind } from '../models/events/shapes.ts'
import { comparisonShape } from '../models/scenario/answers.ts'
import { parseScenario } from '../models/scenario/parse.ts'
import { dhsEvents, journaled } from '../models/testing/dhs-site.ts'
import { canonicalJson } from './canonical-json.ts'
import { compareScenarios } from './compare.ts'
import { applyEvents } from './fold.ts'
import { emptyTwin } from './twin-state.ts'

const idle = applyEvents(emptyTwin, journaled(dhsEvents()))
const compare = (a: string, b: string) =>
  compareScenarios(idle, { a: parseScenario(a), b: parseScenario(b) }, { registry: defaultRegistry(), stateHash: 'hash', nowMs: 5_000_000 })
const costMs = (deviceModel: string, acceleratorKind: AcceleratorKind) =>
  costOf('resnet50', [...applicationNamed('resnet50')!.blocks.keys()], { deviceModel, acceleratorKind })!.ms
const piMs = costMs('raspberry-pi-4b', 'CPU')
/** 224 × 224 × 3 bytes at 12,500 bytes/ms, 1 ms of each of two links. */
const atEdgeMs = 12.04224 + 2 + costMs('edge-server-3.6ghz', 'CPU')
const ONE = 'burst(camera-pi-1, resnet50, x1)'

it('says what a slower link costs, per algorithm and request, and what moves', () => {
  const comparison = compare(`${ONE} on nothing with local, edge`, `${ONE} + link(camera-pi-1, x0.01) on nothing with local, edge`)
  expect(comparison).toMatchObject({
    basis: { stateHash: 'hash' },
    a: { scenario: `${ONE} on nothing with local, edge`, winner: 'edge', makespanMs: expect.closeTo(atEdgeMs, 9) },
    b: { winner: 'local', makespanMs: expect.closeTo(piMs, 9) },
    differenceMs: expect.closeTo(piMs - atEdgeMs, 9),
  })
  const slowMs = atEdgeMs + 99 * 12.04224
  expect(comparison.algorithms.map(({ algorithm, aMs, bMs, differenceMs }) => [algorithm, aMs, bMs, differenceMs])).toEqual([
    ['local', expect.closeTo(piMs, 9), expect.closeTo(piMs, 9), 0],
    ['edge', expect.closeTo(atEdgeMs, 9), expect.closeTo(slowMs, 9), expect.closeTo(slowMs - atEdgeMs, 9)],
  ])
  const request = 'camera-pi-1-resnet50-burst-1'
  expect(comparison.requests).toEqual([
    {
      request,
      camera: 'camera-pi-1',
      application: 'resnet50',
      aLatencyMs: expect.closeTo(atEdgeMs, 9),
      bLatencyMs: expect.closeTo(piMs, 9),
      differenceMs: expect.closeTo(piMs - atEdgeMs, 9),
    },
  ])
  expect(comparison.moves).toEqual([{ request, from: 'edge-1/cpu0', to: 'pi-1/cpu0' }])
})

it('what only one of them has, or can do, has no difference', () => {
  const comparison = compare(
    'with local, edge',
    'lose(node/edge-1) + remove(camera/camera-tx2-3) + burst(camera-pi-1, alexnet) with edge, heft',
  )
  expect(comparison.algorithms.map(({ algorithm, aMs, bMs }) => [algorithm, aMs !== null, bMs !== null])).toEqual([
    ['heft', false, true],
    ['local', true, false],
    ['edge', true, false],
  ])
  expect(comparison.algorithms.every(({ differenceMs }) => differenceMs === null)).toBe(true)
  expect(comparison.b.infeasible.map(({ algorithm }) => algorithm)).toEqual(['edge'])
  const only = (side: 'aLatencyMs' | 'bLatencyMs') =>
    comparison.requests.filter((each) => each[side] === null).map(({ request }) => request)
  expect(only('aLatencyMs')).toEqual(['camera-pi-1-alexnet-burst-1'])
  expect(only('bLatencyMs').sort()).toEqual(['alexnet', 'googlenet', 'resnet50'].map((each) => `camera-tx2-3-${each}`))
  expect(comparisonShape.parse(comparison)).toEqual(comparison)
})

it('a scenario is equal to itself, and asked twice gives equal bytes', () => {
  const [first, second] = [compare('lose(node/tx2-1)', 'lose(node/tx2-1)'), compare('lose(node/tx2-1)', 'lose(node/tx2-1)')]
  expect(canonicalJson(first)).toBe(canonicalJson(second))
  expect(first.a).toEqual(first.b)
  expect([first.differenceMs, first.moves]).toEqual([0, []])
  expect(first.requests.every(({ differenceMs }) => differenceMs === 0)).toBe(true)
})

it('refuses two twins and sweeps; the same time in two words is one twin', () => {
  expect(() => compare('at now', 'at -10m')).toThrow('start from different twins')
  expect(() => compare('sweep delta1 0..1', '')).toThrow('has a sweep')
  expect(compare('at -1000s', 'at 1970-01-01T01:06:40Z').differenceMs).toBe(0)
})
