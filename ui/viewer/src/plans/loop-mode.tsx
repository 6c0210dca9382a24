/** How far the loop may go. Each mode says what it will do before it is chosen. */
import { useState } from 'react'
import type { LoopMode } from '../../../../models/events/decision-events.ts'
import { useWhyNot } from '../live/access.ts'
import { api, type Problem } from '../live/api.ts'
import { usePage } from '../live/store.ts'
import { Choice, type Option } from '../parts/choice.tsx'
import { ProblemNote } from '../parts/problem-note.tsx'
import { Told } from '../parts/told.tsx'

const HINTS: Readonly<Record<LoopMode, string>> = {
  observe: 'Only watch. No plan is made, nothing is touched.',
  advise: 'Make plans and show them. Nothing is touched.',
  approve: 'Make plans; apply those that you approve.',
  auto: 'Make plans and apply them at once, if they still hold on the newest twin.',
}
export const LOOP_OPTIONS: readonly Option<LoopMode>[] = (Object.keys(HINTS) as LoopMode[]).map((value) => ({
  value,
  title: value,
  hint: HINTS[value],
}))

export function LoopSwitch() {
  const { live, past } = usePage()
  const [problem, setProblem] = useState<Problem | null>(null)
  const why = useWhyNot('update policies')
  const mode = live.status?.loopMode ?? null
  const change = async (next: LoopMode) => {
    const answer = await api.setLoopMode(next)
    setProblem(answer.ok ? null : answer.problem)
  }
  return (
    <section className="loop">
      <Choice
        legend="Loop"
        options={LOOP_OPTIONS}
        value={mode}
        onChange={(next) => void change(next)}
        testId="loop-mode"
        isDisabled={why !== ''}
      />
      {why === '' ? null : <p className="fine">{why}</p>}
      <p className="fine loop-hint">
        {mode === null ? 'Not connected.' : HINTS[mode]}
        {past === null ? '' : ' (The switch is live even while you look at the past.)'}
      </p>
      <p className="loop-status">
        <Told text={live.status?.loopStatus || 'The loop has told nothing yet.'} />
      </p>
      <ProblemNote problem={problem} />
    </section>
  )
}
