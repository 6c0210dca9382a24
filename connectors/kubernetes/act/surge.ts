/**
 * Moves a pod without a gap, where its owner allows it: one pod more of its Deployment, placed where it is wanted, and when that is
 * ready one pod less, of which the old one is the first to go.
 *
 * Best effort: which pod goes is the ReplicaSet's choice, by readiness first and then by deletion cost. Until it is closed, it stands
 * on the Deployment and in the ledger: whoever leads next finishes it when the new pod serves, and undoes it otherwise.
 */

import type { KubeClient } from '../kube-client.ts'
import { orNull, toKubeFailure } from '../kube-failure.ts'
import type { WatchedPod } from '../watched.ts'
import { act, listAll, readPod } from './act.ts'
import type { ActionRequest, Effect, PlaceAction } from './actions.ts'
import type { Intent } from './ledger-state.ts'
import { isGatedByUs } from './scheduler-view.ts'
import {
  costlessRequest,
  costRequest,
  type Deployment,
  deploymentOf,
  deploymentPath,
  fenceRequest,
  isReplaced,
  lowerRequest,
  newcomerOf,
  raiseRequest,
  type SurgeRef,
  surgedFor,
  whyNoSurge,
} from './surge-state.ts'

export interface SurgeMeans {
  readonly client: KubeClient
  readonly mayAct: () => boolean
  readonly wait: (ms: number) => Promise<void>
}

export interface CarryMeans extends SurgeMeans {
  readonly monotonic: () => number
  readonly isDryRun: boolean
  readonly isStopping: () => boolean
  /** Until the new pod serves. */
  readonly readyWithinMs: number
  /** Until the old one has gone after that. */
  readonly goneWithinMs: number
  readonly isKnown: (uid: string) => Promise<boolean>
  /** Noted. @returns false: it cannot be. */
  readonly onRaised: () => Promise<boolean>
  readonly place: (newcomer: WatchedPod) => Promise<Effect>
}

export interface Closed {
  /** It was open: the Deployment had one pod more for it. */
  readonly wasRaised: boolean
  /** Somebody else has given the Deployment another size meanwhile. */
  readonly isTheirs: boolean
}

export interface SurgeEnd {
  readonly outcome: Effect | { readonly again: string; readonly waitMs: number }
  /** `left`: whoever leads finds out. */
  readonly state: 'never' | 'over' | 'left'
}

const LOOK_EVERY_MS = 200
const TRIES_MAX = 5

export const surgeOf = ({ namespace, uid, deployment = '' }: Pick<Intent, 'namespace' | 'uid' | 'deployment'>): SurgeRef => ({
  namespace,
  uid,
  deployment,
})

/** @returns null when there is none. @throws KubeFailure */
export function readDeployment(client: KubeClient, { namespace, deployment: name }: Omit<SurgeRef, 'uid'>): Promise<Deployment | null> {
  return orNull(client.request<Deployment>({ path: deploymentPath({ namespace, name }) }))
}

/** Its pods that live. @throws KubeFailure */
async function podsOf(client: KubeClient, { metadata, spec }: Deployment): Promise<readonly WatchedPod[]> {
  const labelSelector = Object.entries(spec.selector.matchLabels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(',')
  const pods = await listAll<WatchedPod>(client, `/api/v1/namespaces/${metadata.namespace ?? 'default'}/pods`, { labelSelector })
  // By more than its labels: not every selector can be asked for so.
  return pods.filter((pod) => deploymentOf(pod) === metadata.name && pod.metadata.deletionTimestamp === undefined)
}

/** Whether the new pod serves where it was wanted. @throws KubeFailure */
export async function hasReplaced(
  client: KubeClient,
  intent: Pick<Intent, 'namespace' | 'uid' | 'deployment' | 'target'>,
): Promise<boolean> {
  const deployment = await readDeployment(client, surgeOf(intent))
  return deployment !== null && isReplaced(deployment, await podsOf(client, deployment), intent)
}

export interface Closing {
  /** `undo`: the old pod stays. */
  readonly wants: 'finish' | 'undo'
  /** A request to raise it may still be on its way: it is made void first. */
  readonly mayLand: boolean
  /** Another for each attempt. */
  readonly fence: string
}

/** Puts the Deployment back, whatever was reached; harmless when taken again. @returns null: it is not ours to do. @throws KubeFailure */
export async function closeSurge(ref: SurgeRef, { wants, mayLand, fence }: Closing, means: SurgeMeans): Promise<Closed | null> {
  const { client, mayAct, wait } = means
  let wasRaised = false
  for (let tries = 1; ; tries++) {
    if (!mayAct()) return null
    try {
      const read = mayLand ? orNull(client.request<Deployment>(fenceRequest(ref, fence))) : readDeployment(client, ref)
      const deployment = await read
      const isOpen = deployment !== null && surgedFor(deployment) === ref.uid
      const lower = isOpen ? lowerRequest(deployment) : null
      wasRaised ||= isOpen
      const pods = deployment === null ? [] : await podsOf(client, deployment)
      const old = pods.find(({ metadata }) => metadata.uid === ref.uid)
      const isTheirs = lower?.isTheirs ?? false
      if (old !== undefined && (wants === 'undo' || isTheirs)) {
        const newcomer = isOpen && !isTheirs ? newcomerOf(pods, ref) : null
        if (newcomer !== null) await orNull(client.request(costRequest(newcomer)))
        await orNull(client.request(costlessRequest(old, fence)))
      }
      if (lower !== null) await client.request(lower.request)
      return { wasRaised, isTheirs }
    } catch (error) {
      const { mayTryAgain, retryAfterMs } = toKubeFailure(error)
      if (!mayTryAgain || tries >= TRIES_MAX) throw error
      await wait(retryAfterMs ?? LOOK_EVERY_MS)
    }
  }
}

/** From the reserved intent to its end. @param cost makes the pod the first to go. @throws KubeFailure: it is left as it is. */
export async function carrySurge(
  action: PlaceAction & { readonly kind: 'surge' },
  { intent, pod, cost }: { readonly intent: Intent; readonly pod: WatchedPod; readonly cost: ActionRequest },
  means: CarryMeans,
): Promise<SurgeEnd> {
  const { client, mayAct, isDryRun, isKnown, onRaised } = means
  const ref = surgeOf(intent)
  const end = (state: SurgeEnd['state'], reason: string): SurgeEnd => ({ outcome: { ok: false, reason }, state })
  const deployment = await readDeployment(client, ref)
  if (deployment === null) return end('never', `there is no Deployment ${ref.deployment} in ${ref.namespace}`)
  const other = surgedFor(deployment)
  // Nobody is busy with it, and no ledger knows of it any more.
  if (other !== null && !isDryRun && !(await isKnown(other))) {
    await closeSurge({ ...ref, uid: other }, { wants: 'undo', mayLand: false, fence: intent.id }, means)
    return { outcome: { again: `Deployment ${ref.deployment} had a pod more for another`, waitMs: LOOK_EVERY_MS }, state: 'never' }
  }
  const fault = whyNoSurge(pod, deployment)
  if (fault !== null) return end('never', fault)
  const before = new Set((await podsOf(client, deployment)).map(({ metadata }) => metadata.uid))
  const close = (wants: Closing['wants'], mayLand = false) =>
    closeSurge(ref, { wants, mayLand, fence: `${intent.id}.${intent.serial}` }, means)

  for (const [step, request] of Object.entries({ cost, raise: raiseRequest(pod, deployment) })) {
    if (!mayAct()) return end('left', 'another edgetwin may lead by now: it finds out')
    const sent = await act(client, request, { dryRun: isDryRun, auditId: `${intent.id}.${step}` })
    if (sent.outcome === 'done') continue
    if (isDryRun) return end('never', sent.reason)
    const closed = await close('undo', sent.outcome === 'unknown')
    if (closed === null) return end('left', sent.reason)
    const mayTryAgain = sent.outcome === 'unknown' || sent.why === 'changed' || sent.why === 'busy'
    if (closed.wasRaised || !mayTryAgain) return end(closed.wasRaised ? 'over' : 'never', sent.reason)
    return { outcome: { again: sent.reason, waitMs: LOOK_EVERY_MS }, state: 'never' }
  }
  if (isDryRun) return end('never', `dry run: Deployment ${ref.deployment} would make another on ${action.nodes[0]} first`)
  const why = (await onRaised()) ? await whyNotReplaced(intent, before, means) : 'the ledger could not be written'
  const closed = await close(why === null ? 'finish' : 'undo')
  if (closed === null) return end('left', 'another edgetwin may lead by now: it finds out')
  if (closed.isTheirs) return end('over', `somebody else has scaled Deployment ${ref.deployment} meanwhile, and that stands`)
  if (why !== null) return end('over', why)
  if (await hasGone(action, means)) return { outcome: { ok: true, nodes: intent.target.split(',') }, state: 'over' }
  await orNull(client.request(costlessRequest(pod, intent.id)))
  return end(
    'over',
    `another pod than ${pod.metadata.name} went: the ReplicaSet of ${ref.deployment} decides, and its deletion cost is a wish only`,
  )
}

/** Until a new pod of it serves where it is wanted. @returns null: it does, or somebody else has scaled the Deployment. */
async function whyNotReplaced(intent: Intent, before: ReadonlySet<string>, means: CarryMeans): Promise<string | null> {
  const { client, mayAct, wait, monotonic, readyWithinMs, place, isStopping } = means
  const ref = surgeOf(intent)
  let newcomer: WatchedPod | null = null
  for (const untilMs = monotonic() + readyWithinMs; monotonic() < untilMs && mayAct(); await wait(LOOK_EVERY_MS)) {
    if (isStopping()) return 'edgetwin is stopping'
    const deployment = await readDeployment(client, ref).catch(() => undefined)
    // It could not be read: it is asked again.
    if (deployment === undefined) continue
    if (deployment === null || surgedFor(deployment) !== ref.uid) return `somebody else has ended the surge of Deployment ${ref.deployment}`
    if (lowerRequest(deployment).isTheirs) return null
    const pods = await podsOf(client, deployment).catch(() => [])
    if (newcomer === null) {
      const made = pods.filter(({ metadata }) => !before.has(metadata.uid))
      newcomer = made.find(isGatedByUs) ?? made[0] ?? null
      const placed: Effect | null = newcomer === null ? null : await place(newcomer)
      if (placed?.ok === false) return placed.reason
    } else if (isReplaced(deployment, pods, intent)) return null
  }
  if (newcomer === null) return `Deployment ${ref.deployment} has made no other pod within ${readyWithinMs / 1_000} s`
  return `pod ${newcomer.metadata.name}, made in the place of ${intent.pod}, was not ready within ${readyWithinMs / 1_000} s`
}

async function hasGone({ pod }: PlaceAction, { client, wait, monotonic, goneWithinMs }: CarryMeans): Promise<boolean> {
  for (const untilMs = monotonic() + goneWithinMs; ; await wait(LOOK_EVERY_MS)) {
    const now = await readPod(client, pod)
    if (now === null || now.metadata.uid !== pod.uid || now.metadata.deletionTimestamp !== undefined) return true
    if (monotonic() > untilMs) return false
  }
}
