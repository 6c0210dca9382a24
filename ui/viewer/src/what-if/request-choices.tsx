/** Why each request goes where it goes: its earliest finish on every accelerator, and why some cannot serve it. */
import { useState } from 'react'
import type { Outcome, WhatIfAnswer } from '../../../../models/contracts/what-if.ts'
import { counted, duration } from '../format.ts'
import { Mark } from '../parts/marks.tsx'
import { Flips } from './flips.tsx'
import { ALGORITHM_TITLES } from './question.ts'
import { flipQuery, useFlips } from './use-flips.ts'

const SHOWN_MAX = 200

/** What would make another accelerator win is asked of the best outcome only: that is what winning means. */
export function RequestChoices({ answer, outcome }: { answer: WhatIfAnswer; outcome: Outcome }) {
  const [name, setName] = useState<string | null>(null)
  const request = outcome.requests.find((each) => each.request === name) ?? outcome.requests[0]
  const { asked, isMissing, find } = useFlips()
  if (request === undefined) return null
  const canFlip = outcome === answer.outcomes[0] && !isMissing
  const bestMs = request.choices.find(({ finishMs }) => finishMs !== null)?.finishMs ?? null
  return (
    <section>
      <h3>Why each request goes where it goes ({ALGORITHM_TITLES[outcome.algorithm]})</h3>
      <div className="choices">
        <ul className="plain choices-requests">
          {outcome.requests.slice(0, SHOWN_MAX).map((each) => (
            <li key={each.request}>
              <button type="button" aria-pressed={each === request} onClick={() => setName(each.request)}>
                <span>{each.request}</span>
                <span className="fine">
                  {each.camera} · {duration(each.latencyMs)}
                </span>
              </button>
            </li>
          ))}
          {outcome.requests.length > SHOWN_MAX ? (
            <li className="fine">and {counted(outcome.requests.length - SHOWN_MAX, 'more')}</li>
          ) : null}
        </ul>
        <div className="choices-table">
          <table>
            <caption>
              {request.application} of {request.camera}: its first task
            </caption>
            <thead>
              <tr>
                <th scope="col">accelerator</th>
                <th scope="col">earliest finish</th>
                <th scope="col">later by</th>
                <th scope="col">note</th>
                {canFlip ? (
                  <th scope="col">
                    <span className="unseen">what would make it win</span>
                  </th>
                ) : null}
              </tr>
            </thead>
            <tbody>
              {request.choices.map(({ accelerator, finishMs, waits, reason, refusedBy }) => (
                <tr key={accelerator} className={accelerator === request.chosen ? 'is-chosen' : finishMs === null ? 'is-out' : undefined}>
                  <th scope="row">{accelerator}</th>
                  <td>{duration(finishMs)}</td>
                  <td>{finishMs === null || bestMs === null || finishMs === bestMs ? '' : `+${duration(finishMs - bestMs)}`}</td>
                  <td>
                    {accelerator === request.chosen ? <b>chosen </b> : null}
                    {refusedBy === null ? null : <Mark tone="warn">{refusedBy}:&nbsp;</Mark>}
                    {reason}
                    {waits.length === 0 ? null : <span className="fine">{waits.map(describeWait).join('; ')}</span>}
                  </td>
                  {canFlip ? (
                    <td>
                      {accelerator === request.chosen ? null : (
                        <button
                          type="button"
                          className="link whole"
                          data-testid={`flip-${accelerator}`}
                          title="Finds the cheapest change that would make it win"
                          aria-label={`make it win: ${accelerator}`}
                          onClick={() => find(flipQuery(answer, { kind: 'accelerator', request: request.request, accelerator }))}
                        >
                          make it win
                        </button>
                      )}
                    </td>
                  ) : null}
                </tr>
              ))}
            </tbody>
          </table>
          {asked !== null && asked.request === request.request && canFlip ? <Flips asked={asked} /> : null}
        </div>
      </div>
    </section>
  )
}

function describeWait({ kind, ms, by }: Outcome['requests'][number]['choices'][number]['waits'][number]): string {
  switch (kind) {
    case 'data':
      return `${by}, ${duration(ms)}`
    case 'processor':
      return `behind ${by}, ${duration(ms)}`
    case 'link':
      return `link ${by}, ${duration(ms)}`
  }
}
