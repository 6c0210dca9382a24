/** What can be wrong with the charts without a browser. */
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { HISTORY_FIELDS, type SeriesPoint, TRANSITION_KINDS } from '../../../../models/contracts/history.ts'
import { aCamera, aLink, aNode, anAccelerator, aPod } from '../../../../models/testing/entities.ts'
import { gapOf, pointAt, toColumns, withTail } from './columns.ts'
import { fieldsOf, formatUnit, hasHistory, liveSample } from './fields.ts'
import { heardWith, NOTHING_HEARD, withHeard } from './heard.ts'
import { toPeriods } from './periods.ts'
import { RANGE_MS, RANGES, spanOf, stepMs, timeTick } from './ranges.ts'

const point = (timeMs: number, mean = 1): SeriesPoint => ({ timeMs, mean, min: mean, max: mean, count: 1 })

describe('fields', () => {
  it.each(TRANSITION_KINDS)('of a %s are those of the contract, with its units', (kind) => {
    expect(Object.fromEntries(fieldsOf(kind).map(({ field, unit }) => [field, unit]))).toEqual(HISTORY_FIELDS[kind])
  })

  it('are of nothing else', () => {
    expect(['pod', 'request', 'plan', 'toString'].filter(hasHistory)).toEqual([])
    expect(liveSample(aPod())).toBeNull()
  })

  it('heard by the page have the names of the contract; unknown stays unknown', () => {
    const fact = <T>(value: T) => ({ value, timeMs: 7, source: 'exporter:x', freshness: 'fresh' as const })
    const load = fact({ utilizationRatio: 0.5, powerWatts: 3 })
    expect(liveSample(aNode())).toBeNull()
    expect(liveSample(aNode({ reported: { load } }))).toEqual({ timeMs: 7, values: { utilizationRatio: 0.5, powerWatts: 3 } })
    expect(liveSample(anAccelerator({ reported: { load, pods: ['a', 'b'] } }))?.values).toMatchObject({ podCount: 2, powerWatts: 3 })
    expect(liveSample(aCamera({ reported: { stream: fact({ framesPerSecond: 25 }) } }))?.values).toEqual({ framesPerSecond: 25 })
    const quality = fact({ bytesPerSecond: 1e6, latencyMs: 2 })
    expect(liveSample(aLink({ reported: { quality } }))?.values).toEqual({ bytesPerSecond: 1e6, latencyMs: 2 })
  })

  it.each([
    ['ratio', 0.427, '43 %'],
    ['bytes', 2 ** 30, '1.0 GiB'],
    ['bytesPerSecond', 11.9e6, '11.9 MB/s'],
    ['celsius', 48.25, '48.3 °C'],
    ['watts', 10, '10 W'],
    ['perSecond', 25, '25/s'],
    ['ms', 812, '812 ms'],
    ['ms', 0, '0 ms'],
    ['count', 3, '3'],
  ] as const)('%s %d is %s', (unit, value, text) => expect(formatUnit(unit, value).replaceAll('\u00a0', ' ')).toBe(text))
})

describe('columns', () => {
  it('have a null in the middle of a gap, and none for the rhythm of a slow source', () => {
    const every5s = [0, 5, 10, 15, 25, 60, 65].map((seconds) => point(seconds * 1_000, seconds))
    const { timesMs, means, mins, maxs } = toColumns(every5s, 2_000)
    expect(timesMs).toEqual([0, 5_000, 10_000, 15_000, 25_000, 42_500, 60_000, 65_000])
    for (const column of [means, mins, maxs]) expect(column).toEqual([0, 5, 10, 15, 25, null, 60, 65])
    expect(toColumns([], 2_000).timesMs).toEqual([])
  })

  it('rise in time and keep every point', () => {
    const distances = fc.array(fc.integer({ min: 1, max: 1_000 }), { maxLength: 60 })
    fc.assert(
      fc.property(distances, fc.integer({ min: 1, max: 100 }), (steps, resolutionMs) => {
        const points = steps.map((_, index) => point(steps.slice(0, index + 1).reduce((sum, step) => sum + step)))
        const columns = toColumns(points, resolutionMs)
        expect(columns.timesMs.filter((_, index) => columns.means[index] !== null)).toEqual(points.map((each) => each.timeMs))
        expect(columns.timesMs.every((time, index) => index === 0 || time > columns.timesMs[index - 1]!)).toBe(true)
      }),
      { seed: 20_261_121 },
    )
  })

  it('go on with what was heard since, in the intervals of the store', () => {
    const samples = [500, 1_900, 2_000, 2_500, 4_100].map((timeMs, index) => ({ timeMs, value: index }))
    expect(withTail([point(0, 9)], samples, 2_000)).toEqual([
      point(0, 9),
      { timeMs: 2_000, mean: 2.5, min: 2, max: 3, count: 2 },
      { timeMs: 4_000, mean: 4, min: 4, max: 4, count: 1 },
    ])
    expect(withTail([], samples.slice(0, 1), 2_000)).toEqual([{ timeMs: 0, mean: 0, min: 0, max: 0, count: 1 }])
  })

  it('tell the value of a moment, and none in a gap or before the first', () => {
    const points = [point(1_000, 1), point(2_000, 2), point(9_000, 9)]
    const gapMs = gapOf(points.slice(0, 2), 1_000)
    expect([999, 1_000, 1_999, 2_500, 6_000, 9_000, 12_000].map((timeMs) => pointAt(points, timeMs, gapMs)?.mean ?? null)).toEqual([
      null,
      1,
      1,
      2,
      null,
      9,
      9,
    ])
  })
})

describe('what is heard', () => {
  const sampled = (timeMs: number, mode: 'ready' | 'notReady') =>
    aNode({ mode, reported: { load: { value: { utilizationRatio: timeMs / 10 }, timeMs, source: 'exporter:x', freshness: 'fresh' } } })

  it('is each sample once, and each change of mode with the time of the twin', () => {
    let heard = heardWith(NOTHING_HEARD, sampled(1, 'ready'), 100)
    heard = heardWith(heard, sampled(1, 'ready'), 110)
    heard = heardWith(heard, sampled(2, 'notReady'), 120)
    expect(heard.samples.map(({ timeMs }) => timeMs)).toEqual([1, 2])
    expect(heard.changes).toEqual([{ timeMs: 120, from: 'ready', to: 'notReady', reason: '' }])
    expect(heard.mode).toBe('notReady')
  })

  it('is left out once the store tells it, by its own time', () => {
    const change = (timeMs: number, from: string, to: string) => ({ timeMs, from, to, reason: '' })
    const heard = [change(101_500, 'ready', 'notReady'), change(190_000, 'notReady', 'ready')]
    expect(withHeard([], heard)).toEqual(heard)
    expect(withHeard([change(100_000, 'ready', 'notReady')], heard)).toEqual([change(100_000, 'ready', 'notReady'), heard[1]])
    const both = [change(100_000, 'ready', 'notReady'), change(189_000, 'notReady', 'ready')]
    expect(withHeard(both, heard)).toEqual(both)
  })
})

describe('periods', () => {
  const span = { fromMs: 100, toMs: 200 }
  const change = (timeMs: number, from: string, to: string) => ({ timeMs, from, to, reason: '' })
  it('begin with the mode before the first change, and cover what is known', () => {
    const changes = [change(120, 'ready', 'notReady'), change(150, 'notReady', 'ready')]
    expect(toPeriods(changes, span, { sinceMs: 110, mode: 'ready' })).toEqual([
      { mode: 'ready', fromMs: 110, toMs: 120 },
      { mode: 'notReady', fromMs: 120, toMs: 150 },
      { mode: 'ready', fromMs: 150, toMs: 200 },
    ])
    expect(toPeriods(changes, span, { sinceMs: 120, mode: null })[0]).toEqual({ mode: 'notReady', fromMs: 120, toMs: 150 })
  })
  it('are one without a change, and none when nothing is known', () => {
    expect(toPeriods([], span, { sinceMs: 0, mode: 'ready' })).toEqual([{ mode: 'ready', ...span }])
    expect(toPeriods([], span, { sinceMs: 200, mode: 'ready' })).toEqual([])
    expect(toPeriods([], span, { sinceMs: 0, mode: null })).toEqual([])
  })
})

describe('spans', () => {
  const NOW_MS = Date.UTC(2026, 10, 21, 12) + 1
  it.each(RANGES)('of %s hold now, and a past instant wherever it lies', (range) => {
    for (const pastMs of [null, NOW_MS - 1_000, NOW_MS - RANGE_MS[range] / 2, NOW_MS - 3 * RANGE_MS[range]]) {
      const span = spanOf(range, { nowMs: NOW_MS, pastMs })
      const heldMs = pastMs ?? NOW_MS
      expect(span.toMs - span.fromMs).toBe(RANGE_MS[range])
      expect(span.fromMs).toBeLessThanOrEqual(heldMs)
      expect(span.toMs).toBeGreaterThan(heldMs)
      expect(span.toMs % stepMs(range)).toBe(0)
    }
  })
  it('stay as they are for an instant that they show already', () => {
    expect(spanOf('1h', { nowMs: NOW_MS, pastMs: NOW_MS - 60_000 })).toEqual(spanOf('1h', { nowMs: NOW_MS, pastMs: null }))
  })
  it.each([
    [[2026, 10, 21, 14, 3, 7], 1_000, '14:03:07'],
    [[2026, 10, 21, 14, 3, 0], 60_000, '14:03'],
    [[2026, 10, 21, 0, 0, 0], 60_000, '21 Nov'],
    [[2026, 10, 21, 14, 0, 0], 86_400_000, '21 Nov'],
    [[2026, 10, 1, 0, 0, 0], 28 * 86_400_000, 'Nov'],
    [[2027, 0, 1, 0, 0, 0], 28 * 86_400_000, '2027'],
  ] as const)('tick %j at %d ms reads %s', ([year, month, ...rest], distanceMs, text) => {
    expect(timeTick(new Date(year, month, ...rest).getTime(), distanceMs).replace('\u00a0', ' ')).toBe(text)
  })
})
