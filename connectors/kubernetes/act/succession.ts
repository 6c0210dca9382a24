/**
 * Whose turn it is to write, and what becomes of what was left undone by the one before: a killed process, a paused one, or ourselves.
 *
 * Nothing new begins until each reservation that is not ours has been found out. To find out, the pod is changed first: then no request
 * that was sent for it earlier can still take effect, and what the server answers is the last word.
 */
import { TwinError } from '../../../models/errors.ts'
import type { Logger } from '../../../models/ports.ts'
import type { KubeClient } from '../kube-client.ts'
import { KubeFailure, toKubeFailure } from '../kube-failure.ts'
import { POD_KEYS } from '../names.ts'
import type { WatchedPod } from '../watched.ts'
import { confirm, readPod, stateOf } from './act.ts'
import type { Confirmed, PlaceAction } from './actions.ts'
import type { Leader } from './leader.ts'
import type { LedgerStore } from './ledger.ts'
import { type Intent, markActed, settle, type Term, takeOver } from './ledger-state.ts'
import { pathOf } from './prepare-action.ts'
import { closeSurge, hasReplaced, surgeOf } from './surge.ts'

export interface SuccessionOptions {
  readonly client: KubeClient
  readonly ledger: LedgerStore
  readonly leader: Leader
  readonly log: Logger
  readonly monotonic: () => number
  readonly wait: (ms: number) => Promise<void>
  /** We are busy with it ourselves. */
  readonly isUnderWay: (intent: Intent) => boolean
  readonly withinMs?: number
}

export interface Succession {
  /** Ours, or why it is not our turn. @throws KubeFailure, TwinError */
  term(): Promise<Term | string>
  /** Somebody else writes. */
  lose(reason: string): void
  /** What became of an intent, for good. @throws KubeFailure when the server cannot be asked. */
  fence(intent: Intent): Promise<Confirmed>
  /** Never rejects. */
  tidyUp(): Promise<void>
  status(): { readonly epoch: number | null; readonly trouble: string | null }
}

/** Longer than it takes to hear that another has the lease. */
const AFTER_LOSS_MS = 5_000
/** The server ends a request after a minute. */
const REQUEST_MS_MAX = 120_000
const FENCE_TRIES = 5
const FENCE_PAUSE_MS = 200

export function createSuccession(options: SuccessionOptions): Succession {
  const { client, ledger, leader, log, monotonic, wait, isUnderWay, withinMs = 10_000 } = options
  let ours: (Term & { readonly lead: number }) | null = null
  let lostMs = Number.NEGATIVE_INFINITY
  let taking: Promise<Term | string> | null = null
  let tidying: Promise<void> | null = null
  let trouble: string | null = null

  const lose = (reason: string): void => {
    if (ours !== null) log.warn({ holder: ours.holder, epoch: ours.epoch, reason }, 'another edgetwin writes')
    ours = null
    lostMs = monotonic()
  }

  const fence = async (intent: Intent): Promise<Confirmed> => {
    const action = actionOf(intent)
    const value = `${ours?.epoch ?? intent.epoch}.${intent.serial}`
    let holder = ''
    for (let tries = 1; ; tries++) {
      try {
        // In this order: whoever takes over after it was read changes the pod before anything else.
        const pod = await readPod(client, action.pod)
        holder = (await ledger.read()).holder
        if (holder !== leader.identity) break
        if (pod === null || pod.metadata.uid !== intent.uid) return { state: 'gone' }
        const { uid, resourceVersion } = pod.metadata
        const changed = await client.request<WatchedPod>({
          method: 'PATCH',
          path: pathOf({ namespace: intent.namespace, name: intent.pod }),
          body: { metadata: { uid, resourceVersion, annotations: { [POD_KEYS.fence]: value } } },
          contentType: 'application/merge-patch+json',
          auditId: `${intent.id}.fence`,
        })
        return stateOf(action, changed)
      } catch (error) {
        const failure = toKubeFailure(error)
        // Gone, or another pod of that name: what a request for this one could have done is over.
        if (failure.kind === 'not-found' || failure.isOfAnother) return { state: 'gone' }
        if (!failure.mayTryAgain || tries >= FENCE_TRIES) throw failure
        await wait(Math.max(failure.retryAfterMs ?? 0, FENCE_PAUSE_MS * tries))
      }
    }
    lose(`${holder} holds the ledger`)
    throw new KubeFailure('conflict', `${holder} took over meanwhile: it finds out what became of pod ${intent.pod}`)
  }

  const settleBy = async (intent: Intent, term: Term, neverActed: boolean): Promise<void> => {
    const step = await ledger.change((now) => settle(now, { serial: intent.serial, term, neverActed }), { auditId: `${intent.id}.release` })
    if (!step.ok) lose(step.reason)
  }
  const ageMsOf = ({ atMs }: Intent): number => (leader.serverNowMs() ?? atMs) - atMs
  /** @returns null: the server will not let us change that pod. It holds up this intent, and no other. */
  const refusalOf = (error: unknown, { pod, id }: Intent): null => {
    if (!(error instanceof KubeFailure) || (error.kind !== 'forbidden' && error.kind !== 'invalid')) throw error
    log.warn({ pod, intent: id, reason: error.message }, 'pod not ours to change, so what was left undone is waited out')
    return null
  }
  /** By then no request of that time can be under way any more. */
  const outwait = async (intent: Intent, term: Term): Promise<void> => {
    if (ageMsOf(intent) > REQUEST_MS_MAX) await settleBy(intent, term, false)
  }
  /** Finished when the new pod serves where it was wanted, else undone. */
  const closeLeft = async (intent: Intent, term: Term): Promise<void> => {
    const closed = await hasReplaced(client, intent)
      .then((wasReplaced) => {
        const fence = `${term.epoch}.${intent.serial}`
        const closing = { wants: wasReplaced ? 'finish' : 'undo', mayLand: intent.state === 'reserved', fence } as const
        return closeSurge(surgeOf(intent), closing, { client, wait, mayAct: leader.mayAct })
      })
      .catch((error: unknown) => refusalOf(error, intent))
    if (closed === null) return outwait(intent, term)
    log.info({ pod: intent.pod, deployment: intent.deployment, intent: intent.id, ...closed }, 'surge that was left open closed')
    await settleBy(intent, term, intent.state === 'reserved' && !closed.wasRaised)
  }
  /** One that nobody here is busy with. */
  const findOut = async (intent: Intent, term: Term): Promise<void> => {
    if (intent.kind === 'surge') return closeLeft(intent, term)
    if (intent.state === 'reserved') {
      const now = await fence(intent).catch((error: unknown) => refusalOf(error, intent))
      if (now === null) return outwait(intent, term)
      const done = isDone(intent, now)
      log.info({ pod: intent.pod, action: intent.kind, intent: intent.id, done }, 'found out what was left undone')
      if (!done || now.state !== 'released') return settleBy(intent, term, !done)
      const step = await ledger.change((held) => markActed(held, { serial: intent.serial, term }), { auditId: `${intent.id}.acted` })
      return step.ok ? undefined : lose(step.reason)
    }
    const now = await confirm(client, actionOf(intent))
    const isLate = ageMsOf(intent) > withinMs
    if (now.state === 'placed' || now.state === 'gone' || isLate) await settleBy(intent, term, false)
  }

  const take = async (): Promise<Term | string> => {
    const lead = leader.lead()
    const { holder: before, epoch } = await ledger.read()
    const step = await ledger.change((now) => {
      // We may have been stopped since we looked: who took over meanwhile leads after us.
      const isOvertaken = now.holder !== leader.identity && (now.holder !== before || now.epoch !== epoch)
      if (isOvertaken) return { ok: false, kind: 'fenced', reason: `${now.holder} took over meanwhile` }
      return takeOver(now, { holder: leader.identity, epochMin: leader.transitions() })
    })
    if (!step.ok) {
      lose(step.reason)
      return step.reason
    }
    const term = { holder: leader.identity, epoch: step.ledger.epoch, lead }
    ours = term
    for (const intent of step.ledger.intents) if (!isUnderWay(intent) && intent.state === 'reserved') await findOut(intent, term)
    // Fenced off while we looked: `lose` has been called.
    if (ours !== term) return 'another edgetwin took over'
    log.info({ holder: term.holder, epoch: term.epoch, leftUndone: step.ledger.intents.length }, 'writing')
    return term
  }

  const termNow = async (): Promise<Term | string> => {
    const waitsFor = leader.waitsFor()
    if (waitsFor !== null) return waitsFor
    if (taking !== null) return taking
    if (ours !== null && ours.lead === leader.lead()) return ours
    if (monotonic() - lostMs < AFTER_LOSS_MS) return 'another edgetwin has just taken over'
    ours = null
    const began = take()
      .catch((error: unknown) => {
        // What is not found out is not forgotten: nothing begins, and it is tried again.
        ours = null
        throw error
      })
      .finally(() => {
        taking = null
      })
    taking = began
    return began
  }

  const tidy = async (): Promise<void> => {
    try {
      const term = await termNow()
      trouble = null
      if (typeof term === 'string') return
      for (const intent of (await ledger.read()).intents) if (!isUnderWay(intent)) await findOut(intent, term)
    } catch (error) {
      trouble = error instanceof TwinError ? error.message : toKubeFailure(error).message
      log.warn({ reason: trouble }, 'what was left undone not found out yet')
    }
  }
  return {
    term: termNow,
    lose,
    fence,
    tidyUp() {
      tidying ??= tidy().finally(() => {
        tidying = null
      })
      return tidying
    },
    status: () => ({ epoch: ours?.epoch ?? null, trouble }),
  }
}

/** Whether an intent has taken effect, by its pod after it was changed. A pod that is gone counts as evicted, whoever did it. */
export function isDone({ kind, decision }: Intent, now: Confirmed): boolean {
  if (kind === 'evict' || kind === 'surge') return now.state === 'gone'
  return (now.state === 'placed' || now.state === 'released') && now.decision === decision
}

function actionOf({ kind, namespace, pod, uid, decision, target, deployment = '' }: Intent): PlaceAction {
  const common = { pod: { namespace, name: pod, uid }, decision }
  const nodes = target.split(',')
  if (kind === 'bind') return { ...common, kind, node: nodes[0] ?? '' }
  if (kind === 'evict') return { ...common, kind, nodes }
  return kind === 'gate' ? { ...common, kind, nodes, topK: nodes.length } : { ...common, kind, nodes, topK: nodes.length, deployment }
}
