/** The twin's time, which ages and countdowns are told by. Between two ticks of a live twin it goes on with the browser's clock. */
import { useEffect, useState } from 'react'
import { type PageState, usePage } from './store.ts'

export function twinNowMs({ past, live, connection }: PageState, browserNowMs: number): number {
  if (past !== null) return past.view.status?.clockMs ?? past.atMs
  const clockMs = live.status?.clockMs ?? 0
  const sinceMs = connection.lastUpdateMs === null ? 0 : browserNowMs - connection.lastUpdateMs
  // Small steps are the rhythm of patches; only a silence makes everything older.
  return clockMs + (sinceMs > 2_000 ? sinceMs : 0)
}

/** The browser's time, told once a second. */
export function useSecond(): number {
  const [nowMs, setNowMs] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), 1_000)
    return () => clearInterval(timer)
  }, [])
  return nowMs
}

export function useTwinNow(): number {
  return twinNowMs(usePage(), useSecond())
}
