/**
 * What all edgetwins of a cluster agree on before one of them touches a pod: who may act, what is under way, what was moved.
 *
 * Pure, and every step may be taken twice: whoever does not know whether a step was written reads and takes it again. What was moved is
 * counted when it is reserved and stays counted unless it is certain that it never happened, so no crash lets a budget be spent twice.
 */
import { z } from 'zod'

const text = z.string().min(1).max(512)
const time = z.number().int().min(0)

const intentShape = z.object({
  /** Of decision, pod, action and target: the same wish has the same id. */
  id: text,
  /** Grows with each reservation: tells two reservations of one wish apart. */
  serial: z.number().int().min(1),
  /** Counted by who reserves, to know its own reservation again when the answer was lost. */
  attempt: z.number().int().min(0),
  kind: z.enum(['gate', 'bind', 'evict', 'surge']),
  namespace: text,
  pod: text,
  uid: text,
  /** What is left alone for a while after a move: the pod's replacement has another uid, but does the same work. */
  workload: text,
  /** The node that the pod leaves; null when it is on none. */
  from: text.nullable(),
  target: text,
  /** Of a surge: who has a pod more. */
  deployment: text.optional(),
  decision: text,
  /** It leaves a node that is lost, which disrupts nothing: it costs no budget and waits for no cool-down. */
  isRescue: z.boolean(),
  epoch: z.number().int().min(1),
  /** `acted`: it is known to have been done, but not yet what came of it. */
  state: z.enum(['reserved', 'acted']),
  atMs: time,
})
export type Intent = z.infer<typeof intentShape>
export type IntentWish = Omit<Intent, 'serial' | 'epoch' | 'state' | 'atMs'>

const moveShape = intentShape
  .pick({ serial: true, namespace: true, workload: true, isRescue: true, atMs: true })
  .extend({ from: text.nullable(), /** Under which it was made, namespace/name. */ policy: text.optional() })
export type Move = z.infer<typeof moveShape>

const HOUR_MS = 3_600_000
const INTENTS_MAX = 64
const MOVES_MAX = 1_000

/** At its limits it is 300 kB; an object of the API server may have 1 MiB. */
export const ledgerShape = z.object({
  /** Of the one who may write; it only grows. 0: nobody has been here. */
  epoch: z.number().int().min(0),
  holder: z.string().max(512),
  serial: z.number().int().min(0),
  intents: z.array(intentShape).max(INTENTS_MAX),
  moves: z.array(moveShape).max(MOVES_MAX),
})
export type Ledger = z.infer<typeof ledgerShape>

export const EMPTY_LEDGER: Ledger = { epoch: 0, holder: '', serial: 0, intents: [], moves: [] }

export interface Budget {
  readonly windowMs: number
  /** Of any `windowMs`. */
  readonly movesMax: number
  readonly movesPerNamespaceMax: number
  readonly movesPerNodeMax: number
  /** Actuations under way, ≤ 64. */
  readonly inFlightMax: number
  /** A workload is moved at most once within. */
  readonly coolDownMs: number
  /** Of any hour, beside all these. */
  readonly movesPerHourMax?: number
  /** Beside all these, of the moves that were made under one policy. */
  readonly policy?: PolicyBudget
  /** Moves are remembered so long at least: another policy may count them for longer. */
  readonly keptMs?: number
}

export interface PolicyBudget {
  /** namespace/name */
  readonly name: string
  readonly movesPerHourMax: number
  readonly movesPerNodePerHourMax: number
}

export interface BudgetSettings {
  readonly windowMs?: number
  /** Of the pods that may be moved; at least one pod. Default a tenth. */
  readonly movesRatio?: number
  readonly inFlightMax?: number
  readonly coolDownMs?: number
  /** Default: none. */
  readonly movesPerHourMax?: number
}

/** @param podCount those that edgetwin may move. */
export function budgetFor(podCount: number, settings: BudgetSettings = {}): Budget {
  const { windowMs = 300_000, movesRatio = 0.1, inFlightMax = 16, coolDownMs = 300_000 } = settings
  const movesMax = Math.max(1, Math.floor(podCount * movesRatio))
  const budget = { windowMs, movesMax, movesPerNamespaceMax: movesMax, movesPerNodeMax: movesMax, inFlightMax, coolDownMs }
  return settings.movesPerHourMax === undefined ? budget : { ...budget, movesPerHourMax: settings.movesPerHourMax }
}

export type RefusalKind = 'fenced' | 'in-flight' | 'budget' | 'cooling' | 'full'
export interface Refusal {
  readonly kind: RefusalKind
  readonly reason: string
}
/** The same object when there was nothing to change. */
export type Step = { readonly ok: true; readonly ledger: Ledger } | ({ readonly ok: false } & Refusal)

export interface Term {
  readonly holder: string
  readonly epoch: number
}

/** From here on nobody else can write. @param epochMin what the lease has counted, should the ledger have been made anew. */
export function takeOver(ledger: Ledger, { holder, epochMin }: { readonly holder: string; readonly epochMin: number }): Step {
  if (ledger.holder === holder) return { ok: true, ledger }
  return { ok: true, ledger: { ...ledger, holder, epoch: Math.max(ledger.epoch + 1, epochMin) } }
}

export interface Reservation {
  readonly wish: IntentWish
  readonly term: Term
  readonly budget: Budget
  readonly nowMs: number
}

export function reserve(ledger: Ledger, { wish, term, budget, nowMs }: Reservation): Step {
  const fence = fencedOff(ledger, term)
  if (fence !== null) return fence
  const underWay = ledger.intents.find(({ uid }) => uid === wish.uid)
  if (underWay?.attempt === wish.attempt && underWay.epoch === term.epoch) return { ok: true, ledger }
  if (underWay !== undefined) return refuse('in-flight', `pod ${wish.pod} is already being acted on (intent ${underWay.id})`)
  if (ledger.intents.length >= Math.min(budget.inFlightMax, INTENTS_MAX))
    return refuse('full', `${ledger.intents.length} actuations are under way already`)
  const serial = ledger.serial + 1
  const intent: Intent = { ...wish, serial, epoch: term.epoch, state: 'reserved', atMs: nowMs }
  const next = { ...ledger, serial, intents: [...ledger.intents, intent] }
  if (wish.kind === 'gate' || wish.kind === 'bind') return { ok: true, ledger: next }

  const isHourly = budget.movesPerHourMax !== undefined || budget.policy !== undefined
  const keptMs = Math.max(budget.windowMs, budget.coolDownMs, budget.keptMs ?? 0, isHourly ? HOUR_MS : 0)
  const moves = ledger.moves.filter((move) => nowMs - move.atMs < keptMs)
  const refused = wish.isRescue ? null : overBudget(moves, wish, { budget, nowMs })
  if (refused !== null) return refused
  if (moves.length >= MOVES_MAX) return refuse('full', `${MOVES_MAX} moves are remembered, which is all the ledger holds`)
  const { namespace, workload, from, isRescue } = wish
  const under = budget.policy === undefined ? {} : { policy: budget.policy.name }
  return { ok: true, ledger: { ...next, moves: [...moves, { serial, namespace, workload, from, isRescue, atMs: nowMs, ...under }] } }
}

/** It is known to have been done. */
export function markActed(ledger: Ledger, { serial, term }: { readonly serial: number; readonly term: Term }): Step {
  const fence = fencedOff(ledger, term)
  if (fence !== null) return fence
  if (!ledger.intents.some((intent) => intent.serial === serial && intent.state === 'reserved')) return { ok: true, ledger }
  const intents = ledger.intents.map((intent) => (intent.serial === serial ? { ...intent, state: 'acted' as const } : intent))
  return { ok: true, ledger: { ...ledger, intents } }
}

export interface Settlement {
  readonly serial: number
  readonly term: Term
  /** It never happened and never will: what it took of the budget is given back. */
  readonly neverActed: boolean
}

export function settle(ledger: Ledger, { serial, term, neverActed }: Settlement): Step {
  const fence = fencedOff(ledger, term)
  if (fence !== null) return fence
  if (!ledger.intents.some((intent) => intent.serial === serial)) return { ok: true, ledger }
  const intents = ledger.intents.filter((intent) => intent.serial !== serial)
  const moves = neverActed ? ledger.moves.filter((move) => move.serial !== serial) : ledger.moves
  return { ok: true, ledger: { ...ledger, intents, moves } }
}

function fencedOff(ledger: Ledger, { holder, epoch }: Term): Step | null {
  if (ledger.holder === holder && ledger.epoch === epoch) return null
  return refuse('fenced', `${ledger.holder || 'nobody'} holds the ledger with epoch ${ledger.epoch}, we were ${holder} with epoch ${epoch}`)
}

function overBudget(
  moves: readonly Move[],
  wish: IntentWish,
  { budget, nowMs }: { readonly budget: Budget; readonly nowMs: number },
): Step | null {
  const cooling = moves.find((move) => move.workload === wish.workload && nowMs - move.atMs < budget.coolDownMs)
  if (cooling !== undefined) {
    const leftMs = budget.coolDownMs - (nowMs - cooling.atMs)
    return refuse('cooling', `${wish.workload} was moved a short while ago and is left alone for ${Math.ceil(leftMs / 1_000)} s more`)
  }
  for (const { what, max, windowMs, counts } of limitsOf(wish, budget)) {
    const { length: count } = moves.filter((move) => !move.isRescue && nowMs - move.atMs < windowMs && counts(move))
    if (count >= max) return refuse('budget', `${count} moves ${what} within ${windowMs / 1_000} s, and ${max} are allowed`)
  }
  return null
}

interface Limit {
  readonly what: string
  readonly max: number
  readonly windowMs: number
  readonly counts: (move: Move) => boolean
}

function limitsOf({ namespace, from }: IntentWish, budget: Budget): readonly Limit[] {
  const { windowMs, movesPerHourMax, policy } = budget
  const isHere = (move: Move) => move.from === from
  const limits = [
    { what: 'in all', max: budget.movesMax, windowMs, counts: () => true },
    { what: `in namespace ${namespace}`, max: budget.movesPerNamespaceMax, windowMs, counts: (move: Move) => move.namespace === namespace },
    { what: `off node ${from}`, max: budget.movesPerNodeMax, windowMs, counts: isHere },
  ]
  if (movesPerHourMax !== undefined) limits.push({ what: 'in all', max: movesPerHourMax, windowMs: HOUR_MS, counts: () => true })
  if (policy === undefined) return limits
  const { name, movesPerHourMax: max, movesPerNodePerHourMax } = policy
  const isUnder = (move: Move) => move.policy === name
  return [
    ...limits,
    { what: `under policy ${name}`, max, windowMs: HOUR_MS, counts: isUnder },
    {
      what: `under policy ${name} off node ${from}`,
      max: movesPerNodePerHourMax,
      windowMs: HOUR_MS,
      counts: (move) => isUnder(move) && isHere(move),
    },
  ]
}

function refuse(kind: RefusalKind, reason: string): Step {
  return { ok: false, kind, reason }
}
