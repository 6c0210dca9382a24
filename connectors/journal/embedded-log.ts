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
import { lastPositions, type Position, topicOf } from '../../models/events/topics.ts'
import type { EventLog, RawRecord } from '../../models/ports.ts'

export interface EmbeddedLogOptions {
  /** What is published while a batch is dealt with goes together into the next one, up to so many events (one commit for all). */
  readonly batchEvents?: number
  /** Events that may wait; beyond it `publish` rejects with OVERLOADED at once. */
  readonly waitingEventsMax?: number
}

interface Publication {
  readonly events: readonly TwinEvent[]
  readonly accept: (positions: readonly Position[]) => void
  readonly refuse: (error: unknown) => void
}
type OnRecords = (records: readonly RawRecord[]) => Promise<void>

export function createEmbeddedLog({ batchEvents = 500, waitingEventsMax = 100_000 }: EmbeddedLogOptions = {}): EventLog {
  const waiting: Publication[] = []
  let waitingEvents = 0
  const numbering = numberRecords()
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
      if (onRecords === null) break
      const batch = takeBatch(waiting, { batchEvents, toRecord: numbering.toRecord })
      for (const { events } of batch.taken) waitingEvents -= events.length
      await handOver(batch, onRecords)
    }
    delivery = null
  }

  return {
    async publish(events) {
      if (isClosed) throw new TwinError('INTERNAL', 'The event log is closed: stop what publishes before the log.')
      if (events.length === 0) return []
      if (waitingEvents + events.length > waitingEventsMax && waitingEvents > 0) {
        throw overloaded({ waitingEvents, waitingEventsMax })
      }
      const { promise, resolve, reject } = Promise.withResolvers<readonly Position[]>()
      waiting.push({ events, accept: resolve, refuse: reject })
      waitingEvents += events.length
      wake()
      return promise
    },
    async subscribe(options) {
      if (onRecords !== null)
        throw new TwinError('INTERNAL', 'The embedded event log has one subscriber at a time: stop the other one first.')
      numbering.continueAfter(options.resumeAfter)
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

function overloaded(details: { readonly waitingEvents: number; readonly waitingEventsMax: number }): TwinError {
  const message = `${details.waitingEvents} events wait for the journal, at most ${details.waitingEventsMax} may: publish less often, or await what was published.`
  return new TwinError('OVERLOADED', message, { details })
}

interface Batch {
  readonly taken: readonly Publication[]
  readonly records: readonly RawRecord[]
}

async function handOver({ taken, records }: Batch, onRecords: OnRecords): Promise<void> {
  try {
    await onRecords(records)
    const covering = lastPositions(records.map(({ position }) => position))
    for (const { accept } of taken) accept(covering)
  } catch (error) {
    for (const { refuse } of taken) refuse(error)
  }
}

/** Takes whole publications off the front; tells those that cannot be written and leaves them out of `records`. */
function takeBatch(
  waiting: Publication[],
  { batchEvents, toRecord }: { readonly batchEvents: number; readonly toRecord: (event: TwinEvent) => RawRecord },
): Batch {
  let count = 0
  let eventCount = 0
  for (const { events } of waiting) {
    if (count > 0 && eventCount + events.length > batchEvents) break
    count++
    eventCount += events.length
  }
  const taken = waiting.splice(0, count)
  const records = taken.flatMap(({ events, refuse }) => {
    try {
      return events.map(toRecord)
    } catch (error) {
      refuse(error)
      return []
    }
  })
  return { taken, records }
}

/** Offsets per topic, all in partition 0. One that a failed batch used is not used again. */
function numberRecords() {
  const nextOffsets = new Map<string, number>()
  return {
    continueAfter(positions: readonly Position[]): void {
      for (const { topic, offset } of positions) nextOffsets.set(topic, Math.max(nextOffsets.get(topic) ?? 0, offset + 1))
    },
    toRecord(event: TwinEvent): RawRecord {
      const topic = topicOf(event.type)
      const offset = nextOffsets.get(topic) ?? 0
      nextOffsets.set(topic, offset + 1)
      const { headers, value } = encodeEvent(event, `${topic}-${offset}`)
      return { position: { topic, partition: 0, offset }, headers, value }
    },
  }
}
