/** The one place where wall time becomes an event. */
import type { TwinEvent } from '../models/events/events.ts'
import type { Clock, Logger } from '../models/ports.ts'

export interface ClockOptions {
  readonly site: string
  readonly periodMs: number
  readonly publish: (events: readonly TwinEvent[]) => Promise<unknown>
  /** While it is false no tick is told; default: always true. */
  readonly mayAct?: () => boolean
  readonly clock: Clock
  readonly log: Logger
}

/** A tick is skipped while the one before is still on its way: time must not queue up. */
export function runClock({ site, periodMs, publish, mayAct = () => true, clock, log }: ClockOptions): () => void {
  let isOnItsWay = false
  const timer = setInterval(() => {
    if (isOnItsWay || !mayAct()) return
    isOnItsWay = true
    publish([{ type: 'clock.ticked', site, timeMs: clock(), source: 'clock' }])
      .catch((error: unknown) => log.warn({ error: String(error) }, 'tick not published'))
      .finally(() => {
        isOnItsWay = false
      })
  }, periodMs)
  return () => clearInterval(timer)
}
