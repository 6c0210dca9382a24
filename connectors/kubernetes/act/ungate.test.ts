/** Which pods are let go, and what is told of those that were not. */
import { expect, it } from '@jest/globals'
import type { KubeClient, KubeRequest } from '../kube-client.ts'
import { failureOf } from '../kube-failure.ts'
import { GATE } from '../names.ts'
import { aKubePod, CREATED_MS } from '../testing/objects.ts'
import type { WatchedPod } from '../watched.ts'
import { toRelease, type UngateWish, ungate } from './ungate.ts'

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const held = [
  aKubePod('one', { gates: [GATE] }),
  aKubePod('two', { gates: ['x.dev/quota', GATE] }),
  aKubePod('one', { gates: [GATE], namespace: 'shop' }),
]

it.each<[UngateWish, number, readonly string[]]>([
  [{ kind: 'overdue', ttlMs: 30_000 }, 29_999, []],
  [{ kind: 'overdue', ttlMs: 30_000 }, 30_000, ['one.default', 'one.shop']],
  [{ kind: 'all' }, 0, ['one.default', 'two.default', 'one.shop']],
  [{ kind: 'pods', names: ['one.shop', 'gone.shop'] }, 0, ['one.shop']],
])('%j after %d ms lets go of %j', (wish, ageMs, expected) => {
  expect(toRelease(held, wish, CREATED_MS + ageMs).map(({ metadata }) => `${metadata.name}.${metadata.namespace}`)).toEqual(expected)
})

it('does not know the age of a pod without a time, and leaves it', () => {
  const [pod] = held as [WatchedPod]
  const { creationTimestamp: _, ...metadata } = pod.metadata
  expect(toRelease([{ ...pod, metadata }], { kind: 'overdue', ttlMs: 0 }, CREATED_MS)).toEqual([])
})

it('asks for pods that are nowhere, counts a change by others as done, and tells what was refused', async () => {
  const pods = ['a', 'b', 'c', 'd', 'e'].map((name) => aKubePod(name, { gates: name === 'e' ? [] : [GATE] }))
  const asked: KubeRequest[] = []
  const answers: Readonly<Record<string, Error>> = {
    b: failureOf(409, { message: 'modified' }, undefined),
    c: failureOf(403, { message: 'pods "c" is forbidden' }, undefined),
    d: failureOf(500, { message: 'etcd' }, undefined),
  }
  const request = async (wanted: KubeRequest): Promise<never> => {
    asked.push(wanted)
    const failure = answers[wanted.path.split('/').at(-1) ?? '']
    if (failure !== undefined) throw failure
    return { metadata: {}, items: pods } as never
  }
  const client: KubeClient = { server: 'https://127.0.0.1', request, watch: async () => {}, close: () => {} }
  const report = await ungate({ client, log, wish: { kind: 'all' }, nowMs: 0, namespace: 'default' })
  expect(asked[0]).toMatchObject({ path: '/api/v1/namespaces/default/pods', query: { fieldSelector: 'spec.nodeName=' } })
  expect(asked.slice(1).map(({ path }) => path.at(-1))).toEqual(['a', 'b', 'c', 'd'])
  const failed = [
    { pod: 'c.default', reason: 'pods "c" is forbidden' },
    { pod: 'd.default', reason: 'etcd' },
  ]
  expect(report).toEqual({ released: ['a.default'], failed, notHeld: [], heldCount: 3 })
})
