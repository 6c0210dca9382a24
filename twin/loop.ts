/**
 * The closed loop as a function: from the twin alone to the one next thing to do. Level-triggered, so a
 * restart, a lost wake-up or a second caller changes nothing; whoever runs it acts, and what happened comes
 * back as events.
 */
import type { Placement } from '../models/contracts/decision.ts'
import type { DecisionRecord } from '../models/entities/decision-record.ts'
import { type Decided, type DecideOptions, decide, revalidate, staleFactsThatMatter } from './decide.ts'
import { coolDown, rejectionPause, retryPause } from './move-history.ts'
import { openPlacements, placedPod, placementFault } from './placing.ts'
import { findTrigger, isUrgent, type Trigger } from './triggers.ts'
import type { TwinState } from './twin-state.ts'
import { verificationOf } from './verify.ts'

export type LoopStep =
  | { readonly kind: 'propose'; readonly decided: Extract<Decided, { ok: true }> }
  /** In `auto`, the loop approves what it proposed. */
  | { readonly kind: 'approve'; readonly id: string; readonly reason: string }
  /** A proposal that nobody may follow any more, or a prediction that nobody will ever see verified. */
  | { readonly kind: 'expire'; readonly id: string; readonly reason: string }
  /** The one step that touches the cluster. */
  | { readonly kind: 'apply'; readonly id: string; readonly placement: Placement }
  /** It was done before, and nobody had said so. */
  | { readonly kind: 'record'; readonly id: string; readonly placement: Placement; readonly runsAs: string }
  /** @prop pod Null: all that is left of the plan. */
  | { readonly kind: 'refuse'; readonly id: string; readonly pod: string | null; readonly reason: string }
  | {
      readonly kind: 'verify'
      readonly id: string
      readonly predictedMakespanMs: number
      readonly observedMakespanMs: number
      readonly disturbedBy: string | null
    }
  | { readonly kind: 'rest'; readonly reason: string }

/** More open proposals than so many only hide each other. */
const PROPOSALS_MAX = 5

export function nextLoopStep(state: TwinState, options: DecideOptions): LoopStep {
  const records = [...state.entities.decision.values()].sort(byAge)
  const steps = [() => finishStep(state, records, options), () => proposedStep(state, records, options)]
  for (const step of steps) {
    const found = step()
    if (found !== null) return found
  }
  return freshStep(state, options)
}

/** What was approved is carried out or refused; what was carried out is verified. */
function finishStep(state: TwinState, records: readonly DecisionRecord[], options: DecideOptions): LoopStep | null {
  for (const record of records) {
    if (record.mode !== 'approved' && record.mode !== 'applied') continue
    const step = openPlacements(record).length > 0 ? placeStep(state, record, options) : verifyStep(state, record)
    if (step !== null) return step
  }
  return null
}

function placeStep(state: TwinState, record: DecisionRecord, options: DecideOptions): LoopStep | null {
  const { id, desired, mode } = record
  const [placement] = openPlacements(record)
  if (desired === null || placement === undefined) return null
  const runsAs = placedPod(state, placement)
  if (runsAs !== null) return { kind: 'record', id, placement, runsAs }
  const refuse = (reason: string, pod: string | null = null): LoopStep => ({ kind: 'refuse', id, pod, reason })
  if (state.loopMode !== 'approve' && state.loopMode !== 'auto') {
    return refuse(`mode ${state.loopMode} touches nothing; switch to approve or auto`)
  }
  // Half a plan cannot be compared with a whole one; from the first placement on, each is checked by itself.
  const isFirst = mode === 'approved' && record.reported.refused.length === 0
  const verdict = isFirst ? revalidate(state, desired, options) : { ok: true as const }
  if (!verdict.ok) return refuse(verdict.reason)
  if (state.clockMs > desired.expiresAtMs) return refuse('expired while it was carried out')
  const fault = placementFault(state, placement)
  return fault === null ? { kind: 'apply', id, placement } : refuse(fault, placement.pod)
}

function verifyStep(state: TwinState, record: DecisionRecord): LoopStep | null {
  const { id, predicted } = record
  const verification = verificationOf(state, record)
  if (verification.kind === 'open') return null
  if (verification.kind === 'lost') return { kind: 'expire', id, reason: verification.reason }
  const { observedMakespanMs, disturbedBy } = verification
  return { kind: 'verify', id, predictedMakespanMs: predicted.makespanMs ?? 0, observedMakespanMs, disturbedBy }
}

function proposedStep(state: TwinState, records: readonly DecisionRecord[], options: DecideOptions): LoopStep | null {
  const proposed = records.filter(({ mode }) => mode === 'proposed')
  let rest: LoopStep | null = null
  for (const [index, { id, desired }] of proposed.entries()) {
    if (desired === null) continue
    if (index < proposed.length - PROPOSALS_MAX) return { kind: 'expire', id, reason: `${PROPOSALS_MAX} newer plans are open` }
    const verdict = revalidate(state, desired, options)
    if (!verdict.ok) return { kind: 'expire', id, reason: verdict.reason }
    const stale = state.loopMode === 'auto' ? staleFactsThatMatter(state, desired) : []
    if (state.loopMode === 'auto' && stale.length === 0) return { kind: 'approve', id, reason: 'mode auto' }
    rest = { kind: 'rest', reason: restReason(state, id, stale) }
  }
  return rest
}

function restReason({ loopMode }: TwinState, id: string, stale: readonly string[]): string {
  if (stale.length > 0) return `plan ${id} waits for approval: ${stale[0]}, and that could change the winner`
  return loopMode === 'approve' ? `plan ${id} waits for approval` : `plan ${id} is advice: switch to approve or auto to act on it`
}

function freshStep(state: TwinState, options: DecideOptions): LoopStep {
  if (state.loopMode === 'observe') return { kind: 'rest', reason: 'watching only: switch to advise to get plans' }
  const trigger = findTrigger(state, options)
  if (trigger === null) return { kind: 'rest', reason: 'nothing calls for another placement' }
  const { settings } = options
  const patience = isUrgent(trigger) ? [] : [rejectionPause(state, settings), coolDown(state, settings)]
  const pause = [retryPause(state), ...patience].find(({ leftMs }) => leftMs > 0)
  if (pause) return { kind: 'rest', reason: `${pause.why}: ${(pause.leftMs / 1_000).toFixed(1)} s until a look at ${describe(trigger)}` }
  const decided = decide(state, trigger, options)
  return decided.ok ? { kind: 'propose', decided } : { kind: 'rest', reason: `${describe(trigger)}: ${decided.reason}` }
}

/** By id where times are equal: a map restored from a snapshot has another order than the live one. */
function byAge(a: DecisionRecord, b: DecisionRecord): number {
  return (a.desired?.madeAtMs ?? 0) - (b.desired?.madeAtMs ?? 0) || (a.id < b.id ? -1 : 1)
}

const describe = ({ kind, subject }: Trigger): string => `${kind} at ${subject}`
