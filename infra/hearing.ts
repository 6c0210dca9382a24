/**
 * Publish, and go on only when the twin has heard: a log out of process accepts an event before anybody has read it,
 * but who has just asked for something wants to see it done, and the loop must not act on a twin that lags behind.
 */
import { TwinError } from '../models/errors.ts'
import type { TwinEvent } from '../models/events/events.ts'
import { lastPositions, type Position } from '../models/events/topics.ts'
import type { EventLog } from '../models/ports.ts'

export interface HearingLog extends EventLog {
  /**
   * Resolves when the subscriber has dealt with the events.
   *
   * @throws TwinError LOG_BEHIND: accepted all the same, so it must not be published again.
   */
  publishAndHear(events: readonly TwinEvent[]): Promise<void>
}

interface Waiting {
  readonly positions: readonly Position[]
  readonly hear: () => void
}

export function withHearing(log: EventLog, { withinMs = 10_000 }: { readonly withinMs?: number } = {}): HearingLog {
  const waiting = new Set<Waiting>()
  let heard: readonly Position[] = []
  const hasHeard = ({ topic, partition, offset }: Position): boolean =>
    heard.some((position) => position.topic === topic && position.partition === partition && position.offset >= offset)

  return {
    publish: log.publish,
    close: log.close,
    subscribe({ resumeAfter, onRecords }) {
      heard = lastPositions(resumeAfter)
      return log.subscribe({
        resumeAfter,
        onRecords: async (records) => {
          await onRecords(records)
          heard = lastPositions([...heard, ...records.map(({ position }) => position)])
          for (const one of waiting) if (one.positions.every(hasHeard)) one.hear()
        },
      })
    },
    async publishAndHear(events) {
      const positions = await log.publish(events)
      if (positions.every(hasHeard)) return
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const one = { positions, hear: resolve }
      const timer = setTimeout(() => reject(behind(events, withinMs)), withinMs)
      waiting.add(one)
      try {
        await promise
      } finally {
        clearTimeout(timer)
        waiting.delete(one)
      }
    },
  }
}

function behind(events: readonly TwinEvent[], withinMs: number): TwinError {
  const types = [...new Set(events.map(({ type }) => type))].join(', ')
  const message = `The event log took ${types}, but the twin has not heard of it within ${withinMs / 1_000} s: do not ask again, it will be done once the twin has caught up.`
  return new TwinError('LOG_BEHIND', message)
}
