import { expect, it } from '@jest/globals'
import { aNewPod, type Pod } from '../../../../models/entities/pod.ts'
import { workOf } from './work.ts'

const aPod = (
  name: string,
  mode: Pod['mode'],
  place: { accelerator?: string; boundMs?: number; createdMs?: number; application?: string },
): Pod => {
  const pod = aNewPod(name)
  const { accelerator, boundMs = null, createdMs = null, application = 'alexnet' } = place
  const reported = accelerator === undefined ? null : { node: 'n', accelerator, image: 'i', by: 'test' }
  return {
    ...pod,
    mode,
    spec: { request: name, camera: 'cam-1', application, stage: 'infer', frames: 1, iteration: 0 },
    reported: { ...pod.reported, place: reported, boundMs, createdMs },
  }
}
const workWith = (...pods: Pod[]) => workOf(new Map(pods.map((pod) => [pod.name, pod])))

it('queues the running pod first, then in order of binding, then by name', () => {
  const { queueOf } = workWith(
    aPod('c', 'bound', { accelerator: 'n/gpu0', boundMs: 2 }),
    aPod('b', 'bound', { accelerator: 'n/gpu0', boundMs: 2 }),
    aPod('a', 'bound', { accelerator: 'n/gpu0', boundMs: 1 }),
    aPod('z', 'running', { accelerator: 'n/gpu0', boundMs: 9 }),
    aPod('done', 'succeeded', { accelerator: 'n/gpu0', boundMs: 0 }),
  )
  expect(queueOf.get('n/gpu0')?.map(({ name }) => name)).toEqual(['z', 'a', 'b', 'c'])
})

it('keeps what has no place with its camera, oldest first', () => {
  const { unplacedOf } = workWith(aPod('new', 'pending', { createdMs: 5 }), aPod('old', 'gated', { createdMs: 1 }))
  expect(unplacedOf.get('cam-1')?.map(({ name }) => name)).toEqual(['old', 'new'])
})

it('counts what runs and waits per camera, application and accelerator', () => {
  const { streamsOf } = workWith(
    aPod('a', 'running', { accelerator: 'n/gpu0' }),
    aPod('b', 'bound', { accelerator: 'n/gpu0' }),
    aPod('c', 'bound', { accelerator: 'n/cpu0', application: 'resnet50' }),
  )
  expect(streamsOf.get('cam-1')).toEqual([
    { camera: 'cam-1', application: 'alexnet', accelerator: 'n/gpu0', runningCount: 1, waitingCount: 1 },
    { camera: 'cam-1', application: 'resnet50', accelerator: 'n/cpu0', runningCount: 0, waitingCount: 1 },
  ])
})
