/**
 * A real Kubernetes cluster behind the twin: watched, its exporters scraped, and placed on by one of the edgetwins that may.
 *
 * Until somebody leads, and for what the ledger does not grant, a placement is refused with the reason; nothing else depends on it.
 */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { Cluster } from '../connectors/kubernetes/cluster.ts'
import type { KubeClient } from '../connectors/kubernetes/kube-client.ts'
import { budgetFor } from '../connectors/kubernetes/ledger-state.ts'
import { PLACEABLE, PLACEMENT_LABEL } from '../connectors/kubernetes/names.ts'
import { createKubernetesSink } from '../connectors/kubernetes/placement-sink.ts'
import { type Actuation, runActuation } from '../connectors/kubernetes/run-actuation.ts'
import type { ImageRegistry } from '../models/applications/registry.ts'
import type { Placement } from '../models/contracts/decision.ts'
import type { EntityMaps } from '../models/entities/entity-maps.ts'
import type { Clock, EventLog, Logger, PlacementSink } from '../models/ports.ts'
import type { Config } from './config.ts'
import { connectCluster } from './run-cluster.ts'
import { runNodeScrapes } from './run-node-scrapes.ts'
import type { Connected } from './run-site-twin.ts'

export interface RealSiteOptions {
  readonly config: Config
  readonly site: string
  readonly entities: () => EntityMaps
  readonly registry: ImageRegistry
  readonly publish: EventLog['publish']
  readonly clock: Clock
  readonly log: Logger
}

/** @throws TwinError KUBECONFIG_INVALID */
export async function connectRealSite(options: RealSiteOptions): Promise<Connected> {
  const { config, site, entities, registry, publish, clock, log } = options
  let actuation: Actuation | null = null
  const sinkOf = ({ client, cluster }: { readonly client: KubeClient; readonly cluster: Cluster }): PlacementSink => {
    const { placement: strategy } = config
    if (strategy === 'none') throw new Error('unreachable: without a strategy there is no sink')
    const acting = runActuation({
      client,
      identity: `${hostname()}-${randomUUID()}`,
      namespace: config.kubeNamespace,
      budget: () => budgetFor(placeablePods(cluster)),
      view: () => ({
        nodes: [...cluster.objects('node').values()],
        pods: [...cluster.objects('pod').values()],
        namespaces: [...cluster.objects('namespace').values()],
      }),
      explain: ({ decision }) => entities().decision.get(decision)?.desired?.summary ?? `decision ${decision}`,
      isDryRun: config.placementDryRun,
      clock,
      random: Math.random,
      log,
    })
    actuation = acting
    return createKubernetesSink({
      client,
      log,
      carryOut: acting.carryOut,
      strategy,
      topK: config.placementTopK,
      rank: (placement) => rankNodes(placement, entities()),
      images: new Set(registry.map(({ image }) => image)),
    })
  }
  const connection = await connectCluster({
    settings: { kubeconfig: config.kubeconfig, context: config.kubeContext },
    site,
    entities,
    registry,
    publish,
    ...(config.placement === 'none' ? {} : { sink: sinkOf }),
    clock,
    random: Math.random,
    log,
  })
  const scrapes = runNodeScrapes({ cluster: connection.cluster, config, site, publish, clock, log })
  return {
    sink: connection.sink,
    checks: () => [...connection.checks(), ...scrapes.checks(), ...(actuation?.checks() ?? [])],
    async stop() {
      await scrapes.stop()
      await actuation?.stop()
      await connection.stop()
    },
  }
}

function placeablePods(cluster: Cluster): number {
  return [...cluster.objects('pod').values()].filter(({ metadata }) => metadata.labels?.[PLACEMENT_LABEL] === PLACEABLE).length
}

/** The node that the plan names, then those with a free accelerator of the same kind: a pod that was released can never be given another. */
export function rankNodes({ to }: Placement, { accelerator }: EntityMaps): string[] {
  const wanted = accelerator.get(to)?.reported.identity?.value
  const alike = [...accelerator.values()].filter(
    ({ mode, desired, reported }) =>
      mode === 'unallocated' && desired.pods.length === 0 && reported.identity?.value.acceleratorKind === wanted?.acceleratorKind,
  )
  const node = wanted?.node ?? to.slice(0, to.indexOf('/'))
  return [...new Set([node, ...(wanted === undefined ? [] : alike.flatMap(({ reported }) => reported.identity?.value.node ?? []))])]
}
