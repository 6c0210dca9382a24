/**
 * Writes events: in order, one batch under way, retried until it is taken or the publisher has waited long enough.
 *
 * An event keeps its id over all retries, so a batch that was written although its answer was lost is known when it is
 * read. What is refused is not claimed to be accepted; it may still arrive if the brokers had it already.
 */
import { TwinError } from '../../models/errors.ts'
import { encodeEvent } from '../../models/events/codec.ts'
import type { TwinEvent } from '../../models/events/events.ts'
import { lastPositions, type Position } from '../../models/events/topics.ts'
import type { Logger } from '../../models/ports.ts'
import { pause } from '../pause.ts'
import type { KafkaClient, KafkaFailure, KafkaProducer, OutgoingRecord } from './client.ts'
import { partitionOf } from './partitioner.ts'
import { surveyTopics } from './survey.ts'
import { asFailure, backOffMs, closeSoon, connectWithin, within } from './waiting.ts'

export interface PublishingOptions {
  readonly client: KafkaClient
  readonly prefix: string
  /** Unique per process; the ids of events begin with it. */
  readonly instance: string
  readonly random: () => number
  readonly logger: Logger
  /** How long an event may wait to be taken. Default 30 s. */
  readonly withinMs?: number | undefined
  /** Events that may wait; beyond it `publish` rejects with OVERLOADED at once. Default 100,000. */
  readonly waitingEventsMax?: number | undefined
}

export interface PublishingStatus {
  readonly published: number
  readonly refused: number
  readonly waiting: number
  /** Since nothing is taken; null when all is well. */
  readonly failure: KafkaFailure | null
}

export interface Publishing {
  readonly publish: (events: readonly TwinEvent[]) => Promise<readonly Position[]>
  readonly status: () => PublishingStatus
  readonly close: () => Promise<void>
}

/** One call of `publish`. */
interface Publication {
  pending: number
  isSettled: boolean
  readonly positions: Position[]
  readonly accept: (positions: readonly Position[]) => void
  readonly refuse: (error: TwinError) => void
}
interface Entry {
  readonly record: Omit<OutgoingRecord, 'partition'>
  readonly bytes: number
  readonly publication: Publication
}
interface Written {
  /** As the batch has them. */
  readonly records: readonly OutgoingRecord[]
  readonly positions: readonly Position[]
}
interface Connection extends KafkaProducer {
  readonly partitionCount: number
}

const BATCH_LIMITS = { events: 500, bytes: 512 * 1024 } as const
/** Brokers take 1 MiB by default, with all that is around the value. */
const VALUE_BYTES_MAX = 1_000_000
const SEND_WITHIN_MS = 30_000
const CLOSE_WITHIN_MS = 5_000
const CLOSE_FAILING_WITHIN_MS = 500

export function runPublishing(options: PublishingOptions): Publishing {
  const { client, prefix, instance, random, logger, withinMs = 30_000, waitingEventsMax = 100_000 } = options
  const queue: Entry[] = []
  const stopping = new AbortController()
  const counts = { published: 0, refused: 0 }
  let eventCount = 0
  let failure: KafkaFailure | null = null
  let connection: Connection | null = null
  let delivery: Promise<void> | null = null
  let underWay: readonly Entry[] = []
  let isClosed = false

  async function connect(): Promise<Connection> {
    const { partitionCount } = await surveyTopics(client, prefix)
    const producer = await client.connectProducer()
    return { ...producer, partitionCount }
  }

  async function deliver(): Promise<void> {
    while (queue.length > 0) {
      // Everything published in this turn shares a batch.
      await new Promise(setImmediate)
      underWay = takeBatch(queue)
      await sendUntilTaken(underWay)
    }
    delivery = null
  }

  async function sendUntilTaken(batch: readonly Entry[]): Promise<void> {
    const isAwaited = () => batch.some(({ publication }) => !publication.isSettled)
    for (let failures = 1; isAwaited(); failures++) {
      try {
        connection ??= await connectWithin(SEND_WITHIN_MS, connect(), stopping.signal)
        const { partitionCount } = connection
        const records = batch.map(({ record }) => ({ ...record, partition: partitionOf(record.key, partitionCount) }))
        const positions = await within(SEND_WITHIN_MS, 'sending', connection.send(records))
        if (failure !== null) logger.info({}, 'kafka takes events again')
        failure = null
        return accept(batch, { records, positions })
      } catch (error) {
        closeSoon(connection)
        connection = null
        const told = asFailure(error)
        if (told.kind === 'too-large') return sendInParts(batch, told)
        if (failure?.kind !== told.kind) logger.warn({ kind: told.kind, reason: told.message }, 'kafka takes no events')
        failure = told
        await pause(backOffMs(failures, random), stopping.signal)
      }
    }
  }

  /** The brokers' limit is theirs: the one event that is above it is found by halves. */
  async function sendInParts(batch: readonly Entry[], told: KafkaFailure): Promise<void> {
    const [first] = batch
    if (batch.length <= 1) return first && refuse(first.publication, tooLarge(first.record.topic, first.bytes, told.message))
    const half = Math.ceil(batch.length / 2)
    await sendUntilTaken(batch.slice(0, half))
    await sendUntilTaken(batch.slice(half))
  }

  function accept(batch: readonly Entry[], { records, positions }: Written): void {
    counts.published += batch.length
    for (const [publication, indexes] of Map.groupBy(batch.keys(), (index) => batch[index]!.publication)) {
      const own = positions.filter((position) => indexes.some((index) => isIn(records[index]!, position)))
      publication.positions.push(...own.map((position) => ({ ...position, topic: position.topic.slice(prefix.length) })))
      publication.pending -= indexes.length
      if (publication.pending === 0) publication.accept(lastPositions(publication.positions))
    }
  }

  function refuse(publication: Publication, error: TwinError): void {
    if (publication.isSettled) return
    counts.refused += publication.pending
    publication.refuse(error)
  }

  return {
    async publish(events) {
      if (isClosed) throw new TwinError('INTERNAL', 'The event log is closed: stop what publishes before the log.')
      if (events.length === 0) return []
      if (queue.length + events.length > waitingEventsMax && queue.length > 0) throw overloaded(queue.length, waitingEventsMax)
      const { promise, resolve, reject } = Promise.withResolvers<readonly Position[]>()
      const entries = events.map((event) => toEntry(event, { prefix, id: `${instance}-${++eventCount}` }))
      const expire = () => refuse(publication, unreachable(failure, withinMs))
      const timer = setTimeout(expire, withinMs)
      const settle = (): void => {
        clearTimeout(timer)
        publication.isSettled = true
      }
      const publication: Publication = {
        pending: events.length,
        isSettled: false,
        positions: [],
        accept: (positions) => {
          settle()
          resolve(positions)
        },
        refuse: (error) => {
          settle()
          reject(error)
        },
      }
      for (const entry of entries) queue.push({ ...entry, publication })
      delivery ??= deliver()
      return promise
    },
    status: () => ({ ...counts, waiting: queue.length, failure }),
    async close() {
      isClosed = true
      if (delivery !== null)
        await Promise.race([delivery, pause(failure === null ? CLOSE_WITHIN_MS : CLOSE_FAILING_WITHIN_MS, stopping.signal)])
      stopping.abort()
      const closed = new TwinError('INTERNAL', 'The event log was closed before it had taken the event.')
      for (const { publication } of [...underWay, ...queue.splice(0)]) refuse(publication, closed)
      closeSoon(connection)
      connection = null
    },
  }
}

const isIn = (record: OutgoingRecord, { topic, partition }: Position): boolean => record.topic === topic && record.partition === partition

/** @throws TwinError LOG_REFUSED when no broker would take it. */
function toEntry(event: TwinEvent, { prefix, id }: { readonly prefix: string; readonly id: string }): Omit<Entry, 'publication'> {
  const { topic, key, headers, value } = encodeEvent(event, id)
  const bytes = Buffer.byteLength(value)
  if (bytes > VALUE_BYTES_MAX) throw tooLarge(topic, bytes, `at most ${VALUE_BYTES_MAX} bytes are written`)
  return { record: { topic: `${prefix}${topic}`, key, headers, value }, bytes }
}

/** Takes what goes into one batch off the front; nobody waits any more for some of the rest. */
function takeBatch(queue: Entry[]): Entry[] {
  let count = 0
  let bytes = 0
  for (const entry of queue) {
    bytes += entry.bytes
    if (count > 0 && (count >= BATCH_LIMITS.events || bytes > BATCH_LIMITS.bytes)) break
    count++
  }
  return queue.splice(0, count).filter(({ publication }) => !publication.isSettled)
}

function tooLarge(topic: string, bytes: number, why: string): TwinError {
  const message = `An event of ${bytes} bytes for ${topic} is too large for Kafka (${why}): make it smaller, or raise max.message.bytes of the topic.`
  return new TwinError('LOG_REFUSED', message, { details: { topic, bytes } })
}

function unreachable(failure: KafkaFailure | null, withinMs: number): TwinError {
  const why = failure === null ? 'it is slow' : failure.message
  const message = `Kafka has not taken the event within ${withinMs / 1_000} s (${why}): see \`twinctl doctor\`. It may still arrive.`
  return new TwinError('LOG_UNREACHABLE', message, { details: { kind: failure?.kind ?? 'slow' } })
}

function overloaded(waitingEvents: number, waitingEventsMax: number): TwinError {
  const message = `${waitingEvents} events wait for Kafka, at most ${waitingEventsMax} may: publish less often, or await what was published.`
  return new TwinError('OVERLOADED', message, { details: { waitingEvents, waitingEventsMax } })
}
