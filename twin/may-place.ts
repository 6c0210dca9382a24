/**
 * Whether a placement of an approved plan may be made on the twin as it is now. Asked by the loop before it hands it on, and again by
 * whoever acts before each try: between the two, seconds may have passed.
 */
import type { Placement } from '../models/contracts/decision.ts'
import type { DecisionRecord } from '../models/entities/decision-record.ts'
import { touchesNothing } from '../models/events/decision-events.ts'
import { type RevalidateOptions, revalidate } from './decide.ts'
import { placementFault } from './placing.ts'
import { modeFor } from './pod-rules.ts'
import type { TwinState } from './twin-state.ts'

/** As whom the loop approves. */
export const LOOP = 'loop'

/** @prop pod Null: it stands against all that is left of the plan. */
export interface Objection {
  readonly pod: string | null
  readonly reason: string
}

export function placeObjection(
  state: TwinState,
  { record, placement }: { readonly record: DecisionRecord; readonly placement: Placement },
  options: RevalidateOptions,
): Objection | null {
  const { desired, reported } = record
  const to = (reason: string, pod: string | null = null): Objection => ({ pod, reason })
  if (desired === null) return to('its content is not known')
  if (touchesNothing(state.loopMode)) return to(`mode ${state.loopMode} touches nothing; switch to approve or auto`)
  const mode = modeFor(state, [placement.pod], options.rulesFor)
  const policy = options.rulesFor?.(placement.pod).policy
  if (touchesNothing(mode)) return to(`policy ${policy} is in mode ${mode}, which touches nothing`, placement.pod)
  if (mode === 'approve' && state.loopMode === 'auto' && approverOf(record) === LOOP)
    return to(`policy ${policy} wants plans approved by a person, and this one was not`, placement.pod)
  // Half a plan cannot be compared with a whole one; from the first placement on, each is checked by itself.
  const isFirst = record.mode === 'approved' && reported.refused.length === 0
  const verdict = isFirst ? revalidate(state, desired, options) : { ok: true as const }
  if (!verdict.ok) return to(verdict.reason)
  if (state.clockMs > desired.expiresAtMs) return to('expired while it was carried out')
  const fault = placementFault(state, placement)
  return fault === null ? null : to(fault, placement.pod)
}

const approverOf = ({ reported }: DecisionRecord): string | null => reported.steps.find(({ what }) => what === 'approved')?.by ?? null
