/** Keys and signs. A dialog of the browser's own: it takes the focus and gives it back, and Esc leaves it. */
import { useEffect, useRef } from 'react'
import { setShortcuts, useShortcuts } from './shortcuts.ts'

const KEYS: readonly (readonly [keys: string, meaning: string])[] = [
  ['1 2 3', 'map, table, answer'],
  ['d w p s f', 'details, what if, plans, standing, faults'],
  ['Ctrl Enter', 'in a scenario: run it'],
  ['arrows', 'on the map: to the next thing that way; in the Gantt chart: next task'],
  ['Home End', 'first and last thing on the map'],
  ['Enter', 'open the thing in the details'],
  ['t', 'theme: system, dark, light'],
  ['Esc', 'leave: close what is open, then the selection'],
  ['?', 'this help'],
]
const SIGNS: readonly (readonly [sign: string, meaning: string])[] = [
  ['● ▲ ✕ ○', 'ready or online · cordoned or degraded · not ready, failed or offline · expected'],
  ['■ □', 'accelerator allocated · unallocated'],
  ['filled, outlined box', 'a pod that runs · that waits; colour and number are its camera’s'],
  ['solid, dashed line', 'an accelerator works for the camera · work waits there'],
  ['REAL, EMULATED', 'a real machine · a device that is played; on the grid R and E'],
  ['late, stale, lost', 'how long since the last sign; grey shows what is too old to believe'],
  ['≠ 2', 'two surprises: what was told contradicted what the twin believed'],
]

export function Help({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null)
  const hasShortcuts = useShortcuts()
  useEffect(() => {
    if (isOpen && dialog.current?.open === false) dialog.current.showModal()
    if (!isOpen) dialog.current?.close()
  }, [isOpen])
  return (
    <dialog ref={dialog} className="help" aria-labelledby="help-title" onClose={onClose}>
      <h2 id="help-title">Keys and signs</h2>
      <dl>
        {[...KEYS, ...SIGNS].map(([term, meaning]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <div className="buttons">
        <label className="check">
          <input type="checkbox" checked={hasShortcuts} onChange={({ target }) => setShortcuts(target.checked)} />
          single keys act
        </label>
        <span className="spring" />
        <button type="button" className="primary" onClick={onClose}>
          Close
        </button>
      </div>
    </dialog>
  )
}
