/** Objects of a cluster, as its API server tells them: a test says only what it is about. */
import type {
  AttributeValue,
  ClusterEvent,
  Condition,
  ResourceClaim,
  ResourceSlice,
  SliceDevice,
  WatchedCamera,
  WatchedNode,
  WatchedPod,
} from '../watched.ts'

/** When everything was created. */
const CREATED = '2026-11-21T12:00:00Z'
export const CREATED_MS = Date.parse(CREATED)

let versions = 0
const metadata = (name: string) => ({ name, uid: `uid-${name}`, resourceVersion: String(++versions), creationTimestamp: CREATED })

export interface NodeParts {
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly resources?: Readonly<Record<string, string>>
  readonly allocatable?: Readonly<Record<string, string>>
  readonly ready?: Partial<Condition> | null
  readonly spec?: NonNullable<WatchedNode['spec']>
}

export function aKubeNode(name: string, parts: NodeParts = {}): WatchedNode {
  const { labels = {}, annotations = {}, resources = {}, allocatable, ready = {}, spec = {} } = parts
  const capacity = { cpu: '4', memory: '8Gi', pods: '110', ...resources }
  const condition = { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status', ...ready }
  return {
    metadata: { ...metadata(name), labels: { 'kubernetes.io/hostname': name, ...labels }, annotations },
    spec,
    status: { capacity, allocatable: { ...capacity, ...allocatable }, conditions: ready === null ? [] : [condition] },
  }
}

export interface PodParts {
  readonly namespace?: string
  readonly uid?: string
  readonly owner?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly node?: string
  readonly image?: string
  readonly limits?: Readonly<Record<string, string>>
  readonly claims?: readonly string[]
  readonly gates?: readonly string[]
  readonly deletedAt?: string
  readonly status?: NonNullable<WatchedPod['status']>
}

/** One that edgetwin may place, unless its labels say otherwise. */
export function aKubePod(name: string, parts: PodParts = {}): WatchedPod {
  const { namespace = 'default', uid = `uid-${name}`, owner, labels = { 'edgetwin.dev/placement': 'twin' }, annotations = {} } = parts
  const { node, image = 'edgetwin/alexnet-gpu:1', limits = {}, claims = [], gates = [], deletedAt, status = { phase: 'Pending' } } = parts
  return {
    metadata: {
      ...metadata(name),
      uid,
      namespace,
      labels,
      annotations,
      ...(owner === undefined ? {} : { ownerReferences: [{ kind: 'ReplicaSet', name: owner, uid: `uid-${owner}`, controller: true }] }),
      ...(deletedAt === undefined ? {} : { deletionTimestamp: deletedAt }),
    },
    spec: {
      ...(node === undefined ? {} : { nodeName: node }),
      schedulingGates: gates.map((gate) => ({ name: gate })),
      resourceClaims: claims.map((claim) => ({ name: claim, resourceClaimName: claim })),
      containers: [{ name: 'main', image, resources: { requests: limits, limits } }],
    },
    status,
  }
}

/** One that somebody wrote, unless its labels say otherwise. */
export function aKubeCamera(
  name: string,
  spec: Partial<WatchedCamera['spec']> = {},
  { namespace = 'default', labels = {} }: { readonly namespace?: string; readonly labels?: Readonly<Record<string, string>> } = {},
): WatchedCamera {
  return { metadata: { ...metadata(name), uid: `uid-${namespace}-${name}`, namespace, labels }, spec: { site: 'lab', ...spec } }
}

/** A warning that speaks of the pod of that uid. */
export function aWarning(pod: string, reason: string, parts: Partial<ClusterEvent> & { readonly uid?: string } = {}): ClusterEvent {
  const { uid = `uid-${pod}`, ...over } = parts
  const regarding = { kind: 'Pod', name: pod, namespace: 'default', uid }
  return { metadata: metadata(`${pod}.${reason}.${++versions}`), reason, type: 'Warning', note: 'why', regarding, ...over }
}

export function aSlice(
  node: string,
  devices: readonly SliceDevice[],
  options: { readonly driver?: string; readonly generation?: number; readonly count?: number; readonly name?: string } = {},
): ResourceSlice {
  const { driver = 'acc.edgetwin.dev', generation = 1, count = 1, name = `${node}-${driver}-${generation}` } = options
  return {
    metadata: metadata(name),
    spec: { driver, nodeName: node, pool: { name: node, generation, resourceSliceCount: count }, devices },
  }
}

export function aDevice(name: string, attributes: Readonly<Record<string, string>> = {}): SliceDevice {
  const told = Object.entries(attributes).map(([key, string]): [string, AttributeValue] => [key, { string }])
  return { name, attributes: Object.fromEntries(told) }
}

/** Allocated to `device`, written `driver/pool/device`; null: not yet. */
export function aClaim(name: string, device: string | null, namespace = 'default'): ResourceClaim {
  const [driver = '', pool = '', named = ''] = device?.split('/') ?? []
  const status = device === null ? {} : { allocation: { devices: { results: [{ driver, pool, device: named }] } } }
  return { metadata: { ...metadata(name), namespace }, status }
}
