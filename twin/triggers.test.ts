/** Small situations on the DHS site and what they call for. */
import { describe, expect, it } from '@jest/globals'
import { defaultRegistry } from '../models/applications/registry.ts'
import type { TwinEvent } from '../models/events/events.ts'
import { dhsEvents, journaled, type PodOptions, podEvents } from '../models/testing/dhs-site.ts'
import * as told from '../models/testing/events.ts'
import { aDecision, aPlacement } from '../models/testing/events.ts'
import { applyEvents } from './fold.ts'
import { findTrigger, isUrgent } from './triggers.ts'
import { emptyTwin, fromJson, type TwinState, toJson } from './twin-state.ts'
import { runningPods, waitingPods, whyStuck } from './waiting-work.ts'

const AT_MS = 1_000_000
const at = { timeMs: AT_MS }
const fold = (...events: TwinEvent[]): TwinState => applyEvents(emptyTwin, journaled([...dhsEvents({ atMs: AT_MS }), ...events]))
const options = { registry: defaultRegistry(), settings: { driftRatio: 0.5, delta1Seconds: 5, delta2: 3 } }
const triggerOf = (state: TwinState): string => {
  const trigger = findTrigger(state, options)
  return trigger === null ? 'none' : `${trigger.kind} ${trigger.subject}`
}

const pod = (request: string, over: Partial<PodOptions> = {}) => podEvents(request, { camera: 'camera-tx2-1', atMs: AT_MS, ...over })
const onGpu = { accelerator: 'tx2-1/gpu0' }
const running = pod('r-0', { ...onGpu, startedMs: AT_MS })
const queued = [...running, ...pod('r-1', onGpu)]
const tx2Lost = told.aNodeConditionsChanged({ ...at, ready: false })
const gpuFailed = told.anAcceleratorConditionsChanged({ ...at, healthy: false })
const failed = (name: string) => told.aPodFailed({ ...at, name })
const replacement = told.aPodCreated({
  ...at,
  name: 'r-1-infer-r1',
  uid: 'r-1-infer-r1',
  spec: { request: 'r-1', camera: 'camera-tx2-1', application: 'resnet50', stage: 'infer', frames: 1, iteration: 1 },
})
const cordoned = ['pi-1', 'tx2-1', 'tx2-2', 'tx2-3', 'edge-1'].map((name) => told.aNodeConditionsChanged({ ...at, name, cordoned: true }))
const everywhere = ['edge-1/cpu0', 'pi-1/cpu0', 'tx2-1/cpu0', 'tx2-1/gpu0', 'tx2-2/cpu0', 'tx2-2/gpu0', 'tx2-3/cpu0', 'tx2-3/gpu0'].flatMap(
  (accelerator, index) => pod(`r-busy-${index}`, { accelerator, startedMs: AT_MS }),
)
const long = { ...onGpu, frames: 500 }
const placed = (name: string): TwinEvent[] => {
  const placement = aPlacement({ pod: name, request: 'r-0', to: 'tx2-1/gpu0', predictedStartMs: AT_MS, predictedFinishMs: AT_MS + 10_000 })
  return [told.aDecisionMade({ ...at, decision: aDecision({ placements: [placement] }) }), told.aPlacementApplied({ ...at, pod: name })]
}

it.each<[string, TwinEvent[], string]>([
  ['nothing to do', [], 'none'],
  ['work that only runs', running, 'none'],
  ['a new pod', pod('r-1'), 'arrival r-1-infer'],
  ['a gated pod', [...pod('r-1'), told.aPodGated({ ...at, name: 'r-1-infer' })], 'arrival r-1-infer'],
  ['the first of two new pods, by name', [...pod('r-2'), ...pod('r-1')], 'arrival r-1-infer'],
  ['a pod bound to a free device', pod('r-1', onGpu), 'none'],
  ['a pod bound to a lost node', [...pod('r-1', onGpu), tx2Lost], 'node-lost tx2-1'],
  ['a pod bound to a failed device', [...pod('r-1', onGpu), gpuFailed], 'accelerator-lost tx2-1/gpu0'],
  [
    'a lost node before a failed device',
    [
      ...pod('r-1', { accelerator: 'tx2-2/gpu0' }),
      ...pod('r-2', onGpu),
      told.anAcceleratorConditionsChanged({ ...at, name: 'tx2-2/gpu0', healthy: false }),
      tx2Lost,
    ],
    'node-lost tx2-1',
  ],
  ['the replacement of a pod whose node was lost', [...pod('r-1', onGpu), tx2Lost, failed('r-1-infer'), replacement], 'node-lost tx2-1'],
  [
    'the replacement of a pod whose device failed',
    [...pod('r-1', onGpu), gpuFailed, failed('r-1-infer'), replacement],
    'accelerator-lost tx2-1/gpu0',
  ],
  [
    'the replacement, named as its cluster likes, of a pod whose node was lost',
    [...pod('r-1', onGpu), tx2Lost, failed('r-1-infer'), { ...replacement, name: 'web-x7k2p.shop' }],
    'node-lost tx2-1',
  ],
  [
    'what somebody deleted and its owner made anew',
    [...pod('r-1', { ...onGpu, startedMs: AT_MS }), told.aPodEvicted({ ...at, name: 'r-1-infer' }), replacement],
    'arrival r-1-infer-r1',
  ],
  ['a queue beside an idle device, the first by name', queued, 'accelerator-freed edge-1/cpu0'],
  ['a queue when the only idle devices are cordoned', [...queued, ...cordoned], 'none'],
  ['a long queue at one camera when no device is idle', [...everywhere, ...pod('r-1', long), ...pod('r-2', long)], 'imbalance tx2-1/gpu0'],
  ['a queue of one, which cannot be spread', [...everywhere, ...pod('r-1', long)], 'none'],
  [
    'a pod that overran its prediction',
    [...pod('r-1', { accelerator: 'tx2-2/gpu0' }), ...running, ...placed('r-0-infer'), told.aTick({ timeMs: AT_MS + 15_001 })],
    'drift r-0-infer',
  ],
  [
    'one that is late by half of it',
    [...pod('r-1', { accelerator: 'tx2-2/gpu0' }), ...running, ...placed('r-0-infer'), told.aTick({ timeMs: AT_MS + 15_000 })],
    'none',
  ],
])('%s', (_, events, trigger) => {
  const state = fold(...events)
  expect(triggerOf(state)).toBe(trigger)
  // The same twin from a snapshot, whose maps are in another order.
  const restored = fromJson(toJson(state))
  expect(restored && triggerOf(restored)).toBe(trigger)
})

it('only work that cannot run as it stands is urgent', () => {
  const kinds = ['node-lost', 'accelerator-lost', 'arrival', 'imbalance', 'accelerator-freed', 'drift', 'operator'] as const
  expect(kinds.filter((kind) => isUrgent({ kind, subject: '', detail: '' }))).toEqual(['node-lost', 'accelerator-lost', 'arrival'])
})

describe('waiting work', () => {
  const state = fold(
    ...pod('r-3'),
    ...queued,
    ...pod('r-2'),
    told.aPodGated({ ...at, name: 'r-2-infer' }),
    ...pod('r-4'),
    failed('r-4-infer'),
  )
  it('is pending, gated or bound, by name; the rest runs or is over', () => {
    expect(waitingPods(state).map(({ name, mode }) => `${name} ${mode}`)).toEqual([
      'r-1-infer bound',
      'r-2-infer gated',
      'r-3-infer pending',
    ])
    expect(runningPods(state).map(({ name }) => name)).toEqual(['r-0-infer'])
  })

  it.each<[string, TwinEvent[], unknown]>([
    ['well', [], null],
    ['of a cordoned node, which runs what it holds', cordoned, null],
    ['of a lost node', [tx2Lost], { kind: 'node-lost', subject: 'tx2-1' }],
    ['of a gone node', [told.aNodeGone(at)], { kind: 'node-lost', subject: 'tx2-1' }],
    ['failed', [gpuFailed], { kind: 'accelerator-lost', subject: 'tx2-1/gpu0' }],
    ['gone', [told.anAcceleratorGone(at)], { kind: 'accelerator-lost', subject: 'tx2-1/gpu0' }],
  ])('a pod whose device is %s', (title, events, stuck) => {
    const now = fold(...queued, ...events)
    const reasons = waitingPods(now).map((each) => whyStuck(now, each))
    // What ran on a lost node waits there too.
    expect(reasons).toEqual(title.endsWith('node') ? [stuck, stuck] : [stuck])
  })

  it('a pod on a device nobody has heard of is stuck, one that is bound nowhere is not', () => {
    const now = fold(...pod('r-1', { accelerator: 'tx2-9/gpu0' }), ...pod('r-2'), ...pod('r-3', { accelerator: 'tx2-1/npu0' }))
    expect(waitingPods(now).map((each) => whyStuck(now, each)?.kind ?? null)).toEqual(['node-lost', null, 'accelerator-lost'])
  })
})
