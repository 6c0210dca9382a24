import { expect, it } from '@jest/globals'
import { applicationNamed } from '../models/applications/applications.ts'
import { costOf } from '../models/applications/costs.ts'
import { defaultRegistry } from '../models/applications/registry.ts'
import { type Edit, type WhatIfQueryInput, whatIfQueryShape } from '../models/contracts/what-if.ts'
import type { TwinEvent } from '../models/events/events.ts'
import type { AcceleratorKind } from '../models/events/shapes.ts'
import { dhsEvents, journaled, podEvents } from '../models/testing/dhs-site.ts'
import { applyEvents } from './fold.ts'
import { emptyTwin, type TwinState } from './twin-state.ts'
import { askWhatIf } from './what-if.ts'

const CLOCK_MS = 1_000_000
const registry = defaultRegistry()
const idle = applyEvents(emptyTwin, journaled(dhsEvents({ atMs: CLOCK_MS })))
const later = (...events: TwinEvent[]) => applyEvents(idle, journaled(events, { after: 1_000 }))
const ask = (state: TwinState, query: WhatIfQueryInput) =>
  askWhatIf(state, whatIfQueryShape.parse(query), { id: 'q', stateHash: '', registry })
const choicesOf = (state: TwinState, query: WhatIfQueryInput, request: string) => {
  const { choices } = ask(state, query).outcomes[0]!.requests.find((each) => each.request === request)!
  return new Map(choices.map(({ accelerator, ...choice }) => [accelerator, choice]))
}
const costMs = (application: string, deviceModel: string, acceleratorKind: AcceleratorKind) =>
  costOf(application, [...applicationNamed(application)!.blocks.keys()], { deviceModel, acceleratorKind })!.ms
const piMs = costMs('resnet50', 'raspberry-pi-4b', 'CPU')
const edgeMs = costMs('resnet50', 'edge-server-3.6ghz', 'CPU')
const CLIP_MS = 12.04224
const LATENCY_MS = 2
const common = { site: 'dhs', timeMs: CLOCK_MS, source: 'cluster' }
const resnet = { camera: 'camera-pi-1', application: 'resnet50' }

it('waits for the input, and where it lies already for nothing', () => {
  const choices = choicesOf(idle, { workload: [resnet], algorithms: ['heft'] }, 'camera-pi-1-resnet50-1')
  expect(choices.get('pi-1/cpu0')).toMatchObject({ startMs: 0, waits: [] })
  expect(choices.get('edge-1/cpu0')!.startMs).toBeCloseTo(CLIP_MS + LATENCY_MS, 9)
  expect(choices.get('edge-1/cpu0')!.waits).toEqual([{ kind: 'data', ms: expect.closeTo(CLIP_MS + LATENCY_MS, 9), by: 'input from pi-1' }])
})

it('waits for the processor: for the task before it, or for what runs there already', () => {
  const two = choicesOf(idle, { workload: [{ ...resnet, count: 2 }], algorithms: ['edge'] }, 'camera-pi-1-resnet50-2')
  expect(two.get('edge-1/cpu0')!.waits).toContainEqual({
    kind: 'processor',
    ms: expect.closeTo(edgeMs, 9),
    by: 'camera-pi-1-resnet50-1/infer',
  })
  const busy = later(...podEvents('runs', { camera: 'camera-pi-1', accelerator: 'pi-1/cpu0', startedMs: CLOCK_MS - 100 }))
  const one = choicesOf(busy, { workload: [resnet], algorithms: ['heft'] }, 'camera-pi-1-resnet50-1')
  expect(one.get('pi-1/cpu0')!.waits).toEqual([
    { kind: 'processor', ms: expect.closeTo(piMs - 100, 9), by: 'what runs or queues there already' },
  ])
})

it('waits longer than the scheduler thought where links are shared, and says with whom', () => {
  const { requests } = ask(idle, { workload: [{ ...resnet, count: 2 }], algorithms: ['edge'] }).outcomes[0]!
  for (const [index, { chosen, choices }] of requests.entries()) {
    const waits = choices.find(({ accelerator }) => accelerator === chosen)!.waits.filter(({ kind }) => kind === 'link')
    const by = `shared with the input of camera-pi-1-resnet50-${2 - index}/infer`
    expect(waits).toEqual([{ kind: 'link', ms: expect.closeTo(CLIP_MS, 9), by }])
    expect(choices.filter(({ accelerator, waits }) => accelerator !== chosen && waits.some(({ kind }) => kind === 'link'))).toEqual([])
  }
  const alone = ask(idle, { workload: [resnet], algorithms: ['edge'] }).outcomes[0]!.requests[0]!.choices
  expect(alone.flatMap(({ waits }) => waits.map(({ kind }) => kind))).not.toContain('link')
})

it('sorts what refuses a request', () => {
  const state = later(
    { type: 'link.conditionsChanged', ...common, name: 'tx2-3-uplink', up: false, reason: 'cable' },
    {
      type: 'accelerator.observed',
      ...common,
      name: 'edge-1/npu0',
      identity: { node: 'edge-1', acceleratorKind: 'DLA', emulated: true, deviceModel: 'jetson-tx2' },
    },
  )
  const edits: Edit[] = [
    { kind: 'lose-accelerator', accelerator: 'tx2-1/gpu0' },
    { kind: 'cordon-node', node: 'tx2-2' },
  ]
  const choices = choicesOf(state, { workload: [resnet], edits, algorithms: ['local'] }, 'camera-pi-1-resnet50-1')
  expect(Object.fromEntries([...choices].map(([name, { refusedBy, reason }]) => [name, [refusedBy, reason]]))).toEqual({
    'pi-1/cpu0': [null, null],
    'edge-1/cpu0': ['selector', 'not an accelerator of the camera itself'],
    'tx2-1/cpu0': ['selector', 'not an accelerator of the camera itself'],
    'tx2-1/gpu0': ['resources', 'accelerator failed: what-if: lost'],
    'tx2-2/cpu0': ['taint', 'node tx2-2 cordoned'],
    'tx2-2/gpu0': ['taint', 'node tx2-2 cordoned'],
    'tx2-3/cpu0': ['data', 'link tx2-3-uplink is down: cable'],
    'tx2-3/gpu0': ['data', 'link tx2-3-uplink is down: cable'],
    'edge-1/npu0': ['accelerator-kind', 'no image of resnet50 for DLA'],
  })
})

it('calls a node stale whose conditions are too old', () => {
  const quiet = applyEvents(idle, journaled([{ type: 'clock.ticked', ...common, timeMs: CLOCK_MS + 3_600_000 }], { after: 1_000 }))
  const fresh = journaled(
    ['pi-1', 'edge-1'].map((name): TwinEvent => {
      return { type: 'node.conditionsChanged', ...common, timeMs: CLOCK_MS + 3_600_000, name, ready: true, cordoned: false, reason: '' }
    }),
    { after: 2_000 },
  )
  const choices = choicesOf(applyEvents(quiet, fresh), { workload: [resnet], algorithms: ['heft'] }, 'camera-pi-1-resnet50-1')
  expect(choices.get('tx2-1/gpu0')).toMatchObject({ refusedBy: 'stale', finishMs: null })
  expect(choices.get('pi-1/cpu0')).toMatchObject({ refusedBy: null })
})

it('lets each stage of an application go where an image serves it', () => {
  const query: WhatIfQueryInput = { workload: [{ camera: 'camera-tx2-1', application: 'yolov4' }], algorithms: ['heft'] }
  const [heft] = ask(idle, query).outcomes
  const kindOf = (accelerator: string) => accelerator.split('/')[1]!.replace(/\d/, '')
  expect(heft!.tasks.map(({ name }) => name.split('/')[1])).toEqual(['pre', 'infer', 'post'])
  expect(heft!.tasks.filter(({ name }) => !name.endsWith('infer')).map(({ accelerator }) => kindOf(accelerator))).toEqual(['cpu', 'cpu'])
  const noServer: WhatIfQueryInput = { ...query, edits: [{ kind: 'cordon-node', node: 'edge-1' }] }
  const [alone] = ask(idle, noServer).outcomes
  expect(alone!.tasks.find(({ name }) => name.endsWith('infer'))!.accelerator).toMatch(/gpu0$/)
  const gpu = alone!.requests[0]!.choices.find(({ accelerator }) => accelerator === 'tx2-1/gpu0')
  expect(gpu).toMatchObject({
    finishMs: null,
    refusedBy: 'accelerator-kind',
    reason: 'no image or no measured cost of camera-tx2-1-yolov4-1/pre',
  })
})

it('says which stage nobody can serve', () => {
  const lost: Edit[] = ['pi-1/cpu0', 'tx2-1/cpu0', 'tx2-2/cpu0', 'tx2-3/cpu0', 'edge-1/cpu0'].map((accelerator) => {
    return { kind: 'lose-accelerator', accelerator }
  })
  const { infeasible } = ask(idle, { workload: [{ camera: 'camera-tx2-1', application: 'yolov4' }], edits: lost, algorithms: ['heft'] })
  expect(infeasible[0]!.reason).toBe("camera-tx2-1-yolov4-1 can run nowhere: no accelerator that takes work serves yolov4's pre and post")
})
