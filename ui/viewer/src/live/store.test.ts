import { expect, it } from '@jest/globals'
import { aNewAccelerator } from '../../../../models/entities/accelerator.ts'
import { withSamples } from './history.ts'
import { createTwinStore } from './store.ts'
import { EMPTY_VIEW } from './view.ts'

function aStore() {
  const frames: (() => void)[] = []
  const store = createTwinStore((run) => frames.push(run))
  return { store, frames }
}

it('tells the views once per frame, with the newest state', () => {
  const { store, frames } = aStore()
  let toldCount = 0
  store.subscribe(() => toldCount++)
  for (const revision of [1, 2, 3]) store.setLive({ ...EMPTY_VIEW, revision }, { receivedMs: revision, latencyMs: null })
  expect(store.get().live.revision).toBe(-1)
  expect(frames).toHaveLength(1)
  frames[0]!()
  expect(toldCount).toBe(1)
  expect(store.get().live.revision).toBe(3)
  expect(store.get().connection.lastUpdateMs).toBe(3)
})

it('keeps the time at which a connection state began', () => {
  const { store, frames } = aStore()
  store.setConnection('reconnecting', 10)
  store.setConnection('reconnecting', 20)
  frames[0]!()
  expect(store.get().connection).toMatchObject({ state: 'reconnecting', sinceMs: 10 })
})

it('keeps the live twin up to date behind a past instant', () => {
  const { store, frames } = aStore()
  store.setPast({ atMs: 5, view: EMPTY_VIEW })
  store.setLive({ ...EMPTY_VIEW, revision: 9 }, { receivedMs: 1, latencyMs: null })
  frames[0]!()
  expect(store.get().past?.atMs).toBe(5)
  expect(store.get().live.revision).toBe(9)
})

it('keeps utilisation samples in order, two minutes of them, each once', () => {
  const at = (timeMs: number, utilizationRatio?: number) => {
    const accelerator = aNewAccelerator('pi-1/cpu0')
    const load = {
      value: utilizationRatio === undefined ? {} : { utilizationRatio },
      timeMs,
      source: 'exporter:pi-1',
      freshness: 'fresh' as const,
    }
    const entities = {
      ...EMPTY_VIEW.entities,
      accelerator: new Map([['pi-1/cpu0', { ...accelerator, reported: { ...accelerator.reported, load } }]]),
    }
    return { ...EMPTY_VIEW, entities }
  }
  const first = withSamples(new Map(), at(1_000, 0.5))
  expect(withSamples(first, at(1_000, 0.5))).toBe(first)
  expect(withSamples(first, at(2_000))).toBe(first)
  const later = withSamples(withSamples(first, at(2_000, 0.6)), at(121_500, 0.7))
  expect(later.get('pi-1/cpu0')).toEqual([
    { timeMs: 2_000, ratio: 0.6 },
    { timeMs: 121_500, ratio: 0.7 },
  ])
})
