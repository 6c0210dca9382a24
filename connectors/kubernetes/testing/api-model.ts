/**
 * A model of the API server, as far as actuation needs it: versions, preconditions, gates, bindings, evictions, a scheduler that
 * binds what is released and an owner that makes anew what is evicted. Behaves as was observed on Kubernetes 1.36.
 */

import { OWN_SCHEDULER } from '../act/prepare-action.ts'
import type { KubeRequest } from '../kube-client.ts'
import { KubeFailure } from '../kube-failure.ts'
import { GATE, PLACEABLE, PLACEMENT_LABEL, POD_KEYS } from '../names.ts'
import type { WatchedNode, WatchedPod } from '../watched.ts'

// biome-ignore lint/suspicious/noExplicitAny: the model takes whatever a client sends.
type Json = any

export interface Taken {
  readonly what: 'place' | 'evict' | 'ledger'
  /** Of the request: the intent and the serial of its reservation. */
  readonly auditId: string
  readonly uid: string
  readonly timeMs: number
  readonly ledger: Json
}

export interface ApiModel {
  /** Takes effect at once. @throws KubeFailure for what the server refuses. */
  handle(request: KubeRequest): unknown
  readonly pods: ReadonlyMap<string, WatchedPod>
  readonly nodes: readonly WatchedNode[]
  deletePod(name: string): void
  deleteLease(): void
  ledger(): Json
  /** One version back, as a server whose cache lags would answer. */
  staleOf(path: string): unknown
}

export interface ApiOptions {
  readonly nowMs: () => number
  /** After a while of its own. */
  readonly later: (step: () => void) => void
  readonly podCount: number
  readonly onTaken: (taken: Taken) => void
}

const NAMESPACES = ['shop', 'yard'] as const
const NODES = ['edge-1', 'edge-2', 'edge-3', 'edge-4']
const BOUND = 'request-3'
const POD_PATH = /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)(?:\/(\w+))?$/

export function anApiModel({ nowMs, later, podCount, onTaken }: ApiOptions): ApiModel {
  let version = 100
  let made = 0
  const pods = new Map<string, WatchedPod>()
  const before = new Map<string, WatchedPod>()
  const kept = new Map<string, Json>()
  const nodes = NODES.map(aNode)
  const nextVersion = () => String(++version)
  const text = () => kept.get('configmaps/edgetwin-ledger')?.data?.['ledger.json']
  const ledger = () => (text() === undefined ? null : JSON.parse(text()))

  const put = (pod: WatchedPod): WatchedPod => {
    const old = pods.get(pod.metadata.name)
    if (old !== undefined) before.set(pod.metadata.name, old)
    const next = { ...pod, metadata: { ...pod.metadata, resourceVersion: nextVersion() } }
    pods.set(pod.metadata.name, next)
    return next
  }
  const makePod = (request: string, namespace: string): void => {
    const name = `pod-${++made}`
    put({
      metadata: {
        name,
        namespace,
        uid: `uid-${made}`,
        resourceVersion: '',
        labels: { [PLACEMENT_LABEL]: PLACEABLE, [POD_KEYS.request]: request },
        ownerReferences: [{ kind: 'ReplicaSet', name: request, uid: `owner-${request}`, controller: true }],
      },
      spec: {
        // One of them is for the other strategy.
        ...(request === BOUND
          ? { schedulerName: OWN_SCHEDULER }
          : { schedulerName: 'default-scheduler', schedulingGates: [{ name: GATE }] }),
        containers: [{ name: 'c', image: 'x', resources: { requests: { cpu: '100m' } } }],
      },
      status: { phase: 'Pending' },
    })
  }
  const deletePod = (name: string): void => {
    const pod = pods.get(name)
    if (pod === undefined) return
    pods.delete(name)
    const { namespace = '', labels = {} } = pod.metadata
    later(() => makePod(labels[POD_KEYS.request] ?? '', namespace))
  }
  /** The scheduler: to the first choice. */
  const schedule = (name: string, uid: string): void => {
    const pod = pods.get(name)
    if (pod?.metadata.uid !== uid || pod.spec.nodeName !== undefined) return
    const [first] = pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
    const nodeName = first?.preference.matchExpressions?.[0]?.values?.[0] ?? NODES[0]!
    put({ ...pod, spec: { ...pod.spec, nodeName }, status: { phase: 'Running' } })
  }

  const handlePod = ({ method = 'GET', path, body, auditId = '', query }: KubeRequest, name: string, sub: string | undefined): unknown => {
    const pod = pods.get(name)
    if (pod === undefined) throw failure('not-found', 404, `pods "${name}" not found`)
    if (method === 'GET') return pod
    const sent: Json = body
    const wanted = sub === 'eviction' ? sent.deleteOptions.preconditions : sent.metadata
    const { uid, resourceVersion } = pod.metadata
    if (wanted.uid !== undefined && wanted.uid !== uid) {
      if (sub === undefined) throw failure('invalid', 422, 'metadata.uid: Invalid value: field is immutable')
      throw failure('conflict', 409, 'Precondition failed: UID')
    }
    if (wanted.resourceVersion !== undefined && wanted.resourceVersion !== resourceVersion)
      throw failure('conflict', 409, 'the object has been modified')
    if (query?.dryRun !== undefined) return {}
    const taken = (what: Taken['what']) => onTaken({ what, auditId, uid, timeMs: nowMs(), ledger: ledger() })
    if (sub === 'eviction') {
      taken('evict')
      deletePod(name)
      return { status: 'Success' }
    }
    if (sub === 'binding') {
      if (pod.spec.nodeName !== undefined) throw failure('conflict', 409, 'already assigned')
      taken('place')
      const metadata = { ...pod.metadata, annotations: { ...pod.metadata.annotations, ...sent.metadata.annotations } }
      return put({ ...pod, metadata, spec: { ...pod.spec, nodeName: sent.target.name }, status: { phase: 'Running' } })
    }
    const annotations = { ...pod.metadata.annotations, ...sent.metadata?.annotations }
    const isSame = JSON.stringify(annotations) === JSON.stringify(pod.metadata.annotations ?? {})
    if (sent.spec === undefined) return isSame ? pod : put({ ...pod, metadata: { ...pod.metadata, annotations } })
    if ((pod.spec.schedulingGates ?? []).length === 0) throw failure('invalid', 422, `${path}: pod updates may not change fields`)
    taken('place')
    later(() => schedule(name, uid))
    const spec = { ...pod.spec, affinity: sent.spec.affinity, schedulingGates: [] }
    return put({ ...pod, metadata: { ...pod.metadata, annotations }, spec })
  }

  const handleKept = ({ method = 'GET', body, auditId = '', query }: KubeRequest, path: string): unknown => {
    const key = path.split('/').slice(-2).join('/')
    const sent: Json = body
    if (method === 'GET') {
      if (!kept.has(key)) throw failure('not-found', 404, `${key} not found`)
      return kept.get(key)
    }
    const full = method === 'POST' ? `${path.split('/').at(-1)}/${sent.metadata.name}` : key
    const old = kept.get(full)
    if (method === 'POST' && old !== undefined) throw failure('conflict', 409, 'already exists')
    if (method === 'PUT' && old === undefined) throw failure('not-found', 404, `${full} not found`)
    if (method === 'PUT' && sent.metadata.resourceVersion !== undefined && sent.metadata.resourceVersion !== old.metadata.resourceVersion)
      throw failure('conflict', 409, 'the object has been modified')
    if (query?.dryRun !== undefined) return { ...sent, metadata: { ...sent.metadata, managedFields: [] } }
    const time = `${new Date(nowMs()).toISOString().slice(0, 19)}Z`
    const next = { ...sent, metadata: { ...sent.metadata, resourceVersion: nextVersion(), managedFields: [{ time }] } }
    kept.set(full, next)
    if (full.startsWith('configmaps/')) onTaken({ what: 'ledger', auditId, uid: '', timeMs: nowMs(), ledger: ledger() })
    return next
  }

  for (let index = 0; index < podCount; index++) makePod(`request-${index}`, NAMESPACES[index % 2]!)
  return {
    pods,
    nodes,
    deletePod,
    ledger,
    deleteLease: () => void kept.delete('leases/edgetwin'),
    staleOf(path) {
      const pod = before.get(POD_PATH.exec(path)?.[2] ?? '')
      return pod ?? null
    },
    handle(request) {
      const { path } = request
      const [, , name, sub] = POD_PATH.exec(path) ?? []
      if (name !== undefined) return handlePod(request, name, sub)
      if (path.includes('/configmaps') || path.includes('/leases')) return handleKept(request, path)
      if (path.includes('/events')) return {}
      const node = nodes.find(({ metadata }) => path === `/api/v1/nodes/${metadata.name}`)
      if (node !== undefined) return node
      if (path === '/api/v1/pods') return { metadata: {}, items: [...pods.values()].filter(({ spec }) => spec.nodeName !== undefined) }
      throw failure('not-found', 404, path)
    },
  }
}

function failure(kind: 'not-found' | 'invalid' | 'conflict', status: number, message: string): KubeFailure {
  return new KubeFailure(kind, message, { status })
}

function aNode(name: string): WatchedNode {
  const allocatable = { cpu: '64', memory: '64Gi', pods: '500' }
  return {
    metadata: { name, uid: `node-${name}`, resourceVersion: '1', labels: { 'kubernetes.io/hostname': name } },
    spec: {},
    status: { allocatable, capacity: allocatable, conditions: [{ type: 'Ready', status: 'True' }] },
  }
}
