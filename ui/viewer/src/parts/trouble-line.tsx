/** Trouble with something that the twin rests on, in the place of the status line: one line of its height; opened, the whole text. */

export interface Trouble {
  /** What is wrong, in a few words. */
  readonly title: string
  /** What that means for what the page shows. */
  readonly detail: string
  /** What to do. */
  readonly remedy: string
}

export function TroubleLine({ title, detail, remedy }: Trouble) {
  return (
    <details className="status-line is-warn trouble" data-testid="trouble">
      <summary>
        <span role="status">
          <strong>{title}</strong> {detail}
        </span>
      </summary>
      <div className="trouble-whole">
        <p>{detail}</p>
        <p>
          <b>What to do:</b> {remedy}
        </p>
      </div>
    </details>
  )
}
