/** A cluster at one moment, with what each node has left worked out once for all the pods that are asked about. */
import type { DeviceObjects } from './device-objects.ts'
import { type KubeNode, type KubePod, type Labels, namespaceOf } from './objects.ts'
import { type Amounts, add, amountsOf, podRequests } from './resources.ts'

export interface NodeInfo {
  readonly node: KubeNode
  readonly pods: readonly KubePod[]
  readonly allocatable: Amounts
  /** What its pods ask for. */
  readonly requested: Amounts
  /** The same with a little assumed for containers that ask for nothing: scores use this. */
  readonly assumed: Amounts
}

export interface KubeSnapshot {
  readonly nodes: readonly NodeInfo[]
  readonly namespaceLabels: ReadonlyMap<string, Labels>
  /** Labels of the volume behind a claim, by `namespace/claim`. */
  readonly volumeLabels: ReadonlyMap<string, Labels>
  /** null: not known; then nothing is said about claims. */
  readonly devices: DeviceObjects | null
}

export interface SnapshotInput {
  readonly nodes: readonly KubeNode[]
  /** Pods on nodes that still hold what they asked for: finished ones are left out by whoever asks. */
  readonly pods: readonly KubePod[]
  readonly namespaces?: readonly { readonly metadata: { readonly name: string; readonly labels?: Labels } }[]
  readonly volumeLabels?: ReadonlyMap<string, Labels>
  readonly devices?: DeviceObjects | null
}

export function snapshotOf({ nodes, pods, namespaces = [], volumeLabels = new Map(), devices = null }: SnapshotInput): KubeSnapshot {
  const byNode = Map.groupBy(pods, ({ spec }) => spec.nodeName)
  return {
    nodes: nodes.map((node) => nodeInfo(node, byNode.get(node.metadata.name) ?? [])),
    namespaceLabels: new Map(namespaces.map(({ metadata }) => [metadata.name, metadata.labels ?? {}])),
    volumeLabels,
    devices,
  }
}

function nodeInfo(node: KubeNode, pods: readonly KubePod[]): NodeInfo {
  const requested = new Map<string, number>()
  const assumed = new Map<string, number>()
  for (const pod of pods) {
    add(requested, podRequests(pod))
    add(assumed, podRequests(pod, { assumeMissing: true }))
  }
  return { node, pods, allocatable: amountsOf(node.status?.allocatable), requested, assumed }
}

/** Every pod of the cluster with the node it is on. */
export function* placedPods({ nodes }: KubeSnapshot): Iterable<{ readonly pod: KubePod; readonly node: KubeNode }> {
  for (const { node, pods } of nodes) for (const pod of pods) yield { pod, node }
}

export const namespaceLabelsOf = ({ namespaceLabels }: KubeSnapshot, pod: KubePod): Labels => namespaceLabels.get(namespaceOf(pod)) ?? {}
