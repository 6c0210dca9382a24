/** Two scenarios on the same twin, side by side. Every difference is B − A. */
import type { Comparison } from '../../../../models/scenario/answers.ts'
import { clockTime, counted, duration, UNKNOWN } from '../format.ts'
import { ALGORITHM_TITLES } from './question.ts'

const ROWS_MAX = 200

export function ComparisonView({ comparison }: { comparison: Comparison }) {
  const { a, b, basis, algorithms, requests, moves } = comparison
  return (
    <article className="answer" data-testid="comparison-results" aria-label="Comparison">
      <header>
        <h2>{headline(comparison)}</h2>
        <p className="fine">
          Both on the twin of {clockTime(basis.timeMs, Date.now())}, position {basis.sequence}, state {basis.stateHash.slice(0, 10)}
        </p>
      </header>
      <div className="answer-columns is-even">
        <Side name="A" side={a} />
        <Side name="B" side={b} />
      </div>
      <section className="scroll-x">
        <table className="numbers">
          <caption>Makespan by algorithm</caption>
          <thead>
            <tr>
              {['algorithm', 'A', 'B', 'B − A', 'moves A', 'moves B'].map((title) => (
                <th key={title} scope="col">
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {algorithms.map(({ algorithm, aMs, bMs, differenceMs, aMoveCount, bMoveCount }) => (
              <tr key={algorithm}>
                <th scope="row">{ALGORITHM_TITLES[algorithm]}</th>
                <td>{duration(aMs)}</td>
                <td>{duration(bMs)}</td>
                <td className={toneOf(differenceMs)}>{signed(differenceMs)}</td>
                <td>{aMoveCount ?? UNKNOWN}</td>
                <td>{bMoveCount ?? UNKNOWN}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <section className="scroll-x">
        <table className="numbers">
          <caption>Latency of each request under the winners</caption>
          <thead>
            <tr>
              {['request', 'camera', 'application', 'A', 'B', 'B − A', 'moves'].map((title) => (
                <th key={title} scope="col">
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {requests.slice(0, ROWS_MAX).map(({ request, camera, application, aLatencyMs, bLatencyMs, differenceMs }) => {
              const move = moves.find((each) => each.request === request)
              return (
                <tr key={request}>
                  <th scope="row">{request}</th>
                  <td>{camera}</td>
                  <td>{application}</td>
                  <td>{duration(aLatencyMs)}</td>
                  <td>{duration(bLatencyMs)}</td>
                  <td className={toneOf(differenceMs)}>{signed(differenceMs)}</td>
                  <td>{move === undefined ? '' : `${move.from} → ${move.to}`}</td>
                </tr>
              )
            })}
          </tbody>
        </table>
      </section>
      {requests.length > ROWS_MAX ? <p className="fine">and {counted(requests.length - ROWS_MAX, 'more request')}</p> : null}
    </article>
  )
}

function Side({ name, side: { scenario, winner, makespanMs, infeasible, warnings, staleFacts } }: { name: string; side: Comparison['a'] }) {
  return (
    <section className="card">
      <h3>{name}</h3>
      <code className="scenario-line">{scenario}</code>
      <p>
        {winner === null ? (
          'No algorithm found a schedule.'
        ) : (
          <>
            <b>{ALGORITHM_TITLES[winner]}</b> in <b>{duration(makespanMs)}</b>
          </>
        )}
      </p>
      {infeasible.map(({ algorithm, reason }) => (
        <p key={algorithm} className="fine">
          {ALGORITHM_TITLES[algorithm]} found no schedule: {reason}
        </p>
      ))}
      {warnings.map((warning) => (
        <p key={warning} className="fine">
          {warning}
        </p>
      ))}
      {staleFacts.length === 0 ? null : <p className="fine">rests on {counted(staleFacts.length, 'old fact')}</p>}
    </section>
  )
}

function headline({ a, b, differenceMs }: Comparison): string {
  if (a.winner === null || b.winner === null)
    return a.winner === b.winner ? 'Neither can be done' : `Only ${a.winner === null ? 'B' : 'A'} can be done`
  if (differenceMs === null || Math.abs(differenceMs) < 0.5) return `Both are done in ${duration(a.makespanMs)}`
  return `B is done ${duration(Math.abs(differenceMs))} ${differenceMs < 0 ? 'sooner' : 'later'} than A`
}

const signed = (ms: number | null) =>
  ms === null ? UNKNOWN : Math.abs(ms) < 0.005 ? '0' : `${ms > 0 ? '+' : '−'}${duration(Math.abs(ms))}`
const toneOf = (ms: number | null) => (ms === null || Math.abs(ms) < 0.5 ? undefined : ms < 0 ? 'is-good' : 'is-bad')
