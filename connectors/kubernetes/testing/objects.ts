/** Objects of a cluster, as its API server tells them: a test says only what it is about. */
import type { AttributeValue, Condition, ResourceClaim, ResourceSlice, SliceDevice, WatchedNode, WatchedPod } from '../watched.ts'

/** When everything was created. */
export const CREATED = '2026-11-21T12:00:00Z'
export const CREATED_MS = Date.parse(CREATED)

let versions = 0
const metadata = (name: string) => ({ name, uid: `uid-${name}`, resourceVersion: String(++versions), creationTimestamp: CREATED })

export interface NodeParts {
  readonly labels?: Readonly<Record<string, string>>
  readonly resources?: Readonly<Record<string, string>>
  readonly allocatable?: Readonly<Record<string, string>>
  readonly ready?: Partial<Condition> | null
  readonly spec?: NonNullable<WatchedNode['spec']>
}

export function aKubeNode(name: string, { labels = {}, resources = {}, allocatable, ready = {}, spec = {} }: NodeParts = {}): WatchedNode {
  const capacity = { cpu: '4', memory: '8Gi', pods: '110', ...resources }
  const condition = { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status', ...ready }
  return {
    metadata: { ...metadata(name), labels: { 'kubernetes.io/hostname': name, ...labels } },
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
