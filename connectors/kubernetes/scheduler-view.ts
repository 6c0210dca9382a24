/**
 * The cluster as its scheduler will find it when a pod is released: what is promised but not yet bound counts as there.
 *
 * The verdict itself is models/scheduling/kubernetes' alone; here objects of the API are only made ready for it.
 */
import type { KubePod, SpreadConstraint } from '../../models/scheduling/kubernetes/objects.ts'
import { type KubeSnapshot, snapshotOf } from '../../models/scheduling/kubernetes/snapshot.ts'
import type { ClusterView } from './actions.ts'
import { GATE, POD_KEYS } from './names.ts'
import { HOSTNAME, widened } from './narrowing.ts'
import type { Condition, WatchedNode, WatchedPod } from './watched.ts'

const ENDED = ['Succeeded', 'Failed']
const ZONE = 'topology.kubernetes.io/zone'

export const hasEnded = ({ status }: WatchedPod): boolean => ENDED.includes(status?.phase ?? '')
export const gatesOf = ({ spec }: WatchedPod): readonly string[] => (spec.schedulingGates ?? []).map(({ name }) => name)
export const isGatedByUs = (pod: WatchedPod): boolean => gatesOf(pod).includes(GATE)
/** The scheduler's own word that it finds no node. */
export const unschedulable = ({ status }: WatchedPod): Condition | undefined =>
  (status?.conditions ?? []).find(({ type, reason }) => type === 'PodScheduled' && reason === 'Unschedulable')
export const isReady = ({ status }: WatchedNode): boolean =>
  (status?.conditions ?? []).some(({ type, status: value }) => type === 'Ready' && value === 'True')

/** @param without uid of the pod that is asked about: it takes no room from itself. */
export function schedulerView({ nodes, pods, namespaces }: ClusterView, without: string): KubeSnapshot {
  const hostOf = new Map(nodes.map(({ metadata }) => [metadata.labels?.[HOSTNAME], metadata.name]))
  const placed = pods.flatMap((pod): readonly KubePod[] => {
    if (pod.metadata.uid === without || hasEnded(pod)) return []
    const nodeName = pod.spec.nodeName ?? hostOf.get(promisedHost(pod))
    return nodeName === undefined ? [] : [{ ...pod, spec: { ...pod.spec, nodeName } }]
  })
  return snapshotOf({ nodes, pods: placed, namespaces })
}

/** The first choice of a pod that a decision has released and the scheduler has not bound yet. */
function promisedHost({ metadata, spec }: WatchedPod): string | undefined {
  if (metadata.annotations?.[POD_KEYS.decision] === undefined || (spec.schedulingGates ?? []).length > 0) return undefined
  const [first] = spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
  return first?.preference.matchExpressions?.find(({ key }) => key === HOSTNAME)?.values?.[0]
}

/** The pod that its owner would make anew: on no node, and with the owner's own wishes. */
export function replacementOf(pod: WatchedPod): KubePod {
  const { nodeName: _, affinity, ...spec } = pod.spec
  const { nodeAffinity: __, ...others } = affinity ?? {}
  const isOurs = pod.metadata.annotations?.[POD_KEYS.decision] !== undefined
  const nodeAffinity = isOurs ? widened(affinity) : affinity?.nodeAffinity
  return { ...pod, spec: { ...spec, affinity: { ...others, ...(nodeAffinity === undefined ? {} : { nodeAffinity }) } } }
}

const SPREAD_OWNERS = ['ReplicaSet', 'StatefulSet', 'ReplicationController']
/** Of pods of one owner, these differ. */
const OWN_LABELS = ['statefulset.kubernetes.io/pod-name', 'apps.kubernetes.io/pod-index']

/** The scheduler spreads the pods of one owner softly when nobody asked for anything else: PodTopologySpread's own default constraints. */
export function withDefaultSpread(pod: KubePod, { metadata }: WatchedPod, nodes: readonly WatchedNode[]): KubePod {
  const isOwned = (metadata.ownerReferences ?? []).some(({ controller, kind }) => controller && SPREAD_OWNERS.includes(kind))
  if (!isOwned || (pod.spec.topologySpreadConstraints ?? []).length > 0) return pod
  const labels = Object.entries(metadata.labels ?? {}).filter(([key]) => !OWN_LABELS.includes(key))
  const soft = (topologyKey: string, maxSkew: number): SpreadConstraint => ({
    topologyKey,
    maxSkew,
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector: { matchLabels: Object.fromEntries(labels) },
  })
  // Where a node has no zone the default leaves zones out, while a constraint of one's own would leave the node out.
  const zones = nodes.every((node) => node.metadata.labels?.[ZONE] !== undefined) ? [soft(ZONE, 5)] : []
  return { ...pod, spec: { ...pod.spec, topologySpreadConstraints: [...zones, soft(HOSTNAME, 3)] } }
}
