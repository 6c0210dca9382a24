/** The stage of results: the newest answer, curve or comparison. */
import { changeHash } from '../live/page-hash.ts'
import { AnswerView } from './answer.tsx'
import { useAsking } from './asking.ts'
import { ComparisonView } from './comparison.tsx'
import { SweepView } from './sweep.tsx'

export function ResultView() {
  const { result, isRunning } = useAsking()
  switch (result?.kind) {
    case 'answer':
      return <AnswerView key={result.answer.id} answer={result.answer} text={result.text} />
    case 'sweep':
      return <SweepView sweep={result.sweep} />
    case 'comparison':
      return <ComparisonView comparison={result.comparison} />
    default:
      return (
        <div className="empty">
          <p>{isRunning ? 'The question is being worked out…' : 'No question was asked yet.'}</p>
          <button type="button" onClick={() => changeHash({ panel: 'what-if' })}>
            Ask what if…
          </button>
        </div>
      )
  }
}
