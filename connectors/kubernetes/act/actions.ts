/**
 * What edgetwin does to a pod of a real cluster, as plain data: an action is prepared on what was read, sent once, and its
 * effect is read back.
 *
 * `prepareAction` (prepare-action.ts) is pure; `readFor`, `act` and `confirm` (act.ts) each do one thing and repeat nothing.
 */
import type { DeviceObjects } from '../../../models/scheduling/kubernetes/device-objects.ts'
import type { KubeRequest } from '../kube-client.ts'
import type { WatchedNamespace, WatchedNode, WatchedPod } from '../watched.ts'

export interface PodRef {
  readonly namespace: string
  readonly name: string
  /** Another pod of that name is refused; null: whichever has the name when it is read. */
  readonly uid: string | null
}

interface Common {
  readonly pod: PodRef
  /** Of the decision; written on the pod. */
  readonly decision: string
}

export type PlaceAction =
  /** Narrows a gated pod to the first `topK` of `nodes` that can take it, prefers them in their order, and drops our gate. */
  | (Common & {
      readonly kind: 'gate'
      readonly nodes: readonly string[]
      readonly topK: number
      /** The uid of the pod whose place it takes. */
      readonly replaces?: string
    })
  /** Binds a pod that waits, past the scheduler. */
  | (Common & { readonly kind: 'bind'; readonly node: string })
  /** Evicts a pod so that its owner makes another, which is then placed on `nodes`, of which the first must have room now. */
  | (Common & {
      readonly kind: 'evict'
      readonly nodes: readonly string[]
      /** false: only when another pod of its owner is ready on that first node. Default true: disruption budgets decide. */
      readonly mayLeaveGap?: boolean
    })
  /** Has another made first, by one pod more of that Deployment, and places it as a gated pod is placed; then the old one goes. */
  | (Common & { readonly kind: 'surge'; readonly deployment: string; readonly nodes: readonly string[]; readonly topK: number })

/** Of the whole cluster: what stands on other nodes decides too. */
export interface ClusterView {
  readonly nodes: readonly WatchedNode[]
  readonly pods: readonly WatchedPod[]
  readonly namespaces: readonly WatchedNamespace[]
}

export interface ActionReads extends ClusterView {
  /** Read when the pod claims devices; null: not shown to us, and the scheduler alone judges claims. */
  readonly devices?: DeviceObjects | null
  /** As the server has it, never from a cache; null: there is none. */
  readonly pod: WatchedPod | null
  /** Before the first of these was asked for, on the monotonic clock. */
  readonly readAtMs: number
}

export interface ActionRequest extends KubeRequest {
  /** It is asked with dryRun=All first: when it is refused after all, it costs something. */
  readonly rehearse?: boolean
  /** On the monotonic clock: later it rests on what was read too long ago and is not sent. */
  readonly notAfterMs?: number
}

export type Prepared =
  /** `nodes`: where the pod may go, best first. */
  | { readonly ok: true; readonly request: ActionRequest; readonly nodes: readonly string[] }
  | { readonly ok: false; readonly reason: string }

export type ActOutcome =
  | { readonly outcome: 'done' }
  | { readonly outcome: 'refused'; readonly why: Refusal; readonly reason: string; readonly retryAfterMs: number | null }
  /** Only `confirm` tells. */
  | { readonly outcome: 'unknown'; readonly reason: string }

export type Refusal =
  /** Somebody was faster, or what was read is old: read again and prepare anew. */
  | 'changed'
  /** A disruption budget: not before the next round. */
  | 'budget'
  /** The server is busy: the same again after `retryAfterMs`. */
  | 'busy'
  /** There is no such pod. */
  | 'gone'
  | 'forbidden'
  | 'invalid'

export type Confirmed =
  /** The pod is on that node; `decision`: the one written on it, which tells whether it was us. */
  | { readonly state: 'placed'; readonly node: string; readonly decision: string | null }
  /** It is the scheduler's now, which has not said where yet, or finds no room. */
  | { readonly state: 'released'; readonly decision: string | null; readonly isUnschedulable: boolean; readonly reason: string }
  /** It had no effect until now; an answer that was lost may still come true, once, if nothing else changes the pod. */
  | { readonly state: 'not-placed'; readonly reason: string }
  /** The pod is no more, or is on its way out: what an eviction wants. */
  | { readonly state: 'gone' }

export interface Wanted {
  readonly action: PlaceAction
  /** What has to be seen of it. */
  readonly until: 'released' | 'placed' | 'gone'
}

/** `nodes`: where the pod is, or may go. */
export type Effect = { readonly ok: true; readonly nodes: readonly string[] } | { readonly ok: false; readonly reason: string }
