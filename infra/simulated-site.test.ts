/** What a simulated site tells, whatever is done to it, passes the codec and never surprises the twin that folds it. */
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { loadSite } from '../connectors/simulated-site/site.ts'
import { type PlayedSite, playSite } from '../connectors/simulated-site/testing/manual-time.ts'
import { defaultRegistry, imageFor } from '../models/applications/registry.ts'
import type { Fault } from '../models/contracts/fault.ts'
import { decodeEvent, encodeEvent } from '../models/events/codec.ts'
import type { JournaledEvent, TwinEvent } from '../models/events/events.ts'
import { applyEvents } from '../twin/fold.ts'
import { emptyTwin } from '../twin/twin-state.ts'

const SEED = Number(process.env.FC_SEED ?? 20260101)
const RUNS = 25

const faultOf = (fault: Fault) => fc.constant({ do: 'fault', fault } as const)
/** `which` picks among what is there when the step is taken. */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 15_000 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('place' as const), which: fc.nat(), to: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const), which: fc.nat() }) },
  {
    weight: 2,
    arbitrary: fc.oneof(
      ...['pi-1', 'tx2-1', 'tx2-2', 'edge-1'].map((node) => faultOf({ kind: 'kill-node', node })),
      ...['tx2-1/gpu0', 'tx2-3/cpu0', 'pi-1/cpu0'].map((accelerator) => faultOf({ kind: 'lose-accelerator', accelerator })),
      faultOf({ kind: 'slow-link', link: 'tx2-1-uplink', factor: 0.01 }),
      faultOf({ kind: 'camera-off', camera: 'cam-2' }),
      faultOf({ kind: 'burst', load: 'heavy', frames: 300 }),
      faultOf({ kind: 'burst', load: 'light' }),
    ),
  },
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

describe('a long run of a simulated site', () => {
  it('is told without a surprise, and keeps the rules of its accelerators', async () => {
    const property = fc.asyncProperty(fc.integer(), fc.array(step, { minLength: 10, maxLength: 60 }), async (seed, steps) => {
      const played = await playSite(loadSite('dhs'), { seed })
      for (const each of steps) await take(played, each)
      await played.time.advance(30_000)
      await played.site.stop()
      const { events } = played
      expect(decoded(events)).toEqual(events)
      const twin = applyEvents(emptyTwin, journaled(events))
      expect(twin.divergences).toEqual([])
      // Only another reason for a wait that is known already is no news.
      const superseded = regated(events)
      expect(twin.counts).toEqual({ applied: events.length - superseded, superseded, divergent: 0 })
      expect(overlaps(events)).toEqual([])
      // The twin and the truth agree on what is open and where.
      const open = [...twin.entities.pod.values()].filter(({ mode }) => ['pending', 'gated', 'bound', 'running'].includes(mode))
      expect(open.map(({ name, reported }) => [name, reported.place?.accelerator ?? null])).toEqual(
        played.site.truth().pods.map(({ name, accelerator }) => [name, accelerator]),
      )
    })
    await fc.assert(property, { seed: SEED, numRuns: RUNS })
  }, 60_000)
})

async function take({ site, time }: PlayedSite, each: Step): Promise<void> {
  switch (each.do) {
    case 'advance':
      return time.advance(each.ms)
    case 'fault':
      return void site.faults.add(each.fault)
    case 'clear': {
      const faults = site.faults.list()
      const fault = faults[each.which % faults.length]
      return fault && site.faults.clear(fault.id)
    }
    case 'place': {
      const { pods, accelerators } = site.truth()
      const pod = pods[each.which % pods.length]
      const to = accelerators[each.to % accelerators.length]?.name ?? ''
      const [camera = '', application = ''] = /^(cam-\d)-([a-z0-9]+)/.exec(pod?.name ?? '')?.slice(1) ?? []
      const image = imageFor(defaultRegistry(), application, to.endsWith('gpu0') ? 'GPU' : 'CPU')?.image ?? ''
      const times = { predictedStartMs: 0, predictedFinishMs: 0 }
      const about = { pod: pod?.name ?? 'none', request: 'any', camera, application, stage: 'infer' }
      await site.sink.apply({ ...about, from: pod?.accelerator ?? null, to, image, ...times }, { decisionId: `d-${each.which}` })
    }
  }
}

function decoded(events: readonly TwinEvent[]): unknown[] {
  return events.map((event, index) => {
    const result = decodeEvent(encodeEvent(event, String(index)), { nowMs: event.timeMs })
    return result.ok ? result.event : result
  })
}

function journaled(events: readonly TwinEvent[]): JournaledEvent[] {
  return events.map((event, index) => ({ sequence: index + 1, position: { topic: 'all', partition: 0, offset: index }, event }))
}

function regated(events: readonly TwinEvent[]): number {
  const gated = events.filter(({ type }) => type === 'pod.gated').map((event) => ('name' in event ? event.name : ''))
  return gated.length - new Set(gated).size
}

/** Pods that started on an accelerator while another one ran there. */
function overlaps(events: readonly TwinEvent[]): string[] {
  const placeOf = new Map<string, string>()
  const runningOn = new Map<string, string>()
  return events.flatMap((event) => {
    if (event.type === 'pod.bound') placeOf.set(event.name, event.accelerator)
    const place = 'name' in event ? (placeOf.get(event.name) ?? '') : ''
    if (event.type === 'pod.finished' || event.type === 'pod.failed' || event.type === 'pod.evicted') {
      if (runningOn.get(place) === event.name) runningOn.delete(place)
    }
    if (event.type !== 'pod.started') return []
    const found = runningOn.has(place) ? [`${event.name} on ${place} beside ${runningOn.get(place)}`] : []
    runningOn.set(place, event.name)
    return found
  })
}
