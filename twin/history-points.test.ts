import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { type HistoryPoint, type NumbersPoint, unitOf } from '../models/contracts/history.ts'
import type { JournaledEvent, TwinEvent } from '../models/events/events.ts'
import { anyHistory } from '../models/testing/any-history.ts'
import { journaled } from '../models/testing/dhs-site.ts'
import {
  AT_MS,
  aCameraSampled,
  aDecision,
  aDecisionMade,
  aLinkSampled,
  aNodeConditionsChanged,
  aNodeSampled,
  anAcceleratorConditionsChanged,
  anAcceleratorObserved,
  anAcceleratorSampled,
  anInferenceCompleted,
  anInferenceRequested,
  aPlacementVerified,
  aPodBound,
  aTick,
} from '../models/testing/events.ts'
import { applyEvents } from './fold.ts'
import { toHistoryPoints } from './history-points.ts'
import { emptyTwin, type TwinState } from './twin-state.ts'

/** Folds batch by batch. */
function pointsOf(batches: readonly (readonly TwinEvent[])[]): HistoryPoint[] {
  const points: HistoryPoint[] = []
  let state: TwinState = emptyTwin
  let after = 0
  for (const events of batches) {
    const batch: JournaledEvent[] = journaled(events, { after })
    after += events.length
    const next = applyEvents(state, batch)
    points.push(...toHistoryPoints(state, next, batch))
    state = next
  }
  return points
}

describe('samples', () => {
  it('become points with what is known, unknown left out', () => {
    const points = pointsOf([
      [
        aNodeSampled({ load: { utilizationRatio: 0.5, memoryTotalBytes: 8e9, powerWatts: 0 } }),
        anAcceleratorObserved(),
        aPodBound(),
        anAcceleratorSampled({ load: { temperatureCelsius: 60 } }),
        aCameraSampled({ framesPerSecond: 24 }),
        aLinkSampled({ name: 'tx2-1', quality: { bytesPerSecond: 1e6, latencyMs: 2 } }),
        aNodeSampled({ name: 'dumb', load: {} }),
      ],
    ]).filter(({ kind }) => kind !== 'transition')
    const common = { timeMs: AT_MS }
    expect(points).toEqual([
      { kind: 'node', name: 'tx2-1', ...common, values: { utilizationRatio: 0.5, powerWatts: 0 } },
      { kind: 'accelerator', name: 'tx2-1/gpu0', ...common, values: { temperatureCelsius: 60, podCount: 1 } },
      { kind: 'camera', name: 'camera-1', ...common, values: { framesPerSecond: 24 } },
      { kind: 'link', name: 'tx2-1', ...common, values: { bytesPerSecond: 1e6, latencyMs: 2 } },
    ])
  })

  it('are one a second for each thing, however many are heard and in whatever batches', () => {
    // 10 a second, for 100 s, with one that comes late.
    const events = Array.from({ length: 1_000 }, (_, n) => aNodeSampled({ timeMs: AT_MS + n * 100, load: { utilizationRatio: n / 1_000 } }))
    events.splice(505, 0, aNodeSampled({ timeMs: AT_MS + 5_000, load: { utilizationRatio: 0.99 } }))
    const expected = Array.from({ length: 100 }, (_, n) => AT_MS + n * 1_000)
    for (const size of [1, 7, 2_000]) {
      const batches = Array.from({ length: Math.ceil(events.length / size) }, (_, n) => events.slice(n * size, (n + 1) * size))
      expect(pointsOf(batches).map(({ timeMs }) => timeMs)).toEqual(expected)
    }
  })

  it('of any history are the same however it is cut into batches, known to the contract, and at most one a second', () => {
    const sampled = (points: readonly HistoryPoint[]) =>
      points.filter((point): point is NumbersPoint => point.kind !== 'transition' && point.values.latencyMs === undefined)
    // How many pods there are is known of the end of a batch only.
    const comparable = (points: readonly NumbersPoint[]) =>
      points.map(({ values: { podCount: _, ...values }, ...point }) => ({ ...point, values }))
    fc.assert(
      fc.property(anyHistory(), fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (events, sizes) => {
        const batches: TwinEvent[][] = []
        for (let at = 0; at < events.length; at += batches.at(-1)!.length)
          batches.push(events.slice(at, at + sizes[batches.length % sizes.length]!))
        const one = sampled(pointsOf(events.map((event) => [event])))
        expect(comparable(sampled(pointsOf(batches)))).toEqual(comparable(one))
        for (const { kind, values } of one) for (const field of Object.keys(values)) expect(unitOf(kind, field)).not.toBeNull()
        const seconds = one
          .filter(({ kind }) => kind !== 'plan')
          .map(({ kind, name, timeMs }) => `${kind} ${name} ${Math.floor(timeMs / 1_000)}`)
        expect(new Set(seconds).size).toBe(seconds.length)
      }),
      { seed: 20_261, numRuns: 100 },
    )
  })
})

it('plans are points of the site: predicted, then observed', () => {
  const decision = aDecision({ predicted: { makespanMs: 5_000, unchangedMakespanMs: null, gainRatio: 1 } })
  const points = pointsOf([
    [aDecisionMade({ decision })],
    [aPlacementVerified({ id: 'd-1', timeMs: AT_MS + 9, observedMakespanMs: 5_500, errorRatio: 0.1 })],
  ])
  expect(points).toEqual([
    { kind: 'plan', name: 'dhs', timeMs: AT_MS, values: { makespanMs: 5_000, gainRatio: 1, moveCount: 1 } },
    { kind: 'plan', name: 'dhs', timeMs: AT_MS + 9, values: { observedMakespanMs: 5_500, errorRatio: 0.1 } },
  ])
})

it('of the answers that a camera got in one second the slowest counts, and failures do not', () => {
  const answer = (id: string, ms: number, latencyMs: number, succeeded = true) =>
    anInferenceCompleted({ id, timeMs: AT_MS + ms, latencyMs, succeeded })
  const asked = ['r-1', 'r-2', 'r-3', 'r-4'].map((id) => anInferenceRequested({ id }))
  expect(
    pointsOf([
      [
        ...asked,
        answer('r-1', 10, 700),
        answer('r-2', 20, 300),
        answer('r-3', 1_000, 5),
        answer('r-4', 30, 9_000, false),
        answer('who', 1, 1),
      ],
    ]),
  ).toEqual([
    { kind: 'camera', name: 'camera-1', timeMs: AT_MS + 10, values: { latencyMs: 700 } },
    { kind: 'camera', name: 'camera-1', timeMs: AT_MS + 1_000, values: { latencyMs: 5 } },
  ])
})

describe('changes of mode', () => {
  const changes = (batches: readonly (readonly TwinEvent[])[]) => pointsOf(batches).filter((point) => point.kind === 'transition')

  it('carry the time and the reason of what was heard of the thing', () => {
    expect(
      changes([
        [aNodeConditionsChanged({ ready: true }), aTick({ timeMs: AT_MS + 99 })],
        [aNodeConditionsChanged({ ready: true, timeMs: AT_MS + 100 })],
        [
          aNodeConditionsChanged({ ready: false, reason: 'KubeletNotReady', timeMs: AT_MS + 200 }),
          aNodeConditionsChanged({ name: 'pi-1', timeMs: AT_MS + 300 }),
        ],
      ]),
    ).toEqual([
      { kind: 'transition', of: 'node', name: 'tx2-1', timeMs: AT_MS, from: 'expected', to: 'ready', reason: '' },
      { kind: 'transition', of: 'node', name: 'tx2-1', timeMs: AT_MS + 200, from: 'ready', to: 'notReady', reason: 'KubeletNotReady' },
      { kind: 'transition', of: 'node', name: 'pi-1', timeMs: AT_MS + 300, from: 'expected', to: 'ready', reason: '' },
    ])
  })

  it('of an accelerator come from its pods too, at the time of the pod', () => {
    expect(
      changes([
        [anAcceleratorObserved()],
        [aPodBound({ timeMs: AT_MS + 5 }), aTick({ timeMs: AT_MS + 50 })],
        [anAcceleratorConditionsChanged({ healthy: false, reason: 'XID 79', timeMs: AT_MS + 60 })],
      ]),
    ).toMatchObject([
      { of: 'accelerator', from: 'offline', to: 'unallocated', reason: '' },
      { from: 'unallocated', to: 'allocated', timeMs: AT_MS + 5, reason: '' },
      { from: 'allocated', to: 'failed', timeMs: AT_MS + 60, reason: 'XID 79' },
    ])
  })

  it('of any history hang together from the first mode to the last, whatever the batches', () => {
    fc.assert(
      fc.property(anyHistory(), fc.integer({ min: 1, max: 9 }), (events, size) => {
        const batches = Array.from({ length: Math.ceil(events.length / size) }, (_, n) => events.slice(n * size, (n + 1) * size))
        const modes = new Map<string, string>()
        for (const { of, name, from, to } of changes(batches)) {
          const key = `${of} ${name}`
          // A thing that was forgotten begins anew.
          if (!['expected', 'offline'].includes(from)) expect(from).toBe(modes.get(key))
          modes.set(key, to)
        }
        const { entities } = applyEvents(emptyTwin, journaled(events))
        for (const kind of ['node', 'accelerator', 'camera', 'link'] as const) {
          for (const { name, mode } of entities[kind].values())
            expect(modes.get(`${kind} ${name}`) ?? (kind === 'accelerator' ? 'offline' : 'expected')).toBe(mode)
        }
      }),
      { seed: 20_261, numRuns: 100 },
    )
  })
})
