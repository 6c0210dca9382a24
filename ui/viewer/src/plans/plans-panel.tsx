/** The plans of the twin, those that wait first, then newest first; the audit of what became of each. */
import { useTwin } from '../live/store.ts'
import { useTwinNow } from '../live/twin-time.ts'
import { LoopSwitch } from './loop-mode.tsx'
import { PlanCard } from './plan-card.tsx'
import { sortedPlans } from './sorted-plans.ts'

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
