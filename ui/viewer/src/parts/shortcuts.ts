/** Whether single keys act. Speech input may type them by accident, so they can be switched off; the browser remembers. */
import { useSyncExternalStore } from 'react'

const KEY = 'edgetwin.shortcuts'
const listeners = new Set<() => void>()

export const areShortcutsOn = (): boolean => localStorage.getItem(KEY) !== 'off'

export function setShortcuts(isOn: boolean): void {
  localStorage.setItem(KEY, isOn ? 'on' : 'off')
  for (const listener of listeners) listener()
}

export function useShortcuts(): boolean {
  return useSyncExternalStore((listener) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }, areShortcutsOn)
}
