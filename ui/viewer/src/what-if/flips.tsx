/** The changes that would make an accelerator win, cheapest first, each true of a question that was asked again with it. */
import type { Flip } from '../../../../models/contracts/flips.ts'
import { formatSwept } from '../../../../models/figures/swept-value.ts'
import { counted, duration } from '../format.ts'
import { ProblemNote } from '../parts/problem-note.tsx'
import type { AskedFlips } from './use-flips.ts'

export function Flips({ asked: { accelerator, answer, problem } }: { asked: AskedFlips }) {
  return (
    <div className="flip card" role="status" data-testid="flips">
      <h3>What would make {accelerator} win</h3>
      <ProblemNote problem={problem} />
      {answer === null ? (
        problem === null ? (
          <p className="fine">Searching…</p>
        ) : null
      ) : (
        <>
          {answer.flips.length === 0 ? (
            <p>{answer.verdict}.</p>
          ) : (
            <ul>
              {answer.flips.map((flip) => (
                <li key={JSON.stringify(flip.change)}>
                  {describeFlip(flip)} <span className="fine">· all done in {duration(flip.makespanMsAfter)}, verified</span>
                </li>
              ))}
            </ul>
          )}
          <p className="fine">
            {counted(answer.runCount, 'question')} asked{answer.isComplete ? '' : '; not all changes were tried'}.
          </p>
        </>
      )}
    </div>
  )
}

export function describeFlip({ change, from, to }: Pick<Flip, 'change' | 'from' | 'to'>): string {
  switch (change.kind) {
    case 'free-accelerator':
      return `${change.accelerator} free now instead of in ${duration(from)}`
    case 'add-image':
      return `an image of ${change.application} for ${change.acceleratorKind}`
    case 'set-link':
      return `link ${change.link} at ${formatSwept(to, 'B/s')} instead of ${formatSwept(from, 'B/s')}`
    case 'speed-up':
      return `${change.accelerator} ${Number(to.toPrecision(3))} times as fast`
  }
}
