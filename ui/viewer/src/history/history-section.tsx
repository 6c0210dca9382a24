/** The history of the chosen thing. The charts come with a chunk of their own when they are first needed. */
import { lazy, Suspense } from 'react'
import type { TransitionKind } from '../../../../models/contracts/history.ts'

const HistoryCharts = lazy(async () => ({ default: (await import('./history-charts.tsx')).HistoryCharts }))

export function HistorySection({ kind, name }: { kind: TransitionKind; name: string }) {
  return (
    <Suspense fallback={<section className="details-group history" />}>
      <HistoryCharts kind={kind} name={name} />
    </Suspense>
  )
}
