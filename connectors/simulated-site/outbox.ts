/**
 * Events on their way to the log: in order, a batch at a time. A log that refuses is asked again; if it refuses for
 * so long that the outbox is full, the oldest events are lost, counted and logged, as a watch that fell behind would.
 */
import type { TwinEvent } from '../../models/events/events.ts'
import type { Logger } from '../../models/ports.ts'
import type { StartTimer } from './agenda.ts'

export interface Outbox {
  readonly push: (event: TwinEvent) => void
  /** Starts to send what was pushed. */
  readonly flush: () => void
  /** Resolves when all is sent, or with the first refusal after `stop` was called. */
  readonly stop: () => Promise<void>
}

const EVENTS_MAX = 20_000
const BATCH_MAX = 1_000
const RETRY_MS = 1_000

export function createOutbox(options: {
  readonly publish: (events: TwinEvent[]) => Promise<unknown>
  readonly timer: StartTimer
  readonly log: Logger
}): Outbox {
  const { publish, timer, log } = options
  const waiting: TwinEvent[] = []
  let isSending = false
  let sending = Promise.resolve()
  let stopping = false

  const send = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting.splice(0, BATCH_MAX)
      try {
        await publish(batch)
      } catch (error) {
        log.warn({ error: String(error), waitingCount: waiting.length + batch.length, retryMs: RETRY_MS }, 'site events not accepted')
        if (stopping) return
        waiting.unshift(...batch)
        await new Promise<void>((resolve) => timer(RETRY_MS, resolve))
      }
    }
    isSending = false
  }
  const flush = (): void => {
    if (isSending || waiting.length === 0) return
    isSending = true
    sending = send()
  }
  return {
    push: (event) => {
      waiting.push(event)
      if (waiting.length <= EVENTS_MAX) return
      const lost = waiting.splice(0, BATCH_MAX)
      log.error({ lostCount: lost.length }, 'site events lost, outbox full')
    },
    flush,
    stop: async () => {
      stopping = true
      flush()
      await sending
    },
  }
}
