/** A failed request in plain words: what is wrong, where, and its code for the documentation. */
import type { Problem } from '../live/api.ts'

export function ProblemNote({ problem }: { problem: Problem | null }) {
  if (problem === null) return null
  return (
    <div className="problem" role="alert">
      <strong>{problem.title}</strong>
      {problem.detail === '' ? null : <p>{problem.detail}</p>}
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
