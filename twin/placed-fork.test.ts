import { expect, it } from '@jest/globals'
import { dhsEvents, journaled, podEvents } from '../models/testing/dhs-site.ts'
import { aPlacement } from '../models/testing/events.ts'
import { canonicalJson } from './canonical-json.ts'
import { applyEvents } from './fold.ts'
import { forkWithPlacements } from './placed-fork.ts'
import { emptyTwin, type TwinState, toJson } from './twin-state.ts'

const state = applyEvents(
  emptyTwin,
  journaled([
    ...dhsEvents(),
    ...podEvents('r-1', { camera: 'camera-tx2-1' }),
    ...podEvents('r-2', { camera: 'camera-tx2-1', accelerator: 'tx2-1/gpu0' }),
  ]),
)
const toEdge = (pod: string) => aPlacement({ pod, to: 'edge-1/cpu0', image: 'resnet50:cpu' })
const placeOf = (twin: TwinState, pod: string) => twin.entities.pod.get(pod)?.reported.place?.accelerator ?? null
const queueOf = (twin: TwinState, name: string) => twin.entities.accelerator.get(name)?.reported.pods

it('a waiting pod is bound; a bound one is evicted and its replacement bound, in the order of the plan', () => {
  const fork = forkWithPlacements(state, [toEdge('r-2-infer'), toEdge('r-1-infer')])
  expect(placeOf(fork, 'r-1-infer')).toBe('edge-1/cpu0')
  expect(fork.entities.pod.get('r-2-infer')?.mode).toBe('evicted')
  expect(fork.entities.pod.get('r-2-infer-fork')).toMatchObject({ mode: 'bound', spec: { request: 'r-2', iteration: 1 } })
  expect([queueOf(fork, 'tx2-1/gpu0'), queueOf(fork, 'edge-1/cpu0')]).toEqual([[], ['r-2-infer-fork', 'r-1-infer']])
  const boundMs = (pod: string) => fork.entities.pod.get(pod)?.reported.boundMs ?? 0
  expect(boundMs('r-2-infer-fork')).toBeLessThan(boundMs('r-1-infer'))
  expect(fork.counts.divergent).toBe(state.counts.divergent)
})

it('a fork can be forked again', () => {
  const once = forkWithPlacements(state, [toEdge('r-1-infer')])
  const twice = forkWithPlacements(once, [toEdge('r-2-infer')])
  expect(queueOf(twice, 'edge-1/cpu0')).toEqual(['r-1-infer', 'r-2-infer-fork'])
  expect(twice.entities.pod.get('r-2-infer')?.mode).toBe('evicted')
})

it('the twin itself stays as it was, and a plan for pods or devices it does not know changes nothing', () => {
  const was = canonicalJson(toJson(state))
  forkWithPlacements(state, [toEdge('r-1-infer')])
  expect(canonicalJson(toJson(state))).toBe(was)
  expect(forkWithPlacements(state, [])).toBe(state)
  expect(forkWithPlacements(state, [toEdge('r-9-infer'), aPlacement({ pod: 'r-1-infer', to: 'moon/cpu0' })])).toBe(state)
})
