/** Turns the chosen schedule into a plan that waits for approval; where that cannot be, the button says why. */
import { useState } from 'react'
import type { Outcome, WhatIfAnswer } from '../../../../models/contracts/what-if.ts'
import { counted } from '../format.ts'
import { useWhyNot } from '../live/access.ts'
import { api, type Problem } from '../live/api.ts'
import { changeHash } from '../live/page-hash.ts'
import { ProblemNote } from '../parts/problem-note.tsx'
import { whyNotProposable } from './proposable.ts'
import { ALGORITHM_TITLES } from './question.ts'

export function Propose({ answer, outcome }: { answer: WhatIfAnswer; outcome: Outcome }) {
  const [problem, setProblem] = useState<Problem | null>(null)
  const [isSending, setIsSending] = useState(false)
  const whyNot = useWhyNot('create placements')
  const why = whyNotProposable(answer, outcome) ?? (whyNot || null)
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
