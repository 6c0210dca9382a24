/** Turns the chosen schedule into a plan that waits for approval; where that cannot be, the button says why. */
import { useState } from 'react'
import type { Outcome, WhatIfAnswer } from '../../../../models/contracts/what-if.ts'
import { counted } from '../format.ts'
import { api, type Problem } from '../live/api.ts'
import { changeHash } from '../live/page-hash.ts'
import { ProblemNote } from '../parts/problem-note.tsx'
import { ALGORITHM_TITLES } from './question.ts'

export function Propose({ answer, outcome }: { answer: WhatIfAnswer; outcome: Outcome }) {
  const [problem, setProblem] = useState<Problem | null>(null)
  const [isSending, setIsSending] = useState(false)
  const why = whyNotProposable(answer, outcome)
  const propose = async () => {
    setIsSending(true)
    const result = await api.propose(answer.id, outcome.algorithm)
    setIsSending(false)
    setProblem(result.ok ? null : result.problem)
    if (result.ok) changeHash({ panel: 'plans' })
  }
  return (
    <section className="card">
      <h3>Do it?</h3>
      <p className="fine">
        {outcome.placements.length === 0
          ? `${ALGORITHM_TITLES[outcome.algorithm]} places no pod.`
          : `${ALGORITHM_TITLES[outcome.algorithm]} places ${counted(outcome.placements.length, 'pod')}, ${counted(outcome.moveCount, 'move')}. The plan then waits for approval and is checked again on the newest twin before anything is touched.`}
      </p>
      <div className="buttons">
        <button
          type="button"
          className="primary"
          data-testid="whatif-propose"
          disabled={why !== null || isSending}
          onClick={() => void propose()}
        >
          Propose as plan
        </button>
      </div>
      {why === null ? null : <p className="fine">{why}</p>}
      <ProblemNote problem={problem} />
    </section>
  )
}

/** @returns null when the outcome can become a plan. */
export function whyNotProposable({ query }: Pick<WhatIfAnswer, 'query'>, { placements }: Pick<Outcome, 'placements'>): string | null {
  if (query.base.kind !== 'now') return 'It started from the past: ask again from now.'
  if (query.granularity !== 'stage') return 'Blocks are for study: ask in stages, which is what pods run.'
  if (query.workload !== 'waiting') return 'Made-up work cannot be placed: ask for “what waits or runs now”.'
  if (query.edits.length > 0) return 'The changes are not real: ask without them.'
  if (placements.length === 0) return 'There is nothing to place.'
  return null
}
