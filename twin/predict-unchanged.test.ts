import { expect, it } from '@jest/globals'
import { applicationNamed } from '../models/applications/applications.ts'
import { costOf } from '../models/applications/costs.ts'
import { defaultRegistry } from '../models/applications/registry.ts'
import type { TwinEvent } from '../models/events/events.ts'
import { dhsEvents, journaled, podEvents } from '../models/testing/dhs-site.ts'
import { applyEvents } from './fold.ts'
import { predictUnchanged } from './predict-unchanged.ts'
import { emptyTwin } from './twin-state.ts'

const CLOCK_MS = 1_000_000
const registry = defaultRegistry()
const blocks = [...applicationNamed('resnet50')!.blocks.keys()]
const piMs = costOf('resnet50', blocks, { deviceModel: 'raspberry-pi-4b', acceleratorKind: 'CPU' })!.ms
const gpuMs = costOf('resnet50', blocks, { deviceModel: 'jetson-tx2', acceleratorKind: 'GPU' })!.ms
const common = { site: 'dhs', timeMs: CLOCK_MS, source: 'cluster' }
const predict = (...events: TwinEvent[]) =>
  predictUnchanged(applyEvents(emptyTwin, journaled([...dhsEvents({ atMs: CLOCK_MS }), ...events])), registry)

it('is done at once when nothing is to be done', () => {
  expect(predict()).toEqual({ makespanMs: 0, byPod: [] })
})

it('lets the queue of an accelerator run in the order of binding', () => {
  const { makespanMs, byPod } = predict(
    ...podEvents('a-last', { camera: 'camera-pi-1', accelerator: 'pi-1/cpu0', boundMs: CLOCK_MS - 10 }),
    ...podEvents('next', { camera: 'camera-pi-1', frames: 2, accelerator: 'pi-1/cpu0', boundMs: CLOCK_MS - 20 }),
    ...podEvents('runs', { camera: 'camera-pi-1', accelerator: 'pi-1/cpu0', boundMs: CLOCK_MS - 200, startedMs: CLOCK_MS - 100 }),
  )
  expect(makespanMs).toBeCloseTo(4 * piMs - 100, 6)
  expect(byPod.map(({ pod, startMs }) => [pod, Math.round(startMs - CLOCK_MS)])).toEqual([
    ['runs-infer', -100],
    ['next-infer', Math.round(piMs - 100)],
    ['a-last-infer', Math.round(3 * piMs - 100)],
  ])
})

it('counts what has travelled of a clip since its pod was bound', () => {
  // 100 frames at 12,500 bytes/ms take 1,204.224 ms; 1,000 of them have passed.
  const { makespanMs } = predict(
    ...podEvents('moved', { camera: 'camera-pi-1', frames: 100, accelerator: 'tx2-1/gpu0', boundMs: CLOCK_MS - 1_000 }),
  )
  expect(makespanMs).toBeCloseTo(204.224 + 2 + 100 * gpuMs, 6)
})

it('is about to finish what has run longer than it should', () => {
  expect(predict(...podEvents('slow', { camera: 'camera-pi-1', accelerator: 'pi-1/cpu0', startedMs: CLOCK_MS - 60_000 })).makespanMs).toBe(
    0,
  )
})

it.each<[string, readonly TwinEvent[]]>([
  ['is bound nowhere', podEvents('waits', { camera: 'camera-pi-1' })],
  [
    'is bound where nothing runs any more',
    [
      ...podEvents('stuck', { camera: 'camera-pi-1', accelerator: 'tx2-1/gpu0' }),
      { type: 'node.conditionsChanged', ...common, name: 'tx2-1', ready: false, cordoned: false, reason: 'silent' },
    ],
  ],
  [
    'runs on an accelerator that failed',
    [
      ...podEvents('stuck', { camera: 'camera-tx2-1', accelerator: 'tx2-1/gpu0', startedMs: CLOCK_MS }),
      { type: 'accelerator.conditionsChanged', ...common, name: 'tx2-1/gpu0', healthy: false, reason: 'hot' },
    ],
  ],
])('never ends when a pod %s', (_, events) => {
  expect(predict(...events)).toEqual({ makespanMs: null, byPod: [] })
})

it('goes on with what a cordoned node holds', () => {
  const { makespanMs } = predict(...podEvents('held', { camera: 'camera-pi-1', accelerator: 'pi-1/cpu0' }), {
    type: 'node.conditionsChanged',
    ...common,
    name: 'pi-1',
    ready: true,
    cordoned: true,
    reason: '',
  })
  expect(makespanMs).toBeCloseTo(piMs, 6)
})

it('does not wait for what nothing on the site could run', () => {
  expect(predict(...podEvents('odd', { camera: 'camera-pi-1', application: 'yolo' })).makespanMs).toBe(0)
})
