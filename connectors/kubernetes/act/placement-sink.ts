/**
 * Where placements are carried out on a real cluster: a pod that waits is released to the nodes a decision wants, one that runs is
 * evicted and what its owner makes instead is released so; or the other way round, where its owner allows a pod more for a while.
 *
 * It creates and scales nothing else: that is the owner's. Each single action is `carryOut`'s, who repeats nothing blindly.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Placement } from '../../../models/contracts/decision.ts'
import type { Logger, PlacementResult, PlacementSink } from '../../../models/ports.ts'
import type { KubeClient } from '../kube-client.ts'
import { KubeFailure, toKubeFailure } from '../kube-failure.ts'
import { kubePodName, POD_KEYS, twinPodName } from '../names.ts'
import { isReady, noteOf, ownerOf, type WatchedPod } from '../watched.ts'
import { listAll, readPod } from './act.ts'
import type { Effect, PodRef, Wanted } from './actions.ts'
import { OWN_SCHEDULER, whyNeverBound } from './prepare-action.ts'
import { isGatedByUs, unschedulable } from './scheduler-view.ts'
import { readDeployment } from './surge.ts'
import { deploymentOf, isAllowed } from './surge-state.ts'

export interface SinkRules {
  /** `binding`: past the scheduler, for pods whose schedulerName is `edgetwin`; all others go by their gate. */
  readonly strategy: 'gate' | 'binding'
  /** Nodes that a pod may go to when the first is full: a pod that was released can never be given another. */
  readonly topK: number
  /** false: a pod is evicted only when another of its owner is ready on the node wanted. Default true: budgets say how many may be missing. */
  readonly mayLeaveGap?: boolean
}

export interface KubernetesSinkOptions extends SinkRules {
  readonly client: KubeClient
  readonly log: Logger
  /** Of an actuator: each single action under its protocol. */
  readonly carryOut: (wanted: Wanted) => Promise<Effect>
  /** Where people have set something else for a pod, or have said that it is not to be touched now: `objection`, in words. */
  readonly rulesFor?: (pod: WatchedPod, touch: { readonly isMove: boolean }) => Partial<SinkRules> & { readonly objection?: string | null }
  /** Nodes for a placement, best first; default: the node of the accelerator it names. */
  readonly rank?: (placement: Placement) => readonly string[]
  /** Of the registry. A pod that runs one of them is placed only where that one serves; any other is its owner's matter. */
  readonly images?: ReadonlySet<string>
  /** Of the pod that a decision speaks of; null when nobody knows. */
  readonly uidOf?: (pod: string) => string | null
  /** Until an evicted pod must be replaced; default 10 s. */
  readonly withinMs?: number
}

const LOOK_EVERY_MS = 100

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
        const isMove = pod.spec.nodeName !== undefined || isStuck(pod)
        const { objection, ...rules } = { ...options, ...options.rulesFor?.(pod, { isMove }) }
        const ref = { ...named, uid: uidOf(name) ?? pod.metadata.uid }
        const nodes = options.rank?.(placement) ?? [nodeOf(placement.to)]
        // It was carried out before, and the answer was lost with whoever waited for it.
        if (pod.spec.nodeName === nodes[0] && nodeOf(placement.from ?? '') !== nodes[0]) return { ok: true, pod: name, replacement: null }
        const fault = objection ?? imageFault(pod, placement, images)
        if (fault !== null) return refuse(fault)
        const job = { pod, ref, nodes, decision: decisionId, options: rules }
        return isMove ? await move(name, job) : toResult(name, await place(job), null)
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
  const { strategy, topK, carryOut } = options
  const isBound = strategy === 'binding' && pod.spec.schedulerName === OWN_SCHEDULER
  const gate = { kind: 'gate', pod: ref, decision, nodes, topK: isBound ? 1 : topK } as const
  if (!isBound) return carryOut({ action: gate, until: 'placed' })
  // A pod that was let go and cannot be bound would be nobody's.
  const stays = whyNeverBound(pod)
  if (stays !== null) return { ok: false, reason: `pod ${pod.metadata.name} ${stays}` }
  const released: Effect = isGatedByUs(pod) ? await carryOut({ action: gate, until: 'released' }) : { ok: true, nodes }
  return released.ok ? carryOut({ action: { kind: 'bind', pod: ref, decision, node: nodes[0] ?? '' }, until: 'placed' }) : released
}

async function move(name: string, job: Job): Promise<PlacementResult> {
  const { pod, ref, nodes, decision, options } = job
  const { mayLeaveGap = true, withinMs = 10_000 } = options
  const owner = ownerOf(pod)
  const deployment = await surgedBy(job)
  if (deployment !== null) {
    const moved = await options.carryOut({
      action: { kind: 'surge', pod: ref, decision, nodes, deployment, topK: options.topK },
      until: 'gone',
    })
    const next = moved.ok
      ? (await siblings(options.client, pod)).find((other) => noteOf(other.metadata, POD_KEYS.replaces) === ref.uid)
      : undefined
    return toResult(name, moved, next === undefined ? null : twinPodName(next.metadata))
  }
  const before = new Set((await siblings(options.client, pod)).map(({ metadata }) => metadata.uid))
  const evicted = await options.carryOut({ action: { kind: 'evict', pod: ref, decision, nodes, mayLeaveGap }, until: 'gone' })
  if (!evicted.ok || owner === null) return toResult(name, evicted, null)
  const replacement = await eventually(withinMs, async () => {
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

/**
 * The Deployment that may have a pod more for this one: its owner says so and so does the cluster. Null: there is none, so it is
 * evicted; as is one that does not serve, which leaves no gap, and one that we bind ourselves.
 */
async function surgedBy({ pod, options: { client, strategy } }: Job): Promise<string | null> {
  const deployment = deploymentOf(pod)
  const isBound = strategy === 'binding' && pod.spec.schedulerName === OWN_SCHEDULER
  if (deployment === null || isBound || !isReady(pod)) return null
  try {
    const found = await readDeployment(client, { namespace: pod.metadata.namespace ?? 'default', deployment })
    return found !== null && isAllowed(found) ? deployment : null
  } catch (error) {
    if (error instanceof KubeFailure && error.kind === 'forbidden') return null
    throw error
  }
}

/** Pods of the same owner that live, oldest first. */
async function siblings(client: KubeClient, pod: WatchedPod): Promise<readonly WatchedPod[]> {
  const owner = ownerOf(pod)?.uid
  const pods = await listAll<WatchedPod>(client, `/api/v1/namespaces/${pod.metadata.namespace ?? 'default'}/pods`)
  return pods
    .filter((other) => ownerOf(other)?.uid === owner && other.metadata.deletionTimestamp === undefined)
    .sort((a, b) => (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? ''))
}

function toResult(pod: string, effect: Effect, replacement: string | null): PlacementResult {
  return effect.ok ? { ok: true, pod, replacement } : { ok: false, pod, reason: effect.reason.slice(0, 1_024) }
}

/** The first answer other than null; null when there is none in time. */
async function eventually<T>(withinMs: number, ask: () => Promise<T | null>): Promise<T | null> {
  for (const untilMs = performance.now() + withinMs; ; await sleep(LOOK_EVERY_MS)) {
    const answer = await ask()
    if (answer !== null || performance.now() > untilMs) return answer
  }
}
