/**
 * The closed loop as a function: from the twin alone to the one next thing to do. Level-triggered, so a
 * restart, a lost wake-up or a second caller changes nothing; whoever runs it acts, and what happened comes
 * back as events.
 */
import type { DecisionRecord } from '../models/entities/decision-record.ts'
import { type Decided, type DecideOptions, decide, revalidate, staleFactsThatMatter } from './decide.ts'
import { findTrigger, isUrgent, type Trigger } from './triggers.ts'
import type { TwinState } from './twin-state.ts'

export type LoopStep =
  /** A proposal that nobody may follow any more. */
  | { readonly kind: 'expire'; readonly id: string; readonly reason: string }
  /** In `auto`, the loop approves what it proposed. */
  | { readonly kind: 'approve'; readonly id: string; readonly reason: string }
  | { readonly kind: 'refuse'; readonly id: string; readonly reason: string }
  | { readonly kind: 'apply'; readonly record: DecisionRecord }
  | { readonly kind: 'verify'; readonly id: string; readonly predictedMakespanMs: number; readonly observedMakespanMs: number }
  | { readonly kind: 'propose'; readonly decided: Extract<Decided, { ok: true }> }
  | { readonly kind: 'rest'; readonly reason: string }

/** Work that has taken this many times as long as predicted, and this long at least, will not verify a prediction any more. */
const NEVER_FINISHED = { factor: 10, leastMs: 60_000 } as const

export function nextLoopStep(state: TwinState, options: DecideOptions): LoopStep {
  const records = [...state.entities.decision.values()]
  return (
    first(records, 'applied', (record) => verifyStep(state, record)) ??
    first(records, 'approved', (record) => applyStep(state, record, options)) ??
    first(records, 'proposed', (record) => proposedStep(state, record, options)) ??
    freshStep(state, records, options)
  )
}

function first(
  records: readonly DecisionRecord[],
  mode: DecisionRecord['mode'],
  step: (record: DecisionRecord) => LoopStep | null,
): LoopStep | null {
  for (const record of records) {
    const found = record.mode === mode ? step(record) : null
    if (found !== null) return found
  }
  return null
}

function verifyStep(state: TwinState, { id, desired }: DecisionRecord): LoopStep | null {
  if (desired === null) return null
  const predictedMakespanMs = desired.predicted.makespanMs
  const requests = desired.requests.map((name) => state.entities.request.get(name))
  const finishes = requests.map((request) => (request === undefined ? 0 : request.reported.completedMs))
  if (finishes.every((finish) => finish !== null)) {
    const observedMakespanMs = Math.max(0, ...finishes.map((finish) => finish - desired.madeAtMs))
    return { kind: 'verify', id, predictedMakespanMs, observedMakespanMs }
  }
  const overdueMs = state.clockMs - desired.madeAtMs - Math.max(NEVER_FINISHED.factor * predictedMakespanMs, NEVER_FINISHED.leastMs)
  return overdueMs > 0 ? { kind: 'expire', id, reason: 'its work never finished, so the prediction stays unverified' } : null
}

function applyStep(state: TwinState, record: DecisionRecord, options: DecideOptions): LoopStep | null {
  if (record.desired === null) return null
  if (state.loopMode !== 'approve' && state.loopMode !== 'auto') {
    return { kind: 'refuse', id: record.id, reason: `mode ${state.loopMode} touches nothing; switch to approve or auto` }
  }
  const verdict = revalidate(state, record.desired, options)
  return verdict.ok ? { kind: 'apply', record } : { kind: 'refuse', id: record.id, reason: verdict.reason }
}

function proposedStep(state: TwinState, { id, desired }: DecisionRecord, options: DecideOptions): LoopStep | null {
  if (desired === null) return null
  const verdict = revalidate(state, desired, options)
  if (!verdict.ok) return { kind: 'expire', id, reason: verdict.reason }
  if (state.loopMode !== 'auto') return { kind: 'rest', reason: restReason(state, id) }
  const stale = staleFactsThatMatter(desired)
  if (stale.length > 0) return { kind: 'rest', reason: `plan ${id} waits for approval: ${stale[0]}, and that could change the winner` }
  return { kind: 'approve', id, reason: 'mode auto' }
}

function restReason(state: TwinState, id: string): string {
  return state.loopMode === 'approve' ? `plan ${id} waits for approval` : `plan ${id} is advice: switch to approve or auto to act on it`
}

function freshStep(state: TwinState, records: readonly DecisionRecord[], options: DecideOptions): LoopStep {
  if (state.loopMode === 'observe') return { kind: 'rest', reason: 'observing only: switch to advise to get plans' }
  const trigger = findTrigger(state, options.settings)
  if (trigger === null) return { kind: 'rest', reason: 'no work waits for a better place' }
  const coolingMs = coolingLeftMs(state, records, options)
  if (coolingMs > 0 && !isUrgent(trigger))
    return { kind: 'rest', reason: `cooling down for ${(coolingMs / 1_000).toFixed(1)} s (${describe(trigger)})` }
  const decided = decide(state, trigger, options)
  return decided.ok ? { kind: 'propose', decided } : { kind: 'rest', reason: `${describe(trigger)}: ${decided.reason}` }
}

function coolingLeftMs(state: TwinState, records: readonly DecisionRecord[], { settings }: DecideOptions): number {
  const lastMs = Math.max(0, ...records.flatMap(({ reported }) => reported.applied.map(({ timeMs }) => timeMs)))
  return lastMs === 0 ? 0 : lastMs + settings.coolDownMs - state.clockMs
}

const describe = ({ kind, subject }: Trigger): string => `${kind} at ${subject}`
