/**
 * A real cluster behind a site: what it is goes to the log, and what is decided goes to its sink.
 *
 * It is connected at once and watched as soon as it answers: a twin whose cluster is away shows what it knew, and how old that is.
 */

import { type PodEvent, writePodEvent } from '../connectors/kubernetes/act/pod-events.ts'
import { createExporterNames, type ExporterNames } from '../connectors/kubernetes/devices/exporter-names.ts'
import type { Inventory } from '../connectors/kubernetes/devices/inventory.ts'
import { sharedDevicesOf, sharedText } from '../connectors/kubernetes/devices/shared-devices.ts'
import { createKubeClient, type KubeClient } from '../connectors/kubernetes/kube-client.ts'
import { type KubeSettings, loadKubeConfig } from '../connectors/kubernetes/kube-config.ts'
import { kubePodName, podKey } from '../connectors/kubernetes/names.ts'
import { type Cluster, type ClusterStatus, runCluster } from '../connectors/kubernetes/watch/cluster.ts'
import { type Feed, type FeedStatus, runFeed } from '../connectors/kubernetes/watch/cluster-feed.ts'
import { createClusterIndex } from '../connectors/kubernetes/watch/cluster-index.ts'
import type { AssumedLink } from '../connectors/kubernetes/watch/link-facts.ts'
import { readPodSpec } from '../connectors/kubernetes/watch/pod-spec.ts'
import { type ClusterView, claimsOf, createTelling, nameOf, type Telling } from '../connectors/kubernetes/watch/telling.ts'
import { whyPending } from '../connectors/kubernetes/watch/why-pending.ts'
import { hasEnded, type WatchedPod } from '../connectors/kubernetes/watched.ts'
import type { ImageRegistry } from '../models/applications/registry.ts'
import type { Check } from '../models/contracts/api.ts'
import type { WhyPending } from '../models/contracts/gates.ts'
import type { EntityMaps } from '../models/entities/entity-maps.ts'
import type { Clock, EventLog, Logger, PlacementSink } from '../models/ports.ts'
import { snapshotOf } from '../models/scheduling/kubernetes/snapshot.ts'
import { someOf } from '../models/some-of.ts'
import type { Connected } from './run-site-twin.ts'

export interface ClusterConnectionOptions {
  readonly settings: KubeSettings
  readonly site: string
  /** Of the twin as it is now. */
  readonly entities: () => EntityMaps
  readonly registry: ImageRegistry
  readonly assumedLink?: AssumedLink
  readonly publish: EventLog['publish']
  /** Made from the connection; without it every placement is refused. */
  readonly sink?: (parts: { readonly client: KubeClient; readonly cluster: Cluster }) => PlacementSink
  readonly clock: Clock
  /** Draws in [0, 1). */
  readonly random: () => number
  readonly log: Logger
}

export interface ConnectedCluster extends Connected {
  readonly client: KubeClient
  readonly cluster: Cluster
  readonly checks: () => readonly Check[]
  readonly status: () => { readonly cluster: ClusterStatus; readonly feed: FeedStatus }
  readonly inventory: (node: string) => Inventory | undefined
  /** What exporters tell, under the names that devices have in the cluster. */
  readonly translate: ExporterNames['translate']
  /** @param name of the pod in the twin. @returns null when there is no such pod or it is bound. */
  readonly whyPending: (name: string) => WhyPending | null
  /** Writes on it, once, so that `kubectl describe pod` tells. @param pod by its name in the twin. */
  readonly tellPod: (pod: { readonly name: string; readonly uid: string }, word: Pick<PodEvent, 'reason' | 'note'>) => void
}

/** @throws TwinError KUBECONFIG_INVALID */
export async function connectCluster(options: ClusterConnectionOptions): Promise<ConnectedCluster> {
  const { settings, site, entities, registry, assumedLink, publish, clock, random, log } = options
  const client = createKubeClient(() => loadKubeConfig(settings))
  const index = createClusterIndex()
  let feed: Feed | null = null
  const cluster = runCluster({
    client,
    onChange: (change) => {
      index.note(change)
      feed?.note(change)
    },
    clock,
    random,
    log,
  })
  const view = index.view(cluster)
  /** Where edgetwin may act it may write Events too; elsewhere `checks` alone tell. */
  const tellPod: ConnectedCluster['tellPod'] = ({ name, uid }, { reason, note }) => {
    const named = kubePodName(name)
    const event = { pod: { ...(named ?? { name, namespace: 'default' }), uid }, reason, note, timeMs: clock() }
    if (options.sink !== undefined) void writePodEvent(event, { client, log, instance: 'edgetwin' })
  }
  const tellFaults = (pod: WatchedPod, faults: readonly string[]): void =>
    tellPod({ name: nameOf(pod), uid: pod.metadata.uid }, { reason: 'TwinMisread', note: faults.join('; ') })
  const link = assumedLink === undefined ? {} : { assumedLink }
  const names = createExporterNames({
    devices: (node) => telling.inventory(node)?.devices.filter(({ from }) => from[0] !== 'exporter'),
    entities,
  })
  const telling = createTelling({ site, view, registry, ...link, entities, seenBy: names.seen, onPodFaults: tellFaults })
  feed = runFeed(cluster, { telling, publish, clock, log })
  const { note: _, status: feedStatus, stop: stopFeed } = feed
  return {
    client,
    cluster,
    tellPod,
    sink: options.sink?.({ client, cluster }) ?? NO_SINK,
    checks: () => [
      ...cluster.checks(),
      podCheck(telling.podFaults()),
      siteCheck(telling.siteFaults()),
      inventoryCheck(cluster, telling.inventory),
      ...sharedCheck(cluster),
      feedCheck(feedStatus(), clock()),
    ],
    status: () => ({ cluster: cluster.status(), feed: feedStatus() }),
    inventory: telling.inventory,
    translate: names.translate,
    whyPending: (name) => explainPending(name, { cluster, telling, view, registry }),
    async stop() {
      await stopFeed()
      await cluster.stop()
      client.close()
    },
  }
}

interface Seen {
  readonly cluster: Cluster
  readonly telling: Telling
  readonly view: ClusterView
  readonly registry: ImageRegistry
}

function explainPending(name: string, { cluster, telling, view, registry }: Seen): WhyPending | null {
  const pods = cluster.objects('pod')
  const pod = pods.get(podKey(name))
  if (pod === undefined) return null
  const nodes = [...cluster.objects('node').values()]
  const placed = [...pods.values()].filter((each) => each.spec.nodeName !== undefined && !hasEnded(each))
  const names = nodes.map(({ metadata }) => metadata.name)
  return whyPending({
    pod,
    work: readPodSpec(pod, registry).spec,
    snapshot: snapshotOf({ nodes, pods: placed, namespaces: [...cluster.objects('namespace').values()] }),
    devices: names.flatMap((node) => telling.inventory(node)?.devices ?? []),
    holders: new Map(names.flatMap((node) => [...telling.holders(node)])),
    claims: claimsOf(pod, view),
    registry,
  })
}

const NO_SINK: PlacementSink = {
  apply: async ({ pod }) => ({ ok: false, pod, reason: 'this cluster is only watched: no way to place is set up' }),
}

function podCheck(faults: ReadonlyMap<string, readonly string[]>): Check {
  const named = [...faults].map(([pod, wrong]) => `${pod}: ${wrong.join('; ')}`)
  return {
    name: 'cluster-pods',
    ok: faults.size === 0,
    detail: faults.size === 0 ? 'the labels and annotations of all pods to place are understood' : someOf(named, { between: '; ' }),
    remedy: 'Correct the labels or annotations in the template of the pods.',
  }
}

function siteCheck(faults: readonly string[]): Check {
  return {
    name: 'cluster-site',
    ok: faults.length === 0,
    detail:
      faults.length === 0 ? 'what nodes and Camera objects say of cameras and links is understood' : someOf(faults, { between: '; ' }),
    remedy: 'Correct the annotations of the nodes, or the Camera objects.',
    advisory: true,
  }
}

function inventoryCheck(cluster: Cluster, inventory: (node: string) => Inventory | undefined): Check {
  const conflicts = [...cluster.objects('node').keys()].flatMap((node) => inventory(node)?.conflicts ?? [])
  return {
    name: 'cluster-accelerators',
    ok: conflicts.length === 0,
    detail: conflicts.length === 0 ? 'all sources agree on the accelerators' : someOf(conflicts, { between: '; ' }),
    remedy: 'See which of the sources is wrong: the driver, the device plugin or the exporter of that node.',
  }
}

/** Only where there are any. */
function sharedCheck(cluster: Cluster): Check[] {
  const devices = sharedDevicesOf([...cluster.objects('slice').values()], [...cluster.objects('node').values()])
  const remedy = 'Nothing is planned on them; a pod that claims one is left to the scheduler among the nodes that reach it.'
  return devices.length === 0 ? [] : [{ name: 'cluster-shared-devices', ok: true, detail: sharedText(devices), remedy }]
}

function feedCheck({ stuckSinceMs, waitingCount, refusedCount, puzzles }: FeedStatus, nowMs: number): Check {
  const stuckMs = stuckSinceMs === null ? 0 : nowMs - stuckSinceMs
  const riddles = [...puzzles].map(([name, why]) => `${name} is not understood: ${why}`)
  const faults = [
    ...(stuckMs === 0 ? [] : [`the event log takes nothing since ${Math.round(stuckMs / 1_000)} s, ${waitingCount} objects wait`]),
    ...(refusedCount === 0 ? [] : [`${refusedCount} events were refused by the log for good`]),
    ...(riddles.length === 0 ? [] : [someOf(riddles, { between: '; ' })]),
  ]
  return {
    name: 'cluster-feed',
    ok: faults.length === 0,
    detail: faults.length === 0 ? 'what changes is told' : faults.join('; '),
    remedy: 'See whether the event log can be reached; what was refused stands in the log of this process.',
  }
}
