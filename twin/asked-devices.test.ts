/** Devices that a cluster gives to one pod at a time: who asks for one gets it when it is free, and none that is not offered. */
import { expect, it } from '@jest/globals'
import { defaultRegistry } from '../models/applications/registry.ts'
import type { TwinEvent } from '../models/events/events.ts'
import { dhsEvents, journaled, type PodOptions, podEvents } from '../models/testing/dhs-site.ts'
import { decide } from './decide.ts'
import { applyEvents } from './fold.ts'
import { surveyWork } from './problem.ts'
import { settings } from './testing/loop-settings.ts'
import { emptyTwin, type TwinState } from './twin-state.ts'
import { waitingWork } from './workload.ts'

const AT_MS = 1_000_000
const GPU = 'nvidia.com/gpu'
const common = { site: 'dhs', timeMs: AT_MS, source: 'cluster' }

/** The GPUs of tx2-1 and tx2-2 are offered under a name. */
const offered = dhsEvents({ atMs: AT_MS }).map(
  (event): TwinEvent =>
    event.type === 'accelerator.observed' && ['tx2-1/gpu0', 'tx2-2/gpu0'].includes(event.name)
      ? { ...event, identity: { ...event.identity, offers: [GPU] } }
      : event,
)
const asking = (request: string, asks: string[], over: Partial<PodOptions> = {}): TwinEvent[] =>
  podEvents(request, { camera: 'camera-pi-1', atMs: AT_MS, frames: 30, ...over }).map((event) =>
    event.type === 'pod.created' ? { ...event, spec: { ...event.spec, asks } } : event,
  )
const fold = (...events: TwinEvent[]): TwinState => applyEvents(emptyTwin, journaled([...offered, ...events]))
const options = { id: 'd-1', registry: defaultRegistry(), settings }
const whyNot = (state: TwinState, accelerator: string): string | undefined => {
  const survey = surveyWork(state, waitingWork(state), { granularity: 'stage', registry: defaultRegistry(), busyMs: new Map() })
  return survey.work[0]?.refusals.get(accelerator)
}
const placed = (state: TwinState): Record<string, string> | string => {
  const trigger = { kind: 'arrival', subject: 'r-1-infer', detail: '' } as const
  const decided = decide(state, trigger, options)
  return decided.ok ? Object.fromEntries(decided.decision.placements.map(({ pod, to }) => [pod, to])) : decided.reason
}

it('gives a pod no device but one that is offered under a name it asks for', () => {
  expect(placed(fold(...asking('r-1', [GPU])))).toEqual({ 'r-1-infer': expect.stringMatching(/^tx2-[12]\/gpu0$/) })
  expect(placed(fold(...asking('r-1', ['example.com/npu', GPU])))).toEqual({ 'r-1-infer': expect.stringMatching(/^tx2-[12]\/gpu0$/) })
  const none = fold(...asking('r-1', ['example.com/npu']))
  expect(typeof placed(none)).toBe('string')
  expect(whyNot(none, 'tx2-1/gpu0')).toBe('it is no example.com/npu')
})

it('gives each device to one pod at a time, and leaves the others for when it is free', () => {
  const four = ['r-1', 'r-2', 'r-3', 'r-4'].flatMap((request) => asking(request, [GPU]))
  const plan = placed(fold(...four))
  expect(Object.values(plan).sort()).toEqual(['tx2-1/gpu0', 'tx2-2/gpu0'])
})

it('waits for the device of a pod that has asked for it too, not for one that shares', () => {
  const running = (request: string, accelerator: string) => ({ accelerator, startedMs: AT_MS, camera: 'camera-pi-1', atMs: AT_MS, request })
  const both = [...asking('r-8', [GPU], running('r-8', 'tx2-1/gpu0')), ...asking('r-9', [GPU], running('r-9', 'tx2-2/gpu0'))]
  expect(typeof placed(fold(...both, ...asking('r-1', [GPU])))).toBe('string')
  const ended: TwinEvent = { type: 'pod.finished', ...common, name: 'r-9-infer', durationMs: 0 }
  expect(placed(fold(...both, ended, ...asking('r-1', [GPU])))).toEqual({ 'r-1-infer': 'tx2-2/gpu0' })
  const sharing = ['tx2-1/gpu0', 'tx2-2/gpu0'].flatMap((accelerator, index) => podEvents(`s-${index}`, running(`s-${index}`, accelerator)))
  expect(placed(fold(...sharing, ...asking('r-1', [GPU])))).toEqual({ 'r-1-infer': expect.stringMatching(/^tx2-[12]\/gpu0$/) })
})

it('places nothing of which it is not known yet what it asks for, and learns it', () => {
  const unknown = asking('r-1', [])
  expect(typeof placed(fold(...unknown))).toBe('string')
  expect(whyNot(fold(...unknown), 'tx2-1/gpu0')).toBe('which devices it asks for is not known yet')
  const again = (asks?: string[]) => asking('r-1', asks ?? []).filter(({ type }) => type === 'pod.created')
  expect(placed(fold(...unknown, ...again([GPU])))).toEqual({ 'r-1-infer': expect.stringMatching(/^tx2-[12]\/gpu0$/) })
  // What is known stays.
  expect(placed(fold(...asking('r-1', [GPU]), ...again(['example.com/npu'])))).toEqual({ 'r-1-infer': expect.any(String) })
})

it('keeps no device for a pod that is not to be placed now', () => {
  const state = fold(...['r-1', 'r-2', 'r-3'].flatMap((request) => asking(request, [GPU])))
  const trigger = { kind: 'arrival', subject: 'r-3-infer', detail: '' } as const
  for (const name of ['r-1-infer', 'r-2-infer', 'r-3-infer']) {
    const decided = decide(state, trigger, { ...options, isOurs: (pod) => pod.name === name })
    expect([name, decided.ok ? decided.decision.placements.map(({ pod }) => pod) : decided.reason]).toEqual([name, [name]])
  }
})
