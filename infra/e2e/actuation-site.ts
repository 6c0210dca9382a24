/**
 * A control plane on which edgetwins place and move pods all the time, and whoever looks on: the administrator.
 *
 * Its nodes have no kubelet, so what is bound there never starts and may be moved; they are kept ready, or not, by the test.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { openLedger } from '../../connectors/kubernetes/act/ledger.ts'
import type { Ledger } from '../../connectors/kubernetes/act/ledger-state.ts'
import { createKubeClient, type KubeClient, type PatchType } from '../../connectors/kubernetes/kube-client.ts'
import { loadKubeConfig } from '../../connectors/kubernetes/kube-config.ts'
import { KubeFailure } from '../../connectors/kubernetes/kube-failure.ts'
import type { Node } from '../../models/entities/node.ts'
import { isEnded, type Pod } from '../../models/entities/pod.ts'
import { type KubernetesLab, startKubernetes } from '../lab/kubernetes.ts'
import type { EdgetwinProcess } from './edgetwin-process.ts'

export const NODES = ['edge-1', 'edge-2', 'edge-3'] as const
export const USERS = ['twin-a', 'twin-b'] as const
export type User = (typeof USERS)[number]
export const userName = (user: User): string => `system:serviceaccount:${SYSTEM}:${user}`

const SYSTEM = 'edgetwin-system'
const CAMERA = 'cam-1'
/** A tenth of the pods may be moved within five minutes. */
const CROWD = 30
export const MOVES_MAX = 3
export const WINDOW_MS = 300_000
const HEARTBEAT_MS = 4_000
const AWAY_MS_MAX = 30_000
const LEASE = `/apis/coordination.k8s.io/v1/namespaces/${SYSTEM}/leases/edgetwin`

export interface SeenPod {
  readonly metadata: {
    readonly name: string
    readonly uid: string
    readonly labels: Readonly<Record<string, string>>
    readonly deletionTimestamp?: string
  }
  readonly spec: { readonly nodeName?: string; readonly schedulingGates?: readonly unknown[] }
  readonly status: { readonly phase: string }
}
interface SeenNode {
  readonly metadata: { readonly name: string }
  readonly spec: { readonly unschedulable?: boolean }
  readonly status: { readonly conditions: readonly { readonly type: string; readonly status: string }[] }
}

export interface ActuationSite {
  readonly lab: KubernetesLab
  tokenOf(user: User): string
  ledger(): Promise<Ledger>
  /** As nobody holds it: whoever held it may no longer be there. */
  freeLease(): Promise<void>
  pods(app: string): Promise<readonly SeenPod[]>
  /** Its pods are born gated. */
  deploy(app: string, replicas: number): Promise<void>
  remove(app: string): Promise<void>
  setReady(node: string, isReady: boolean): Promise<void>
  setCordoned(node: string, isCordoned: boolean): Promise<void>
  /** What a twin has other than a fresh list. */
  differences(twin: EdgetwinProcess): Promise<readonly string[]>
  stop(): Promise<void>
}

export async function startActuationSite(): Promise<ActuationSite> {
  const lab = await startKubernetes({ progress: (line) => process.stderr.write(`${line}\n`) })
  const client = createKubeClient(() => loadKubeConfig({ kubeconfig: lab.kubeconfig }))
  await lab.kubectl(['apply', '--server-side', '-f', 'infra/helm/edgetwin/crds'])
  await lab.kubectl(
    ['apply'],
    objects()
      .map((each) => JSON.stringify(each))
      .join('\n---\n'),
  )
  const tokens = new Map<User, string>()
  for (const user of USERS) tokens.set(user, (await lab.kubectl(['create', 'token', user, '-n', SYSTEM, '--duration', '24h'])).trim())
  const over = new AbortController()
  const beating = beat(client, over.signal)
  const ledger = openLedger({ client, random: Math.random, wait: (ms) => sleep(ms) })
  const change = (path: string, body: object, contentType: PatchType) =>
    until(() => client.request({ method: 'PATCH', path, body, contentType }))
  const list = async <T>(path: string, query = {}): Promise<readonly T[]> => (await client.request<{ items: T[] }>({ path, query })).items
  const deployments = '/apis/apps/v1/namespaces/default/deployments'
  return {
    lab,
    tokenOf: (user) => tokens.get(user)!,
    ledger: () => ledger.read(),
    freeLease: async () => {
      await change(LEASE, { spec: { holderIdentity: '', leaseDurationSeconds: 1 } }, 'application/merge-patch+json')
    },
    pods: (app) => list<SeenPod>('/api/v1/namespaces/default/pods', { labelSelector: `app=${app}` }),
    deploy: async (app, replicas) => {
      // Made by an earlier try, its answer was lost.
      const isMade = (error: unknown) => error instanceof KubeFailure && error.kind === 'conflict'
      const body = aDeployment(app, replicas, 3_000)
      await until(() =>
        client.request({ method: 'POST', path: deployments, body }).catch((error) => isMade(error) || Promise.reject(error)),
      )
    },
    remove: async (app) => {
      const path = `${deployments}/${app}`
      await client.request({ method: 'DELETE', path, body: { propagationPolicy: 'Background' } }).catch(() => {})
    },
    setReady: async (node, isReady) => {
      const conditions = [{ type: 'Ready', status: isReady ? 'True' : 'False', reason: 'Test', message: '' }]
      await change(`/api/v1/nodes/${node}/status`, { status: { conditions } }, 'application/strategic-merge-patch+json')
    },
    setCordoned: async (node, isCordoned) => {
      await change(`/api/v1/nodes/${node}`, { spec: { unschedulable: isCordoned } }, 'application/merge-patch+json')
    },
    async differences({ get }) {
      const seen = await list<SeenPod>('/api/v1/pods', { labelSelector: 'edgetwin.dev/placement=twin' })
      const nodes = await list<SeenNode>('/api/v1/nodes')
      const pods = (await get<{ items: Pod[] }>('/api/v1/entities/pod')).items.filter((pod) => !isEnded(pod))
      const twins = (await get<{ items: Node[] }>('/api/v1/entities/node')).items.filter(({ mode }) => mode !== 'gone')
      return [
        ...differing(new Set(seen.filter(isAlive).map(podRow)), new Set(pods.map(twinPodRow))),
        ...differing(new Set(nodes.map(nodeRow)), new Set(twins.map(twinNodeRow))),
      ]
    },
    async stop() {
      over.abort()
      await beating
      client.close()
      await lab.stop()
    },
  }
}

/** The administrator's own requests come at any time, also while the API server or etcd is away. */
async function until(send: () => Promise<unknown>): Promise<void> {
  for (const endMs = performance.now() + AWAY_MS_MAX; ; await sleep(100)) {
    try {
      await send()
      return
    } catch (error) {
      const mayTryAgain = error instanceof KubeFailure && (error.isOutcomeUnknown || error.kind === 'forbidden')
      if (!mayTryAgain || performance.now() > endMs) throw error
    }
  }
}

export const isAlive = ({ metadata }: SeenPod): boolean => metadata.deletionTimestamp === undefined
export const isGated = ({ spec }: SeenPod): boolean => (spec.schedulingGates ?? []).length > 0

function differing(cluster: ReadonlySet<string>, twin: ReadonlySet<string>): readonly string[] {
  const missing = [...cluster.difference(twin)].map((row) => `only the cluster has ${row}`)
  return [...missing, ...[...twin.difference(cluster)].map((row) => `only the twin has ${row}`)]
}

function podRow(pod: SeenPod): string {
  const { metadata, spec, status } = pod
  const mode = status.phase === 'Running' ? 'running' : spec.nodeName !== undefined ? 'bound' : isGated(pod) ? 'gated' : 'pending'
  return `pod ${metadata.name}.default ${metadata.uid} ${mode} on ${spec.nodeName ?? 'none'}`
}
const twinPodRow = ({ name, uid, mode, reported: { place } }: Pod): string => `pod ${name} ${uid} ${mode} on ${place?.node ?? 'none'}`

function nodeRow({ metadata, spec, status }: SeenNode): string {
  const isReady = status.conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True')
  return `node ${metadata.name} ${isReady ? 'ready' : 'not ready'}${spec.unschedulable === true ? ', cordoned' : ''}`
}
function twinNodeRow({ name, reported: { conditions } }: Node): string {
  return `node ${name} ${conditions?.value.ready ? 'ready' : 'not ready'}${conditions?.value.cordoned ? ', cordoned' : ''}`
}

/** As kubelets do; else the cluster gives the nodes up. */
async function beat(client: KubeClient, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    for (const node of NODES) {
      const spec = { holderIdentity: node, leaseDurationSeconds: 40, renewTime: new Date().toISOString().replace('Z', '000Z') }
      const path = `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${node}`
      // An API server that is down at the moment hears of it the next time.
      await client.request({ method: 'PATCH', path, body: { spec }, contentType: 'application/merge-patch+json' }).catch(() => {})
    }
    await sleep(HEARTBEAT_MS, undefined, { signal }).catch(() => {})
  }
}

function objects(): readonly object[] {
  const account = (name: string) => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: SYSTEM } })
  const subjects = USERS.map((name) => ({ kind: 'ServiceAccount', name, namespace: SYSTEM }))
  const rbac = 'rbac.authorization.k8s.io'
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: SYSTEM } },
    ...USERS.map(account),
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: 'twins' },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'cluster-admin' },
      subjects,
    },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'edgetwin-ledger', namespace: SYSTEM } },
    ...NODES.flatMap((name) => [
      aNode(name, { 'edgetwin.dev/role': 'server', 'edgetwin.dev/device-model': 'edge-server-3.6ghz' }),
      { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, namespace: 'kube-node-lease' }, spec: {} },
    ]),
    aCamera(),
    aCrowd(),
  ]
}

function aNode(name: string, labels: object) {
  const amounts = { cpu: '64', memory: '64Gi', pods: '200' }
  const conditions = [{ type: 'Ready', status: 'True', reason: 'Test', message: '' }]
  const metadata = { name, labels: { 'kubernetes.io/hostname': name, ...labels } }
  return { apiVersion: 'v1', kind: 'Node', metadata, status: { capacity: amounts, allocatable: amounts, conditions } }
}

/** Where the clips come from. It takes no pods, but has some of its own, which kwok runs. */
function aCamera() {
  const labels = { type: 'kwok', 'edgetwin.dev/role': 'camera', 'edgetwin.dev/device-model': 'raspberry-pi-4b' }
  return { ...aNode(CAMERA, labels), spec: { unschedulable: true } }
}

/** Pods that run and are not moved: by their number the budget is. */
function aCrowd() {
  const { metadata, spec, ...rest } = aDeployment('crowd', CROWD, 1)
  const { schedulingGates: _, ...ungated } = spec.template.spec
  const template = { ...spec.template, spec: { ...ungated, nodeName: CAMERA } }
  return { ...rest, metadata, spec: { ...spec, template } }
}

function aDeployment(app: string, replicas: number, frames: number) {
  const annotations = { 'edgetwin.dev/application': 'resnet50', 'edgetwin.dev/camera': CAMERA, 'edgetwin.dev/frames': String(frames) }
  const spec = {
    terminationGracePeriodSeconds: 0,
    schedulingGates: [{ name: 'edgetwin.dev/placement' }],
    containers: [{ name: 'infer', image: 'example.com/resnet50:1', resources: { requests: { cpu: '100m' } } }],
  }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: app, namespace: 'default' },
    spec: {
      replicas,
      selector: { matchLabels: { app } },
      template: { metadata: { labels: { app, 'edgetwin.dev/placement': 'twin' }, annotations }, spec },
    },
  }
}
