/** The answer to a question: the winner and why, all algorithms ranked, the load class, both schedules, and why each request goes where it goes. */
import { useState } from 'react'
import type { AlgorithmName, Outcome, WhatIfAnswer } from '../../../../models/contracts/what-if.ts'
import { clockTime, counted, duration, percent } from '../format.ts'
import { SelectField } from '../parts/fields.tsx'
import { describeEdit } from './edits.ts'
import { GanttChart } from './gantt.tsx'
import { LoadClassCard } from './load-class.tsx'
import { Propose } from './propose.tsx'
import { ALGORITHM_TITLES, PICKED_TITLES } from './question.ts'
import { Ranking } from './ranking.tsx'
import { RequestChoices } from './request-choices.tsx'

/** @param text The scenario, when it was asked in words. */
export function AnswerView({ answer, text }: { answer: WhatIfAnswer; text: string | null }) {
  const { infeasible, query, basis, loadClass, processors } = answer
  // Of no work every schedule is empty, and none is better.
  const outcomes = answer.outcomes.filter(({ tasks }) => tasks.length > 0)
  const isEmpty = answer.outcomes.length > 0 && outcomes.length === 0
  const best = outcomes[0]
  const [chosen, setChosen] = useState<AlgorithmName | null>(best?.algorithm ?? null)
  const others = outcomes.filter((outcome) => outcome !== best)
  const [against, setAgainst] = useState<string>(() => firstComparison(outcomes)?.algorithm ?? '')
  const second = others.find(({ algorithm }) => algorithm === against) ?? null
  const outcome = outcomes.find(({ algorithm }) => algorithm === chosen) ?? best
  return (
    <article className="answer" data-testid="whatif-results" aria-label="Answer">
      <header>
        <h2>{isEmpty ? 'There is nothing to schedule' : best === undefined ? 'No algorithm found a schedule' : headline(outcomes)}</h2>
        <p className="fine">
          {query.edits.length === 0 ? 'The site as it is' : `If: ${query.edits.map(describeEdit).join('; ')}`} ·{' '}
          {counted(best?.requests.length ?? (isEmpty ? 0 : loadClass.requestCount), 'request')} on{' '}
          {counted(processors.length, 'accelerator')} · twin of {clockTime(basis.timeMs, Date.now())}, position {basis.sequence}, state{' '}
          {basis.stateHash.slice(0, 10)}
        </p>
        {text === null ? null : <code className="scenario-line">{text}</code>}
      </header>
      {best === undefined ? null : <p className="why">{whyBest(answer)}</p>}
      {best === undefined ? null : <Ranking outcomes={outcomes} chosen={outcome?.algorithm ?? null} onChoose={setChosen} />}
      {infeasible.map(({ algorithm, reason }) => (
        <p key={algorithm} className="note is-warn">
          <b>{ALGORITHM_TITLES[algorithm]}</b> found no schedule: {reason}
        </p>
      ))}
      <div className="answer-columns">
        {outcome === undefined ? null : <Propose answer={answer} outcome={outcome} />}
        <LoadClassCard loadClass={answer.loadClass} />
      </div>
      <Doubts answer={answer} />
      {best === undefined ? null : (
        <section>
          <div className="section-head">
            <h3>
              <span className="key is-filled" /> {ALGORITHM_TITLES[best.algorithm]} <span className="key" /> against
            </h3>
            <SelectField
              label="Compare with"
              isLabelShown={false}
              value={second?.algorithm ?? ''}
              options={others.map(({ algorithm }) => algorithm)}
              titles={ALGORITHM_TITLES}
              onChange={setAgainst}
            />
          </div>
          <GanttChart answer={answer} first={best} second={second} />
        </section>
      )}
      {outcome === undefined ? null : <RequestChoices answer={answer} outcome={outcome} />}
    </article>
  )
}

/** Local is the baseline; without it the best one that differs, since DHS often repeats its pick. */
function firstComparison([best, ...others]: readonly Outcome[]): Outcome | undefined {
  const differs = ({ makespanMs }: Outcome) => Math.abs(makespanMs - (best?.makespanMs ?? 0)) > 0.5
  return others.find(({ algorithm }) => algorithm === 'local') ?? others.find(differs) ?? others[0]
}

function headline(outcomes: readonly Outcome[]): string {
  const best = outcomes[0]!
  const local = outcomes.find(({ algorithm }) => algorithm === 'local')
  const name =
    best.picked === null ? ALGORITHM_TITLES[best.algorithm] : `${ALGORITHM_TITLES[best.algorithm]} (${PICKED_TITLES[best.picked]})`
  const than = local === undefined || local === best ? '' : `, ${percent(1 - best.makespanMs / local.makespanMs)} sooner than local`
  return `${name} is done in ${duration(best.makespanMs)}${than}`
}

function whyBest({ outcomes, query: { objective } }: WhatIfAnswer): string {
  const [best, next] = outcomes
  if (best === undefined) return ''
  const bound = `The least that any schedule needs is ${duration(best.lowerBoundMs)}; this one is ${percent(best.gapRatio, 1)} above it.`
  if (next === undefined) return `Best, because it is the only one. ${bound}`
  if (objective.kind === 'weighted' || objective.order[0] !== 'makespan') return `Best by ${describeObjective(objective)}. ${bound}`
  const versus = ALGORITHM_TITLES[next.algorithm]
  if (next.makespanMs - best.makespanMs > 0.5) {
    return `Best, because its last task ends first: ${duration(next.makespanMs - best.makespanMs)} before ${versus}. ${bound}`
  }
  if (next.meanLatencyMs - best.meanLatencyMs > 0.5) {
    return `Best, because at the same makespan as ${versus} its requests wait ${duration(next.meanLatencyMs - best.meanLatencyMs)} less on average. ${bound}`
  }
  return next.moveCount > best.moveCount
    ? `Best, because it ends like ${versus} with fewer moves. ${bound}`
    : `As good as ${versus}. ${bound}`
}

function describeObjective(objective: WhatIfAnswer['query']['objective']): string {
  if (objective.kind === 'lexicographic') return objective.order.join(', then ')
  return Object.entries(objective.weights)
    .map(([criterion, weight]) => `${weight} × ${criterion}`)
    .join(' + ')
}

function Doubts({ answer: { warnings, staleFacts } }: { answer: WhatIfAnswer }) {
  if (warnings.length === 0 && staleFacts.length === 0) return null
  return (
    <section className="note is-warn">
      <h3>Read with care</h3>
      <ul>
        {warnings.map((warning) => (
          <li key={warning}>{warning}</li>
        ))}
        {staleFacts.slice(0, 20).map(({ entity, group, source, ageMs, freshness }) => (
          <li key={`${entity} ${group}`}>
            {group} of <b>{entity}</b> is {freshness}: {duration(ageMs)} old, told by {source}
          </li>
        ))}
        {staleFacts.length > 20 ? <li>and {counted(staleFacts.length - 20, 'more old fact')}</li> : null}
      </ul>
    </section>
  )
}
