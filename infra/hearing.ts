/**
 * Publish, and go on only when the twin has heard: a log out of process accepts an event before anybody has read it,
 * but who has just asked for something wants to see it done, and the loop must not act on a twin that lags behind.
 */
import { TwinError } from '../models/errors.ts'
import type { TwinEvent } from '../models/events/events.ts'
import { lastPositions, type Position } from '../models/events/topics.ts'
import type { EventLog } from '../models/ports.ts'
import { baseOf } from './resume-points.ts'

export interface Hearing {
  /**
   * Resolves when a subscriber has dealt with the events.
   *
   * @param through Another way into the same log.
   * @throws TwinError LOG_BEHIND: accepted all the same, so it must not be published again.
   */
  readonly publishAndHear: (events: readonly TwinEvent[], through?: EventLog['publish']) => Promise<void>
  /** The same subscription; what its subscriber has dealt with is heard. */
  readonly listenIn: (subscribe: EventLog['subscribe']) => EventLog['subscribe']
}

interface Waiting {
  readonly positions: readonly Position[]
  readonly hear: () => void
}

export function makeHearing(publish: EventLog['publish'], { withinMs = 10_000 }: { readonly withinMs?: number } = {}): Hearing {
  const waiting = new Set<Waiting>()
  let heard: readonly Position[] = []
  const hear = (positions: readonly Position[]): void => {
    heard = lastPositions([...heard, ...positions])
    for (const one of waiting) if (one.positions.every(hasHeard)) one.hear()
  }
  // A topic that was made anew is read under a name of its own; what is published goes to the newest.
  const hasHeard = ({ topic, partition, offset }: Position): boolean => {
    const read = heard.filter((position) => baseOf(position.topic) === baseOf(topic) && position.partition === partition)
    const newest = read.sort((a, b) => a.topic.localeCompare(b.topic, 'en', { numeric: true })).at(-1)
    return newest !== undefined && newest.offset >= offset
  }

  return {
    listenIn: (subscribe) => (options) => {
      hear(options.resumeAfter)
      return subscribe({
        ...options,
        onRecords: async (records) => {
          await options.onRecords(records)
          hear(records.map(({ position }) => position))
        },
      })
    },
    async publishAndHear(events, through = publish) {
      const positions = await through(events)
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
