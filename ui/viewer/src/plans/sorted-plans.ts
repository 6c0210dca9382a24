/** The order of plans: those that wait for somebody first, then the newest. Ties go by id. */
import type { DecisionRecord } from '../../../../models/entities/decision-record.ts'

export function sortedPlans(records: Iterable<DecisionRecord>): DecisionRecord[] {
  const waits = ({ mode }: DecisionRecord) => (mode === 'proposed' ? 1 : 0)
  const madeMs = ({ desired, reported }: DecisionRecord) => desired?.madeAtMs ?? reported.steps[0]?.timeMs ?? 0
  return [...records].sort((a, b) => waits(b) - waits(a) || madeMs(b) - madeMs(a) || (a.id < b.id ? -1 : 1))
}
