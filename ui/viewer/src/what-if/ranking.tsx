/** All schedules, best first. A row can be chosen: explanation and proposal below are of that one. */
import type { AlgorithmName, Outcome } from '../../../../models/contracts/what-if.ts'
import { duration, joules, percent } from '../format.ts'
import { ALGORITHM_TITLES, PICKED_TITLES } from './question.ts'

interface RankingProps {
  readonly outcomes: readonly Outcome[]
  readonly chosen: AlgorithmName | null
  readonly onChoose: (algorithm: AlgorithmName) => void
}

export function Ranking({ outcomes, chosen, onChoose }: RankingProps) {
  const localMs = outcomes.find(({ algorithm }) => algorithm === 'local')?.makespanMs
  const hasDeadlines = outcomes.some(({ requests }) => requests.some(({ deadlineMs }) => deadlineMs !== null))
  const longestMs = Math.max(1, ...outcomes.map(({ makespanMs }) => makespanMs))
  return (
    <div className="scroll-x">
      <table className="ranking">
        <caption className="unseen">Algorithms, best first</caption>
        <thead>
          <tr>
            <th scope="col">algorithm</th>
            <th scope="col">makespan</th>
            <td aria-hidden="true" />
            {localMs === undefined ? null : <th scope="col">vs local</th>}
            <th scope="col">mean</th>
            <th scope="col">p95</th>
            {hasDeadlines ? (
              <th scope="col" title="Requests that end after their deadline">
                missed
              </th>
            ) : null}
            <th scope="col" title="Above what the site takes when idle">
              energy
            </th>
            <th scope="col" title="Pods that change their place, and what that costs">
              moves
            </th>
            <th scope="col" title="Above the least that any schedule needs">
              gap
            </th>
            <th scope="col" title="Makespan over the least cost of the critical path">
              SLR
            </th>
            <th scope="col" title="Best serial time over makespan">
              speed-up
            </th>
          </tr>
        </thead>
        <tbody>
          {outcomes.map((outcome, index) => (
            <tr key={outcome.algorithm} className={outcome.algorithm === chosen ? 'is-chosen' : undefined}>
              <th scope="row">
                <button type="button" aria-pressed={outcome.algorithm === chosen} onClick={() => onChoose(outcome.algorithm)}>
                  <span className="rank">{index + 1}</span>
                  {ALGORITHM_TITLES[outcome.algorithm]}
                  {outcome.picked === null ? null : <span className="fine"> → {PICKED_TITLES[outcome.picked]}</span>}
                  {index === 0 ? <span className="best">best</span> : null}
                  {outcome.isPareto && index > 0 ? (
                    <span
                      className="best is-pareto"
                      title="No other is as good in makespan, energy, move time and p95 latency and better in one"
                    >
                      Pareto
                    </span>
                  ) : null}
                </button>
              </th>
              <td>{duration(outcome.makespanMs)}</td>
              <td className="length" aria-hidden="true">
                <span style={{ width: `${(outcome.makespanMs / longestMs) * 100}%` }} />
              </td>
              {localMs === undefined ? null : <td>{signedPercent(outcome.makespanMs / localMs - 1)}</td>}
              <td>{duration(outcome.meanLatencyMs)}</td>
              <td>{duration(outcome.p95LatencyMs)}</td>
              {hasDeadlines ? <td className={outcome.deadlineMissCount > 0 ? 'is-bad' : undefined}>{outcome.deadlineMissCount}</td> : null}
              <td title={outcome.energy.source}>{joules(outcome.energy.aboveIdleJoules)}</td>
              <td>
                {outcome.moveCount}
                {outcome.moveSeconds > 0 ? <span className="fine"> · {duration(outcome.moveSeconds * 1_000)}</span> : null}
              </td>
              <td>{percent(outcome.gapRatio)}</td>
              <td>{outcome.slr.toFixed(2)}</td>
              <td>{outcome.speedup.toFixed(2)} ×</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

const signedPercent = (ratio: number) => (Math.abs(ratio) < 0.0005 ? '0\u00a0%' : `${ratio > 0 ? '+' : '−'}${percent(Math.abs(ratio))}`)
