import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { defaultRegistry } from '../models/applications/registry.ts'
import { type ClassName, type Radar, radarShape } from '../models/contracts/standing.ts'
import type { TwinEvent } from '../models/events/events.ts'
import { classifyLoad } from '../models/scheduling/dhs.ts'
import { dhsEvents, journaled, podEvents } from '../models/testing/dhs-site.ts'
import { applyEvents } from './fold.ts'
import { emptyRadar, heldClass, type MeasuredLoad, measureLoad, nextRadar, placeOf, type RadarSettings, TRAIL_MAX } from './radar.ts'
import { emptyTwin } from './twin-state.ts'

const SEED = 20_285
const SETTINGS: RadarSettings = { delta1Seconds: 0.1, delta2: 1, bandRatio: 0 }
const registry = defaultRegistry()
const dhs = dhsEvents()
const measure = (...events: TwinEvent[]) =>
  measureLoad(applyEvents(emptyTwin, journaled([...dhs, ...events])), { registry, delta1Seconds: 0.1, delta2: 1 })
const common = { site: 'dhs', source: 'cluster' }

/** A measure with these camera loads and so many requests. */
function aLoad(seconds: readonly number[], requestCount: number, settings = SETTINGS): MeasuredLoad {
  const { delta1Seconds, delta2 } = settings
  const shared = { requestCount, cameraCount: seconds.length, delta1Seconds, delta2 }
  const { unbalanced, heavy, ...loadClass } = classifyLoad({ cameraLoadsSeconds: seconds, ...shared })
  const cameras = seconds.map((each, index) => ({ camera: `camera-${index}`, seconds: each }))
  return { sequence: 1, timeMs: 1_000, work: 'open', loadClass: { ...loadClass, ...shared, cameras } }
}
const radarOf = (load: MeasuredLoad, settings = SETTINGS) => nextRadar(emptyRadar(settings), load, settings)

describe('the load', () => {
  it('is what waits and runs: on the Pi 0.26283 s, on a TX2 0.03039 s', () => {
    const { work, loadClass } = measure(
      ...podEvents('r-1', { camera: 'camera-pi-1' }),
      ...podEvents('r-2', { camera: 'camera-tx2-1', accelerator: 'tx2-1/gpu0', startedMs: 1_000_000 }),
      ...podEvents('r-3', { camera: 'camera-tx2-2', accelerator: 'tx2-2/gpu0', startedMs: 1_000_000 }),
      { type: 'pod.finished', ...common, timeMs: 1_000_500, name: 'r-3-infer', durationMs: 500 },
    )
    expect(work).toBe('open')
    expect(loadClass!.cameras.map(({ seconds }) => Math.round(seconds * 1e5) / 1e5)).toEqual([0.26283, 0.03039, 0, 0])
    expect(loadClass).toMatchObject({ requestCount: 2, cameraCount: 4, requestsPerCamera: 0.5, className: 'U-L' })
    const mean = (0.26283 + 0.03039) / 4
    expect(placeOf(loadClass!).imbalanceSeconds).toBeCloseTo(0.26283 - mean, 4)
  })

  it('is the last round when nothing waits or runs, however long ago', () => {
    const done = (request: string, atMs: number): TwinEvent[] => [
      ...podEvents(request, { camera: 'camera-pi-1', atMs, accelerator: 'pi-1/cpu0', startedMs: atMs }),
      { type: 'pod.finished', ...common, timeMs: atMs + 300, name: `${request}-infer`, durationMs: 300 },
    ]
    const { work, loadClass } = measure(...done('r-1', 900_000), ...done('r-2', 950_000), ...done('r-3', 950_200))
    expect(work).toBe('last-round')
    expect(loadClass).toMatchObject({ requestCount: 2, requestsPerCamera: 0.5 })
  })

  it('is unknown before the first request, and then there is no point', () => {
    const load = measure()
    expect(load).toMatchObject({ work: null, loadClass: null })
    expect(radarOf(load)).toMatchObject({ point: null, borders: [], trail: [] })
  })
})

describe('the borders', () => {
  it.each<[string, readonly number[], number, ClassName, number, number]>([
    ['t_max − t_mean = δ1 is Balanced, A/n = δ2 is Heavy', [0.1, 0.2, 0.3], 3, 'B-H', 0, 0],
    ['t_max − t_mean beyond δ1', [0.1, 0.2, 0.36], 2, 'U-L', 0.1 - (0.36 - 0.22), 1 / 3],
    ['t_mean − t_min beyond δ1, t_max − t_mean not', [0, 0.2, 0.2], 2, 'U-L', 0.1 - 0.4 / 3, 1 / 3],
    ['both within', [0.2, 0.2, 0.2], 0, 'B-L', 0.1, 1],
    ['heavy beyond δ2', [0.2, 0.2, 0.2], 6, 'B-H', 0.1, -1],
  ])('%s', (_, seconds, requestCount, className, toDelta1, toDelta2) => {
    const { point, borders } = radarOf(aLoad(seconds, requestCount))
    expect(point!.className).toBe(className)
    expect(point!.heldClassName).toBe(className)
    expect(borders[0]!.distance).toBeCloseTo(toDelta1, 12)
    expect(borders[1]!.distance).toBeCloseTo(toDelta2, 12)
    const [balance, weight] = className.split('-')
    expect(borders.map(({ beyond }) => beyond)).toEqual([
      `${balance === 'U' ? 'B' : 'U'}-${weight}`,
      `${balance}-${weight === 'H' ? 'L' : 'H'}`,
    ])
  })

  it('agree with the equations everywhere: the sign of the distance is the class', () => {
    const seconds = fc.array(
      fc.integer({ min: 0, max: 40 }).map((tenths) => tenths / 100),
      { minLength: 1, maxLength: 6 },
    )
    fc.assert(
      fc.property(
        seconds,
        fc.nat(12),
        fc.constantFrom(0, 0.05, 0.1, 0.2),
        fc.constantFrom(0.5, 1, 2),
        (loads, count, delta1Seconds, delta2) => {
          const settings = { delta1Seconds, delta2, bandRatio: 0 }
          const { point, borders } = radarOf(aLoad(loads, count, settings), settings)
          const [toDelta1, toDelta2] = borders.map(({ distance }) => distance)
          expect(point!.className).toBe(`${toDelta1! < -1e-9 ? 'U' : 'B'}-${toDelta2! > 1e-9 ? 'L' : 'H'}`)
          expect(point!.heldClassName).toBe(point!.className)
        },
      ),
      { seed: SEED, numRuns: 500 },
    )
  })
})

describe('the band', () => {
  const settings = { delta1Seconds: 0.1, delta2: 1, bandRatio: 0.2 }
  it.each<[ClassName, number, number, ClassName]>([
    ['B-L', 0.12, 1.19, 'B-L'],
    ['B-L', 0.121, 1.2, 'U-H'],
    ['U-H', 0.081, 0.8, 'U-H'],
    ['U-H', 0.08, 0.79, 'B-L'],
  ])('%s at imbalance %d and A/n %d is held as %s', (before, imbalanceSeconds, requestsPerCamera, held) => {
    expect(heldClass(before, { imbalanceSeconds, requestsPerCamera }, settings)).toBe(held)
  })

  it('starts from the class of the equations and keeps what it holds', () => {
    const first = radarOf(aLoad([0.1, 0.2, 0.3], 2, settings), settings)
    expect(first.point!.heldClassName).toBe('B-L')
    const heavier = nextRadar(first, aLoad([0.1, 0.2, 0.3], 3, settings), settings)
    expect(heavier.point).toMatchObject({ className: 'B-H', heldClassName: 'B-L' })
    expect(nextRadar(heavier, aLoad([0.1, 0.2, 0.3], 4, settings), settings).point!.heldClassName).toBe('B-H')
  })
})

describe('the trail', () => {
  it('gets a point when it moved, and is the same trail when it did not', () => {
    const first = radarOf(aLoad([0.1, 0.2, 0.3], 3))
    const still = nextRadar(first, { ...aLoad([0.1, 0.2, 0.3], 3), timeMs: 2_000 }, SETTINGS)
    expect(still.trail).toBe(first.trail)
    expect(still.point!.timeMs).toBe(2_000)
    const moved = nextRadar(still, aLoad([0.1, 0.2, 0.3], 4), SETTINGS)
    expect(moved.trail.map(({ requestsPerCamera }) => requestsPerCamera)).toEqual([1, 4 / 3])
    expect(nextRadar(moved, { sequence: 9, timeMs: 9, work: null, loadClass: null }, SETTINGS)).toMatchObject({
      loadClass: null,
      point: moved.point,
      trail: moved.trail,
    })
  })

  it('is bounded, oldest points first to go', () => {
    let radar: Radar = emptyRadar(SETTINGS)
    for (let count = 0; count < TRAIL_MAX + 50; count++) radar = nextRadar(radar, aLoad([0.1], count), SETTINGS)
    expect(radar.trail).toHaveLength(TRAIL_MAX)
    expect(radar.trail[0]!.requestsPerCamera).toBe(50)
    expect(radar.trail.at(-1)).toEqual(radar.point)
    expect(radarShape.parse(radar)).toEqual(radar)
  })
})
