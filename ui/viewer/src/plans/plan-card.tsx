/** One plan: why it was made, what it would move and gain, the two buttons while it waits, and afterwards prediction against reality. */
import { useState } from 'react'
import type { Decision } from '../../../../models/contracts/decision.ts'
import type { DecisionRecord } from '../../../../models/entities/decision-record.ts'
import { age, clockTime, counted, duration, percent, readable } from '../format.ts'
import { useWhyNot } from '../live/access.ts'
import { type Answer, api, type Problem } from '../live/api.ts'
import { usePage } from '../live/store.ts'
import type { Tone } from '../map/signs.ts'
import { Mark } from '../parts/marks.tsx'
import { ProblemNote } from '../parts/problem-note.tsx'
import { Told } from '../parts/told.tsx'

const TONES: Readonly<Record<DecisionRecord['mode'], Tone>> = {
  expected: 'muted',
  proposed: 'accent',
  approved: 'accent',
  applied: 'accent',
  verified: 'good',
  rejected: 'muted',
  expired: 'muted',
  refused: 'warn',
}

export function PlanCard({ record, nowMs, isFirst }: { record: DecisionRecord; nowMs: number; isFirst: boolean }) {
  const { id, mode, desired, reported } = record
  // Kept here, because a plan that is refused stops waiting and its buttons go.
  const [problem, setProblem] = useState<Problem | null>(null)
  return (
    <details className="plan" data-testid={`plan-${id}`} open={isFirst || mode === 'proposed'}>
      <summary>
        <Mark tone={TONES[mode]}>{mode}</Mark>
        <span className="plan-title">
          <Told text={desired?.summary || id} />
        </span>
        <span className="fine plan-age">{desired === null ? '' : `${age(nowMs - desired.madeAtMs)} ago`}</span>
      </summary>
      <div className="plan-body">
        {desired === null ? null : <Prediction decision={desired} />}
        {mode === 'proposed' && desired !== null ? <Verdict decision={desired} nowMs={nowMs} onProblem={setProblem} /> : null}
        <ProblemNote problem={problem} />
        {reported.observedMakespanMs === null ? null : (
          <p className="plan-outcome">
            Observed <b>{duration(reported.observedMakespanMs)}</b>, predicted <b>{duration(record.predicted.makespanMs)}</b>: off by{' '}
            <b>{percent(reported.errorRatio, 1)}</b>.
          </p>
        )}
        {desired === null ? null : <Moves decision={desired} applied={reported.applied} />}
        <h3>What happened</h3>
        <ol className="plain steps">
          {reported.steps.map(({ timeMs, what, by, detail }) => (
            <li key={`${timeMs} ${what} ${detail}`}>
              <time>{clockTime(timeMs, nowMs)}</time>
              <span>
                <b>{what}</b>
                {by === '' ? '' : ` by ${by}`}
                {detail === '' || detail === desired?.summary ? null : (
                  <>
                    : <Told text={detail} />
                  </>
                )}
              </span>
            </li>
          ))}
        </ol>
      </div>
    </details>
  )
}

function Prediction({ decision: { trigger, algorithm, className, predicted, placements, assumes, sequence } }: { decision: Decision }) {
  const staleCount = assumes.filter(({ freshness }) => freshness !== 'fresh').length
  return (
    <>
      <dl className="figures">
        <Figure title="makespan" value={duration(predicted.makespanMs)} />
        <Figure
          title="if nothing is done"
          value={predicted.unchangedMakespanMs === null ? 'never ends' : duration(predicted.unchangedMakespanMs)}
        />
        <Figure title="gain" value={percent(predicted.gainRatio)} />
        <Figure title="moves" value={String(placements.length)} />
      </dl>
      <p className="fine">
        {trigger.kind}
        {trigger.subject === '' ? '' : ` of ${trigger.subject}`}
        {trigger.detail === '' ? '' : `: ${readable(trigger.detail)}`} · {algorithm}
        {className === null ? '' : `, class ${className}`} · on journal position {sequence}
        {assumes.length === 0 ? '' : ` · rests on ${counted(assumes.length, 'fact')}, ${staleCount} not fresh`}
      </p>
    </>
  )
}

function Figure({ title, value }: { title: string; value: string }) {
  return (
    <div>
      <dt>{title}</dt>
      <dd>{value}</dd>
    </div>
  )
}

interface VerdictProps {
  readonly decision: Decision
  readonly nowMs: number
  readonly onProblem: (problem: Problem | null) => void
}

function Verdict({ decision: { id, expiresAtMs }, nowMs, onProblem }: VerdictProps) {
  const { past } = usePage()
  const [reason, setReason] = useState('')
  const [isSending, setIsSending] = useState(false)
  const leftMs = expiresAtMs - nowMs
  const say = async (send: (id: string, reason: string) => Promise<Answer<unknown>>) => {
    setIsSending(true)
    const answer = await send(id, reason)
    onProblem(answer.ok ? null : answer.problem)
    setIsSending(false)
  }
  const whyNot = useWhyNot('create placements/apply')
  const why = past !== null ? 'The past cannot be changed: go back to live.' : leftMs <= 0 ? 'It has expired.' : whyNot
  return (
    <div className="verdict">
      <label className="field">
        <span>Reason (kept in the audit)</span>
        <input type="text" value={reason} maxLength={200} onChange={({ target }) => setReason(target.value)} />
      </label>
      <div className="buttons">
        <button
          type="button"
          className="primary"
          data-testid="plan-approve"
          disabled={why !== '' || isSending}
          onClick={() => void say(api.approve)}
        >
          Approve
        </button>
        <button type="button" data-testid="plan-reject" disabled={why !== '' || isSending} onClick={() => void say(api.reject)}>
          Reject
        </button>
        <span className="fine">{why || `expires in ${age(leftMs)}`}</span>
      </div>
    </div>
  )
}

function Moves({ decision: { placements }, applied }: { decision: Decision; applied: DecisionRecord['reported']['applied'] }) {
  const done = new Map(applied.map(({ pod, runsAs }) => [pod, runsAs]))
  return (
    <div>
      <table className="moves">
        <thead>
          <tr>
            <th scope="col">pod</th>
            <th scope="col">from</th>
            <th scope="col">to</th>
            <td />
          </tr>
        </thead>
        <tbody>
          {placements.slice(0, 100).map(({ pod, from, to }) => (
            <tr key={pod}>
              <th scope="row">{pod}</th>
              <td>{from ?? 'waiting'}</td>
              <td>{to}</td>
              <td title={done.get(pod) === pod ? undefined : done.get(pod)}>{done.has(pod) ? 'done' : ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {placements.length > 100 ? <p className="fine">and {placements.length - 100} more</p> : null}
    </div>
  )
}
