/** The twin as it would be right after a plan was applied: the very events a placement sink causes, folded onto a fork. */
import type { Placement } from '../models/contracts/decision.ts'
import type { JournaledEvent, TwinEvent } from '../models/events/events.ts'
import { applyEvents } from './fold.ts'
import type { TwinState } from './twin-state.ts'

/** @param placements In the order in which they would be applied: queues fill in that order. */
export function forkWithPlacements(state: TwinState, placements: readonly Placement[]): TwinState {
  const events = placements.flatMap((placement, index) => eventsOf(state, placement, index))
  // A fork of a fork goes on where the first one stopped, or its events would pass for duplicates.
  const firstOffset = (state.positions.get('fork:0') ?? -1) + 1
  const journaled = events.map((event, index): JournaledEvent => {
    return { sequence: state.sequence + index + 1, position: { topic: 'fork', partition: 0, offset: firstOffset + index }, event }
  })
  return applyEvents(state, journaled)
}

function eventsOf(state: TwinState, { pod: name, to, image }: Placement, index: number): TwinEvent[] {
  const pod = state.entities.pod.get(name)
  const node = state.entities.accelerator.get(to)?.reported.identity?.value.node
  if (pod?.spec == null || node === undefined) return []
  // A millisecond apart, so that the order of binding is the order of the plan.
  const common = { site: state.site ?? 'fork', timeMs: state.clockMs + index, source: 'fork' }
  const bound = { type: 'pod.bound', ...common, node, accelerator: to, image, by: 'edgetwin' } as const
  if (pod.reported.place === null) return [{ ...bound, name }]
  const replacement = `${name}-fork`
  return [
    { type: 'pod.evicted', ...common, name, reason: 'moved', by: 'edgetwin' },
    { type: 'pod.created', ...common, name: replacement, uid: replacement, spec: { ...pod.spec, iteration: pod.spec.iteration + 1 } },
    { ...bound, name: replacement },
  ]
}
