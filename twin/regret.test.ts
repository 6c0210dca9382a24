/** A round of two requests reckoned by hand: what each policy would have made of it, and what the real placement promised. */
import { describe, expect, it } from '@jest/globals'
import { applicationNamed } from '../models/applications/applications.ts'
import { costOf } from '../models/applications/costs.ts'
import { defaultRegistry } from '../models/applications/registry.ts'
import type { TwinEvent } from '../models/events/events.ts'
import type { AcceleratorKind } from '../models/events/shapes.ts'
import { dhsEvents, journaled, type PodOptions, podEvents } from '../models/testing/dhs-site.ts'
import { canonicalJson } from './canonical-json.ts'
import { applyEvents } from './fold.ts'
import { type Arrival, type StagePlace, scoreArrival } from './regret.ts'
import { emptyTwin, fromJson, type TwinState, toJson } from './twin-state.ts'

const CLOCK_MS = 1_000_000
const options = { registry: defaultRegistry(), delta1Seconds: 0.1, delta2: 1 }
const costMs = (deviceModel: string, acceleratorKind: AcceleratorKind) =>
  costOf('resnet50', [...applicationNamed('resnet50')!.blocks.keys()], { deviceModel, acceleratorKind })!.ms
const piMs = costMs('raspberry-pi-4b', 'CPU')
const gpuMs = costMs('jetson-tx2', 'GPU')
const txCpuMs = costMs('jetson-tx2', 'CPU')
const edgeMs = costMs('edge-server-3.6ghz', 'CPU')
/** 224 × 224 × 3 bytes at 12,500 bytes/ms, and 1 ms of latency at each end. */
const clipMs = (clips: number) => (clips * 150_528) / 12_500 + 2

const twinWith = (...events: TwinEvent[]): TwinState => applyEvents(emptyTwin, journaled([...dhsEvents({ atMs: CLOCK_MS }), ...events]))
const idle = twinWith()
const at = (accelerator: string, boundMs = CLOCK_MS): StagePlace[] => [{ stage: 'infer', accelerator, boundMs }]
function arrival(places: readonly (readonly StagePlace[])[], arrivedMs = CLOCK_MS): Arrival {
  const requests = places.map((each, index) => {
    return { id: `r-${index + 1}`, camera: 'camera-pi-1', application: 'resnet50', frames: 1, places: each }
  })
  return { arrivedMs, requests }
}
const two = arrival([at('tx2-1/gpu0'), at('pi-1/cpu0')])
const old = (more: Partial<PodOptions> = {}) =>
  podEvents('old', { camera: 'camera-pi-1', accelerator: 'pi-1/cpu0', atMs: CLOCK_MS, ...more })

describe('two requests of one camera', () => {
  it('upon an idle site', () => {
    const { predictedMakespanMs, appliedPredictedMs } = scoreArrival(idle, two, options)
    // The edge server and a GPU, both clips on the Pi's link at once.
    expect(predictedMakespanMs.heft).toBeCloseTo(clipMs(2) + Math.max(edgeMs, gpuMs), 6)
    expect(predictedMakespanMs.local).toBeCloseTo(2 * piMs, 6)
    expect(predictedMakespanMs.edge).toBeCloseTo(clipMs(2) + 2 * edgeMs, 6)
    // Nothing is bound anywhere, so by name: the edge server, then the Pi itself.
    expect(predictedMakespanMs.spread).toBeCloseTo(Math.max(clipMs(1) + edgeMs, piMs), 6)
    expect(appliedPredictedMs).toBeCloseTo(Math.max(clipMs(1) + gpuMs, piMs), 6)
    for (const ms of Object.values(predictedMakespanMs)) expect(ms).toBeGreaterThanOrEqual(clipMs(1) + edgeMs - 1e-6)
  })

  it('behind one that waits at the Pi', () => {
    const { predictedMakespanMs, appliedPredictedMs } = scoreArrival(twinWith(...old()), two, options)
    expect(predictedMakespanMs.local).toBeCloseTo(3 * piMs, 6)
    // The Pi has a pod already: the next name without one is a Jetson's slow CPU.
    expect(predictedMakespanMs.spread).toBeCloseTo(clipMs(2) + txCpuMs, 6)
    expect(appliedPredictedMs).toBeCloseTo(2 * piMs, 6)
  })

  it('some time after the last tick, as much less is left of what runs', () => {
    const running = twinWith(...old({ startedMs: CLOCK_MS }))
    const { predictedMakespanMs } = scoreArrival(running, { ...two, arrivedMs: CLOCK_MS + 100 }, options)
    expect(predictedMakespanMs.local).toBeCloseTo(3 * piMs - 100, 6)
  })

  it('does not count them twice when the cluster told of their pods first', () => {
    const early = twinWith(
      ...podEvents('r-1', { camera: 'camera-pi-1', atMs: CLOCK_MS, accelerator: 'pi-1/cpu0' }),
      ...podEvents('r-2', { camera: 'camera-pi-1', atMs: CLOCK_MS }),
    )
    expect(scoreArrival(early, two, options)).toEqual(scoreArrival(idle, two, options))
  })

  it('queue where they were bound in the order of binding', () => {
    const more = { id: 'r-3', camera: 'camera-tx2-1', application: 'resnet50', frames: 10, places: at('pi-1/cpu0', CLOCK_MS - 1) }
    const { requests } = arrival([at('pi-1/cpu0')])
    const { appliedPredictedMs } = scoreArrival(idle, { arrivedMs: CLOCK_MS, requests: [...requests, more] }, options)
    // The one bound first waits for its clip, and nobody overtakes.
    expect(appliedPredictedMs).toBeCloseTo((10 * 150_528) / 12_500 + 2 + 11 * piMs, 6)
  })
})

describe('what cannot be said', () => {
  it.each([
    ['nobody knows where it ran', []],
    ['it ran where the twin knew nothing', at('tx2-9/gpu0')],
  ])('%s: no prediction for what was done', (_, places) => {
    const { appliedPredictedMs, predictedMakespanMs } = scoreArrival(idle, arrival([places]), options)
    expect(appliedPredictedMs).toBeNull()
    expect(predictedMakespanMs.local).toBeCloseTo(piMs, 6)
  })

  it('a policy that finds no schedule has none', () => {
    const common = { site: 'dhs', timeMs: CLOCK_MS, source: 'cluster' }
    const lost = twinWith({ type: 'node.conditionsChanged', ...common, name: 'pi-1', ready: false, cordoned: false, reason: 'silent' })
    const { predictedMakespanMs } = scoreArrival(lost, arrival([[]]), options)
    expect(predictedMakespanMs.local).toBeNull()
    expect(predictedMakespanMs.edge).toBeCloseTo(edgeMs, 6)
  })

  it('a camera that the twin does not know is refused', () => {
    const [request] = arrival([[]]).requests
    const stranger = { arrivedMs: CLOCK_MS, requests: [{ ...request!, camera: 'camera-9' }] }
    expect(() => scoreArrival(idle, stranger, options)).toThrow(expect.objectContaining({ code: 'ENTITY_UNKNOWN' }))
  })
})

it('a twin restored from its text scores the same, and is left as it was', () => {
  const state = twinWith(...old({ startedMs: CLOCK_MS }))
  const text = canonicalJson(toJson(state))
  const restored = fromJson(JSON.parse(text))
  expect(restored && scoreArrival(restored, two, options)).toEqual(scoreArrival(state, two, options))
  expect(canonicalJson(toJson(state))).toBe(text)
})
