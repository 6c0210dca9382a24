/** Puts the chosen theme on the document; `system` leaves it to the style sheet. Views that draw ask which one it is. */
import { useEffect, useSyncExternalStore } from 'react'
import { usePageHash } from './page-hash.ts'

const systemDark = () => matchMedia('(prefers-color-scheme: dark)')

function subscribe(listener: () => void): () => void {
  const query = systemDark()
  query.addEventListener('change', listener)
  return () => query.removeEventListener('change', listener)
}

export function useTheme(): 'dark' | 'light' {
  const { theme } = usePageHash()
  const isSystemDark = useSyncExternalStore(subscribe, () => systemDark().matches)
  const shown = theme === 'system' ? (isSystemDark ? 'dark' : 'light') : theme
  // Before the children's effects read colours from the style sheet.
  if (document.documentElement.dataset.theme !== shown) document.documentElement.dataset.theme = shown
  useEffect(() => {
    document.documentElement.dataset.theme = shown
  }, [shown])
  return shown
}
