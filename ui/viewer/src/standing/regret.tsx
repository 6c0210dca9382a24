/** The regret ledger: what each policy would have made of the requests that really came, and how true our predictions were. */
import type { RegretTable } from '../../../../models/contracts/regret.ts'
import { counted, duration, percent } from '../format.ts'
import { api } from '../live/api.ts'
import { usePolled } from '../parts/use-polled.ts'
import { ALGORITHM_TITLES } from '../what-if/question.ts'

export function Regret() {
  const { value, isMissing } = usePolled(api.regret)
  return (
    <section data-testid="regret">
      <h3>Regret of each policy</h3>
      {isMissing ? <p className="fine">The ledger is not available from this server.</p> : null}
      {value === null ? null : value.roundCount === 0 ? (
        <p className="fine">No round of requests has been scored yet. Each is, once its last request is done.</p>
      ) : (
        <Ledger table={value} />
      )}
      {value === null || value.dropped.length === 0 ? null : (
        <p className="fine">
          Not scored: {value.dropped.map(({ reason, roundCount }) => `${counted(roundCount, 'round')} ${reason}`).join(', ')}.
        </p>
      )}
    </section>
  )
}

function Ledger({ table: { roundCount, policies, applied } }: { table: RegretTable }) {
  return (
    <>
      <p className="fine">
        Over {counted(roundCount, 'round')} of real requests. Regret: predicted time above the best policy of the round.
      </p>
      <table className="numbers">
        <caption className="unseen">Policies, least mean regret first</caption>
        <thead>
          <tr>
            <th scope="col">policy</th>
            <th scope="col">rounds</th>
            <th scope="col">wins</th>
            <th scope="col">predicted</th>
            <th scope="col">regret</th>
          </tr>
        </thead>
        <tbody>
          {policies.map(({ policy, roundCount, winCount, meanPredictedMs, meanRegretMs }) => (
            <tr key={policy}>
              <th scope="row">{policy === 'spread' ? 'spread' : ALGORITHM_TITLES[policy]}</th>
              <td>{roundCount}</td>
              <td>{winCount}</td>
              <td>{duration(meanPredictedMs)}</td>
              <td>{duration(meanRegretMs)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <table className="numbers">
        <caption className="fine">What really placed them</caption>
        <thead>
          <tr>
            <th scope="col">by</th>
            <th scope="col">rounds</th>
            <th scope="col">took</th>
            <th scope="col">regret</th>
            <th scope="col" title="Mean of |predicted − took| / took; in brackets with its sign: below zero, we promise too much">
              off by
            </th>
          </tr>
        </thead>
        <tbody>
          {applied.map((row) => (
            <tr key={row.applied}>
              <th scope="row">{row.applied}</th>
              <td>{row.roundCount}</td>
              <td>{duration(row.meanRealisedMs)}</td>
              <td>{duration(row.meanRegretMs)}</td>
              <td>
                {percent(row.meanErrorRatio)} ({percent(row.meanBiasRatio)})
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  )
}
