/**
 * The request that carries out an action, or why it must not be carried out, on what was just read. Pure.
 *
 * Each request holds only for the pod as it was read (uid and resourceVersion), so it takes effect at most once, and never on
 * another pod of the same name.
 */
import type { KubePod } from '../../../models/scheduling/kubernetes/objects.ts'
import { judge } from '../../../models/scheduling/kubernetes/stock-scheduler.ts'
import { DELETION_COST, FIELD_MANAGER, FIRST_TO_GO, GATE, PLACEABLE, PLACEMENT_LABEL, POD_KEYS, SURGE_KEYS } from '../names.ts'
import { hasEnded, isPlaceable, isReady, ownerOf, type WatchedNode, type WatchedPod } from '../watched.ts'
import type { ActionReads, ActionRequest, PlaceAction, PodRef, Prepared } from './actions.ts'
import { besideOf } from './beside.ts'
import { HOSTNAME, narrowed, type RankedHost } from './narrowing.ts'
import { gatesOf, isGatedByUs, replacementOf, schedulerView, withDefaultSpread } from './scheduler-view.ts'

/** A pod that is to be bound names it as its scheduler, else the stock scheduler would race us for it. */
export const OWN_SCHEDULER = 'edgetwin'
/** The server checks nothing of a node when a pod is bound to it, so what we checked must be this new. */
const BIND_ON_MS_MAX = 1_000
/** A node's score for affinity counts twice, for room and balance once each: below this the first choice wins also when it is nearly full. */
const SECOND_WEIGHT_MAX = 50
const KEEP = 'cluster-autoscaler.kubernetes.io/safe-to-evict'

export function prepareAction(action: PlaceAction, reads: ActionReads): Prepared {
  const { pod } = reads
  const fault = podFault(action.pod, pod)
  if (pod === null || fault !== null) return refused(fault ?? '')
  switch (action.kind) {
    case 'gate':
      return prepareGate(action, pod, reads)
    case 'bind':
      return prepareBind(action, pod, reads)
    case 'evict':
    case 'surge':
      return prepareMove(action, pod, reads)
  }
}

function podFault({ name, namespace, uid }: PodRef, pod: WatchedPod | null): string | null {
  const what = `pod ${name} in ${namespace}`
  if (pod === null) return `there is no ${what}`
  const { metadata } = pod
  if (uid !== null && metadata.uid !== uid) return `${what} is another one than the decision speaks of: it was made anew since`
  if (metadata.deletionTimestamp !== undefined) return `${what} is being deleted`
  if (hasEnded(pod)) return `${what} has ended: ${pod.status?.phase}`
  if (isPlaceable(pod)) return null
  return `${what} lacks the label ${PLACEMENT_LABEL}: ${PLACEABLE}, so it is not edgetwin's to place`
}

function prepareGate({ nodes, topK, decision, replaces }: PlaceAction & { kind: 'gate' }, pod: WatchedPod, reads: ActionReads): Prepared {
  const { name } = pod.metadata
  if (pod.spec.nodeName !== undefined) return refused(`pod ${name} is on node ${pod.spec.nodeName} already`)
  if (!isGatedByUs(pod)) return refused(`pod ${name} is not held by the gate ${GATE}; it is the scheduler's`)
  const others = gatesOf(pod).filter((gate) => gate !== GATE)
  // By the time they are gone the decision would be old, and a pod that was released can never be given other nodes.
  if (others.length > 0) return refused(`pod ${name} is held by ${others.join(', ')} too; it is placed when only edgetwin's gate is left`)
  const { feasible, against } = choices({ pod, uid: pod.metadata.uid }, nodes, reads)
  if (feasible.length === 0) return refused(`no node wanted for pod ${name} can take it: ${against.join('; ')}`)
  const ranked = rankFor(pod, feasible.slice(0, Math.max(1, topK)), reads)
  const why = { [POD_KEYS.decision]: decision, ...(replaces === undefined ? {} : { [POD_KEYS.replaces]: replaces }) }
  const body = {
    metadata: { ...preconditions(pod), annotations: why },
    spec: {
      affinity: { nodeAffinity: narrowed(pod.spec.affinity, ranked.map(toHost)) },
      schedulingGates: [{ $patch: 'delete', name: GATE }],
    },
  }
  return { ok: true, request: patchOf(pod, body), nodes: ranked.map(({ node }) => node.metadata.name) }
}

/** Drops our gate and nothing else: the pod is the scheduler's, as if we were not there. */
export function ungateRequest(pod: WatchedPod, why: string): ActionRequest {
  return patchOf(pod, {
    metadata: { ...preconditions(pod), annotations: { [POD_KEYS.ungated]: why } },
    spec: { schedulingGates: [{ $patch: 'delete', name: GATE }] },
  })
}

function prepareBind({ node: wanted, decision }: PlaceAction & { kind: 'bind' }, pod: WatchedPod, reads: ActionReads): Prepared {
  const { name } = pod.metadata
  const { nodeName, schedulerName } = pod.spec
  if (nodeName !== undefined) return refused(`pod ${name} is on node ${nodeName} already`)
  const stays = whyNeverBound(pod)
  if (stays !== null) return refused(`pod ${name} ${stays}`)
  if (schedulerName !== OWN_SCHEDULER)
    return refused(`pod ${name} is left to scheduler ${schedulerName}; only pods with schedulerName: ${OWN_SCHEDULER} are bound`)
  if (gatesOf(pod).length > 0) return refused(`pod ${name} is still held by ${gatesOf(pod).join(', ')}`)
  const { feasible, against } = choices({ pod, uid: pod.metadata.uid }, [wanted], reads)
  if (feasible.length === 0) return refused(`node ${wanted} cannot take pod ${name}: ${against.join('; ')}`)
  const body = {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name, ...preconditions(pod), annotations: { [POD_KEYS.decision]: decision } },
    target: { apiVersion: 'v1', kind: 'Node', name: wanted },
  }
  const request = { method: 'POST', path: `${pathOf(pod.metadata)}/binding`, body, notAfterMs: reads.readAtMs + BIND_ON_MS_MAX } as const
  return { ok: true, request, nodes: [wanted] }
}

function prepareMove(action: PlaceAction & { kind: 'evict' | 'surge' }, pod: WatchedPod, reads: ActionReads): Prepared {
  const { nodes } = action
  const { name, uid } = pod.metadata
  const owner = ownerOf(pod)
  const stays = whyNeverMoved(pod)
  if (owner === null || stays !== null) return refused(`pod ${name} ${stays}`)
  const [first] = nodes
  if (first === undefined) return refused(`no node is wanted for pod ${name}`)
  if (pod.spec.nodeName === first)
    return refused(`pod ${name} is on node ${first} already; which device it takes there is its own request's`)
  if (action.kind === 'evict' && action.mayLeaveGap === false && !reads.pods.some((other) => isSpare(other, pod, first)))
    return refused(
      `pod ${name} may leave no gap, and no other of ${owner.kind} ${owner.name} is ready on node ${first}; scale it up by one first, or allow one pod more for a while: ${SURGE_KEYS.allowed}: "true"`,
    )
  const next = action.kind === 'surge' ? besideOf(pod, reads) : { pod: replacementOf(pod), uid, reads }
  const { feasible, against } = choices(next, [first], next.reads)
  if (feasible.length === 0) return refused(`node ${first} could not take what replaces pod ${name}: ${against.join('; ')}`)
  if (action.kind === 'surge') {
    const metadata = { ...preconditions(pod), annotations: { [DELETION_COST]: FIRST_TO_GO } }
    return { ok: true, request: patchOf(pod, { metadata }), nodes }
  }
  const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name }, deleteOptions: { preconditions: preconditions(pod) } }
  // A precondition that fails has spent the disruption budget for two minutes.
  const request = { method: 'POST', path: `${pathOf(pod.metadata)}/eviction`, body, rehearse: true } as const
  return { ok: true, request, nodes }
}

/** What keeps a pod from ever being bound by us, in words that follow its name; null: nothing. */
export function whyNeverBound({ spec: { resourceClaims = [] } }: WatchedPod): string | null {
  return resourceClaims.length === 0 ? null : 'claims devices, which only the scheduler can allocate; place it by its gate'
}

/** What keeps a pod from ever being evicted, in words that follow its name; null: nothing. */
export function whyNeverMoved(pod: WatchedPod): string | null {
  const owner = ownerOf(pod)
  if (owner === null) return 'has no owner that would make another, so it is not moved'
  if (owner.kind === 'DaemonSet' || owner.kind === 'Node') return `belongs to its node by ${owner.kind} ${owner.name}`
  return pod.metadata.annotations?.[KEEP] === 'false' ? `carries ${KEEP}: "false", so it is not moved` : null
}

function isSpare(other: WatchedPod, pod: WatchedPod, node: string): boolean {
  const isSibling = other.metadata.uid !== pod.metadata.uid && ownerOf(other)?.uid === ownerOf(pod)?.uid
  return isSibling && isReady(other) && other.spec.nodeName === node && other.metadata.deletionTimestamp === undefined
}

/** Which of the wanted nodes can take the pod now, in the order wanted, and what stands against the others. */
function choices(
  { pod, uid }: { readonly pod: KubePod; readonly uid: string },
  wanted: readonly string[],
  reads: ActionReads,
): { readonly feasible: readonly WatchedNode[]; readonly against: readonly string[] } {
  const verdict = judge(pod, schedulerView(reads, uid))
  const byName = new Map(reads.nodes.map((node) => [node.metadata.name, node]))
  const feasible: WatchedNode[] = []
  const against: string[] = []
  for (const name of new Set(wanted)) {
    const node = byName.get(name)
    const objection = node === undefined ? 'there is no such node' : nodeFault(node, verdict.rejected.get(name)?.reason)
    if (node === undefined || objection !== null) against.push(`${name}: ${objection}`)
    else feasible.push(node)
  }
  return { feasible, against: wanted.length === 0 ? ['none is'] : against }
}

function nodeFault(node: WatchedNode, rejected: string | undefined): string | null {
  if (!isReady(node)) return 'it is not ready'
  return rejected ?? (node.metadata.labels?.[HOSTNAME] === undefined ? `it has no label ${HOSTNAME}` : null)
}

interface Ranked {
  readonly node: WatchedNode
  readonly weight: number
}
const toHost = ({ node, weight }: Ranked): RankedHost => ({ host: node.metadata.labels?.[HOSTNAME] ?? node.metadata.name, weight })

/** As many second choices as leave the first choice the scheduler's too: spread and soft taints may outweigh any preference. */
function rankFor(pod: WatchedPod, nodes: readonly WatchedNode[], reads: ActionReads): readonly Ranked[] {
  const snapshot = schedulerView(reads, pod.metadata.uid)
  const rankings: readonly (readonly Ranked[])[] = [
    nodes.map((node, rank) => ({ node, weight: rank === 0 ? 100 : Math.max(1, Math.floor(SECOND_WEIGHT_MAX / rank)) })),
    nodes.map((node, rank) => ({ node, weight: rank === 0 ? 100 : 1 })),
  ]
  const winner = rankings.find((ranked) => {
    const nodeAffinity = narrowed(pod.spec.affinity, ranked.map(toHost))
    const released = { ...pod, spec: { ...pod.spec, affinity: { ...pod.spec.affinity, nodeAffinity } } }
    const { best } = judge(withDefaultSpread(released, pod, reads.nodes), snapshot)
    return best.length === 1 && best[0] === nodes[0]?.metadata.name
  })
  return winner ?? nodes.slice(0, 1).map((node) => ({ node, weight: 100 }))
}

const preconditions = ({ metadata: { uid, resourceVersion } }: WatchedPod) => ({ uid, resourceVersion })

export const pathOf = ({ namespace = 'default', name }: { readonly namespace?: string; readonly name: string }): string =>
  `/api/v1/namespaces/${namespace}/pods/${name}`

function patchOf({ metadata }: WatchedPod, body: object): ActionRequest {
  const contentType = 'application/strategic-merge-patch+json'
  return { method: 'PATCH', path: pathOf(metadata), query: { fieldManager: FIELD_MANAGER }, body, contentType }
}

const refused = (reason: string): Prepared => ({ ok: false, reason })
