import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { applicationNamed } from '../models/applications/applications.ts'
import { costOf } from '../models/applications/costs.ts'
import { defaultRegistry } from '../models/applications/registry.ts'
import { type FlipTarget, flipAnswerShape } from '../models/contracts/flips.ts'
import { type WhatIfQueryInput, whatIfQueryShape } from '../models/contracts/what-if.ts'
import type { AcceleratorKind } from '../models/events/shapes.ts'
import { dhsEvents, journaled, podEvents } from '../models/testing/dhs-site.ts'
import { canonicalJson } from './canonical-json.ts'
import { leastChange } from './flip-search.ts'
import { cheapestFlips } from './flips.ts'
import { applyEvents } from './fold.ts'
import { emptyTwin, type TwinState, toJson } from './twin-state.ts'
import { askWhatIf } from './what-if.ts'

const SEED = 20_252
const CLOCK_MS = 1_000_000
const registry = defaultRegistry()
const idle = applyEvents(emptyTwin, journaled(dhsEvents({ atMs: CLOCK_MS })))
const costMs = (deviceModel: string, acceleratorKind: AcceleratorKind) =>
  costOf('resnet50', [...applicationNamed('resnet50')!.blocks.keys()], { deviceModel, acceleratorKind })!.ms
const piMs = costMs('raspberry-pi-4b', 'CPU')
const gpuMs = costMs('jetson-tx2', 'GPU')
const edgeMs = costMs('edge-server-3.6ghz', 'CPU')
const CLIP_BYTES = 150_528
const CLIP_MS = 12.04224
const LATENCY_MS = 2
const REQUEST = 'camera-pi-1-resnet50-1'
const one = { workload: [{ camera: 'camera-pi-1', application: 'resnet50' }], algorithms: ['heft' as const, 'local' as const] }
const on = (accelerator: string): FlipTarget => ({ kind: 'accelerator', request: REQUEST, accelerator })
const flips = (target: FlipTarget, { state = idle, query = one, ...options }: Flipped = {}) =>
  cheapestFlips(state, whatIfQueryShape.parse(query), target, { registry, ...options })

interface Flipped {
  readonly state?: TwinState
  readonly query?: WhatIfQueryInput
  readonly registry?: typeof registry
  readonly runCountMax?: number
}

it('knows how much faster a device would have to be', () => {
  expect(edgeMs).toBeLessThan(gpuMs)
  const { flips: found, isComplete, verdict } = flips(on('tx2-1/gpu0'))
  const faster = found.find(({ change }) => change.kind === 'speed-up')!
  expect(faster).toMatchObject({ change: { accelerator: 'tx2-1/gpu0' }, from: 1, verified: true })
  expect(faster.to).toBeGreaterThan(gpuMs / edgeMs)
  expect(faster.to).toBeLessThan((gpuMs / edgeMs) * 1.02)
  expect(faster.makespanMsBefore).toBeCloseTo(CLIP_MS + LATENCY_MS + edgeMs, 9)
  expect(faster.makespanMsAfter).toBeCloseTo(CLIP_MS + LATENCY_MS + gpuMs / faster.to, 9)
  expect(isComplete).toBe(true)
  expect(verdict).toMatch(/^camera-pi-1-resnet50-1 on tx2-1\/gpu0 wins with /)
})

it('knows below which rate of a link work stays at its camera', () => {
  const { flips: found, verdict } = flips(on('pi-1/cpu0'))
  const threshold = (CLIP_BYTES * 1_000) / (piMs - LATENCY_MS - edgeMs)
  const slower = found[0]!
  expect(slower).toMatchObject({ change: { kind: 'set-link', link: 'pi-1-uplink' }, from: 12_500_000 })
  expect(slower.to).toBeLessThan(threshold)
  expect(slower.to).toBeGreaterThan(threshold * 0.98)
  expect(slower.makespanMsAfter).toBeCloseTo(piMs, 6)
  expect(verdict).toMatch(/wins with link pi-1-uplink at [\d.]+ Mbit\/s instead of 100$/)
})

it('frees a slot first, since that costs least', () => {
  const busy = podEvents('runs', { camera: 'camera-pi-1', frames: 200, accelerator: 'edge-1/cpu0', startedMs: CLOCK_MS })
  const queues = podEvents('queues', { camera: 'camera-pi-1', frames: 10, accelerator: 'edge-1/cpu0' })
  const state = applyEvents(idle, journaled([...busy, ...queues], { after: 1_000 }))
  const before = canonicalJson(toJson(state))
  const [cheapest] = flips(on('edge-1/cpu0'), { state }).flips
  expect(cheapest).toMatchObject({ change: { kind: 'free-accelerator', accelerator: 'edge-1/cpu0' }, to: 0 })
  expect(cheapest!.from).toBeCloseTo(210 * edgeMs, 6)
  expect(cheapest!.makespanMsAfter).toBeCloseTo(CLIP_MS + LATENCY_MS + edgeMs, 9)
  expect(canonicalJson(toJson(state))).toBe(before)
})

it('adds an image where one is missing', () => {
  const without = registry.filter(({ application, acceleratorKind }) => application !== 'resnet50' || acceleratorKind !== 'CPU')
  const { flips: found, verdict } = flips(on('edge-1/cpu0'), { registry: without, query: { ...one, algorithms: ['heft'] } })
  expect(found).toEqual([
    {
      change: { kind: 'add-image', application: 'resnet50', acceleratorKind: 'CPU' },
      from: 0,
      to: 1,
      verified: true,
      makespanMsBefore: expect.closeTo(CLIP_MS + LATENCY_MS + gpuMs, 9),
      makespanMsAfter: expect.closeTo(CLIP_MS + LATENCY_MS + edgeMs, 9),
    },
  ])
  expect(verdict).toBe(`${REQUEST} on edge-1/cpu0 wins with an image of resnet50 for CPU`)
})

it('makes an algorithm win', () => {
  const { flips: found } = flips({ kind: 'algorithm', algorithm: 'local' })
  expect(found.length).toBeGreaterThan(0)
  for (const { makespanMsAfter } of found) expect(makespanMsAfter).toBeLessThanOrEqual(piMs + 1e-9)
})

it('lists the smaller change of a kind first', () => {
  const edits = [{ kind: 'set-link' as const, link: 'edge-1-uplink', bytesPerSecond: 1e8 }]
  const query: WhatIfQueryInput = { ...one, edits, algorithms: ['edge', 'local'] }
  const rates = flips({ kind: 'algorithm', algorithm: 'local' }, { query }).flips.filter(({ change }) => change.kind === 'set-link')
  expect(rates).toMatchObject([
    { change: { link: 'pi-1-uplink' }, from: 12_500_000 },
    { change: { link: 'edge-1-uplink' }, from: 1e8 },
  ])
})

it('says when there is nothing to do, nothing to be done, or not enough runs', () => {
  expect(flips(on('edge-1/cpu0'))).toMatchObject({
    winsAlready: true,
    flips: [],
    runCount: 1,
    verdict: `${REQUEST} on edge-1/cpu0 wins already`,
  })
  const lost = { ...one, edits: [{ kind: 'lose-node' as const, node: 'tx2-1' }] }
  const { flips: none, verdict, runCount } = flips(on('tx2-1/gpu0'), { query: lost })
  expect(none).toEqual([])
  expect(verdict).toBe(`nothing within the limits makes ${REQUEST} on tx2-1/gpu0 win`)
  expect(runCount).toBeLessThanOrEqual(200)
  const short = flips(on('tx2-1/cpu0'), { runCountMax: 5 })
  expect(short).toMatchObject({ runCount: 5, isComplete: false, flips: [] })
  expect(short.verdict).toMatch(/as far as the runs reached$/)
})

it('names what the question does not have', () => {
  expect(() => flips({ kind: 'accelerator', request: 'camera-pi-1-resnet50-2', accelerator: 'pi-1/cpu0' })).toThrow(
    "there is no request of this question 'camera-pi-1-resnet50-2'; did you mean camera-pi-1-resnet50-1?",
  )
  expect(() => flips(on('tx2-1/gpu1'))).toThrow("there is no accelerator 'tx2-1/gpu1'; did you mean tx2-1/gpu0")
  expect(() => flips({ kind: 'algorithm', algorithm: 'peft' })).toThrow('the question does not ask peft; add it to its algorithms')
})

it('of any target: the same again, within its runs, and true of the what-if asked again', () => {
  const accelerators = ['pi-1/cpu0', 'tx2-1/cpu0', 'tx2-1/gpu0', 'tx2-2/gpu0', 'edge-1/cpu0']
  const target = fc.oneof(
    fc.constantFrom(...accelerators).map(on),
    fc.constantFrom('heft', 'local').map((algorithm): FlipTarget => ({ kind: 'algorithm', algorithm })),
  )
  fc.assert(
    fc.property(target, fc.integer({ min: 1, max: 3 }), (wanted, count) => {
      const query = { ...one, workload: [{ ...one.workload[0]!, count }] }
      const answer = flips(wanted, { query })
      expect(canonicalJson(flips(wanted, { query }))).toBe(canonicalJson(answer))
      expect(flipAnswerShape.safeParse(answer).error).toBeUndefined()
      expect(answer.runCount).toBeLessThanOrEqual(200)
      for (const { change, to, makespanMsAfter } of answer.flips) {
        if (change.kind !== 'set-link' || wanted.kind !== 'accelerator') continue
        const asked = whatIfQueryShape.parse({ ...query, edits: [{ ...change, bytesPerSecond: to }] })
        const [best] = askWhatIf(idle, asked, { id: 'q', stateHash: '', registry }).outcomes
        expect(best!.makespanMs).toBe(makespanMsAfter)
        expect(best!.requests.find(({ request }) => request === wanted.request)!.chosen).toBe(wanted.accelerator)
      }
    }),
    { seed: SEED, numRuns: 12 },
  )
})

it('finds the least passing value to half a percent, upwards and downwards', () => {
  fc.assert(
    fc.property(fc.double({ min: 0.001, max: 1_000, noNaN: true }), (threshold) => {
      const isUp = threshold > 1
      const limit = isUp ? 1_024 : 1 / 1_024
      const found = leastChange({ from: 1, limit, passes: (value) => (isUp ? value >= threshold : value <= threshold) })!
      const ratio = isUp ? found / threshold : threshold / found
      expect(ratio).toBeGreaterThanOrEqual(1)
      expect(ratio).toBeLessThan(1.02)
    }),
    { seed: SEED, numRuns: 200 },
  )
  expect(leastChange({ from: 1, limit: 64, passes: () => false })).toBeNull()
})
