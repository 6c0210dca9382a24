/** The plans of the twin, those that wait first, then newest first; the audit of what became of each. */
import type { DecisionRecord } from '../../../../models/entities/decision-record.ts'
import { useTwin } from '../live/store.ts'
import { useTwinNow } from '../live/twin-time.ts'
import { LoopSwitch } from './loop-mode.tsx'
import { PlanCard } from './plan-card.tsx'

const SHOWN_MAX = 30

export function PlansPanel() {
  const { entities } = useTwin()
  const nowMs = useTwinNow()
  const records = sortedPlans(entities.decision.values())
  return (
    <>
      <LoopSwitch />
      {records.length === 0 ? (
        <p className="empty">
          No plan yet. Ask a what-if and propose its winner, or set the loop to <b>advise</b>.
        </p>
      ) : null}
      {records.slice(0, SHOWN_MAX).map((record, index) => (
        <PlanCard key={record.id} record={record} nowMs={nowMs} isFirst={index === 0} />
      ))}
      {records.length > SHOWN_MAX ? (
        <p className="fine pad">{records.length - SHOWN_MAX} older plans: twinctl plan list shows all.</p>
      ) : null}
    </>
  )
}

export function sortedPlans(records: Iterable<DecisionRecord>): DecisionRecord[] {
  const waits = ({ mode }: DecisionRecord) => (mode === 'proposed' ? 1 : 0)
  const madeMs = ({ desired, reported }: DecisionRecord) => desired?.madeAtMs ?? reported.steps[0]?.timeMs ?? 0
  return [...records].sort((a, b) => waits(b) - waits(a) || madeMs(b) - madeMs(a) || (a.id < b.id ? -1 : 1))
}
