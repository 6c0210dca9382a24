/**
 * Looks at an action once more on the newest twin, right before each try to do it: what was decided seconds ago may have become wrong,
 * and a person may have said no since.
 */
import type { PlaceAction } from '../connectors/kubernetes/act/actions.ts'
import { twinPodName } from '../connectors/kubernetes/names.ts'
import { touchesNothing } from '../models/events/decision-events.ts'
import type { RevalidateOptions } from '../twin/decide.ts'
import { placeObjection } from '../twin/may-place.ts'
import type { TwinState } from '../twin/twin-state.ts'

/** @returns why it no longer is the thing to do; null: it is. */
export function actionObjection(state: TwinState, { decision, pod }: PlaceAction, options: RevalidateOptions): string | null {
  const record = state.entities.decision.get(decision)
  if (record === undefined) return `there is no plan ${decision} any more`
  const name = twinPodName(pod)
  const placement = record.desired?.placements.find((each) => each.pod === name)
  // What replaces a pod that was evicted must go somewhere, and whether it can is asked of the cluster; only a stop is heard still.
  if (placement === undefined) return touchesNothing(state.loopMode) ? `mode ${state.loopMode} touches nothing` : null
  return placeObjection(state, { record, placement }, options)?.reason ?? null
}
