import { describe, expect, it } from '@jest/globals'
import { defaultRegistry } from '../../../models/applications/registry.ts'
import { aKubePod, CREATED_MS, type PodParts } from '../testing/objects.ts'
import { podFactsOf } from './pod-facts.ts'
import { readPodSpec } from './pod-spec.ts'

const AT = (seconds: number) => new Date(CREATED_MS + seconds * 1_000).toISOString().replace('.000', '')
const HEARD_MS = CREATED_MS + 5_300
const spec = { request: 'r', camera: 'c', application: 'alexnet', stage: 'infer', frames: 1, iteration: 0 }
const facts = (parts: PodParts) =>
  podFactsOf(aKubePod('p', parts), { heardMs: HEARD_MS, spec, accelerator: parts.node === undefined ? null : 'edge-1/gpu0' })

const scheduled = (at: number) => ({ type: 'PodScheduled', status: 'True', lastTransitionTime: AT(at) })
const running = (at: number) => ({ containerStatuses: [{ name: 'main', state: { running: { startedAt: AT(at) } } }] })
const ended = (from: number, to: number, exitCode = 0, reason = 'Completed') => ({
  containerStatuses: [{ name: 'main', state: { terminated: { exitCode, reason, startedAt: AT(from), finishedAt: AT(to) } } }],
})

describe('a pod in the words of the twin', () => {
  it('is where it is, since when, and by whom', () => {
    const bound = facts({ node: 'edge-1', status: { phase: 'Pending', conditions: [scheduled(1)] } })
    expect(bound).toMatchObject({ boundMs: CREATED_MS + 1_000, startedMs: null, end: null, hold: '' })
    expect(bound.place).toEqual({ node: 'edge-1', accelerator: 'edge-1/gpu0', image: 'edgetwin/alexnet-gpu:1', by: 'default-scheduler' })
    expect(facts({ node: 'edge-1', annotations: { 'edgetwin.dev/decision': 'd-1' } }).place?.by).toBe('edgetwin')
  })

  it('began when it was heard, if that is within the second that was told, and else when it was told', () => {
    const start = (at: number) =>
      facts({ node: 'edge-1', status: { phase: 'Running', conditions: [scheduled(1)], ...running(at) } }).startedMs
    expect(start(5)).toBe(HEARD_MS)
    expect(start(3)).toBe(CREATED_MS + 3_000)
  })

  it('never begins before it was bound, nor was bound before it was made', () => {
    const { createdMs, boundMs, startedMs } = facts({
      node: 'edge-1',
      status: { phase: 'Running', conditions: [scheduled(-9)], ...running(-9) },
    })
    expect([boundMs, startedMs]).toEqual([createdMs, createdMs])
  })

  it.each<[string, PodParts, string]>([
    ['a gate', { gates: ['edgetwin.dev/placement', 'example.com/quota'] }, 'edgetwin.dev/placement, example.com/quota'],
    [
      'the scheduler',
      {
        status: {
          phase: 'Pending',
          conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes' }],
        },
      },
      '0/3 nodes',
    ],
    ['nothing', {}, ''],
  ])('is held back by %s', (_, parts, hold) => {
    expect(facts(parts).hold).toBe(hold)
  })

  it.each<[string, PodParts, object | null]>([
    ['succeeds', { node: 'edge-1', status: { phase: 'Succeeded', ...ended(1, 4) } }, { type: 'finished', timeMs: CREATED_MS + 4_000 }],
    [
      'fails',
      { node: 'edge-1', status: { phase: 'Failed', ...ended(1, 4, 137, 'OOMKilled') } },
      { type: 'failed', timeMs: CREATED_MS + 4_000, reason: 'container main: OOMKilled, exit code 137' },
    ],
    [
      'is evicted by its node',
      { node: 'edge-1', status: { phase: 'Failed', reason: 'Evicted', message: 'low on memory' } },
      { type: 'evicted', timeMs: HEARD_MS, reason: 'low on memory', by: 'kubernetes' },
    ],
    [
      'is evicted by request',
      {
        node: 'edge-1',
        deletedAt: AT(30),
        status: {
          phase: 'Running',
          ...running(1),
          conditions: [
            scheduled(0),
            { type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI', message: 'asked', lastTransitionTime: AT(2) },
          ],
        },
      },
      { type: 'evicted', timeMs: CREATED_MS + 2_000, reason: 'EvictionByEvictionAPI: asked', by: 'EvictionByEvictionAPI' },
    ],
    [
      'is deleted with 30 s of grace',
      { node: 'edge-1', deletedAt: AT(34) },
      { type: 'evicted', timeMs: HEARD_MS, reason: 'deleted', by: 'kubernetes' },
    ],
    ['goes on', { node: 'edge-1', status: { phase: 'Running', ...running(1) } }, null],
  ])('%s', (_, parts, end) => {
    expect(facts(parts).end).toEqual(end)
  })
})

describe('what a placeable pod does', () => {
  const read = (annotations: Record<string, string>, parts: PodParts = {}) =>
    readPodSpec(aKubePod('web-1', { annotations, ...parts }), defaultRegistry())

  it('is told by its annotations', () => {
    const keys = { request: 'r-1', camera: 'cam-1', application: 'yolov4', stage: 'inference', frames: '60' }
    const told = read(Object.fromEntries(Object.entries(keys).map(([key, value]) => [`edgetwin.dev/${key}`, value])))
    expect(told.spec).toMatchObject({ ...keys, frames: 60, stage: 'inference' })
  })

  it('has defaults: the owner as request, what its image serves, one frame, and no camera', () => {
    expect(read({}, { owner: 'web-5d9f' })).toEqual({
      spec: { request: 'web-5d9f.default', camera: 'none', application: 'alexnet', stage: 'infer', frames: 1 },
      faults: ['edgetwin.dev/camera is missing: its clips are taken to come from outside the cluster'],
    })
  })

  it.each([
    [{ 'edgetwin.dev/frames': 'many' }, 'edgetwin.dev/frames "many" is no whole number from 1 to 1000000; 1 is assumed'],
    [{ 'edgetwin.dev/frames': '0' }, 'edgetwin.dev/frames "0" is no whole number from 1 to 1000000; 1 is assumed'],
    [{ 'edgetwin.dev/camera': 'Hall 3' }, 'edgetwin.dev/camera "Hall 3" must be lower-case letters, digits, "-" or "."; none is assumed'],
    [{ 'edgetwin.dev/application': 'alexnt' }, 'edgetwin.dev/application alexnt is no application that edgetwin knows'],
    [{ 'edgetwin.dev/stage': 'mid' }, 'edgetwin.dev/stage mid is no stage of alexnet; it has infer'],
  ])('with %j is told to be wrong, and goes on with a default', (annotations, fault) => {
    expect(read({ 'edgetwin.dev/camera': 'cam-1', ...annotations }).faults).toContain(fault)
  })

  it('is unknown when neither a label nor a known image tells it', () => {
    const { spec, faults } = read({ 'edgetwin.dev/camera': 'cam-1' }, { image: 'example.com/x:1' })
    expect(spec.application).toBe('unknown')
    expect(faults).toEqual(['edgetwin.dev/application is missing and no known image tells it: nobody knows what the pod costs'])
  })
})
