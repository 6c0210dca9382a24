/**
 * The effects of an action, one at a time: read what it rests on, send it, read what became of it.
 *
 * Nothing here repeats anything. An answer that was lost is `unknown`, and then only reading tells.
 */
import type { DeviceClaim, DeviceClass, DeviceObjects, DeviceSlice } from '../../../models/scheduling/kubernetes/device-objects.ts'
import type { KubeClient } from '../kube-client.ts'
import { KubeFailure, type KubeFailureKind, orNull, toKubeFailure } from '../kube-failure.ts'
import { POD_KEYS } from '../names.ts'
import type { WatchedPod } from '../watched.ts'
import type { ActionReads, ActionRequest, ActOutcome, ClusterView, Confirmed, PlaceAction, PodRef, Refusal } from './actions.ts'
import { pathOf } from './prepare-action.ts'
import { isGatedByUs, unschedulable } from './scheduler-view.ts'

/** A server that refuses an eviction for its budget asks for so long when it asks for anything. */
const BUDGET_AFTER_MS = 10_000
const BUSY_AFTER_MS = 1_000
const PAGE = 500

/**
 * @param view what informers hold; absent: everything is listed. The pod, and the node of a binding with its pods, are asked for in
 *   any case, and without a `resourceVersion`, which is the one read that is never answered from a cache.
 * @throws KubeFailure
 */
export async function readFor(client: KubeClient, action: PlaceAction, view?: ClusterView): Promise<ActionReads> {
  const readAtMs = performance.now()
  const cluster = view ?? (await readCluster(client))
  const fresh = action.kind === 'bind' && view !== undefined ? await withFreshNode(client, cluster, action.node) : cluster
  const pod = await readPod(client, action.pod)
  const devices = (pod?.spec.resourceClaims ?? []).length === 0 ? null : await readDevices(client)
  return { ...fresh, pod, devices, readAtMs }
}

/** @returns null when they are not shown to us, or not served. @throws KubeFailure */
async function readDevices(client: KubeClient): Promise<DeviceObjects | null> {
  const list = <T>(what: string): Promise<T[]> => listAll<T>(client, `/apis/resource.k8s.io/v1/${what}`)
  try {
    const [classes, slices, claims] = await Promise.all([
      list<DeviceClass>('deviceclasses'),
      list<DeviceSlice>('resourceslices'),
      list<DeviceClaim>('resourceclaims'),
    ])
    return { classes, slices, claims }
  } catch (error) {
    if (error instanceof KubeFailure && (error.kind === 'forbidden' || error.kind === 'not-found')) return null
    throw error
  }
}

/** @returns null when there is none. @throws KubeFailure */
export function readPod(client: KubeClient, pod: PodRef): Promise<WatchedPod | null> {
  return orNull(client.request<WatchedPod>({ path: pathOf(pod) }))
}

/** @throws KubeFailure */
export async function readCluster(client: KubeClient): Promise<ClusterView> {
  const [nodes, pods, namespaces] = await Promise.all([
    listAll<ClusterView['nodes'][number]>(client, '/api/v1/nodes'),
    listAll<WatchedPod>(client, '/api/v1/pods'),
    listAll<ClusterView['namespaces'][number]>(client, '/api/v1/namespaces'),
  ])
  return { nodes, pods, namespaces }
}

async function withFreshNode(client: KubeClient, view: ClusterView, name: string): Promise<ClusterView> {
  const [node, pods] = await Promise.all([
    orNull(client.request<ClusterView['nodes'][number]>({ path: `/api/v1/nodes/${name}` })),
    listAll<WatchedPod>(client, '/api/v1/pods', { fieldSelector: `spec.nodeName=${name}` }),
  ])
  const others = view.nodes.filter(({ metadata }) => metadata.name !== name)
  const elsewhere = view.pods.filter(({ spec }) => spec.nodeName !== name)
  return { ...view, nodes: node === null ? others : [...others, node], pods: [...elsewhere, ...pods] }
}

/** @throws KubeFailure */
export async function listAll<T>(client: KubeClient, path: string, query: Readonly<Record<string, string>> = {}): Promise<T[]> {
  const items: T[] = []
  let next: string | undefined
  do {
    const page = await client.request<{ readonly metadata: { readonly continue?: string }; readonly items?: readonly T[] }>({
      path,
      query: { ...query, limit: PAGE, continue: next },
    })
    items.push(...(page.items ?? []))
    next = page.metadata.continue || undefined
  } while (next !== undefined)
  return items
}

export interface ActOptions {
  /** The server checks everything and changes nothing. */
  readonly dryRun?: boolean
  /** Of the entry in the server's audit log. */
  readonly auditId?: string
}

export async function act(client: KubeClient, asked: ActionRequest, { dryRun = false, auditId }: ActOptions = {}): Promise<ActOutcome> {
  const { rehearse = false, notAfterMs = Number.POSITIVE_INFINITY, ...request } = asked
  try {
    if (rehearse || dryRun) await client.request({ ...request, query: { ...request.query, dryRun: 'All' } })
  } catch (error) {
    const failure = toKubeFailure(error)
    // It changed nothing whether or not it arrived.
    return failure.isOutcomeUnknown ? refusedFor('busy', failure, BUSY_AFTER_MS) : toRefusal(failure)
  }
  if (dryRun) return { outcome: 'done' }
  if (performance.now() > notAfterMs) {
    return { outcome: 'refused', why: 'changed', reason: 'what it rests on was read too long ago', retryAfterMs: null }
  }
  try {
    await client.request({ ...request, ...(auditId === undefined ? {} : { auditId }) })
    return { outcome: 'done' }
  } catch (error) {
    const failure = toKubeFailure(error)
    return failure.isOutcomeUnknown ? { outcome: 'unknown', reason: failure.message } : toRefusal(failure)
  }
}

const WHY: Readonly<Record<KubeFailureKind, Refusal>> = {
  conflict: 'changed',
  gone: 'changed',
  'not-found': 'gone',
  forbidden: 'forbidden',
  unauthorized: 'forbidden',
  'too-many': 'busy',
  invalid: 'invalid',
  unreachable: 'busy',
  untrusted: 'busy',
  timeout: 'busy',
  server: 'busy',
}

function toRefusal(failure: KubeFailure): ActOutcome {
  const { kind, causes, message } = failure
  if (kind !== 'too-many') return refusedFor(failure.isOfAnother ? 'changed' : WHY[kind], failure, null)
  const budget = causes.find(({ reason }) => reason === 'DisruptionBudget')
  if (budget === undefined) return refusedFor('busy', failure, BUSY_AFTER_MS)
  const refused = refusedFor('budget', failure, BUDGET_AFTER_MS)
  return { ...refused, reason: `${message} ${budget.message}` }
}

function refusedFor(why: Refusal, { message, retryAfterMs }: KubeFailure, otherwiseMs: number | null) {
  return { outcome: 'refused', why, reason: message, retryAfterMs: retryAfterMs ?? otherwiseMs } as const
}

/** @throws KubeFailure when it cannot be read: then it is as unknown as before. */
export async function confirm(client: KubeClient, action: PlaceAction): Promise<Confirmed> {
  return stateOf(action, await readPod(client, action.pod))
}

/** What an action has become, by its pod as it is now. */
export function stateOf({ kind, pod: { uid } }: PlaceAction, pod: WatchedPod | null): Confirmed {
  if (pod === null || (uid !== null && pod.metadata.uid !== uid) || pod.metadata.deletionTimestamp !== undefined) return { state: 'gone' }
  const { nodeName } = pod.spec
  const decision = pod.metadata.annotations?.[POD_KEYS.decision] ?? null
  if (kind === 'evict' || kind === 'surge')
    return { state: 'not-placed', reason: `it is still ${nodeName === undefined ? 'there' : `on ${nodeName}`}` }
  if (nodeName !== undefined) return { state: 'placed', node: nodeName, decision }
  if (kind === 'bind') return { state: 'not-placed', reason: 'it is bound nowhere' }
  if (isGatedByUs(pod)) return { state: 'not-placed', reason: 'its gate still holds it' }
  const objection = unschedulable(pod)
  const reason =
    objection === undefined ? 'the scheduler has not said where yet' : `the scheduler finds no room: ${objection.message ?? ''}`
  return { state: 'released', decision, isUnschedulable: objection !== undefined, reason }
}
