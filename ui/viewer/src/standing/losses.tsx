/** N−1: which single loss would hurt most, and what would then be best. */
import type { NMinusOneCase, NMinusOneReport, Remedy } from '../../../../models/contracts/standing.ts'
import { counted, duration, UNKNOWN } from '../format.ts'
import type { Tone } from '../map/signs.ts'
import { Mark } from '../parts/marks.tsx'
import { ALGORITHM_TITLES, PICKED_TITLES } from '../what-if/question.ts'

const TONES: Readonly<Record<NMinusOneCase['severity'], Tone>> = { lost: 'bad', stranded: 'bad', slower: 'warn', none: 'good' }
const ROWS_MAX = 40

export function Losses({ report }: { report: NMinusOneReport | null }) {
  if (report === null) return <p className="fine">The losses are being worked out…</p>
  const { line, cases, workload, requestCount, hopeless, basis } = report
  const felt = cases.filter(({ severity }) => severity !== 'none')
  const unfeltCount = cases.length - felt.length
  return (
    <section>
      <h3>If one thing were lost</h3>
      <p className={`worst is-${TONES[line.severity]}`} data-testid="standing-worst">
        {line.sentence}
      </p>
      <p className="fine">
        Judged by{' '}
        {workload === 'open'
          ? `what waits and runs, ${counted(requestCount, 'request')}`
          : 'one request of each application of each camera'}
        , position {basis.sequence}
        {hopeless.length === 0 ? '' : `; ${counted(hopeless.length, 'request')} can run nowhere as it is`}.
      </p>
      {felt.length === 0 ? null : (
        <table className="numbers losses">
          <caption className="unseen">Losses, worst first</caption>
          <thead>
            <tr>
              <th scope="col">loss of</th>
              <th scope="col">harm</th>
              <th scope="col">best remedy</th>
            </tr>
          </thead>
          <tbody>
            {felt.slice(0, ROWS_MAX).map((each) => (
              <LossRow key={`${each.loss.kind} ${each.loss.name}`} loss={each} />
            ))}
          </tbody>
        </table>
      )}
      <p className="fine">
        {felt.length > ROWS_MAX ? `And ${counted(felt.length - ROWS_MAX, 'more')}. ` : ''}
        {unfeltCount === 0 ? '' : `Nobody would notice ${unfeltCount} of ${cases.length} losses.`}
      </p>
    </section>
  )
}

function LossRow({ loss: { loss, severity, harm, unchanged, remedy, why, sentence } }: { loss: NMinusOneCase }) {
  return (
    <tr title={why === null ? sentence : `${sentence} ${why}`}>
      <th scope="row">
        <span className="fine">{loss.kind}</span> <span className="whole">{loss.name}</span>
      </th>
      <td>
        <Mark tone={TONES[severity]}>{severity}</Mark>{' '}
        {severity === 'lost'
          ? counted(harm.lostRequestCount, 'request')
          : severity === 'stranded'
            ? counted(unchanged.stranded.length, 'request')
            : later(harm.unchangedIncreaseMs)}
      </td>
      <td>{remedy === null ? UNKNOWN : `${describe(remedy)}${harm.increaseMs === null ? '' : `: ${later(harm.increaseMs)}`}`}</td>
    </tr>
  )
}

const describe = ({ algorithm, picked, moves }: Remedy) =>
  `${counted(moves.length, 'move')} by ${picked === null ? ALGORITHM_TITLES[algorithm] : PICKED_TITLES[picked]}`

function later(ms: number | null): string {
  if (ms === null) return 'never ends'
  return Math.abs(ms) < 0.5 ? 'no later' : `${duration(Math.abs(ms))} ${ms > 0 ? 'later' : 'sooner'}`
}
