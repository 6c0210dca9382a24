/**
 * A real Kubernetes cluster behind the twin: watched, its exporters scraped, and placed on by one of the edgetwins that may.
 *
 * Until somebody leads, and for what the ledger does not grant, a placement is refused with the reason; nothing else depends on it.
 */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { Cluster } from '../connectors/kubernetes/cluster.ts'
import { type CustomResources, runCustomResources } from '../connectors/kubernetes/custom-resources.ts'
import { runGateSupport } from '../connectors/kubernetes/gate-support.ts'
import type { KubeClient } from '../connectors/kubernetes/kube-client.ts'
import { toKubeFailure } from '../connectors/kubernetes/kube-failure.ts'
import { budgetFor } from '../connectors/kubernetes/ledger-state.ts'
import { PLACEABLE, PLACEMENT_LABEL } from '../connectors/kubernetes/names.ts'
import { objection } from '../connectors/kubernetes/placement-policy.ts'
import { createKubernetesSink } from '../connectors/kubernetes/placement-sink.ts'
import { type Actuation, runActuation } from '../connectors/kubernetes/run-actuation.ts'
import { ungate } from '../connectors/kubernetes/ungate.ts'
import type { ImageRegistry } from '../models/applications/registry.ts'
import type { GateApi } from '../models/contracts/gates.ts'
import { TwinError } from '../models/errors.ts'
import type { Clock, EventLog, Logger, PlacementSink } from '../models/ports.ts'
import { rankNodes } from '../twin/rank-nodes.ts'
import type { TwinState } from '../twin/twin-state.ts'
import type { Config } from './config.ts'
import { connectCluster } from './run-cluster.ts'
import { runNodeScrapes } from './run-node-scrapes.ts'
import type { Connected, ConnectMeans } from './run-site-twin.ts'

export interface RealSiteOptions {
  readonly config: Config
  readonly site: string
  /** The twin as it is now. */
  readonly state: () => TwinState
  readonly registry: ImageRegistry
  readonly publish: EventLog['publish']
  readonly judge: ConnectMeans['judge']
  readonly clock: Clock
  readonly log: Logger
}

/** @throws TwinError KUBECONFIG_INVALID */
export async function connectRealSite(options: RealSiteOptions): Promise<Connected> {
  const { config, site, state, registry, publish, judge, clock, log } = options
  let actuation: Actuation | null = null
  let own: CustomResources | null = null
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
      explain: ({ decision }) => state().entities.decision.get(decision)?.desired?.summary ?? `decision ${decision}`,
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
      rank: (placement) => rankNodes(state(), placement, registry),
      uidOf: (pod) => state().entities.pod.get(pod)?.uid ?? null,
      images: new Set(registry.map(({ image }) => image)),
      rulesFor: ({ metadata }, { isMove }) => {
        const rules = own?.rulesFor({ namespace: metadata.namespace ?? 'default', labels: metadata.labels ?? {} }) ?? null
        if (rules === null) return {}
        const { strategy, topK, mayLeaveGap } = rules
        const set = { ...(topK === null ? {} : { topK }), ...(mayLeaveGap === null ? {} : { mayLeaveGap }) }
        return { strategy, ...set, objection: objection(rules, { timeMs: clock(), isMove }) }
      },
    })
  }
  const connection = await connectCluster({
    settings: { kubeconfig: config.kubeconfig, context: config.kubeContext },
    site,
    entities: () => state().entities,
    registry,
    publish,
    ...(config.placement === 'none' ? {} : { sink: sinkOf }),
    clock,
    random: Math.random,
    log,
  })
  const acting = actuation as Actuation | null
  if (acting !== null) {
    own = runCustomResources({
      client: connection.client,
      site,
      namespace: config.kubeNamespace,
      entities: () => state().entities,
      mayWrite: acting.leader.mayAct,
      onVerdict: judge,
      clock,
      random: Math.random,
      log,
    })
  }
  const gateSupport = config.placement === 'gate' ? runGateSupport(connection.client) : null
  const scrapes = runNodeScrapes({ cluster: connection.cluster, config, site, publish, clock, log })
  return {
    sink: connection.sink,
    gates: { ...gatesOf(connection.client, { clock, log }), whyPending: async (pod) => connection.whyPending(pod) },
    checks: () => [
      ...connection.checks(),
      ...(gateSupport?.checks() ?? []),
      ...scrapes.checks(),
      ...(acting?.checks() ?? []),
      ...(own?.checks() ?? []),
    ],
    async stop() {
      await scrapes.stop()
      await gateSupport?.stop()
      await own?.stop()
      await acting?.stop()
      await connection.stop()
    },
  }
}

function placeablePods(cluster: Cluster): number {
  return [...cluster.objects('pod').values()].filter(({ metadata }) => metadata.labels?.[PLACEMENT_LABEL] === PLACEABLE).length
}

function gatesOf(client: KubeClient, { clock, log }: { readonly clock: Clock; readonly log: Logger }): Pick<GateApi, 'ungate'> {
  return {
    async ungate({ pods, dryRun }) {
      const wish = pods === 'all' ? ({ kind: 'all' } as const) : ({ kind: 'pods', names: pods } as const)
      try {
        const { released, failed, notHeld, heldCount } = await ungate({ client, log, wish, nowMs: clock(), dryRun })
        return { released: [...released], failed: [...failed], notHeld: [...notHeld], heldCount }
      } catch (error) {
        const { message } = toKubeFailure(error)
        throw new TwinError('CLUSTER_UNREACHABLE', `the pods that are held cannot be listed: ${message}`, { cause: error })
      }
    },
  }
}
