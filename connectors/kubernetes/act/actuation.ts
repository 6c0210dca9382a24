/**
 * The one way by which a pod is touched: checked again, read, reserved in the ledger, done, confirmed, released.
 *
 * What makes it safe whoever is paused, killed or cut off at any step: the pod is read before the reservation is made, and the request
 * holds only for the pod as it was read. So whoever takes over, and changes each pod that was reserved before it forgets the
 * reservation, leaves nothing that the one before could still do. An answer that was lost is found out in the same way.
 */
import { TwinError } from '../../../models/errors.ts'
import type { Logger, Stop } from '../../../models/ports.ts'
import type { KubeClient } from '../kube-client.ts'
import { toKubeFailure } from '../kube-failure.ts'
import type { WatchedPod } from '../watched.ts'
import { act, confirm, readFor, stateOf } from './act.ts'
import type { ActionRequest, ClusterView, Confirmed, Effect, PlaceAction, Prepared, Wanted } from './actions.ts'
import type { Leader } from './leader.ts'
import type { LedgerStore } from './ledger.ts'
import { type Budget, type Intent, type IntentWish, type Ledger, markActed, reserve, type Step, settle, type Term } from './ledger-state.ts'
import { type PodEventReason, writePodEvent } from './pod-events.ts'
import { prepareAction } from './prepare-action.ts'
import { createSuccession, isDone } from './succession.ts'
import { carrySurge } from './surge.ts'
import { nodesOf, what, wishOf } from './wish.ts'

export interface ActuatorOptions {
  readonly client: KubeClient
  readonly ledger: LedgerStore
  readonly leader: Leader
  readonly log: Logger
  readonly clock: () => number
  /** Milliseconds on a clock that never jumps. */
  readonly monotonic: () => number
  readonly wait: (ms: number) => Promise<void>
  /** For that one action. */
  readonly budget: (wish: IntentWish) => Budget
  /** What informers hold; absent: the cluster is listed for each action. */
  readonly view?: () => ClusterView
  /** Simulates it on the newest twin. @returns why it no longer is the thing to do; null: it is. */
  readonly revalidate?: (action: PlaceAction) => Promise<string | null>
  /** Why it is done, for who reads the pod. */
  readonly explain?: (action: PlaceAction) => string
  /** The server checks every write and keeps none. */
  readonly isDryRun?: boolean
  /** Until an action must show its effect; default 10 s. */
  readonly withinMs?: number
  /** Until what takes the place of a pod that may leave no gap must serve; default 60 s. */
  readonly surgeWithinMs?: number
  /** Told of each step as it is reached. */
  readonly onStep?: (step: ActuationStep) => void
}

export const ACTUATION_STEPS = ['revalidated', 'read', 'reserved', 'answered', 'marked', 'confirmed', 'released'] as const
export type ActuationStep = (typeof ACTUATION_STEPS)[number]

export interface Actuator {
  /** Never rejects: what cannot be done says why. */
  carryOut(wanted: Wanted): Promise<Effect>
  /** Looks after what was left undone, here or by the one who led before; harmless at any time. Never rejects. */
  tidyUp(): Promise<void>
  status(): { readonly underWay: number; readonly epoch: number | null; readonly trouble: string | null }
  /** Resolves when nothing is under way; nothing new begins. The leader is to be stopped after. */
  readonly stop: Stop
}

const TRIES_MAX = 4
const BUSY_WAIT_MS_MAX = 10_000
const LOOK_EVERY_MS = 100
const RESERVED_WITHIN_MS = 5_000

type Sent =
  | { readonly state: 'done' }
  /** It was not done and never will be. */
  | { readonly state: 'not-done'; readonly reason: string; readonly isFinal: boolean; readonly waitMs: number }
  /** Whoever leads finds out. */
  | { readonly state: 'unknown'; readonly reason: string }

/** `again`: to be tried anew, on what is read then. */
type Outcome = Effect | { readonly again: string; readonly waitMs: number }

interface Reserved {
  readonly intent: Intent
  readonly term: Term
  readonly prepared: Prepared & { readonly ok: true }
}

export function createActuator(options: ActuatorOptions): Actuator {
  const { client, ledger, leader, log, clock, monotonic, wait, budget, view } = options
  const { isDryRun = false, withinMs = 10_000, surgeWithinMs = 60_000 } = options
  const { revalidate = async () => null, explain = ({ decision }) => `decision ${decision}`, onStep = () => {} } = options
  const underWay = new Map<string, Promise<Effect>>()
  /** By epoch and attempt. */
  const reservations = new Set<string>()
  const succession = createSuccession({ ...options, isUnderWay: ({ epoch, attempt }) => reservations.has(`${epoch}.${attempt}`) })
  let attempts = 0
  let isStopping = false

  const reserveFor = async (wish: IntentWish, term: Term): Promise<Intent | Outcome> => {
    const auditId = `${wish.id}.reserve`
    const nowMs = leader.serverNowMs
    if (nowMs() === null) return refused('the API server has not told its time yet, by which moves are counted')
    const step = await ledger.change((now) => reserve(now, { wish, term, budget: budget(wish), nowMs: nowMs() ?? 0 }), { auditId })
    if (!step.ok) {
      if (step.kind === 'fenced') succession.lose(step.reason)
      if (step.kind !== 'in-flight') return refused(step.reason)
      // By a try whose end nobody knows: it is found out now, not when its turn comes.
      await succession.tidyUp()
      return { again: step.reason, waitMs: LOOK_EVERY_MS }
    }
    const intent = step.ledger.intents.find(({ uid }) => uid === wish.uid)
    if (intent === undefined) throw new TwinError('INTERNAL', `the ledger took intent ${wish.id} and has it not`)
    // Counted where it does not belong: the budget of now would not know of it.
    if ((nowMs() ?? 0) - intent.atMs <= RESERVED_WITHIN_MS) return intent
    await release({ intent, term, neverActed: true })
    return refused('the ledger took too long to answer')
  }
  /** @returns whether it is written; if not, it is found out later what became of the intent. */
  const note = async (name: string, intent: Intent, step: (ledger: Ledger) => Step): Promise<boolean> => {
    try {
      const taken = await ledger.change(step, { auditId: `${intent.id}.${name}` })
      if (!taken.ok) succession.lose(taken.reason)
      return taken.ok
    } catch (error) {
      log.warn({ pod: intent.pod, step: name, reason: toKubeFailure(error).message }, 'step of an action not noted in the ledger')
      return false
    }
  }
  const release = async ({ intent, term, neverActed }: { readonly intent: Intent; readonly term: Term; readonly neverActed: boolean }) => {
    const isNoted = await note('release', intent, (now) => settle(now, { serial: intent.serial, term, neverActed }))
    onStep('released')
    return isNoted
  }

  const send = async (intent: Intent, request: ActionRequest): Promise<Sent> => {
    const never = (reason: string, isFinal: boolean, waitMs = 0): Sent => ({ state: 'not-done', reason, isFinal, waitMs })
    if (!leader.mayAct()) return never('another edgetwin may lead by now', true)
    const sent = await act(client, request, { dryRun: isDryRun, auditId: `${intent.id}.${intent.serial}` })
    onStep('answered')
    if (sent.outcome === 'done') return { state: 'done' }
    if (sent.outcome === 'refused') {
      const isFinal = sent.why !== 'changed' && sent.why !== 'busy'
      return never(sent.reason, isFinal, sent.why === 'busy' ? Math.min(BUSY_WAIT_MS_MAX, sent.retryAfterMs ?? LOOK_EVERY_MS) : 0)
    }
    log.warn({ pod: intent.pod, action: intent.kind, reason: sent.reason }, 'answer lost, finding out what became of it')
    if (!leader.mayAct()) return { state: 'unknown', reason: `${sent.reason}, and another edgetwin may lead by now: it finds out` }
    return isDone(intent, await succession.fence(intent)) ? { state: 'done' } : never(sent.reason, false)
  }

  const settling = async ({ action, until }: Wanted): Promise<Confirmed> => {
    let last: Confirmed = { state: 'not-placed', reason: 'what became of it could not be read' }
    for (const untilMs = monotonic() + withinMs; ; await wait(LOOK_EVERY_MS)) {
      last = await confirm(client, action).catch(() => last)
      const isOver = last.state === until || last.state === 'placed' || last.state === 'gone'
      if (isOver || (last.state === 'released' && last.isUnschedulable) || monotonic() > untilMs) return last
    }
  }

  const once = async (wanted: Wanted, term: Term): Promise<Outcome> => {
    const { action } = wanted
    const reads = await readFor(client, action, view?.())
    onStep('read')
    const now = stateOf(action, reads.pod)
    // By an earlier try whose answer was lost, ours or that of the one who led before us.
    if ('decision' in now && now.decision === action.decision) return toEffect(wanted, await settling(wanted), nodesOf(action))
    const prepared = prepareAction(action, reads)
    if (!prepared.ok) return refused(prepared.reason)
    const attempt = attempts++
    reservations.add(`${term.epoch}.${attempt}`)
    try {
      const intent = await reserveFor({ ...wishOf(action, reads, prepared.nodes), attempt }, term)
      if (!('id' in intent)) return intent
      if (action.kind === 'surge' && reads.pod !== null) return await surge(action, reads.pod, { intent, term, prepared })
      return await carry(wanted, { intent, term, prepared })
    } finally {
      reservations.delete(`${term.epoch}.${attempt}`)
    }
  }
  const carry = async (wanted: Wanted, { intent, term, prepared }: Reserved): Promise<Outcome> => {
    const { action } = wanted
    onStep('reserved')
    const sent = await send(intent, prepared.request)
    if (sent.state === 'unknown') return refused(sent.reason)
    if (sent.state === 'not-done') {
      const isReleased = await release({ intent, term, neverActed: true })
      return sent.isFinal || !isReleased ? refused(sent.reason) : { again: sent.reason, waitMs: sent.waitMs }
    }
    await note('acted', intent, (held) => markActed(held, { serial: intent.serial, term }))
    onStep('marked')
    say(action, action.kind === 'evict' ? 'TwinEvicted' : 'TwinPlaced', `${what(action.kind, prepared.nodes)}: ${explain(action)}`)
    if (isDryRun) return refused(`dry run: the server would ${action.kind} pod ${action.pod.name}: ${prepared.nodes.join(', ')}`)
    const confirmed = await settling(wanted)
    onStep('confirmed')
    await release({ intent, term, neverActed: false })
    return toEffect(wanted, confirmed, prepared.nodes)
  }

  const surge = async (
    action: PlaceAction & { kind: 'surge' },
    pod: WatchedPod,
    { intent, term, prepared }: Reserved,
  ): Promise<Outcome> => {
    onStep('reserved')
    const { nodes, topK, decision } = action
    const { outcome, state } = await carrySurge(
      action,
      { intent, pod, cost: prepared.request },
      {
        ...{ client, wait, monotonic, isDryRun, mayAct: leader.mayAct, readyWithinMs: surgeWithinMs, goneWithinMs: withinMs },
        isStopping: () => isStopping,
        isKnown: async (uid) => (await ledger.read()).intents.some((other) => other.uid === uid),
        async onRaised() {
          onStep('answered')
          say(action, 'TwinSurged', `${what('surge', nodes)}: ${explain(action)}`)
          const isNoted = await note('acted', intent, (held) => markActed(held, { serial: intent.serial, term }))
          onStep('marked')
          return isNoted
        },
        place({ metadata: { name, namespace = 'default', uid } }) {
          const gate = { kind: 'gate', pod: { name, namespace, uid }, decision, nodes, topK, replaces: pod.metadata.uid } as const
          return carryOut({ action: gate, until: 'placed' })
        },
      },
    )
    onStep('confirmed')
    if (state !== 'left') await release({ intent, term, neverActed: state === 'never' })
    return outcome
  }

  const tryAll = async (wanted: Wanted): Promise<Effect> => {
    const { action } = wanted
    let reason = ''
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const term = await succession.term()
      if (typeof term === 'string') return refused(term)
      const stale = await revalidate(action)
      if (stale !== null) return refused(stale)
      onStep('revalidated')
      const effect = await once(wanted, term)
      if ('ok' in effect) return effect
      reason = effect.again
      await wait(effect.waitMs)
    }
    return refused(`given up after ${TRIES_MAX} tries: ${reason}`)
  }
  const say = (action: PlaceAction, reason: PodEventReason, note: string): void => {
    void writePodEvent({ pod: action.pod, reason, note, timeMs: clock() }, { client, log, instance: leader.identity, isDryRun })
  }
  const guarded = async (wanted: Wanted): Promise<Effect> => {
    const { action } = wanted
    const effect = await tryAll(wanted).catch((error: unknown): Effect => {
      if (!(error instanceof TwinError)) return refused(`the cluster could not be asked: ${toKubeFailure(error).message}`)
      return refused(error.message)
    })
    if (effect.ok) return effect
    log.warn({ pod: action.pod.name, action: action.kind, decision: action.decision, reason: effect.reason }, 'action not carried out')
    if (!isDryRun)
      say(action, 'TwinRefused', `not ${action.kind === 'evict' || action.kind === 'surge' ? 'moved' : 'placed'}: ${effect.reason}`)
    return effect
  }

  const carryOut = (wanted: Wanted): Promise<Effect> => {
    const key = `${wanted.action.pod.namespace}/${wanted.action.pod.name}`
    if (isStopping) return Promise.resolve(refused('edgetwin is stopping'))
    if (underWay.has(key)) return Promise.resolve(refused(`pod ${wanted.action.pod.name} is already being acted on`))
    const carrying = guarded(wanted).finally(() => underWay.delete(key))
    underWay.set(key, carrying)
    return carrying
  }

  return {
    carryOut,
    tidyUp: () => succession.tidyUp(),
    status: () => ({ underWay: underWay.size, ...succession.status() }),
    async stop() {
      isStopping = true
      await Promise.all([...underWay.values(), succession.tidyUp()])
    },
  }
}

const refused = (reason: string) => ({ ok: false, reason }) as const

function toEffect({ action, until }: Wanted, now: Confirmed, nodes: readonly string[]): Effect {
  const { name } = action.pod
  if (now.state === 'gone') return until === 'gone' ? { ok: true, nodes } : refused(`pod ${name} was deleted meanwhile`)
  if (now.state === 'not-placed') return refused(`pod ${name}: ${now.reason}`)
  if (now.decision !== action.decision) return refused(`pod ${name} was let go by somebody else`)
  if (now.state === 'placed') return nodes.includes(now.node) ? { ok: true, nodes: [now.node] } : refused(`pod ${name} is on ${now.node}`)
  return until === 'released' ? { ok: true, nodes } : refused(`pod ${name} was released to ${nodes.join(', ')}, and ${now.reason}`)
}
