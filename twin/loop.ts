/**
 * The closed loop as a function: from the twin alone to the one next thing to do. Level-triggered, so a
 * restart, a lost wake-up or a second caller changes nothing; whoever runs it acts, and what happened comes
 * back as events.
 */
import type { Placement } from '../models/contracts/decision.ts'
import type { DecisionRecord } from '../models/entities/decision-record.ts'
import type { Pod } from '../models/entities/pod.ts'
import type { LoopMode } from '../models/events/decision-events.ts'
import { type Decided, type DecideOptions, decide, revalidate, staleFactsThatMatter } from './decide.ts'
import { placeObjection } from './may-place.ts'
import { coolDown, rejectionPause, retryPause } from './move-history.ts'
import { openPlacements, placedPod } from './placing.ts'
import { modeFor, policyOf, type RulesFor, type Scope, scopesOf, withoutRules } from './pod-rules.ts'
import { findTrigger, isUrgent, type Trigger } from './triggers.ts'
import type { TwinState } from './twin-state.ts'
import { verificationOf } from './verify.ts'
import { waitingPods } from './waiting-work.ts'

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

export interface LoopStepOptions extends Pick<DecideOptions, 'id' | 'registry' | 'settings'> {
  /** Where people may allow more or less for single pods. */
  readonly rulesFor?: RulesFor
}

/** More open proposals of one policy than so many only hide each other. */
const PROPOSALS_MAX = 5
const NOTHING = 'nothing calls for another placement'
/** Pods of one owner come one after the other: people are asked once for all of them. */
const GATHER_MS = { quiet: 1_500, most: 5_000 } as const

export function nextLoopStep(state: TwinState, options: LoopStepOptions): LoopStep {
  const records = [...state.entities.decision.values()].sort(byAge)
  const steps = [() => finishStep(state, records, options), () => proposedStep(state, records, options)]
  let waits: LoopStep | null = null
  for (const step of steps) {
    const found = step()
    if (found !== null && found.kind !== 'rest') return found
    waits ??= found
  }
  const fresh = freshStep(state, records, options)
  if (fresh.kind !== 'rest' || waits?.kind !== 'rest') return fresh
  return fresh.reason === NOTHING ? waits : { kind: 'rest', reason: `${waits.reason}; ${fresh.reason}` }
}

/** What was approved is carried out or refused; what was carried out is verified. */
function finishStep(state: TwinState, records: readonly DecisionRecord[], options: LoopStepOptions): LoopStep | null {
  for (const record of records) {
    if (record.mode !== 'approved' && record.mode !== 'applied') continue
    const step = openPlacements(record).length > 0 ? placeStep(state, record, options) : verifyStep(state, record)
    if (step !== null) return step
  }
  return null
}

function placeStep(state: TwinState, record: DecisionRecord, options: LoopStepOptions): LoopStep | null {
  const { id, desired } = record
  const [placement] = openPlacements(record)
  if (desired === null || placement === undefined) return null
  const runsAs = placedPod(state, placement)
  if (runsAs !== null) return { kind: 'record', id, placement, runsAs }
  const objection = placeObjection(state, { record, placement }, options)
  return objection === null ? { kind: 'apply', id, placement } : { kind: 'refuse', id, ...objection }
}

function verifyStep(state: TwinState, record: DecisionRecord): LoopStep | null {
  const { id, predicted } = record
  const verification = verificationOf(state, record)
  if (verification.kind === 'open') return null
  if (verification.kind === 'lost') return { kind: 'expire', id, reason: verification.reason }
  const { observedMakespanMs, disturbedBy } = verification
  return { kind: 'verify', id, predictedMakespanMs: predicted.makespanMs ?? 0, observedMakespanMs, disturbedBy }
}

function proposedStep(state: TwinState, records: readonly DecisionRecord[], options: LoopStepOptions): LoopStep | null {
  let rest: LoopStep | null = null
  for (const [, proposed] of Map.groupBy(records.filter(isOpen), policyOf)) {
    for (const [index, { id, desired }] of proposed.entries()) {
      if (desired === null) continue
      if (index < proposed.length - PROPOSALS_MAX) return { kind: 'expire', id, reason: `${PROPOSALS_MAX} newer plans are open` }
      const verdict = revalidate(state, desired, options)
      if (!verdict.ok) return { kind: 'expire', id, reason: verdict.reason }
      const pods = desired.placements.map(({ pod }) => pod)
      const mode = modeFor(state, pods, options.rulesFor)
      if (mode === 'observe' && state.loopMode !== 'observe')
        return { kind: 'expire', id, reason: 'a policy of its pods is in mode observe' }
      const stale = mode === 'auto' ? staleFactsThatMatter(state, desired) : []
      if (mode === 'auto' && stale.length === 0) return { kind: 'approve', id, reason: 'mode auto' }
      rest = { kind: 'rest', reason: restReason(mode, id, stale) }
    }
  }
  return rest
}

function restReason(mode: LoopMode, id: string, stale: readonly string[]): string {
  if (stale.length > 0) return `plan ${id} waits for approval: ${stale[0]}, and that could change the winner`
  return mode === 'approve' ? `plan ${id} waits for approval` : `plan ${id} is advice: switch to approve or auto to act on it`
}

/** The most urgent of what calls for another placement, of any policy. */
function freshStep(state: TwinState, records: readonly DecisionRecord[], options: LoopStepOptions): LoopStep {
  const rest = (reason: string): LoopStep => ({ kind: 'rest', reason })
  if (state.loopMode === 'observe') return rest('watching only: switch to advise to get plans')
  const open = Map.groupBy(records.filter(isOpen), policyOf)
  const reasons: string[] = []
  const found: { readonly scope: Scope; readonly trigger: Trigger }[] = []
  for (const all of scopesOf(state, options)) {
    const plans = open.get(all.policy) ?? []
    const asked = new Set(plans.flatMap(({ desired }) => desired?.placements ?? []).map(({ pod }) => pod))
    const scope = { ...all, isOurs: (pod: Pod) => !asked.has(pod.name) && all.isOurs(pod) }
    if (scope.mode === 'observe') {
      reasons.push(`policy ${scope.policy} is in mode observe`)
      continue
    }
    const trigger = findTrigger(state, { ...options, isOurs: scope.isOurs })
    // While people are asked about some pods, only what cannot wait is asked about beside them.
    if (trigger === null || (plans.length > 0 && !isUrgent(trigger)) || plans.length >= PROPOSALS_MAX) continue
    found.push({ scope, trigger })
  }
  for (const { scope, trigger } of found.sort((a, b) => Number(isUrgent(b.trigger)) - Number(isUrgent(a.trigger)))) {
    const step = proposeFor(state, { scope, trigger, options })
    if (typeof step !== 'string') return step
    reasons.unshift(step)
  }
  return rest([...reasons, ...staying(state, options), NOTHING][0]!)
}

interface Wish {
  readonly scope: Scope
  readonly trigger: Trigger
  readonly options: LoopStepOptions
}

/** @returns why nothing is proposed, in words. */
function proposeFor(state: TwinState, { scope, trigger, options: { id, registry } }: Wish): LoopStep | string {
  const { settings, policy } = scope
  const patience = isUrgent(trigger) ? [] : [rejectionPause(state, settings, policy), coolDown(state, settings)]
  const pause = [retryPause(state, policy), ...patience].find(({ leftMs }) => leftMs > 0)
  if (pause) return `${pause.why}: ${(pause.leftMs / 1_000).toFixed(1)} s until a look at ${describe(trigger)}`
  if (scope.mode !== 'auto' && stillComing(state, scope)) return `${describe(trigger)}: waits a moment whether more pods come`
  const decided = decide(state, trigger, { ...scope, id, registry })
  return decided.ok ? { kind: 'propose', decided } : `${describe(trigger)}: ${decided.reason}`
}

function stillComing(state: TwinState, { isOurs }: Scope): boolean {
  const unplaced = waitingPods(state).filter((pod) => pod.reported.place === null && isOurs(pod))
  const agesMs = unplaced.map(({ reported: { createdMs } }) => state.clockMs - (createdMs ?? 0))
  // Clocks of a site may be ahead of ours: such an age says nothing.
  return agesMs.some((ageMs) => ageMs >= 0 && ageMs < GATHER_MS.quiet) && agesMs.every((ageMs) => ageMs < GATHER_MS.most)
}

/** Of pods that cannot work where they are and must not be taken from there. */
function staying(state: TwinState, { rulesFor = withoutRules }: LoopStepOptions): string[] {
  return waitingPods(state).flatMap(({ name, reported }) => {
    const why = reported.place === null ? null : rulesFor(name).stays
    return why === null ? [] : [`pod ${name} stays on ${reported.place?.accelerator}: ${why}`]
  })
}

const isOpen = ({ mode }: DecisionRecord): boolean => mode === 'proposed'

/** By id where times are equal: a map restored from a snapshot has another order than the live one. */
function byAge(a: DecisionRecord, b: DecisionRecord): number {
  return (a.desired?.madeAtMs ?? 0) - (b.desired?.madeAtMs ?? 0) || (a.id < b.id ? -1 : 1)
}

const describe = ({ kind, subject }: Trigger): string => `${kind} at ${subject}`
