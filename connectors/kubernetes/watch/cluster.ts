/**
 * One cluster, watched whole: an informer for each kind, and the cluster's identity asked for from time to time.
 *
 * A kind that the server does not serve or does not show us is named in `checks`, with what would mend it; the others go on. When
 * another cluster answers at the same address, everything is listed anew and what the old one had is gone.
 */
import type { Check } from '../../../models/contracts/api.ts'
import type { Clock, Logger, Stop } from '../../../models/ports.ts'
import { pause } from '../../pause.ts'
import { type Change, type Informer, type InformerStatus, runInformer } from '../informer.ts'
import type { KubeClient } from '../kube-client.ts'
import { type KubeFailure, toKubeFailure } from '../kube-failure.ts'
import type {
  ClusterEvent,
  DisruptionBudget,
  NodeLease,
  ResourceClaim,
  ResourceSlice,
  WatchedCamera,
  WatchedNamespace,
  WatchedNode,
  WatchedPod,
} from '../watched.ts'
import { clusterChecks } from './cluster-checks.ts'

export interface ObjectOfKind {
  readonly node: WatchedNode
  readonly pod: WatchedPod
  readonly event: ClusterEvent
  readonly budget: DisruptionBudget
  readonly lease: NodeLease
  readonly slice: ResourceSlice
  readonly claim: ResourceClaim
  readonly namespace: WatchedNamespace
  readonly camera: WatchedCamera
}
export type Kind = keyof ObjectOfKind

/** Of the events only warnings: the rest repeats what the objects say. */
export const PATHS: Readonly<Record<Kind, string>> = {
  node: '/api/v1/nodes',
  pod: '/api/v1/pods',
  event: '/apis/events.k8s.io/v1/events?fieldSelector=type%3DWarning',
  budget: '/apis/policy/v1/poddisruptionbudgets',
  lease: '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases',
  slice: '/apis/resource.k8s.io/v1/resourceslices',
  claim: '/apis/resource.k8s.io/v1/resourceclaims',
  namespace: '/api/v1/namespaces',
  camera: '/apis/edgetwin.dev/v1alpha1/cameras',
}
export const KINDS: readonly Kind[] = ['node', 'pod', 'event', 'budget', 'lease', 'slice', 'claim', 'namespace', 'camera']

export interface ClusterStatus {
  /** Of its kube-system namespace; null: not known yet. */
  readonly uid: string | null
  /** Why it was not told who the cluster is, when last asked; null: it was. */
  readonly identityFailure: KubeFailure | null
  readonly informers: Readonly<Record<Kind, InformerStatus>>
  /** What the watches should have told and did not; must stay 0. */
  readonly driftCount: number
}

export type ClusterChange = { readonly [K in Kind]: { readonly kind: K; readonly change: Change<ObjectOfKind[K]> } }[Kind]

export interface ClusterOptions {
  readonly client: KubeClient
  /** In order of each kind; must only take note. */
  readonly onChange: (change: ClusterChange) => void
  readonly clock: Clock
  readonly random: () => number
  readonly log: Logger
  /** Between two questions who the cluster is; default 15 s. It is asked after every break too. */
  readonly identityEveryMs?: number
  readonly watchMs?: number
  readonly compareEveryMs?: number
}

export interface Cluster {
  /** By `namespace/name`, or `name`. */
  objects<K extends Kind>(kind: K): ReadonlyMap<string, ObjectOfKind[K]>
  /** Resolves when each kind is listed, or known not to be shown to us. */
  readonly synced: Promise<void>
  /** Whether what we hold of this kind is what the server has, as far as anybody knows. */
  isInTouch(kind: Kind): boolean
  /** Whether it was ever listed. */
  isListed(kind: Kind): boolean
  /** Whether the server shows it to us at all. */
  isShown(kind: Kind): boolean
  readonly status: () => ClusterStatus
  readonly checks: () => readonly Check[]
  readonly stop: Stop
}

const IDENTITY_TIMEOUT_MS = 5_000
/** How soon after a break it is asked who answers now. */
const LOOK_MS = 500

export function runCluster(options: ClusterOptions): Cluster {
  const { client, onChange, clock, random, log, identityEveryMs = 15_000, watchMs, compareEveryMs } = options
  const start = <K extends Kind>(kind: K, tell: (change: Change<ObjectOfKind[K]>) => void): Informer<ObjectOfKind[K]> =>
    runInformer<ObjectOfKind[K]>({
      client,
      path: PATHS[kind],
      onChange: tell,
      clock,
      random,
      log,
      ...(watchMs === undefined ? {} : { watchMs }),
      ...(compareEveryMs === undefined ? {} : { compareEveryMs }),
    })
  const informers: { readonly [K in Kind]: Informer<ObjectOfKind[K]> } = {
    node: start('node', (change) => onChange({ kind: 'node', change })),
    pod: start('pod', (change) => onChange({ kind: 'pod', change })),
    event: start('event', (change) => onChange({ kind: 'event', change })),
    budget: start('budget', (change) => onChange({ kind: 'budget', change })),
    lease: start('lease', (change) => onChange({ kind: 'lease', change })),
    slice: start('slice', (change) => onChange({ kind: 'slice', change })),
    claim: start('claim', (change) => onChange({ kind: 'claim', change })),
    namespace: start('namespace', (change) => onChange({ kind: 'namespace', change })),
    camera: start('camera', (change) => onChange({ kind: 'camera', change })),
  }
  const all = Object.values(informers)
  const stopping = new AbortController()
  let uid: string | null = null
  let identityFailure: KubeFailure | null = null

  const identify = async (): Promise<void> => {
    try {
      const path = '/api/v1/namespaces/kube-system'
      const { metadata } = await client.request<WatchedNamespace>({ path, timeoutMs: IDENTITY_TIMEOUT_MS })
      if (uid !== null && uid !== metadata.uid) {
        log.warn({ uid: metadata.uid, uidBefore: uid, server: client.server }, 'another cluster answers at the address')
        for (const informer of all) informer.relist()
      }
      uid = metadata.uid
      identityFailure = null
    } catch (error) {
      identityFailure = toKubeFailure(error)
      log.debug({ reason: identityFailure.message }, 'who the cluster is was not told')
    }
  }
  const watchIdentity = async (): Promise<void> => {
    let askedMs = Number.NEGATIVE_INFINITY
    let breaks = 0
    while (!stopping.signal.aborted) {
      const breaksNow = all.reduce((sum, informer) => sum + informer.status().restartCount, 0)
      if (breaksNow !== breaks || clock() - askedMs >= identityEveryMs) {
        breaks = breaksNow
        askedMs = clock()
        await identify()
      }
      await pause(LOOK_MS, stopping.signal)
    }
  }
  const identity = watchIdentity()

  const isShown = (kind: Kind): boolean => {
    const failed = informers[kind].status().failure?.kind
    return failed !== 'forbidden' && failed !== 'not-found' && failed !== 'unauthorized'
  }
  const settled = async (kind: Kind): Promise<void> => {
    let isSynced = false
    informers[kind].synced.then(() => {
      isSynced = true
    })
    while (!isSynced && isShown(kind) && !stopping.signal.aborted) {
      await Promise.race([informers[kind].synced, pause(50, stopping.signal)])
    }
  }
  const status = (): ClusterStatus => {
    const ofKind = (kind: Kind) => informers[kind].status()
    return {
      uid,
      identityFailure,
      informers: {
        node: ofKind('node'),
        pod: ofKind('pod'),
        event: ofKind('event'),
        budget: ofKind('budget'),
        lease: ofKind('lease'),
        slice: ofKind('slice'),
        claim: ofKind('claim'),
        namespace: ofKind('namespace'),
        camera: ofKind('camera'),
      },
      driftCount: all.reduce((sum, informer) => sum + informer.status().driftCount, 0),
    }
  }
  return {
    objects: <K extends Kind>(kind: K) => informers[kind].objects(),
    synced: Promise.all(KINDS.map(settled)).then(() => {}),
    isInTouch: (kind) => informers[kind].status().synced && informers[kind].status().outSinceMs === null,
    isListed: (kind) => informers[kind].status().synced,
    isShown,
    status,
    checks: () => clusterChecks(client.server, status(), clock()),
    async stop() {
      stopping.abort()
      await Promise.all([identity, ...all.map((informer) => informer.stop())])
    },
  }
}
