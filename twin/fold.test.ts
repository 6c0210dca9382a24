/** The promises of the one fold, over generated histories: batching, redelivery, order between topics, restart, claims, counts. */
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { isEnded } from '../models/entities/pod.ts'
import type { JournaledEvent, TwinEvent } from '../models/events/events.ts'
import { TOPICS, topicOf } from '../models/events/topics.ts'
import type { JobStatus } from '../models/events/work-events.ts'
import { anyHistory } from '../models/testing/any-history.ts'
import { journaled } from '../models/testing/dhs-site.ts'
import {
  AT_MS,
  aDecision,
  aDecisionMade,
  aJobStatusChanged,
  aLoopModeChanged,
  anAcceleratorConditionsChanged,
  anAcceleratorObserved,
  anInferenceRequested,
  aPlacementApplied,
  aPodBound,
  aPodCreated,
  aPodEvicted,
  aPodFailed,
  aPodFinished,
  aPodStarted,
  aTick,
} from '../models/testing/events.ts'
import { canonicalJson } from './canonical-json.ts'
import { diffEntities } from './diff.ts'
import { applyEvent, applyEvents } from './fold.ts'
import { ENDED_KEPT_MS, GONE_KEPT_MS } from './retention.ts'
import { emptyTwin, fromJson, type TwinState, toJson } from './twin-state.ts'

const SEED = 20_261
const runs = (numRuns: number) => ({ seed: SEED, numRuns })

const textOf = (state: TwinState): string => canonicalJson(toJson(state))
const entitiesOf = (state: TwinState): string => canonicalJson(toJson(state).entities)
const foldAll = (events: readonly TwinEvent[]): TwinState => applyEvents(emptyTwin, journaled(events))
const accelerator = (state: TwinState, name = 'tx2-1/gpu0') => state.entities.accelerator.get(name)

function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return
  Object.freeze(value)
  if (value instanceof Map) for (const member of value.values()) deepFreeze(member)
  for (const member of Object.values(value)) deepFreeze(member)
}

/** Maps cannot be frozen; what they hold is compared instead. */
const copyOf = (state: TwinState) => ({ text: textOf(state), sizes: Object.values(state.entities).map((map) => [...map.keys()]) })

/** A mixture that keeps the order within each topic; `picks` says from which topic the next one comes. */
function interleaved(events: readonly TwinEvent[], picks: readonly number[]): TwinEvent[] {
  const queues = Object.values(TOPICS).map((topic) => events.filter(({ type }) => topicOf(type) === topic))
  const mixed: TwinEvent[] = []
  for (let turn = 0; mixed.length < events.length; turn++) {
    const open = queues.filter((queue) => queue.length > 0)
    const queue = open[(picks[turn % picks.length] ?? 0) % open.length]
    mixed.push(...(queue?.splice(0, 1) ?? []))
  }
  return mixed
}

/** The mixture that is heard when each topic lags by its own time. */
function delayed(events: readonly TwinEvent[], delaysMs: readonly number[]): TwinEvent[] {
  const topics: readonly string[] = Object.values(TOPICS)
  const heardMs = ({ type, timeMs }: TwinEvent) => timeMs + (delaysMs[topics.indexOf(topicOf(type))] ?? 0)
  return [...events].sort((a, b) => heardMs(a) - heardMs(b))
}

function finalTick(events: readonly TwinEvent[]): TwinEvent {
  return aTick({ timeMs: Math.max(AT_MS, ...events.map(({ timeMs }) => timeMs)) + 1_000 })
}

describe('whatever the history', () => {
  it('batches do not matter, and neither does a restart from a snapshot between them', () => {
    fc.assert(
      fc.property(anyHistory(), fc.nat(200), (history, cut) => {
        const events = journaled(history)
        const [first, second] = [events.slice(0, cut), events.slice(cut)]
        const live = applyEvents(applyEvents(emptyTwin, first), second)
        const restored = fromJson(JSON.parse(JSON.stringify(toJson(applyEvents(emptyTwin, first)))))
        expect(textOf(applyEvents(emptyTwin, events))).toBe(textOf(live))
        expect(textOf(events.reduce(applyEvent, emptyTwin))).toBe(textOf(live))
        expect(restored && textOf(applyEvents(restored, second))).toBe(textOf(live))
      }),
      runs(100),
    )
  })

  it('what was delivered before changes nothing, not even the object', () => {
    fc.assert(
      fc.property(anyHistory(), fc.nat(200), fc.nat(200), (history, from, until) => {
        const events = journaled(history)
        const seen = events.slice(0, until)
        const state = applyEvents(emptyTwin, seen)
        expect(applyEvents(state, seen.slice(from))).toBe(state)
        expect(textOf(applyEvents(state, [...seen, ...events]))).toBe(textOf(applyEvents(emptyTwin, events)))
      }),
      runs(100),
    )
  })

  it('any mixture of the topics gives the same entities after the next tick', () => {
    // Shorter than what ended is kept for, so any lag between the topics is a legal one.
    const short = anyHistory({ stepsMax: 60, pauseMsMax: 1_900 })
    fc.assert(
      fc.property(short, fc.array(fc.nat(7), { minLength: 1, maxLength: 200 }), (history, picks) => {
        const tick = finalTick(history)
        expect(tick.timeMs - AT_MS).toBeLessThan(ENDED_KEPT_MS)
        expect(entitiesOf(foldAll([...interleaved(history, picks), tick]))).toBe(entitiesOf(foldAll([...history, tick])))
      }),
      runs(400),
    )
  })

  it('topics that run apart by less than what ended is kept for give the same entities, however long the history', () => {
    const long = anyHistory({ stepsMax: 80, pauseMsMax: 60_000 })
    const delaysMs = fc.array(fc.nat(ENDED_KEPT_MS - 20_000), { minLength: 4, maxLength: 4 })
    fc.assert(
      fc.property(long, delaysMs, (history, delays) => {
        const tick = finalTick(history)
        expect(entitiesOf(foldAll([...delayed(history, delays), tick]))).toBe(entitiesOf(foldAll([...history, tick])))
      }),
      runs(400),
    )
  })

  it('the state it came from stays as it was', () => {
    fc.assert(
      fc.property(anyHistory(), fc.nat(200), (history, cut) => {
        const events = journaled(history)
        deepFreeze(events)
        const before = applyEvents(emptyTwin, events.slice(0, cut))
        deepFreeze(before)
        const was = copyOf(before)
        applyEvents(before, events.slice(cut))
        expect(copyOf(before)).toEqual(was)
      }),
      runs(50),
    )
  })

  it('every event that is no duplicate is counted once, as applied or superseded', () => {
    fc.assert(
      fc.property(anyHistory(), fc.integer({ min: 0, max: 5 }), (history, repeats) => {
        const events = journaled(history)
        const delivered: JournaledEvent[] = events.flatMap((event) => Array<JournaledEvent>(1 + repeats).fill(event))
        const { counts } = applyEvents(emptyTwin, delivered)
        expect(counts.applied + counts.superseded).toBe(history.length)
      }),
      runs(50),
    )
  })

  it('an accelerator holds the open pods whose place it is and awaits those a decision put there, in any order of arrival', () => {
    const anyOrder = anyHistory().chain((history) => fc.shuffledSubarray(history, { minLength: history.length }))
    fc.assert(
      fc.property(fc.oneof(anyHistory(), anyOrder), (history) => {
        const { pod, accelerator: accelerators } = foldAll(history).entities
        const open = [...pod.values()].filter((each) => !isEnded(each))
        for (const place of open.flatMap(({ reported }) => reported.place?.accelerator ?? [])) expect(accelerators.has(place)).toBe(true)
        for (const { name, mode, desired, reported, predicted } of accelerators.values()) {
          const here = open.filter((each) => each.reported.place?.accelerator === name)
          const awaited = open.filter((each) => each.reported.place === null && each.desired.accelerator === name)
          expect([...reported.pods].sort()).toEqual(here.map((each) => each.name).sort())
          expect(desired.pods).toEqual(awaited.map((each) => each.name).sort())
          const finishes = [...here, ...awaited].flatMap((each) => each.predicted.finishMs ?? [])
          expect(predicted.busyUntilMs).toBe(finishes.length === 0 ? null : Math.max(...finishes))
          if (mode === 'allocated' || mode === 'unallocated') expect(mode).toBe(here.length > 0 ? 'allocated' : 'unallocated')
        }
      }),
      runs(300),
    )
  })

  it('the difference of two twins, applied to the one, gives the other; equal twins differ in nothing', () => {
    fc.assert(
      fc.property(anyHistory({ pauseMsMax: 20_000 }), fc.nat(100), (history, cut) => {
        const events = journaled(history)
        const before = applyEvents(emptyTwin, events.slice(0, cut))
        const after = applyEvents(before, events.slice(cut))
        const patched = Object.fromEntries(Object.entries(before.entities).map(([kind, map]) => [kind, new Map<string, unknown>(map)]))
        for (const { kind, name, value } of diffEntities(before, after)) {
          if (value === null) patched[kind]?.delete(name)
          else patched[kind]?.set(name, value)
        }
        for (const [kind, map] of Object.entries(after.entities)) expect(patched[kind]).toEqual(map)
        expect(diffEntities(after, after)).toEqual([])
      }),
      runs(50),
    )
  })
})

describe('one pod and its accelerator', () => {
  const at = (ms: number) => ({ timeMs: AT_MS + ms })

  it('a pod that is heard of before its device makes the device come up held', () => {
    const unknown = foldAll([aPodCreated(), aPodBound()])
    expect(accelerator(unknown)).toMatchObject({ mode: 'offline', reported: { identity: null, pods: ['r-1-infer'] } })
    expect(unknown.counts.divergent).toBe(0)
    expect(accelerator(foldAll([aPodCreated(), aPodBound(), anAcceleratorObserved()]))?.mode).toBe('allocated')
  })

  it('a pod that ended before its binding is heard holds nothing', () => {
    const state = foldAll([anAcceleratorObserved(), aPodFinished(), aPodBound(), aPodCreated()])
    expect(accelerator(state)).toMatchObject({ mode: 'unallocated', reported: { pods: [] } })
    expect(state.entities.pod.get('r-1-infer')).toMatchObject({ mode: 'succeeded', reported: { place: { accelerator: 'tx2-1/gpu0' } } })
  })

  it('evicted twice frees the device once', () => {
    const state = foldAll([anAcceleratorObserved(), aPodCreated(), aPodBound(), aPodEvicted(), aPodEvicted(), aPodFailed()])
    expect(accelerator(state)).toMatchObject({ mode: 'unallocated', reported: { pods: [] } })
    expect(state.counts).toEqual({ applied: 4, superseded: 2, divergent: 0 })
  })

  it('two pods share a device by waiting for each other', () => {
    const second = { name: 'r-2-infer' }
    const both = [anAcceleratorObserved(), aPodCreated(), aPodBound(), aPodCreated(second), aPodBound(second), aPodStarted()]
    expect(accelerator(foldAll(both))).toMatchObject({ mode: 'allocated', reported: { pods: ['r-1-infer', 'r-2-infer'] } })
    expect(accelerator(foldAll([...both, aPodFinished()]))).toMatchObject({ mode: 'allocated', reported: { pods: ['r-2-infer'] } })
  })

  it('a pod bound to a device that failed is a divergence of the device and counts once', () => {
    const state = foldAll([anAcceleratorObserved(), anAcceleratorConditionsChanged({ healthy: false }), aPodCreated(), aPodBound(at(1))])
    expect(state.counts).toEqual({ applied: 4, superseded: 0, divergent: 1 })
    expect(state.divergences).toEqual([{ timeMs: AT_MS + 1, kind: 'accelerator', name: 'tx2-1/gpu0', mode: 'failed', event: 'pod.bound' }])
    expect(accelerator(state)).toMatchObject({ mode: 'failed', reported: { pods: ['r-1-infer'] } })
  })

  it('under the same name another uid is another pod, and frees what the first one held', () => {
    const state = foldAll([anAcceleratorObserved(), aPodCreated(), aPodBound(), aPodCreated({ uid: 'uid-2', ...at(5) })])
    expect(state.entities.pod.get('r-1-infer')).toMatchObject({
      mode: 'pending',
      uid: 'uid-2',
      reported: { place: null, createdMs: AT_MS + 5 },
    })
    expect(accelerator(state)).toMatchObject({ mode: 'unallocated', reported: { pods: [] } })
    expect(state.counts.divergent).toBe(1)
  })
})

describe('a placement that was applied', () => {
  const decided = [aDecisionMade(), aPlacementApplied()]
  const bound = [anAcceleratorObserved(), aPodCreated(), aPodBound()]

  it('is awaited until the pod is seen there, and predicted until it ends', () => {
    const awaited = foldAll([anAcceleratorObserved(), aPodCreated(), ...decided])
    expect(accelerator(awaited)).toMatchObject({ desired: { pods: ['r-1-infer'] }, predicted: { busyUntilMs: AT_MS + 5_000 } })
    expect(awaited.entities.pod.get('r-1-infer')).toMatchObject({
      desired: { accelerator: 'tx2-1/gpu0', decision: 'd-1' },
      predicted: { startMs: AT_MS, finishMs: AT_MS + 5_000 },
    })
    const here = foldAll([...decided, ...bound])
    expect(accelerator(here)).toMatchObject({ desired: { pods: [] }, predicted: { busyUntilMs: AT_MS + 5_000 } })
    expect(accelerator(foldAll([...decided, ...bound, aPodFinished()]))).toMatchObject({ predicted: { busyUntilMs: null } })
  })

  it.each([
    ['finished before it is heard', [...bound, aPodFinished(), ...decided]],
    ['ended before it was bound', [anAcceleratorObserved(), aPodCreated(), ...decided, aPodFailed()]],
    ['bound elsewhere', [anAcceleratorObserved(), aPodCreated(), ...decided, aPodBound({ accelerator: 'pi-1/cpu0' })]],
  ])('is not awaited for ever when the pod %s', (_, events) => {
    expect(accelerator(foldAll(events))).toMatchObject({ desired: { pods: [] }, predicted: { busyUntilMs: null } })
  })

  it('predicts its request even when it is heard before it', () => {
    const state = foldAll([...decided, anInferenceRequested()])
    expect(state.entities.request.get('r-1')).toMatchObject({ mode: 'waiting', predicted: { finishMs: AT_MS + 5_000 } })
  })

  it('of a pod that the decision does not name predicts nothing', () => {
    const state = foldAll([aDecisionMade({ decision: aDecision({ placements: [] }) }), aPlacementApplied()])
    expect([state.entities.pod.size, state.entities.accelerator.size]).toEqual([0, 0])
  })
})

it('the newest hundred divergences are kept, all are counted', () => {
  const state = foldAll(Array.from({ length: 130 }, (_, index) => aPodFinished({ name: `p-${index}` })))
  expect(state.counts.divergent).toBe(130)
  expect(state.divergences.map(({ name }) => name)).toEqual(Array.from({ length: 100 }, (_, index) => `p-${index + 30}`))
})

it('the mode of the loop is what was last told', () => {
  expect(foldAll([aLoopModeChanged({ mode: 'auto' }), aLoopModeChanged({ mode: 'approve' })]).loopMode).toBe('approve')
})

describe('a feed of jobs', () => {
  const told = (change: number, status: JobStatus, source = 'jobs:a') =>
    aJobStatusChanged({ change, status, source, timeMs: AT_MS + change })
  const life = [told(1, 'Enqueue'), told(2, 'Preprocessing'), told(3, 'Exit')]
  const modes = (state: TwinState) => [...state.entities.job.values()].map(({ mode }) => mode)

  it('is taken once, however often its publisher starts again, even when the job is forgotten', () => {
    const once = foldAll(life)
    const repeated = foldAll([...life.slice(0, 2), ...life.slice(0, 2), ...life, life[2]!])
    expect([modes(repeated), repeated.counts]).toEqual([modes(once), { ...once.counts, superseded: 5 }])
    const forgotten = foldAll([...life, aTick({ timeMs: AT_MS + 2 * GONE_KEPT_MS }), ...life])
    expect([modes(forgotten), forgotten.counts.superseded, forgotten.counts.divergent]).toEqual([[], 3, 0])
    expect(fromJson(JSON.parse(JSON.stringify(toJson(once))))).toEqual(once)
  })

  it('made anew counts from one again, and events without a number are taken as they come', () => {
    const anew = foldAll([...life, told(1, 'Enqueue', 'jobs:b'), aJobStatusChanged({ timeMs: AT_MS + 9, status: 'Preprocessing' })])
    expect([modes(anew), toJson(anew).jobFeeds]).toEqual([
      ['Preprocessing'],
      [
        ['jobs:a', 3],
        ['jobs:b', 1],
      ],
    ])
  })
})
