/** Facts age in the fold when the clock ticks, and only then. */
import { describe, expect, it } from '@jest/globals'
import { SAMPLE_DEADLINES } from '../models/entities/fact.ts'
import type { TwinEvent } from '../models/events/events.ts'
import { journaled } from '../models/testing/dhs-site.ts'
import * as told from '../models/testing/events.ts'
import { AT_MS } from '../models/testing/events.ts'
import { applyEvents } from './fold.ts'
import { emptyTwin, type TwinState } from './twin-state.ts'

const fold = (state: TwinState, ...events: TwinEvent[]) => applyEvents(state, journaled(events, { after: state.sequence }))
const tick = (ageMs: number) => told.aTick({ timeMs: AT_MS + ageMs })

const everything = fold(
  emptyTwin,
  ...[told.aNodeObserved(), told.aNodeConditionsChanged(), told.aNodeSampled(), told.anExporterReached()],
  ...[told.aCameraObserved(), told.aCameraConditionsChanged(), told.aCameraSampled()],
  ...[told.anAcceleratorObserved(), told.anAcceleratorConditionsChanged(), told.anAcceleratorSampled()],
  ...[told.aLinkObserved(), told.aLinkConditionsChanged(), told.aLinkSampled()],
)

function freshnessOfAll({ entities: { node, camera, accelerator, link } }: TwinState): Record<string, string | undefined> {
  const [n, c, a, l] = [node.get('tx2-1'), camera.get('camera-1'), accelerator.get('tx2-1/gpu0'), link.get('tx2-1-uplink')]
  return {
    samples: [n?.reported.load, n?.reported.exporter, c?.reported.stream, a?.reported.load, l?.reported.quality]
      .map((fact) => fact?.freshness)
      .join(' '),
    lists: [
      n?.reported.identity,
      n?.reported.conditions,
      c?.reported.identity,
      c?.reported.conditions,
      a?.reported.identity,
      l?.reported.conditions,
    ]
      .map((fact) => fact?.freshness)
      .join(' '),
    health: a?.reported.health?.freshness,
  }
}
const times = (count: number, word: string) => Array(count).fill(word).join(' ')

it.each([
  [0, 'fresh', 'fresh'],
  [4_999, 'fresh', 'fresh'],
  [5_000, 'late', 'fresh'],
  [15_000, 'stale', 'fresh'],
  [60_000, 'lost', 'fresh'],
  [90_000, 'lost', 'late'],
  [300_000, 'lost', 'stale'],
  [899_999, 'lost', 'stale'],
  [900_000, 'lost', 'lost'],
  [-3_600_000, 'lost', 'lost'],
])('at a tick %d ms later samples are %s and lists %s; health is told on change and does not age', (ageMs, samples, lists) => {
  expect(freshnessOfAll(fold(everything, tick(ageMs)))).toEqual({ samples: times(5, samples), lists: times(6, lists), health: 'fresh' })
})

describe('the clock', () => {
  it('nothing ages without a tick, however late the news of other things', () => {
    const state = fold(everything, told.aPodCreated({ timeMs: AT_MS + 3_000_000 }))
    expect(freshnessOfAll(state)).toEqual(freshnessOfAll(everything))
    expect(state.clockMs).toBe(0)
  })

  it('what is heard again is fresh', () => {
    const lost = fold(everything, tick(60_000))
    const heard = fold(lost, told.anAcceleratorSampled({ timeMs: AT_MS + 60_000 }), tick(60_001))
    expect(heard.entities.accelerator.get('tx2-1/gpu0')?.reported.load?.freshness).toBe('fresh')
    expect(heard.entities.node.get('tx2-1')?.reported.load?.freshness).toBe('lost')
  })

  it('a tick at which nothing comes of age leaves every entity and every map the same object', () => {
    const before = fold(everything, tick(1_000))
    const after = fold(before, tick(SAMPLE_DEADLINES.lateMs - 1))
    for (const kind of ['node', 'camera', 'accelerator', 'link', 'pod'] as const) expect(after.entities[kind]).toBe(before.entities[kind])
    expect(after.clockMs).toBe(AT_MS + 4_999)
  })

  it('only what comes of age is another object', () => {
    const two = fold(everything, told.aNodeSampled({ name: 'pi-1', timeMs: AT_MS + 4_000 }))
    const after = fold(two, tick(5_000))
    expect(after.entities.node.get('pi-1')).toBe(two.entities.node.get('pi-1'))
    expect(after.entities.node.get('tx2-1')).not.toBe(two.entities.node.get('tx2-1'))
  })

  it('unknown stays unknown at any age', () => {
    const sampled = fold(emptyTwin, told.anAcceleratorSampled({ load: {} }), tick(1e9))
    const { load, identity, health } = sampled.entities.accelerator.get('tx2-1/gpu0')?.reported ?? {}
    expect([load?.value, identity, health]).toEqual([{}, null, null])
  })

  it('does not go back', () => {
    const state = fold(everything, tick(60_000), tick(10))
    expect([state.clockMs, state.counts.superseded]).toEqual([AT_MS + 60_000, 1])
    expect(state.entities.node.get('tx2-1')?.reported.load?.freshness).toBe('lost')
  })
})
