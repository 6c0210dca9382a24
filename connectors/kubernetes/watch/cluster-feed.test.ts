import { afterEach, describe, expect, it } from '@jest/globals'
import { defaultRegistry } from '../../../models/applications/registry.ts'
import { NO_ENTITIES } from '../../../models/entities/entity-maps.ts'
import { TwinError } from '../../../models/errors.ts'
import type { TwinEvent } from '../../../models/events/events.ts'
import type { Logger } from '../../../models/ports.ts'
import type { KubeObject } from '../informer.ts'
import type { KubeClient } from '../kube-client.ts'
import { KubeFailure } from '../kube-failure.ts'
import { aKubeNode, aKubePod } from '../testing/objects.ts'
import { type Cluster, type Kind, PATHS, runCluster } from './cluster.ts'
import { type Feed, runFeed } from './cluster-feed.ts'
import { createClusterIndex } from './cluster-index.ts'
import { createTelling } from './telling.ts'

const quiet: Logger = { debug() {}, info() {}, warn() {}, error() {} }

/** A server that lists what it is given, and whose watches say nothing. */
function aServer(objects: Partial<Record<Kind, readonly KubeObject[]>>, refusal: Partial<Record<Kind, KubeFailure>> = {}): KubeClient {
  return {
    server: 'https://fake',
    async request<T>({ path }: { readonly path: string }): Promise<T> {
      const kind = (Object.keys(PATHS) as Kind[]).find((each) => PATHS[each] === path)
      if (kind !== undefined && refusal[kind]) throw refusal[kind]
      const answer =
        kind === undefined ? { metadata: { uid: 'the-cluster' } } : { metadata: { resourceVersion: '1' }, items: objects[kind] ?? [] }
      return answer as T
    },
    watch: ({ signal, onOpen }) => {
      onOpen()
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    },
    close() {},
  }
}

const running: { stop(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of running.splice(0).reverse()) await each.stop()
})

function follow(client: KubeClient, publish: (events: readonly TwinEvent[]) => Promise<never[]>): { cluster: Cluster; feed: Feed } {
  const index = createClusterIndex()
  const common = { clock: Date.now, log: quiet }
  const cluster = runCluster({ client, onChange: index.note, random: () => 0, ...common })
  const telling = createTelling({ site: 'lab', view: index.view(cluster), registry: defaultRegistry(), entities: () => NO_ENTITIES })
  const feed = runFeed(cluster, { telling, publish, retryMs: 5, ...common })
  running.push(cluster, feed)
  return { cluster, feed }
}

/** Publishes until `isDone`, then resolves to all that was taken. */
function taking(isDone: (taken: readonly TwinEvent[]) => boolean, refuse: (events: readonly TwinEvent[]) => Error | null) {
  const { promise, resolve } = Promise.withResolvers<readonly TwinEvent[]>()
  const taken: TwinEvent[] = []
  const publish = async (events: readonly TwinEvent[]): Promise<never[]> => {
    const refused = refuse(events)
    if (refused !== null) throw refused
    taken.push(...events)
    if (isDone(taken)) resolve(taken)
    return []
  }
  return { publish, all: promise }
}
const types = (events: readonly TwinEvent[]) => events.map(({ type }) => type)
const SITE = { node: [aKubeNode('edge-1')], pod: [aKubePod('web-1', { node: 'edge-1' })] }
const ALL = [
  'node.observed',
  'node.conditionsChanged',
  'link.observed',
  'link.conditionsChanged',
  'accelerator.observed',
  'accelerator.conditionsChanged',
  'inference.requested',
  'pod.created',
  'pod.bound',
  'inference.assigned',
]

describe('what is told of a cluster', () => {
  it('is offered again until the log takes it, each event once and in order', async () => {
    let refusals = 3
    const { publish, all } = taking(
      (taken) => taken.length >= ALL.length,
      () => (refusals-- > 0 ? new TwinError('LOG_UNREACHABLE', 'away') : null),
    )
    const { feed } = follow(aServer(SITE), publish)
    expect(types(await all)).toEqual(ALL)
    expect(feed.status()).toMatchObject({ waitingCount: 0, refusedCount: 0 })
  })

  it('goes on without the one event that the log will never take', async () => {
    const { publish, all } = taking(
      (taken) => taken.length >= ALL.length - 1,
      (events) => (events.some(({ type }) => type === 'pod.created') ? new TwinError('LOG_REFUSED', 'never') : null),
    )
    const { feed } = follow(aServer(SITE), publish)
    expect(types(await all)).toEqual(ALL.filter((type) => type !== 'pod.created'))
    expect(feed.status().refusedCount).toBe(1)
  })

  it('is the rest, when a kind is not shown', async () => {
    const { publish, all } = taking(
      (taken) => taken.length >= ALL.length,
      () => null,
    )
    const { cluster } = follow(aServer(SITE, { slice: new KubeFailure('forbidden', 'no', { status: 403 }) }), publish)
    expect(types(await all)).toEqual(ALL)
    expect(cluster.isShown('slice')).toBe(false)
    expect(cluster.isInTouch('node')).toBe(true)
  })

  it('is nothing about nodes that are not shown: they are not gone', async () => {
    const { publish, all } = taking(
      (taken) => taken.some(({ type }) => type === 'pod.bound'),
      () => null,
    )
    follow(aServer(SITE, { node: new KubeFailure('forbidden', 'no', { status: 403 }) }), publish)
    expect(types(await all).filter((type) => type.startsWith('node'))).toEqual([])
  })
})
