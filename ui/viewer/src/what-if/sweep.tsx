/** A sweep: the curve, where the winner changes, and every point as a table that says the same. */
import { useEffect, useState } from 'react'
import type { AlgorithmName } from '../../../../models/contracts/what-if.ts'
import { formatSwept, SWEPT_TITLES } from '../../../../models/figures/swept-value.ts'
import type { SweepAnswer } from '../../../../models/scenario/answers.ts'
import { clockTime, counted, duration, percent } from '../format.ts'
import { download } from '../parts/download.ts'
import { ALGORITHM_TITLES } from './question.ts'
import { algorithmsOf, sweepCsv } from './sweep-csv.ts'

const ROWS_MAX = 200

export function SweepView({ sweep }: { sweep: SweepAnswer }) {
  const { scenario, basis, points, breakPoints, unit, toleranceRatio, unrefinedCount, warnings } = sweep
  return (
    <article className="answer" data-testid="sweep-results" aria-label="Sweep">
      <header>
        <h2>{headline(sweep)}</h2>
        <p className="fine">
          {counted(points.length, 'point')} · twin of {clockTime(basis.timeMs, Date.now())}, position {basis.sequence}, state{' '}
          {basis.stateHash.slice(0, 10)}
        </p>
        <code className="scenario-line">{scenario}</code>
      </header>
      <Curve sweep={sweep} />
      {breakPoints.length === 0 ? null : (
        <section>
          <h3>Where the winner changes</h3>
          <ul className="plain reasons">
            {breakPoints.map(({ x, xLow, xHigh, from, to }) => (
              <li key={x}>
                at <b>{formatSwept(x, unit)}</b>: {nameOf(from)} up to {formatSwept(xLow, unit)}, {nameOf(to)} from{' '}
                {formatSwept(xHigh, unit)}
              </li>
            ))}
          </ul>
          <p className="fine">
            Each is known to {percent(toleranceRatio, 1)} of the range
            {unrefinedCount === 0 ? '' : `; ${counted(unrefinedCount, 'change')} only as near as the points are`}.
          </p>
        </section>
      )}
      {warnings.length === 0 ? null : (
        <section className="note is-warn">
          <h3>Read with care</h3>
          <ul>
            {warnings.map((warning) => (
              <li key={warning}>{warning}</li>
            ))}
          </ul>
        </section>
      )}
      <Points sweep={sweep} />
    </article>
  )
}

const nameOf = (winner: AlgorithmName | null) => (winner === null ? 'no algorithm' : ALGORITHM_TITLES[winner])

function headline({ points, breakPoints, unit }: SweepAnswer): string {
  const first = nameOf(points[0]?.winner ?? null)
  if (breakPoints.length === 0) return `${first} wins all along`
  const changes = breakPoints.slice(0, 3).map(({ x, to }) => `${nameOf(to)} from ${formatSwept(x, unit)}`)
  const more = breakPoints.length > 3 ? `, and ${counted(breakPoints.length - 3, 'more change')}` : ''
  return `First ${first}, then ${changes.join(', ')}${more}`
}

/** The picture that the command line writes too; it is loaded when first needed. */
function Curve({ sweep }: { sweep: SweepAnswer }) {
  const [picture, setPicture] = useState<{ readonly svg: string; readonly words: string } | null>(null)
  useEffect(() => {
    let isGone = false
    void import('../../../../models/figures/sweep-curve.ts').then(({ sweepCurve, inWords }) => {
      if (!isGone) setPicture({ svg: sweepCurve(sweep), words: inWords(sweep) })
    })
    return () => {
      isGone = true
    }
  }, [sweep])
  return (
    <figure className="curve">
      <div className="curve-picture" data-testid="sweep-curve">
        {picture === null ? null : <img alt={picture.words} src={`data:image/svg+xml,${encodeURIComponent(picture.svg)}`} />}
      </div>
      <figcaption className="buttons">
        <button type="button" disabled={picture === null} onClick={() => download('sweep.svg', 'image/svg+xml', picture?.svg ?? '')}>
          Save SVG
        </button>
        <button type="button" onClick={() => download('sweep.csv', 'text/csv', sweepCsv(sweep))}>
          Save CSV
        </button>
      </figcaption>
    </figure>
  )
}

function Points({ sweep }: { sweep: SweepAnswer }) {
  const { points, unit } = sweep
  const algorithms = algorithmsOf(sweep)
  return (
    <section>
      <h3>Points</h3>
      <div className="scroll-x">
        <table className="numbers">
          <caption className="unseen">Makespan of each algorithm at each value</caption>
          <thead>
            <tr>
              <th scope="col">{SWEPT_TITLES[unit]}</th>
              <th scope="col">winner</th>
              {algorithms.map((name) => (
                <th key={name} scope="col">
                  {ALGORITHM_TITLES[name]}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {points.slice(0, ROWS_MAX).map(({ x, winner, makespanMsByAlgorithm }) => (
              <tr key={x}>
                <th scope="row">{formatSwept(x, unit)}</th>
                <td>{nameOf(winner)}</td>
                {algorithms.map((name) => (
                  <td key={name} className={name === winner ? 'is-best' : undefined}>
                    {duration(makespanMsByAlgorithm[name])}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {points.length > ROWS_MAX ? <p className="fine">and {counted(points.length - ROWS_MAX, 'more')}: the CSV has all</p> : null}
    </section>
  )
}
