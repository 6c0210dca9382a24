/**
 * The one store of the page. Changes are collected and told to the views once per animation frame, so a burst of
 * patches costs one redraw. Past instants replace what the views show; the live twin is kept up to date behind them.
 */
import { useSyncExternalStore } from 'react'
import { EMPTY_HISTORY, type History, withSamples } from './history.ts'
import { EMPTY_VIEW, type TwinView } from './view.ts'

export interface Connection {
  readonly state: 'connecting' | 'live' | 'reconnecting' | 'stale' | 'unauthorized'
  /** When this state began, browser's clock, ms. */
  readonly sinceMs: number
  readonly lastUpdateMs: number | null
  /** Sent by the server to shown here, ms, of the newest patch. */
  readonly latencyMs: number | null
  /** Why the server lets nobody in with this token; '' while it does. */
  readonly refusal: string
}

export interface Past {
  readonly atMs: number
  readonly view: TwinView
}

export interface PageState {
  readonly connection: Connection
  readonly live: TwinView
  readonly past: Past | null
  readonly history: History
}

export interface TwinStore {
  readonly get: () => PageState
  readonly subscribe: (listener: () => void) => () => void
  readonly setLive: (live: TwinView, arrival: { readonly receivedMs: number; readonly latencyMs: number | null }) => void
  readonly setConnection: (state: Connection['state'], nowMs: number, refusal?: string) => void
  readonly setPast: (past: Past | null) => void
}

/** @param schedule Runs its argument soon, once: `requestAnimationFrame` in the page. */
export function createTwinStore(schedule: (run: () => void) => void): TwinStore {
  let current: PageState = {
    connection: { state: 'connecting', sinceMs: 0, lastUpdateMs: null, latencyMs: null, refusal: '' },
    live: EMPTY_VIEW,
    past: null,
    history: EMPTY_HISTORY,
  }
  let shown = current
  let scheduled = false
  const listeners = new Set<() => void>()

  const change = (next: PageState) => {
    current = next
    if (scheduled) return
    scheduled = true
    schedule(() => {
      scheduled = false
      shown = current
      for (const listener of listeners) listener()
    })
  }
  return {
    get: () => shown,
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    setLive: (live, { receivedMs, latencyMs }) => {
      const connection = { ...current.connection, lastUpdateMs: receivedMs, latencyMs }
      change({ ...current, live, connection, history: withSamples(current.history, live) })
    },
    setConnection: (state, nowMs, refusal = '') => {
      if (state === current.connection.state && refusal === current.connection.refusal) return
      change({ ...current, connection: { ...current.connection, state, sinceMs: nowMs, refusal } })
    },
    setPast: (past) => change({ ...current, past }),
  }
}

// A hidden page gets no frames, yet must not fall behind.
const onFrame = (run: () => void) => {
  if (document.hidden) setTimeout(run, 250)
  else requestAnimationFrame(run)
}

export const store = createTwinStore(onFrame)

export function usePage(): PageState {
  return useSyncExternalStore(store.subscribe, store.get)
}

/** The twin that all views show: of the chosen past instant, else live. */
export function useTwin(): TwinView {
  const { past, live } = usePage()
  return past?.view ?? live
}
