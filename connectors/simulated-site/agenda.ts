/**
 * What the site does next: actions by due time, on one timer, in the order of (due time, when they were noted down).
 *
 * An action sees its own due time as the time, however late the timer was, so a run depends on the seed and on what
 * is asked of the site, not on the machine's load. After a sleep or a step of the clock the site goes on where it was.
 */
import TinyQueue from 'tinyqueue'
import type { Clock } from '../../models/ports.ts'

/** Calls `run` once, after `delayMs`; the result takes that back. */
export type StartTimer = (delayMs: number, run: () => void) => () => void

export const startTimer: StartTimer = (delayMs, run) => {
  const timer = setTimeout(run, delayMs)
  return () => clearTimeout(timer)
}

export interface AgendaEntry {
  readonly dueMs: number
  readonly number: number
  readonly run: () => void
  cancelled: boolean
}

export interface Agenda {
  /** The site's time since it started, with fractions. Valid inside actions and `enter`. */
  readonly nowMs: () => number
  /** The same as a time stamp of the clock, whole ms, never ahead of it. */
  readonly stampMs: () => number
  readonly after: (delayMs: number, run: () => void) => AgendaEntry
  readonly every: (intervalMs: number, run: () => void) => void
  readonly cancel: (entry: AgendaEntry | null) => void
  /** Does something that is asked from outside, now, after all that was due before. */
  readonly enter: <T>(run: () => T) => T
  readonly stop: () => void
}

/** Further than this from the clock, the clock was stepped or the machine slept. */
const LAG_MS_MAX = 5_000
const DELAY_MS_MAX = 60_000

export function createAgenda({ clock, timer, onTurn }: { clock: Clock; timer: StartTimer; onTurn: () => void }): Agenda {
  const queue = new TinyQueue<AgendaEntry>([], (a, b) => a.dueMs - b.dueMs || a.number - b.number)
  // Small numbers keep their fractions: at 1e12 a double knows no microseconds.
  let nowMs = 0
  let offsetMs = clock()
  let count = 0
  let stopped = false
  let disarm = () => {}

  const after = (delayMs: number, run: () => void): AgendaEntry => {
    const entry = { dueMs: nowMs + Math.max(0, delayMs), number: count++, run, cancelled: false }
    queue.push(entry)
    return entry
  }
  const every = (intervalMs: number, run: () => void): void => {
    after(intervalMs, () => {
      run()
      every(intervalMs, run)
    })
  }
  const runDue = (): void => {
    const expectedMs = Math.min(queue.peek()?.dueMs ?? Number.POSITIVE_INFINITY, nowMs + DELAY_MS_MAX)
    const heardMs = clock() - offsetMs
    if (heardMs > expectedMs + LAG_MS_MAX) offsetMs += heardMs - expectedMs
    if (heardMs < nowMs - LAG_MS_MAX) offsetMs -= nowMs - heardMs
    const untilMs = clock() - offsetMs
    while (!stopped && (queue.peek()?.dueMs ?? Number.POSITIVE_INFINITY) <= untilMs) {
      const entry = queue.pop()
      if (!entry || entry.cancelled) continue
      nowMs = Math.max(nowMs, entry.dueMs)
      entry.run()
    }
    nowMs = Math.max(nowMs, untilMs)
  }
  const turn = <T>(run: () => T): T => {
    disarm()
    try {
      runDue()
      return run()
    } finally {
      onTurn()
      arm()
    }
  }
  const arm = (): void => {
    while (queue.peek()?.cancelled) queue.pop()
    const next = queue.peek()
    if (stopped || !next) return
    // Small numbers first: added to today's time, a due fraction is rounded away and the timer would fire too early, again and again.
    disarm = timer(Math.min(DELAY_MS_MAX, Math.max(0, Math.ceil(next.dueMs - (clock() - offsetMs)))), () => turn(() => {}))
  }
  return {
    nowMs: () => nowMs,
    stampMs: () => Math.floor(nowMs + offsetMs + 1e-6),
    after,
    every,
    cancel: (entry) => {
      if (entry) entry.cancelled = true
    },
    enter: turn,
    stop: () => {
      stopped = true
      disarm()
    },
  }
}
