import { expect, it } from '@jest/globals'
import { type PodEvent, toKubeEvent } from './pod-events.ts'

const EVENT: PodEvent = {
  pod: { namespace: 'shop', name: 'web-1', uid: 'u-1' },
  reason: 'TwinPlaced',
  note: 'released to edge-1: decision d-1',
  timeMs: Date.UTC(2026, 10, 21, 4, 20, 26, 796),
}

it('is what the API server takes and kubectl describe shows', () => {
  expect(toKubeEvent(EVENT, 'twin-a')).toEqual({
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: expect.stringMatching(/^web-1\.[0-9a-f]{16}$/), namespace: 'shop' },
    eventTime: '2026-11-21T04:20:26.796000Z',
    type: 'Normal',
    reason: 'TwinPlaced',
    action: 'Placing',
    note: 'released to edge-1: decision d-1',
    reportingController: 'edgetwin.dev/actuator',
    reportingInstance: 'twin-a',
    regarding: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'web-1', uid: 'u-1' },
  })
  expect(toKubeEvent({ ...EVENT, reason: 'TwinRefused' }, 'twin-a')).toMatchObject({ type: 'Warning', action: 'Refusing' })
})

it('has one name for one thing said of one pod, whenever it is said', () => {
  const nameOf = (some: Partial<PodEvent>) => toKubeEvent({ ...EVENT, ...some }, 'twin-a').metadata.name
  expect(nameOf({ timeMs: 0 })).toBe(nameOf({}))
  expect(nameOf({ note: 'another' })).not.toBe(nameOf({}))
  expect(nameOf({ pod: { ...EVENT.pod, uid: 'u-2' } })).not.toBe(nameOf({}))
})

it('cuts what is longer than the API server takes', () => {
  expect(toKubeEvent({ ...EVENT, note: 'x'.repeat(2_000) }, 'twin-a').note).toHaveLength(1_024)
})
