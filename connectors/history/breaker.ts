/**
 * Stands between a history and its store: opens the store when it is needed, and after a failure lets nobody try again
 * before a pause, which doubles up to half a minute and is spread so that many do not come back at once.
 */
import type { HistoryStore } from './history-store.ts'
import type { HistoryContext } from './settings.ts'

export interface Breaker {
  /** Runs `use` on an open store. Rejects with what went wrong, at once while it pauses. */
  run<T>(use: () => Promise<T>): Promise<T>
  /** What went wrong last; null when it works, or was not tried yet. */
  problem(): string | null
  /** For good; closes the store. */
  stop(): void
}

const PAUSE_MS_MIN = 500
const PAUSE_MS_MAX = 30_000

export function createBreaker(store: HistoryStore, { clock, random, log }: Pick<HistoryContext, 'clock' | 'random' | 'log'>): Breaker {
  const { source } = store
  let opening: Promise<void> | null = null
  let isStopped = false
  let failure: { readonly problem: string; readonly count: number; readonly retryAtMs: number } | null = null
  const fail = (error: unknown): void => {
    const problem = messageOf(error)
    const count = (failure?.count ?? 0) + 1
    const pauseMs = Math.min(PAUSE_MS_MAX, PAUSE_MS_MIN * 2 ** (count - 1)) * (0.5 + random())
    if (failure?.problem !== problem) log.warn({ problem, source }, 'history store does not answer')
    failure = { problem, count, retryAtMs: clock() + pauseMs }
    opening = null
  }
  return {
    async run(use) {
      if (isStopped) throw new Error('the history was stopped')
      if (failure !== null && clock() < failure.retryAtMs) throw new Error(failure.problem)
      try {
        opening ??= store.open()
        await opening
        const result = await use()
        if (failure !== null) log.info({ source }, 'history store is back')
        failure = null
        return result
      } catch (error) {
        if (!isStopped) fail(error)
        throw error
      }
    },
    problem: () => failure?.problem ?? null,
    stop() {
      isStopped = true
      store.close()
    },
  }
}

/** The message only: the error of a client may carry the request, and so the password. */
export function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.replace(/\s+/g, ' ').trim().slice(0, 300) || 'it failed without a reason'
}
