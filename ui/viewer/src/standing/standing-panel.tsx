/** What the twin works out by itself all the time: the worst single loss, the class of the load, the regret of each policy. */
import { useNamespaces } from '../live/access.ts'
import { api } from '../live/api.ts'
import { ProblemNote } from '../parts/problem-note.tsx'
import { usePolled } from '../parts/use-polled.ts'
import { Losses } from './losses.tsx'
import { RadarCard } from './radar-card.tsx'
import { Regret } from './regret.tsx'

export function StandingPanel() {
  const namespaces = useNamespaces()
  if (namespaces === null) return <Standing />
  const isOfAll = 'These are figures of all work together, shown to those who may read the twin in all namespaces'
  return (
    <p className="pad fine" data-testid="standing-unseen">
      {namespaces === undefined ? 'Asking…' : `${isOfAll}; you see ${namespaces.join(', ')}.`}
    </p>
  )
}

function Standing() {
  const { value, problem, isMissing } = usePolled(api.standing)
  return (
    <div className="pad standing">
      {isMissing ? <p className="fine">The standing report is not available from this server.</p> : <ProblemNote problem={problem} />}
      {value === null ? isMissing || problem !== null ? null : <p className="fine">Asking…</p> : <Losses report={value.nMinusOne} />}
      {value === null ? null : <RadarCard radar={value.radar} />}
      <Regret />
    </div>
  )
}
