/** Which schedules can become plans: those of what really waits now, in the pieces that pods run, on the site as it is. */
import type { Outcome, WhatIfAnswer } from '../../../../models/contracts/what-if.ts'

/** @returns null when the outcome can become a plan. */
export function whyNotProposable({ query }: Pick<WhatIfAnswer, 'query'>, { placements }: Pick<Outcome, 'placements'>): string | null {
  if (query.base.kind !== 'now') return 'It started from the past: ask again from now.'
  if (query.granularity !== 'stage') return 'Blocks are for study: ask in stages, which is what pods run.'
  if (query.workload !== 'waiting') return 'Made-up work cannot be placed: ask for “what waits or runs now”.'
  if (query.edits.length > 0) return 'The changes are not real: ask without them.'
  if (placements.length === 0) return 'There is nothing to place.'
  return null
}
