/**
 * A real Kubernetes cluster behind the twin: watched, its exporters scraped, and placed on by one of the edgetwins that may.
 *
 * Until somebody leads, and for what the ledger does not grant, a placement is refused with the reason; nothing else depends on it.
 */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { createKubernetesSink } from '../connectors/kubernetes/act/placement-sink.ts'
import { type Actuation, runActuation } from '../connectors/kubernetes/act/run-actuation.ts'
import { ungate } from '../connectors/kubernetes/act/ungate.ts'
import { runGateSupport } from '../connectors/kubernetes/gate-support.ts'
import type { KubeClient } from '../connectors/kubernetes/kube-client.ts'
import { toKubeFailure } from '../connectors/kubernetes/kube-failure.ts'
import {
  type CustomResources,
  type CustomResourcesOptions,
  runCustomResources,
} from '../connectors/kubernetes/resources/custom-resources.ts'
import type { Cluster } from '../connectors/kubernetes/watch/cluster.ts'
import type { ImageRegistry } from '../models/applications/registry.ts'
import type { GateApi, WhyPending } from '../models/contracts/gates.ts'
import { TwinError } from '../models/errors.ts'
import type { Clock, EventLog, Logger, PlacementSink } from '../models/ports.ts'
import { rankNodes } from '../twin/rank-nodes.ts'
import type { TwinState } from '../twin/twin-state.ts'
import type { Config } from './config.ts'
import { createPodPolicies, type PodPolicies } from './pod-policies.ts'
import { actionObjection } from './revalidate-action.ts'
import { connectCluster } from './run-cluster.ts'
import { runNodeScrapes } from './run-node-scrapes.ts'
import type { Connected, ConnectMeans } from './run-site-twin.ts'
import { runStuckPods } from './run-stuck-pods.ts'
import { schedulerRejections } from './scheduler-rejections.ts'
import { whyGated } from './why-gated.ts'

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
  const { config, site, state, registry, publish, clock, log } = options
  let own: CustomResources | null = null
  let hands: Hands | null = null
  const connection = await connectCluster({
    settings: { kubeconfig: config.kubeconfig, context: config.kubeContext },
    site,
    entities: () => state().entities,
    registry,
    assumedLink: { mbitPerSecond: config.assumedLinkMbitPerSecond, latencyMs: config.assumedLinkLatencyMs },
    publish,
    ...(config.placement === 'none'
      ? {}
      : {
          sink: (parts) => {
            hands = handsOn(parts, { ...options, own: () => own })
            return hands.sink
          },
        }),
    clock,
    random: Math.random,
    log,
  })
  const acting = (hands as Hands | null)?.acting ?? null
  const allowed = (hands as Hands | null)?.allowed ?? policiesOf(connection.cluster, { config, clock, own: () => own })
  const showing = showOn(connection.client, { ...options, mayWrite: () => acting?.leader.mayAct() ?? false, allowed })
  own = showing
  const gateSupport = config.placement === 'gate' ? runGateSupport(connection.client) : null
  const withRejections = schedulerRejections({
    pods: () => connection.cluster.objects('pod'),
    nodes: () => connection.cluster.objects('node'),
    clock,
  })
  const judged = () => withRejections(state())
  /** What only the twin knows: why we do not let it go. */
  const withGate = (why: WhyPending | null, name: string): WhyPending | null => {
    const twin = judged()
    const held = why?.cause === 'gated' ? whyGated(twin, twin.entities.pod.get(name), registry) : null
    return why === null || held === null ? why : { ...why, text: `${why.text} For now, ${held}.` }
  }
  const stopStuckPods = runStuckPods({
    state: judged,
    registry,
    mayWrite: () => acting?.leader.mayAct() === true && !config.placementDryRun,
    onStuck: ({ name, uid }, note) => connection.tellPod({ name, uid: uid ?? '' }, { reason: 'TwinRefused', note }),
  })
  const scrapes = runNodeScrapes({
    cluster: connection.cluster,
    config,
    site,
    publish: (events) => publish(connection.translate(events)),
    clock,
    log,
  })
  return {
    sink: connection.sink,
    rulesFor: allowed.forLoop,
    withRejections,
    waitsFor: () => acting?.waitsFor() ?? null,
    gates: { ...gatesOf(connection.client, { clock, log }), whyPending: async (pod) => withGate(connection.whyPending(pod), pod) },
    checks: () => [
      ...connection.checks(),
      ...(gateSupport?.checks() ?? []),
      ...scrapes.checks(),
      ...(acting?.checks() ?? []),
      ...showing.checks(),
    ],
    async stop() {
      await stopStuckPods()
      await scrapes.stop()
      await gateSupport?.stop()
      await showing.stop()
      await acting?.stop()
      await connection.stop()
    },
  }
}

/** What acts, and what it is allowed. */
interface Hands {
  readonly acting: Actuation
  readonly allowed: PodPolicies
  readonly sink: PlacementSink
}
interface ClusterParts {
  readonly client: KubeClient
  readonly cluster: Cluster
}

function handsOn({ client, cluster }: ClusterParts, options: RealSiteOptions & Pick<PolicyParts, 'own'>): Hands {
  const { config, state, registry, clock, log, own } = options
  const { placement: strategy } = config
  if (strategy === 'none') throw new Error('unreachable: without a strategy there is no sink')
  const allowed = policiesOf(cluster, { config, clock, own })
  const acting = runActuation({
    client,
    identity: `${hostname()}-${randomUUID()}`,
    namespace: config.kubeNamespace,
    budget: allowed.budget,
    revalidate: async (action) => actionObjection(state(), action, { registry, settings: config, rulesFor: allowed.forLoop }),
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
  const sink = createKubernetesSink({
    client,
    log,
    carryOut: acting.carryOut,
    strategy,
    topK: config.placementTopK,
    rank: (placement) => rankNodes(state(), placement, registry),
    uidOf: (pod) => state().entities.pod.get(pod)?.uid ?? null,
    images: new Set(registry.map(({ image }) => image)),
    rulesFor: allowed.forSink,
  })
  return { acting, allowed, sink }
}

type Shown = Pick<Hands, 'allowed'> & Pick<CustomResourcesOptions, 'mayWrite'>

/** Policies are read in any case: they say of which pods there may be plans. */
function showOn(
  client: KubeClient,
  { config, site, state, judge, clock, log, mayWrite, allowed }: RealSiteOptions & Shown,
): CustomResources {
  return runCustomResources({
    client,
    site,
    namespace: config.kubeNamespace,
    entities: () => state().entities,
    mayWrite,
    onVerdict: judge,
    pods: allowed.placeable,
    loopMode: () => state().loopMode,
    mayBind: config.placement === 'binding',
    clock,
    random: Math.random,
    log,
  })
}

interface PolicyParts {
  readonly config: Config
  readonly clock: Clock
  /** Null until the cluster is connected. */
  readonly own: () => CustomResources | null
}

function policiesOf(cluster: Cluster, { config, clock, own }: PolicyParts): PodPolicies {
  const { movesRatio, actionsAtOnce, moveCoolDownMs, movesPerHour } = config
  const budget = { movesRatio, inFlightMax: actionsAtOnce, coolDownMs: moveCoolDownMs }
  return createPodPolicies({
    pods: () => cluster.objects('pod'),
    nodes: () => cluster.objects('node'),
    areKnown: () => own()?.arePoliciesKnown() ?? false,
    rulesFor: (pod) => own()?.rulesFor(pod) ?? null,
    policies: () => own()?.policies() ?? [],
    budget: movesPerHour === undefined ? budget : { ...budget, movesPerHourMax: movesPerHour },
    mayBind: config.placement === 'binding',
    clock,
  })
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
