/**
 * Where placements are carried out on a real cluster: a pod that waits is released to the nodes a decision wants, one that runs is
 * evicted and what its owner makes instead is released so.
 *
 * An action that met a newer pod is prepared anew on it; one whose answer was lost is read back. Both a few times, then it is refused.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Placement } from '../../models/contracts/decision.ts'
import type { Logger, PlacementResult, PlacementSink } from '../../models/ports.ts'
import { act, confirm, listAll, readFor, readPod, stateOf } from './act.ts'
import type { ClusterView, Confirmed, PlaceAction, PodRef } from './actions.ts'
import type { KubeClient } from './kube-client.ts'
import { toKubeFailure } from './kube-failure.ts'
import { kubePodName, POD_KEYS, twinPodName } from './names.ts'
import { OWN_SCHEDULER, ownerOf, prepareAction } from './prepare-action.ts'
import { isGatedByUs, unschedulable } from './scheduler-view.ts'
import { noteOf, type WatchedPod } from './watched.ts'

export interface KubernetesSinkOptions {
  readonly client: KubeClient
  readonly log: Logger
  /** `binding`: past the scheduler, for pods whose schedulerName is `edgetwin`; all others go by their gate. */
  readonly strategy: 'gate' | 'binding'
  /** Nodes that a pod may go to when the first is full: a pod that was released can never be given another. */
  readonly topK: number
  /** What the informers hold; absent: the cluster is listed for each placement. */
  readonly view?: () => ClusterView
  /** Nodes for a placement, best first; default: the node of the accelerator it names. */
  readonly rank?: (placement: Placement) => readonly string[]
  /** Of the registry. A pod that runs one of them is placed only where that one serves; any other is its owner's matter. */
  readonly images?: ReadonlySet<string>
  /** Of the pod that a decision speaks of; null when nobody knows. */
  readonly uidOf?: (pod: string) => string | null
  /** The server checks each request and nothing changes: every placement is refused, with what would have been done. */
  readonly dryRun?: boolean
  /** Until a released pod must be on a node, and an evicted one replaced. */
  readonly withinMs?: number
}

const TRIES_MAX = 4
const BUSY_WAIT_MS_MAX = 10_000
const LOOK_EVERY_MS = 100

type Effect = { readonly ok: true; readonly nodes: readonly string[] } | { readonly ok: false; readonly reason: string }

export function createKubernetesSink(options: KubernetesSinkOptions): PlacementSink {
  const { client, log, images = new Set(), uidOf = () => null } = options
  return {
    async apply(placement, { decisionId }) {
      const { pod: name } = placement
      const refuse = (reason: string): PlacementResult => ({ ok: false, pod: name, reason: reason.slice(0, 1_024) })
      const named = kubePodName(name)
      if (named === null) return refuse(`${name} is no name of a pod of the cluster: write pod.namespace`)
      try {
        const pod = await readPod(client, { ...named, uid: null })
        if (pod === null) return refuse(`there is no pod ${named.name} in ${named.namespace}`)
        const fault = imageFault(pod, placement, images)
        if (fault !== null) return refuse(fault)
        const ref = { ...named, uid: uidOf(name) ?? pod.metadata.uid }
        const nodes = options.rank?.(placement) ?? [nodeOf(placement.to)]
        const job = { pod, ref, nodes, decision: decisionId, options }
        if (pod.spec.nodeName === undefined && !isStuck(pod)) return toResult(name, await place(job), null)
        // It was carried out before, and the answer was lost with whoever waited for it.
        if (pod.spec.nodeName === nodes[0] && nodeOf(placement.from ?? '') !== nodes[0]) return { ok: true, pod: name, replacement: null }
        return await move(name, job)
      } catch (error) {
        const { kind, message } = toKubeFailure(error)
        log.warn({ pod: name, kind, reason: message }, 'placement not carried out')
        return refuse(`the cluster could not be asked: ${message}`)
      }
    },
  }
}

interface Job {
  readonly pod: WatchedPod
  readonly ref: PodRef
  readonly nodes: readonly string[]
  readonly decision: string
  readonly options: KubernetesSinkOptions
}

export const nodeOf = (accelerator: string): string => accelerator.split('/', 1)[0] ?? ''

/** Released once, and nowhere since: nothing of it can be changed any more, so only another pod helps. */
function isStuck(pod: WatchedPod): boolean {
  return unschedulable(pod) !== undefined && !isGatedByUs(pod) && pod.spec.schedulerName !== OWN_SCHEDULER && ownerOf(pod) !== null
}

function imageFault(pod: WatchedPod, { image, to }: Placement, known: ReadonlySet<string>): string | null {
  const own = pod.spec.containers.map((container) => container.image ?? '')
  const wrong = own.includes(image) ? undefined : own.find((one) => known.has(one))
  if (wrong === undefined) return null
  return `pod ${pod.metadata.name} runs ${wrong}, and ${to} needs ${image}; its owner must change the image, edgetwin never does`
}

async function place({ pod, ref, nodes, decision, options }: Job): Promise<Effect> {
  const { strategy, topK } = options
  const isBound = strategy === 'binding' && pod.spec.schedulerName === OWN_SCHEDULER
  const gate = { kind: 'gate', pod: ref, decision, nodes, topK: isBound ? 1 : topK } as const
  if (!isBound) return carryOut({ action: gate, until: 'placed' }, options)
  const released: Effect = isGatedByUs(pod) ? await carryOut({ action: gate, until: 'released' }, options) : { ok: true, nodes }
  return released.ok ? carryOut({ action: { kind: 'bind', pod: ref, decision, node: nodes[0] ?? '' }, until: 'placed' }, options) : released
}

async function move(name: string, job: Job): Promise<PlacementResult> {
  const { pod, ref, nodes, decision, options } = job
  const owner = ownerOf(pod)
  const before = new Set((await siblings(options.client, pod)).map(({ metadata }) => metadata.uid))
  const evicted = await carryOut({ action: { kind: 'evict', pod: ref, decision, nodes }, until: 'gone' }, options)
  if (!evicted.ok || owner === null) return toResult(name, evicted, null)
  const replacement = await eventually(options, async () => {
    const request = noteOf(pod.metadata, POD_KEYS.request)
    const made = (await siblings(options.client, pod)).filter(
      ({ metadata }) => !before.has(metadata.uid) && noteOf(metadata, POD_KEYS.request) === request,
    )
    return made.find(isGatedByUs) ?? made[0] ?? null
  })
  if (replacement === null) return { ok: false, pod: name, reason: `evicted, and ${owner.kind} ${owner.name} has made no other pod yet` }
  const { metadata } = replacement
  const next = { ...ref, name: metadata.name, uid: metadata.uid }
  const placed = await place({ ...job, pod: replacement, ref: next })
  return toResult(name, placed.ok ? placed : { ok: false, reason: `evicted; ${placed.reason}` }, twinPodName(metadata))
}

/** Pods of the same owner that live, oldest first. */
async function siblings(client: KubeClient, pod: WatchedPod): Promise<readonly WatchedPod[]> {
  const owner = ownerOf(pod)?.uid
  const pods = await listAll<WatchedPod>(client, `/api/v1/namespaces/${pod.metadata.namespace ?? 'default'}/pods`)
  return pods
    .filter((other) => ownerOf(other)?.uid === owner && other.metadata.deletionTimestamp === undefined)
    .sort((a, b) => (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? ''))
}

interface Wanted {
  readonly action: PlaceAction
  readonly until: 'released' | 'placed' | 'gone'
}

/** Sends an action until it took effect or was refused for good, and waits for the effect. */
async function carryOut({ action, until }: Wanted, options: KubernetesSinkOptions): Promise<Effect> {
  const { client, view, dryRun = false, log } = options
  let reason = ''
  let nodes: readonly string[] = 'nodes' in action ? action.nodes : [action.node]
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const reads = await (tries === 0
      ? readFor(client, action, view?.())
      : eventually(options, () => readFor(client, action, view?.()).catch(() => null)))
    if (reads === null) return { ok: false, reason: `nobody knows whether it happened: ${reason}` }
    const now = stateOf(action, reads.pod)
    // Done by an earlier try whose answer was lost, ours or that of the edgetwin before us.
    if ('decision' in now && now.decision === action.decision)
      return settled({ action, until }, await settling({ action, until }, options), nodes)
    if (tries > 0 && now.state === 'gone') return settled({ action, until }, now, nodes)
    const prepared = prepareAction(action, reads)
    if (!prepared.ok) return prepared
    nodes = prepared.nodes
    const sent = await act(client, prepared.request, { dryRun })
    if (sent.outcome === 'done') {
      if (dryRun) return { ok: false, reason: `dry run: the server would ${action.kind} pod ${action.pod.name}: ${nodes.join(', ')}` }
      return settled({ action, until }, await settling({ action, until }, options), nodes)
    }
    reason = sent.reason
    if (sent.outcome === 'unknown')
      log.warn({ pod: action.pod.name, action: action.kind, reason }, 'answer lost, reading what became of it')
    else if (sent.why === 'busy') await sleep(Math.min(BUSY_WAIT_MS_MAX, sent.retryAfterMs ?? LOOK_EVERY_MS))
    else if (sent.why !== 'changed') return { ok: false, reason }
    // The next try reads first, and carries the version that it read: if the lost one comes true after all, only one of them does.
  }
  return { ok: false, reason: `given up after ${TRIES_MAX} tries: ${reason}` }
}

/** Waits until it is known what becomes of it. */
async function settling({ action, until }: Wanted, options: KubernetesSinkOptions): Promise<Confirmed> {
  let last: Confirmed = { state: 'not-placed', reason: 'what became of it could not be read' }
  await eventually(options, async () => {
    last = await confirm(options.client, action).catch(() => last)
    const isOver =
      last.state === until || last.state === 'placed' || last.state === 'gone' || (last.state === 'released' && last.isUnschedulable)
    return isOver ? last : null
  })
  return last
}

function settled({ action, until }: Wanted, now: Confirmed, nodes: readonly string[]): Effect {
  const { name } = action.pod
  if (now.state === 'gone') return until === 'gone' ? { ok: true, nodes } : { ok: false, reason: `pod ${name} was deleted meanwhile` }
  if (now.state === 'not-placed') return { ok: false, reason: `pod ${name}: ${now.reason}` }
  if (now.decision !== action.decision) return { ok: false, reason: `pod ${name} was let go by somebody else` }
  if (now.state === 'placed')
    return nodes.includes(now.node) ? { ok: true, nodes: [now.node] } : { ok: false, reason: `pod ${name} is on ${now.node}` }
  return until === 'released'
    ? { ok: true, nodes }
    : { ok: false, reason: `pod ${name} was released to ${nodes.join(', ')}, and ${now.reason}` }
}

function toResult(pod: string, effect: Effect, replacement: string | null): PlacementResult {
  return effect.ok ? { ok: true, pod, replacement } : { ok: false, pod, reason: effect.reason.slice(0, 1_024) }
}

async function eventually<T>({ withinMs = 10_000 }: KubernetesSinkOptions, ask: () => Promise<T | null>): Promise<T | null> {
  for (const untilMs = performance.now() + withinMs; ; await sleep(LOOK_EVERY_MS)) {
    const answer = await ask()
    if (answer !== null || performance.now() > untilMs) return answer
  }
}
