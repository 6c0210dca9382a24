/** The keys of the whole page. They keep quiet while somebody types or holds a modifier. */
import { useEffect } from 'react'
import { changeHash, parseHash } from '../live/page-hash.ts'
import { areShortcutsOn } from './shortcuts.ts'

export function useKeys(options: { readonly isModal: boolean; readonly hasFaults: boolean; readonly onHelp: () => void }): void {
  const { isModal, hasFaults, onHelp } = options
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (isModal || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
      if (event.key !== 'Escape' && !areShortcutsOn()) return
      const run = actionOf(event.key, hasFaults, onHelp)
      if (run === undefined) return
      event.preventDefault()
      run()
    }
    addEventListener('keydown', onKeyDown)
    return () => removeEventListener('keydown', onKeyDown)
  }, [isModal, hasFaults, onHelp])
}

const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLSelectElement ||
  target instanceof HTMLTextAreaElement ||
  (target instanceof HTMLInputElement && !['radio', 'checkbox'].includes(target.type))

function actionOf(key: string, hasFaults: boolean, onHelp: () => void): (() => void) | undefined {
  const { stage, selection, theme } = parseHash(location.hash)
  switch (key) {
    case '1':
      return () => changeHash({ stage: 'map' })
    case '2':
      return () => changeHash({ stage: 'table' })
    case '3':
      return () => changeHash({ stage: 'answer' })
    case 'd':
      return () => changeHash({ panel: 'details' })
    case 'w':
      return () => changeHash({ panel: 'what-if' })
    case 'p':
      return () => changeHash({ panel: 'plans' })
    case 's':
      return () => changeHash({ panel: 'standing' })
    case 'f':
      return hasFaults ? () => changeHash({ panel: 'faults' }) : undefined
    case 't':
      return () => changeHash({ theme: theme === 'system' ? 'dark' : theme === 'dark' ? 'light' : 'system' })
    case '?':
      return onHelp
    case 'Escape':
      if (stage !== 'map') return () => changeHash({ stage: 'map' })
      return selection === null ? undefined : () => changeHash({ selection: null })
    default:
      return undefined
  }
}
