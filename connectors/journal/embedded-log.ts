/**
 * The event log in process: what stands in for Kafka when there is none.
 *
 * `publish` resolves when the subscriber has dealt with the events, so accepted means journaled. It keeps nothing
 * after that: the journal is the log's memory, and `resumeAfter` tells it where its offsets go on.
 * Never await `publish` inside `onRecords`: each would wait for the other.
 */

import { TwinError } from '../../models/errors.ts'
import { encodeEvent } from '../../models/events/codec.ts'
import type { TwinEvent } from '../../models/events/events.ts'
import { topicOf } from '../../models/events/topics.ts'
import type { EventLog, RawRecord } from '../../models/ports.ts'

export interface EmbeddedLogOptions {
  /** What is published while a batch is dealt with goes together into the next one, up to so many events (one commit for all). */
  readonly batchEvents?: number
  /** Events that may wait; beyond it `publish` rejects with OVERLOADED at once. */
  readonly waitingEventsMax?: number
}

interface Publication {
  readonly events: readonly TwinEvent[]
  readonly accept: () => void
  readonly refuse: (error: unknown) => void
}
type OnRecords = (records: readonly RawRecord[]) => Promise<void>

export function createEmbeddedLog({ batchEvents = 500, waitingEventsMax = 100_000 }: EmbeddedLogOptions = {}): EventLog {
  const waiting: Publication[] = []
  let waitingEvents = 0
  const nextOffsets = new Map<string, number>()
  let onRecords: OnRecords | null = null
  let delivery: Promise<void> | null = null
  let isClosed = false

  const wake = (): void => {
    if (onRecords !== null && waiting.length > 0) delivery ??= deliver()
  }

  async function deliver(): Promise<void> {
    while (onRecords !== null && waiting.length > 0) {
      // Everything published in this turn shares a batch, and sockets and timers get their turn.
      await new Promise(setImmediate)
      if (onRecords !== null) await deliverBatch(onRecords)
    }
    delivery = null
  }

  async function deliverBatch(handle: OnRecords): Promise<void> {
    const batch: Publication[] = []
    const records: RawRecord[] = []
    while (waiting.length > 0) {
      const publication = waiting[0]!
      if (batch.length > 0 && records.length + publication.events.length > batchEvents) break
      waiting.shift()
      waitingEvents -= publication.events.length
      try {
        for (const record of publication.events.map(toRecord)) records.push(record)
        batch.push(publication)
      } catch (error) {
        publication.refuse(error)
      }
    }
    if (batch.length === 0) return
    try {
      await handle(records)
      for (const { accept } of batch) accept()
    } catch (error) {
      for (const { refuse } of batch) refuse(error)
    }
  }

  function toRecord(event: TwinEvent): RawRecord {
    const topic = topicOf(event.type)
    const offset = nextOffsets.get(topic) ?? 0
    nextOffsets.set(topic, offset + 1)
    const { headers, value } = encodeEvent(event, `${topic}-${offset}`)
    return { position: { topic, partition: 0, offset }, headers, value }
  }

  return {
    async publish(events) {
      if (isClosed) throw new TwinError('INTERNAL', 'The event log is closed: stop what publishes before the log.')
      if (events.length === 0) return
      if (waitingEvents + events.length > waitingEventsMax && waitingEvents > 0) {
        const message = `${waitingEvents} events wait for the journal, at most ${waitingEventsMax} may: publish less often, or await what was published.`
        throw new TwinError('OVERLOADED', message, { details: { waitingEvents, waitingEventsMax } })
      }
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      waiting.push({ events, accept: resolve, refuse: reject })
      waitingEvents += events.length
      wake()
      return promise
    },
    async subscribe(options) {
      if (onRecords !== null)
        throw new TwinError('INTERNAL', 'The embedded event log has one subscriber at a time: stop the other one first.')
      for (const { topic, offset } of options.resumeAfter) nextOffsets.set(topic, Math.max(nextOffsets.get(topic) ?? 0, offset + 1))
      onRecords = options.onRecords
      wake()
      return async () => {
        if (onRecords === options.onRecords) onRecords = null
        await delivery
      }
    },
    async close() {
      isClosed = true
      // Without a subscriber nobody would ever take what waits.
      if (onRecords !== null) await delivery
      for (const { refuse } of waiting.splice(0))
        refuse(new TwinError('INTERNAL', 'The event log was closed before anybody took the event.'))
      waitingEvents = 0
      onRecords = null
    },
  }
}
