/** A failed request in plain words: what is wrong, where, and its code for the documentation. */
import type { Problem } from '../live/api.ts'

export function ProblemNote({ problem }: { problem: Problem | null }) {
  if (problem === null) return null
  // Of a scenario the text follows, with a caret under the column.
  const [detail, ...excerpt] = problem.detail.split('\n')
  return (
    <div className="problem" role="alert">
      <strong>{problem.title}</strong>
      {detail === '' ? null : <p>{detail}</p>}
      {excerpt.length === 0 ? null : <pre>{excerpt.join('\n')}</pre>}
      {problem.errors.length > 1 ? (
        <ul>
          {problem.errors.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      ) : null}
      <code>{problem.code}</code>
    </div>
  )
}
