/** LIVE, or a past instant for all views. */
import { useEffect, useEffectEvent, useState } from 'react'
import type { Problem } from '../live/api.ts'
import { usePage } from '../live/store.ts'
import { ProblemNote } from '../parts/problem-note.tsx'
import { toLocalInput } from './local-input.ts'
import { changePast } from './past.ts'

export function TimeControl() {
  const { past, connection } = usePage()
  const tone = past !== null ? 'is-past' : connection.state === 'live' ? 'is-live' : ''
  const [isOpen, setIsOpen] = useState(false)
  const [text, setText] = useState('')
  const [problem, setProblem] = useState<Problem | null>(null)
  useEscape(isOpen, () => setIsOpen(false))
  const open = () => {
    if (!isOpen) setText(toLocalInput(Date.now() - 60_000))
    setProblem(null)
    setIsOpen(!isOpen)
  }
  const show = async (at: Date | null) => {
    const failed = await changePast(at)
    setProblem(failed)
    if (failed === null) setIsOpen(false)
  }
  const at = new Date(text)
  return (
    <div className="popover-home">
      <button type="button" className={`time ${tone}`} aria-expanded={isOpen} data-testid="time-control" onClick={open}>
        {past === null ? 'LIVE' : 'PAST'}
      </button>
      {isOpen ? (
        <form
          className="popover"
          aria-label="Time"
          onSubmit={(event) => {
            event.preventDefault()
            void show(at)
          }}
        >
          <label className="field">
            <span>Show the site as it was at</span>
            <input type="datetime-local" step="1" value={text} data-testid="time-at" onChange={({ target }) => setText(target.value)} />
          </label>
          <div className="buttons">
            {[1, 5, 15].map((minutes) => (
              <button key={minutes} type="button" onClick={() => setText(toLocalInput(Date.now() - minutes * 60_000))}>
                −{minutes} min
              </button>
            ))}
          </div>
          <div className="buttons">
            <button type="submit" className="primary" disabled={Number.isNaN(at.getTime())}>
              Show
            </button>
            <button type="button" disabled={past === null} onClick={() => void show(null)}>
              Back to live
            </button>
          </div>
          <ProblemNote problem={problem} />
        </form>
      ) : null}
    </div>
  )
}

/** Comes before the keys of the page, which would leave something else. */
function useEscape(isOpen: boolean, onEscape: () => void): void {
  const leave = useEffectEvent(onEscape)
  useEffect(() => {
    if (!isOpen) return
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return
      event.preventDefault()
      leave()
    }
    addEventListener('keydown', onKeyDown, { capture: true })
    return () => removeEventListener('keydown', onKeyDown, { capture: true })
  }, [isOpen])
}
