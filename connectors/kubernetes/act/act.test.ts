/** What a server's answers mean for an action: the bodies are those of a real one. */
import { describe, expect, it } from '@jest/globals'
import type { KubeClient, KubeRequest } from '../kube-client.ts'
import { failureOf, KubeFailure } from '../kube-failure.ts'
import { GATE } from '../names.ts'
import { aKubePod, type PodParts } from '../testing/objects.ts'
import { act, confirm } from './act.ts'
import type { PlaceAction } from './actions.ts'

/** A server that gives these answers, one after the other, and keeps what it was asked. */
function aServer(...answers: readonly unknown[]): { readonly client: KubeClient; readonly asked: KubeRequest[] } {
  const asked: KubeRequest[] = []
  const request = async (wanted: KubeRequest): Promise<never> => {
    const answer = answers[asked.length]
    asked.push(wanted)
    if (answer instanceof Error) throw answer
    return answer as never
  }
  return { asked, client: { server: 'https://127.0.0.1', request, watch: async () => {}, close: () => {} } }
}
const status = (message: string, causes: readonly object[] = []) => ({ kind: 'Status', status: 'Failure', message, details: { causes } })
const REQUEST = { method: 'POST', path: '/api/v1/namespaces/default/pods/web-1/eviction', query: { a: 1 } } as const

describe('an answer', () => {
  const budget = status("Cannot evict pod as it would violate the pod's disruption budget.", [
    { reason: 'DisruptionBudget', message: 'The disruption budget web needs 3 healthy pods and has 3 currently' },
  ])
  it.each([
    ['that somebody was faster', failureOf(409, status('the object has been modified'), undefined), 'changed', null],
    [
      'that it is another pod',
      failureOf(422, status('Pod "w" is invalid: metadata.uid: Invalid value: "u": field is immutable'), undefined),
      'changed',
      null,
    ],
    ['that it is gone', failureOf(404, status('pods "w" not found'), undefined), 'gone', null],
    ['that the budget is spent', failureOf(429, budget, undefined), 'budget', 10_000],
    ['that the budget is not counted yet', failureOf(429, budget, '7'), 'budget', 7_000],
    ['that the server is busy', failureOf(429, status('too many requests'), '2'), 'busy', 2_000],
    ['that the server is busy, without a time', failureOf(429, status('too many requests'), undefined), 'busy', 1_000],
    ['that we may not', failureOf(403, status('forbidden'), undefined), 'forbidden', null],
    ['that it is wrong', failureOf(422, status('pod updates may not change fields'), undefined), 'invalid', null],
  ])('%s', async (_, failure, why, retryAfterMs) => {
    const { client, asked } = aServer(failure)
    expect(await act(client, REQUEST)).toMatchObject({ outcome: 'refused', why, retryAfterMs })
    expect(asked).toHaveLength(1)
  })

  it('names the budget', async () => {
    const outcome = await act(aServer(failureOf(429, budget, undefined)).client, REQUEST)
    expect(outcome).toMatchObject({ reason: expect.stringContaining('The disruption budget web needs 3 healthy pods') })
  })

  it.each([
    new KubeFailure('timeout', 'late'),
    new KubeFailure('unreachable', 'reset'),
    failureOf(500, status('etcd'), undefined),
    new Error('socket hang up'),
  ])('that is lost leaves it unknown: %s', async (failure) => {
    const { client, asked } = aServer(failure)
    expect(await act(client, REQUEST)).toMatchObject({ outcome: 'unknown' })
    expect(asked).toHaveLength(1)
  })
})

describe('a request', () => {
  it('that is rehearsed is sent only when the rehearsal went well, and only then is in the audit', async () => {
    const { client, asked } = aServer({}, {})
    expect(await act(client, { ...REQUEST, rehearse: true }, { auditId: 'i1' })).toEqual({ outcome: 'done' })
    expect(asked).toEqual([
      { ...REQUEST, query: { a: 1, dryRun: 'All' } },
      { ...REQUEST, auditId: 'i1' },
    ])
    const refusing = aServer(failureOf(409, status('changed'), undefined))
    expect(await act(refusing.client, { ...REQUEST, rehearse: true })).toMatchObject({ outcome: 'refused', why: 'changed' })
    expect(refusing.asked).toHaveLength(1)
  })

  it('whose rehearsal was not answered did nothing', async () => {
    const { client } = aServer(new KubeFailure('timeout', 'late'))
    expect(await act(client, { ...REQUEST, rehearse: true })).toMatchObject({ outcome: 'refused', why: 'busy' })
  })

  it('is only checked in a dry run', async () => {
    const { client, asked } = aServer({})
    expect(await act(client, REQUEST, { dryRun: true })).toEqual({ outcome: 'done' })
    expect(asked).toEqual([{ ...REQUEST, query: { a: 1, dryRun: 'All' } }])
  })

  it('that rests on what is too old is not sent', async () => {
    const { client, asked } = aServer({})
    expect(await act(client, { ...REQUEST, notAfterMs: performance.now() - 1 })).toMatchObject({ outcome: 'refused', why: 'changed' })
    expect(asked).toHaveLength(0)
  })
})

const noRoom = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/2 nodes are available' }
const ours = { 'edgetwin.dev/decision': 'd1' }
it.each<[PlaceAction['kind'], PodParts | null, object]>([
  ['gate', null, { state: 'gone' }],
  ['gate', { uid: 'another' }, { state: 'gone' }],
  ['gate', { deletedAt: '2026-11-21T12:00:00Z', node: 'a' }, { state: 'gone' }],
  ['gate', { gates: [GATE] }, { state: 'not-placed' }],
  ['gate', { annotations: ours }, { state: 'released', decision: 'd1', isUnschedulable: false }],
  [
    'gate',
    { status: { conditions: [noRoom] } },
    { state: 'released', decision: null, isUnschedulable: true, reason: expect.stringContaining('0/2 nodes') },
  ],
  ['gate', { node: 'a', annotations: ours }, { state: 'placed', node: 'a', decision: 'd1' }],
  ['bind', {}, { state: 'not-placed' }],
  ['bind', { node: 'a' }, { state: 'placed', node: 'a', decision: null }],
  ['evict', { node: 'a' }, { state: 'not-placed', reason: 'it is still on a' }],
  ['evict', null, { state: 'gone' }],
  ['surge', { node: 'a' }, { state: 'not-placed', reason: 'it is still on a' }],
  ['surge', null, { state: 'gone' }],
])('what became of %s, when the pod is %j: %j', async (kind, parts, expected) => {
  const answer = parts === null ? failureOf(404, status('not found'), undefined) : aKubePod('web-1', { uid: 'u', ...parts })
  const action: PlaceAction = {
    kind,
    pod: { namespace: 'default', name: 'web-1', uid: 'u' },
    decision: 'd1',
    nodes: ['a'],
    node: 'a',
    topK: 1,
    deployment: 'web',
  }
  expect(await confirm(aServer(answer).client, action)).toMatchObject(expected)
})
