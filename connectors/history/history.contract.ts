/**
 * What every history owes us; run against each adapter.
 *
 * Points lie in the last hours of the real clock, because a real store judges by its own what is too old.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { HistoryPoint, HistoryQuery, NumbersPoint, SeriesPoint } from '../../models/contracts/history.ts'
import type { History } from '../../models/ports.ts'

export interface HistoryUnderTest {
  /** On the same store each time: what an earlier one wrote, the next one answers. */
  readonly open: () => History
  readonly dispose: () => Promise<void>
}

const SECOND_MS = 1_000
const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000

export function describeHistory(name: string, create: () => Promise<HistoryUnderTest>): void {
  describe(`history: ${name}`, () => {
    let { open, dispose } = {} as HistoryUnderTest
    let history = {} as History
    /** Start of an hour, some three hours ago. */
    const startMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 3 * HOUR_MS
    beforeEach(async () => {
      ;({ open, dispose } = await create())
      history = open()
    })
    afterEach(async () => {
      await history.stop()
      await dispose()
    })
    const written = async (points: readonly HistoryPoint[]): Promise<void> => {
      history.write(points)
      await settled(history)
    }
    const ask = (query: Partial<HistoryQuery>) => history.series({ ...QUESTION, fromMs: startMs, toMs: startMs + MINUTE_MS, ...query })

    it('answers with the samples, their unit and where they come from', async () => {
      await written([aSample(startMs + 1_000, 0.25), aSample(startMs + 3_400, 0.5), aSample(startMs + 4_000, 1, 'pi-2')])
      const { source, ...answer } = await ask({})
      expect(answer).toEqual({
        unit: 'ratio',
        resolutionMs: 1_000,
        points: [
          { timeMs: startMs + 1_000, mean: 0.25, min: 0.25, max: 0.25, count: 1 },
          { timeMs: startMs + 3_000, mean: 0.5, min: 0.5, max: 0.5, count: 1 },
        ],
        oldestMs: startMs + 1_000,
      })
      expect(['sqlite', 'influx']).toContain(source)
    })

    it('takes the start of a span in and leaves its end out', async () => {
      await written([aSample(startMs, 1), aSample(startMs + 30_000, 2), aSample(startMs + 60_000, 3)])
      expect((await ask({})).points.map(({ mean }) => mean)).toEqual([1, 2])
    })

    it('merges to what was asked for: mean, min, max, count of each interval', async () => {
      await written([0, 1, 2, 3, 10, 11, 29].map((second) => aSample(startMs + second * SECOND_MS, second)))
      const { resolutionMs, points } = await ask({ maxPoints: 6 })
      expect(resolutionMs).toBe(10_000)
      expect(points).toEqual([
        { timeMs: startMs, mean: 1.5, min: 0, max: 3, count: 4 },
        { timeMs: startMs + 10_000, mean: 10.5, min: 10, max: 11, count: 2 },
        { timeMs: startMs + 20_000, mean: 29, min: 29, max: 29, count: 1 },
      ])
    })

    it('keeps fields apart, and of one time field by field the last', async () => {
      const point = { kind: 'node', name: 'pi-1', timeMs: startMs } as const
      await written([{ ...point, values: { utilizationRatio: 0.1, powerWatts: 5 } }])
      await written([{ ...point, values: { utilizationRatio: 0.2 } }])
      expect((await ask({})).points).toMatchObject([{ mean: 0.2, count: 1 }])
      expect(await ask({ field: 'powerWatts' })).toMatchObject({ unit: 'watts', points: [{ mean: 5 }] })
      expect((await ask({ field: 'temperatureCelsius' })).points).toEqual([])
    })

    it('answers a long span from minutes, and what is not yet a minute from samples', async () => {
      const points = everySecond(startMs, 150)
      await written(points)
      const long = { fromMs: startMs - 7 * HOUR_MS, toMs: startMs + HOUR_MS, maxPoints: 1_000 }
      const before = await ask(long)
      expect(before.resolutionMs).toBe(MINUTE_MS)
      expectSame(before.points, merged(points, MINUTE_MS))
      await history.maintain()
      expect(history.checks()).toMatchObject([{ ok: true }])
      expectSame((await ask(long)).points, merged(points, MINUTE_MS))
    })

    it('answers a very long span from hours', async () => {
      const points = [...everySecond(startMs, 90), ...everySecond(startMs + HOUR_MS - 30_000, 60), aSample(Date.now() - 500, 7)]
      await written(points)
      const long = { fromMs: startMs - 21 * 24 * HOUR_MS, toMs: Date.now() + HOUR_MS, maxPoints: 2_000 }
      for (const maintain of [async () => {}, history.maintain, history.maintain]) {
        await maintain()
        const { resolutionMs, points: found, oldestMs } = await ask(long)
        expect(resolutionMs).toBe(HOUR_MS)
        expect(oldestMs).toBe(startMs)
        expectSame(found, merged(points, HOUR_MS))
      }
    })

    it('works a minute out again when a point comes late', async () => {
      await written(everySecond(startMs, 60))
      await history.maintain()
      const late = aSample(startMs + 30_500, 1_000)
      await written([late])
      const long = { fromMs: startMs - 7 * HOUR_MS, toMs: startMs + HOUR_MS }
      for (const maintain of [async () => {}, history.maintain]) {
        await maintain()
        expect((await ask(long)).points).toMatchObject([{ max: 1_000, count: 61 }])
        expect((await ask({ ...long, fromMs: startMs - 21 * 24 * HOUR_MS })).points).toMatchObject([{ max: 1_000, count: 61 }])
      }
    })

    it('goes on where an earlier process stopped, down-sampling too', async () => {
      await written(everySecond(startMs, 70))
      await history.maintain()
      await written(everySecond(startMs + 100_000, 30))
      await history.stop()
      history = open()
      const long = { fromMs: startMs - 7 * HOUR_MS, toMs: startMs + HOUR_MS }
      const all = merged([...everySecond(startMs, 70), ...everySecond(startMs + 100_000, 30)], MINUTE_MS)
      expectSame((await ask(long)).points, all)
      await history.maintain()
      expectSame((await ask(long)).points, all)
    })

    it('keeps changes of mode', async () => {
      const change = { kind: 'transition', of: 'node', name: 'pi-1', reason: 'it says "no", ok=1 \'x\'' } as const
      await written([
        { ...change, timeMs: startMs + 2, from: 'ready', to: 'notReady' },
        { ...change, timeMs: startMs + 1, from: 'expected', to: 'ready' },
        { ...change, timeMs: startMs + 3, from: 'ready', to: 'gone', name: 'pi-2' },
        { ...change, timeMs: startMs + 4, from: 'offline', to: 'failed', of: 'accelerator' },
      ])
      const answer = await history.transitions({ kind: 'node', name: 'pi-1', fromMs: startMs, toMs: startMs + 10 })
      expect(answer.transitions).toEqual([
        { timeMs: startMs + 1, from: 'expected', to: 'ready', reason: change.reason },
        { timeMs: startMs + 2, from: 'ready', to: 'notReady', reason: change.reason },
      ])
      expect(answer.oldestMs).toBe(startMs + 1)
      const later = await history.transitions({ kind: 'node', name: 'pi-1', fromMs: startMs + 2, toMs: startMs + 3 })
      expect(later.transitions).toHaveLength(1)
      expect(await history.transitions({ kind: 'link', name: 'pi-1', fromMs: startMs, toMs: startMs + 10 })).toMatchObject({
        transitions: [],
        oldestMs: null,
      })
    })

    it('says of a thing it never heard of that there is nothing', async () => {
      await written([aSample(startMs, 1)])
      expect(await ask({ name: 'nobody' })).toMatchObject({ points: [], oldestMs: null, unit: 'ratio' })
      expect(await ask({ kind: 'camera', name: 'pi-1', field: 'framesPerSecond' })).toMatchObject({ points: [], oldestMs: null })
    })

    it('refuses what is no number or out of time, counts it, and keeps the rest', async () => {
      const bad = [
        aSample(startMs, Number.NaN),
        aSample(startMs, Number.POSITIVE_INFINITY),
        aSample(Date.now() - 49 * HOUR_MS, 1),
        aSample(Date.now() + 2 * HOUR_MS, 1),
        aSample(Number.NaN, 1),
        aSample(startMs, 1, ''),
        aSample(startMs, 1, '\n\u0000'),
        { kind: 'node', name: 'pi-1', timeMs: startMs, values: { nonsense: 1 } },
        { kind: 'node', name: 'pi-1', timeMs: startMs, values: JSON.parse('{"__proto__": 1}') },
        { kind: 'forged', name: 'pi-1', timeMs: startMs, values: { utilizationRatio: 1 } } as unknown as NumbersPoint,
      ] as const
      const half: HistoryPoint = {
        kind: 'node',
        name: 'pi-1',
        timeMs: startMs + 5_000,
        values: { utilizationRatio: 1, powerWatts: Number.NaN },
      }
      await written([...bad, half])
      expect(history.counts()).toEqual({ queued: 0, written: 1, dropped: 0, refused: bad.length })
      expect((await ask({})).points).toMatchObject([{ timeMs: startMs + 5_000, mean: 1 }])
      expect((await ask({ field: 'powerWatts' })).points).toEqual([])
    })

    it('keeps numbers to the last bit', async () => {
      const values = [0.1, 1 / 3, 1e-300, 1.7976931348623157e308, -0, 2 ** 53, 123456789.12345679, 5e-324]
      await written(values.map((value, n) => aSample(startMs + n * SECOND_MS, value)))
      expect((await ask({})).points.map(({ mean }) => mean)).toEqual(values.map((value) => value + 0))
    })

    it('writes what waits before it stops, and after that only counts', async () => {
      history.write(everySecond(startMs, 10))
      await history.stop()
      history.write([aSample(startMs, 1)])
      expect(history.counts()).toEqual({ queued: 0, written: 10, dropped: 1, refused: 0 })
      history = open()
      expect((await ask({})).points).toHaveLength(10)
    })

    it('answers any question as one would by hand', async () => {
      const points = fc.sample(aPointAfter(startMs), { numRuns: 300, seed: 5 })
      await written(points)
      const question = fc.record({
        name: fc.constantFrom('a/gpu0', 'b/gpu0'),
        field: fc.constantFrom('utilizationRatio', 'powerWatts'),
        fromMs: fc.integer({ min: -60, max: 60 }).map((minutes) => startMs + minutes * MINUTE_MS),
        lengthMs: fc.integer({ min: 1, max: 30 * HOUR_MS }),
        maxPoints: fc.integer({ min: 1, max: 2_000 }),
      })
      for (const maintain of [async () => {}, history.maintain]) {
        await maintain()
        await fc.assert(
          fc.asyncProperty(question, async ({ name, field, fromMs, lengthMs, maxPoints }) => {
            const toMs = fromMs + lengthMs
            const answer = await history.series({ kind: 'accelerator', name, field, fromMs, toMs, maxPoints })
            const { resolutionMs: step } = answer
            expect(answer.points.length).toBeLessThanOrEqual(maxPoints)
            const spanFromMs = Math.floor(fromMs / step) * step
            const spanToMs = Math.ceil(toMs / step) * step
            const inside = points.filter((point) => point.name === name && point.timeMs >= spanFromMs && point.timeMs < spanToMs)
            expectSame(answer.points, merged(inside, step, field))
          }),
          { numRuns: 25, seed: 7 },
        )
      }
    })
  })
}

const QUESTION = { kind: 'node', name: 'pi-1', field: 'utilizationRatio', maxPoints: 500 } as const

export function aSample(timeMs: number, utilizationRatio: number, name = 'pi-1'): NumbersPoint {
  return { kind: 'node', name, timeMs, values: { utilizationRatio } }
}

/** Values of many digits, so that every sum rounds. */
function everySecond(startMs: number, count: number): NumbersPoint[] {
  return Array.from({ length: count }, (_, n) => aSample(startMs + n * SECOND_MS, Math.sqrt(n + 2)))
}

/** In the hour after `startMs`, distinct times, so that what is asked by hand need not know who came last. */
export function aPointAfter(startMs: number): fc.Arbitrary<NumbersPoint> {
  let nextMs = startMs
  return fc
    .record({
      name: fc.constantFrom('a/gpu0', 'b/gpu0', 'b/npu0'),
      gapMs: fc.integer({ min: 1, max: 20_000 }),
      utilizationRatio: fc.double({ min: 0, max: 1, noNaN: true }),
      powerWatts: fc.option(fc.double({ min: 0, max: 5_000, noNaN: true }), { nil: undefined }),
    })
    .map(({ name, gapMs, utilizationRatio, powerWatts }) => {
      nextMs += gapMs
      const values = powerWatts === undefined ? { utilizationRatio } : { utilizationRatio, powerWatts }
      return { kind: 'accelerator', name, timeMs: nextMs, values }
    })
}

/** By hand: no tiers, no running sums. */
function merged(points: readonly NumbersPoint[], stepMs: number, field = 'utilizationRatio'): SeriesPoint[] {
  const known = points.filter(({ values }) => values[field] !== undefined)
  const byInterval = Map.groupBy(known, ({ timeMs }) => Math.floor(timeMs / stepMs) * stepMs)
  return [...byInterval]
    .sort(([a], [b]) => a - b)
    .map(([timeMs, inside]) => {
      const all = inside.map(({ values }) => values[field]!)
      const mean = all.reduce((a, b) => a + b, 0) / all.length
      return { timeMs, mean, min: Math.min(...all), max: Math.max(...all), count: all.length }
    })
}

/** Means of means round differently. */
function expectSame(found: readonly SeriesPoint[], expected: readonly SeriesPoint[]): void {
  expect(found.map(({ mean: _, ...rest }) => rest)).toEqual(expected.map(({ mean: _, ...rest }) => rest))
  for (const [n, { mean }] of expected.entries()) expect(found[n]!.mean / (mean || 1)).toBeCloseTo(mean === 0 ? 0 : 1, 9)
}

export async function settled(history: History): Promise<void> {
  const untilMs = Date.now() + 10_000
  while (history.counts().queued > 0) {
    if (Date.now() > untilMs) throw new Error(`still waiting: ${JSON.stringify([history.counts(), history.checks()])}`)
    await sleep(2)
  }
}
