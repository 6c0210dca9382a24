/**
 * Lets go of pods that edgetwin's gate holds: those that nobody decided on in time, or those that a person names.
 *
 * The cluster must work without us. So this needs no twin, no leader and no ledger, and changes only a pod that is still as it was
 * read: a decision that is made meanwhile wins.
 */
import type { Logger } from '../../../models/ports.ts'
import type { KubeClient } from '../kube-client.ts'
import { twinPodName } from '../names.ts'
import { timeOf, type WatchedPod } from '../watched.ts'
import { act, listAll } from './act.ts'
import { ungateRequest } from './prepare-action.ts'
import { gatesOf, isGatedByUs } from './scheduler-view.ts'

export type UngateWish =
  /** Held only by us, and made so long ago. Ages are by the server's stamp and our clock, so both should keep the time. */
  | { readonly kind: 'overdue'; readonly ttlMs: number }
  /** Also those that others hold too. */
  | { readonly kind: 'all' }
  /** By their names in the twin, `pod.namespace`. */
  | { readonly kind: 'pods'; readonly names: readonly string[] }

export interface UngateReport {
  /** Names in the twin, sorted. */
  readonly released: readonly string[]
  readonly failed: readonly { readonly pod: string; readonly reason: string }[]
  /** Named, and not held by our gate or not there. */
  readonly notHeld: readonly string[]
  /** Still held, as they may be. */
  readonly heldCount: number
}

export interface UngateOptions {
  readonly client: KubeClient
  readonly log: Logger
  readonly wish: UngateWish
  readonly nowMs: number
  /** Default: of all. */
  readonly namespace?: string | undefined
  readonly dryRun?: boolean
}

/** Requests under way. */
const AT_ONCE = 16

/** @throws KubeFailure when the pods cannot be listed. */
export async function ungate({ client, log, wish, nowMs, namespace, dryRun = false }: UngateOptions): Promise<UngateReport> {
  const path = namespace === undefined ? '/api/v1/pods' : `/api/v1/namespaces/${namespace}/pods`
  const held = (await listAll<WatchedPod>(client, path, { fieldSelector: 'spec.nodeName=' })).filter(isGatedByUs)
  const wanted = toRelease(held, wish, nowMs)
  const released: string[] = []
  const failed: { readonly pod: string; readonly reason: string }[] = []
  const release = async (pod: WatchedPod): Promise<void> => {
    const name = twinPodName(pod.metadata)
    const outcome = await act(client, ungateRequest(pod, whyOf(wish)), { dryRun })
    if (outcome.outcome === 'done') released.push(name)
    // It has gone, or somebody decided on it: what was wanted.
    else if (outcome.outcome === 'unknown' || !['changed', 'gone'].includes(outcome.why)) failed.push({ pod: name, reason: outcome.reason })
  }
  for (let first = 0; first < wanted.length; first += AT_ONCE) await Promise.all(wanted.slice(first, first + AT_ONCE).map(release))
  const names = new Set(held.map(({ metadata }) => twinPodName(metadata)))
  const notHeld = wish.kind === 'pods' ? wish.names.filter((name) => !names.has(name)) : []
  const heldCount = held.length - released.length
  if (released.length > 0) log.info({ released, heldCount, dryRun }, 'gates dropped')
  for (const { pod, reason } of failed) log.warn({ pod, reason }, 'gate not dropped')
  return { released: released.sort(), failed, notHeld, heldCount }
}

export function toRelease(held: readonly WatchedPod[], wish: UngateWish, nowMs: number): readonly WatchedPod[] {
  switch (wish.kind) {
    case 'all':
      return held
    case 'pods':
      return held.filter(({ metadata }) => wish.names.includes(twinPodName(metadata)))
    case 'overdue':
      return held.filter((pod) => {
        const madeMs = timeOf(pod.metadata.creationTimestamp)
        return gatesOf(pod).length === 1 && madeMs !== null && nowMs - madeMs >= wish.ttlMs
      })
  }
}

function whyOf(wish: UngateWish): string {
  return wish.kind === 'overdue' ? `no decision within ${wish.ttlMs / 1_000} s` : 'let go by a person'
}
