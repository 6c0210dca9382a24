/**
 * The cluster as its scheduler will find it when a pod is released: what is promised but not yet bound counts as there.
 *
 * The verdict itself is models/scheduling/kubernetes' alone; here objects of the API are only made ready for it.
 */
import type { DeviceClaim, DeviceObjects } from '../../../models/scheduling/kubernetes/device-objects.ts'
import { allocateOn } from '../../../models/scheduling/kubernetes/dynamic-resources.ts'
import type { KubePod, SpreadConstraint } from '../../../models/scheduling/kubernetes/objects.ts'
import { type KubeSnapshot, snapshotOf } from '../../../models/scheduling/kubernetes/snapshot.ts'
import { GATE, POD_KEYS } from '../names.ts'
import { type Condition, hasEnded, ownerOf, type WatchedNode, type WatchedPod } from '../watched.ts'
import type { ActionReads, ClusterView } from './actions.ts'
import { HOSTNAME, widened } from './narrowing.ts'

const ZONE = 'topology.kubernetes.io/zone'

export const gatesOf = ({ spec }: WatchedPod): readonly string[] => (spec.schedulingGates ?? []).map(({ name }) => name)
export const isGatedByUs = (pod: WatchedPod): boolean => gatesOf(pod).includes(GATE)
/** The scheduler's own word that it finds no node. */
export const unschedulable = ({ status }: WatchedPod): Condition | undefined =>
  (status?.conditions ?? []).find(({ type, reason }) => type === 'PodScheduled' && reason === 'Unschedulable')

/** @param without uid of the pod that is asked about: it takes no room from itself. */
export function schedulerView({ nodes, pods, namespaces, devices = null }: ActionView, without: string): KubeSnapshot {
  const hostOf = new Map(nodes.map(({ metadata }) => [metadata.labels?.[HOSTNAME], metadata.name]))
  const placed = pods.flatMap((pod): readonly KubePod[] => {
    if (pod.metadata.uid === without || hasEnded(pod)) return []
    const nodeName = pod.spec.nodeName ?? hostOf.get(promisedHost(pod))
    return nodeName === undefined ? [] : [{ ...pod, spec: { ...pod.spec, nodeName } }]
  })
  if (devices === null) return snapshotOf({ nodes, pods: placed, namespaces })
  const ended = new Set(pods.filter(hasEnded).map(({ metadata }) => metadata.uid))
  const freed = freeOf(devices, (uid) => uid === without || ended.has(uid))
  const unbound = placed.filter(({ metadata }) =>
    pods.some(({ metadata: { uid }, spec }) => uid === metadata.uid && spec.nodeName === undefined),
  )
  return snapshotOf({ nodes, pods: placed, namespaces, devices: unbound.reduce((held, pod) => withClaimsOf(pod, nodes, held), freed) })
}

type ActionView = ClusterView & Pick<ActionReads, 'devices'>

/** What was allocated to pods that let go of it is free: who still writes so is about to take it back. */
function freeOf(devices: DeviceObjects, hasLetGo: (uid: string) => boolean): DeviceObjects {
  const claims = devices.claims.map((claim): DeviceClaim => {
    const { reservedFor = [] } = claim.status ?? {}
    return reservedFor.length > 0 && reservedFor.every(({ uid }) => hasLetGo(uid)) ? { ...claim, status: {} } : claim
  })
  return { ...devices, claims }
}

/** With what the scheduler will give a pod on the node it is promised to. */
function withClaimsOf(pod: KubePod, nodes: readonly WatchedNode[], devices: DeviceObjects): DeviceObjects {
  const node = nodes.find(({ metadata }) => metadata.name === pod.spec.nodeName)
  const given = node === undefined ? new Map<DeviceClaim, DeviceClaim>() : allocateOn(pod, node, devices)
  return { ...devices, claims: devices.claims.map((claim) => given.get(claim) ?? claim) }
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
export function withDefaultSpread(pod: KubePod, made: WatchedPod, nodes: readonly WatchedNode[]): KubePod {
  const isOwned = SPREAD_OWNERS.includes(ownerOf(made)?.kind ?? '')
  if (!isOwned || (pod.spec.topologySpreadConstraints ?? []).length > 0) return pod
  const labels = Object.entries(made.metadata.labels ?? {}).filter(([key]) => !OWN_LABELS.includes(key))
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
