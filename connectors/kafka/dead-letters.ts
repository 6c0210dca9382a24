/**
 * Records that could not be used, kept whole in a topic of their own with where they came from and why.
 *
 * The id of a dead letter is the position of the record, so one that is read again is still the same one.
 * A replay goes back to the record's own partition, once, as an event with an id of its own.
 */
import { z } from 'zod'
import type { LoggedDeadLetter, ShownDeadLetter } from '../../models/contracts/log-admin.ts'
import type { Position } from '../../models/events/topics.ts'
import type { Clock, RawRecord } from '../../models/ports.ts'
import type { IncomingRecord, KafkaClient, KafkaProducer, OutgoingRecord } from './client.ts'
import { readNewest } from './read-newest.ts'
import { DEAD_LETTER_TOPIC } from './topics.ts'
import { asFailure, closeSoon } from './waiting.ts'

export interface DeadRecord {
  readonly record: RawRecord
  readonly reason: string
  readonly detail: string
}

export type Replay = { readonly ok: true; readonly position: Position } | { readonly ok: false; readonly reason: string }

/** All but `add` ask Kafka each time. All reject with KafkaFailure. */
export interface DeadLetterTopic {
  readonly add: (dead: readonly DeadRecord[]) => Promise<void>
  /** Newest first. */
  readonly list: (options: { readonly limit: number }) => Promise<readonly LoggedDeadLetter[]>
  /** null: there is none of that id among the newest 10,000 of its partition. */
  readonly show: (id: string) => Promise<ShownDeadLetter | null>
  readonly replay: (id: string) => Promise<Replay | null>
  readonly close: () => Promise<void>
}

/** A record above this is cut, since the topic would not take it whole, and cannot be replayed. */
const VALUE_BYTES_MAX = 900_000
const TEXT_BYTES_MAX = 64 * 1024
const LOOK_BACK_RECORDS = 10_000
const OURS = 'edgetwin-'

const text = z.string()
const whole = z.coerce.number().int().min(0)
/** What we put before the record's own headers. */
const letterShape = z.object({
  'edgetwin-id': text,
  'edgetwin-origin-topic': text,
  'edgetwin-origin-partition': whole,
  'edgetwin-reason': text,
  'edgetwin-detail': text,
  'edgetwin-dead-ms': whole,
  'edgetwin-bytes': whole,
})
const replayedShape = z.object({ 'edgetwin-replayed': text, 'edgetwin-replayed-ms': whole })

export interface DeadLetterOptions {
  readonly client: KafkaClient
  readonly prefix: string
  readonly clock: Clock
}

export function openDeadLetterTopic({ client, prefix, clock }: DeadLetterOptions): DeadLetterTopic {
  const topic = `${prefix}${DEAD_LETTER_TOPIC}`
  const producer = oneByOne(client)

  async function find(id: string): Promise<Letter | null> {
    const letters = toLetters(await readNewest(client, topic, LOOK_BACK_RECORDS))
    return letters.find((letter) => letter.id === id) ?? null
  }

  return {
    async add(dead) {
      const records = dead.map((one) => toRecord(one, { topic, prefix, nowMs: clock() }))
      for (const batch of inBatches(records)) await producer.send(batch)
    },
    async list({ limit }) {
      const letters = toLetters(await readNewest(client, topic, Math.min(limit, LOOK_BACK_RECORDS)))
      return letters
        .slice(0, limit)
        .map(({ id, deadMs, reason, detail, bytes, replayedMs }) => ({ id, deadMs, reason, detail, bytes, replayedMs }))
    },
    async show(id) {
      const letter = await find(id)
      if (letter === null) return null
      const { origin: _, value, ...shown } = letter
      return { ...shown, text: new TextDecoder().decode(value.subarray(0, TEXT_BYTES_MAX)) }
    },
    async replay(id) {
      const letter = await find(id)
      if (letter === null) return null
      if (letter.replayedMs !== null) return { ok: false, reason: `it was replayed at ${new Date(letter.replayedMs).toISOString()}` }
      if (letter.value.length < letter.bytes) return { ok: false, reason: `of its ${letter.bytes} bytes only the first are kept` }
      const { origin } = letter
      const headers = { ...letter.headers, ce_id: `replay-of-${id}`, 'edgetwin-replay-of': id }
      const replayed = { ...origin, key: siteOf(letter.headers), headers, value: letter.value }
      const marker = { 'edgetwin-replayed': id, 'edgetwin-replayed-ms': String(clock()) }
      const positions = await producer.send([replayed, { topic, partition: origin.partition, key: id, headers: marker, value: '' }])
      const position = positions.find((one) => one.topic === origin.topic)
      return { ok: true, position: { ...origin, offset: position?.offset ?? 0 } }
    },
    close: producer.close,
  }
}

interface Letter extends LoggedDeadLetter {
  readonly headers: Readonly<Record<string, string>>
  readonly value: Uint8Array
  readonly origin: { readonly topic: string; readonly partition: number }
}

function toRecord(
  { record, reason, detail }: DeadRecord,
  { topic, prefix, nowMs }: { readonly topic: string; readonly prefix: string; readonly nowMs: number },
): OutgoingRecord {
  const { position, headers } = record
  const value = typeof record.value === 'string' ? Buffer.from(record.value) : record.value
  const id = `${position.topic}:${position.partition}:${position.offset}`
  const told = {
    'edgetwin-id': id,
    'edgetwin-origin-topic': `${prefix}${position.topic.split('#')[0]}`,
    'edgetwin-origin-partition': String(position.partition),
    'edgetwin-reason': reason,
    'edgetwin-detail': detail,
    'edgetwin-dead-ms': String(nowMs),
    'edgetwin-bytes': String(value.length),
  }
  const partition = position.partition
  return { topic, partition, key: id, headers: { ...ownHeaders(headers), ...told }, value: value.subarray(0, VALUE_BYTES_MAX) }
}

/** As much as a broker takes at once; a single record always. */
function* inBatches(records: readonly OutgoingRecord[]): Iterable<OutgoingRecord[]> {
  let batch: OutgoingRecord[] = []
  let bytes = 0
  for (const record of records) {
    if (batch.length > 0 && bytes + record.value.length > VALUE_BYTES_MAX) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(record)
    bytes += record.value.length
  }
  if (batch.length > 0) yield batch
}

/** Newest first, each once, with whether it was replayed. What else stands in the topic is none of ours. */
function toLetters(records: readonly IncomingRecord[]): Letter[] {
  const replayedMs = new Map<string, number>()
  const letters = new Map<string, Omit<Letter, 'replayedMs'>>()
  for (const { headers, value } of records) {
    const replayed = replayedShape.safeParse(headers).data
    if (replayed !== undefined) replayedMs.set(replayed['edgetwin-replayed'], replayed['edgetwin-replayed-ms'])
    const told = letterShape.safeParse(headers).data
    if (told === undefined || letters.has(told['edgetwin-id'])) continue
    letters.set(told['edgetwin-id'], {
      id: told['edgetwin-id'],
      deadMs: told['edgetwin-dead-ms'],
      reason: told['edgetwin-reason'],
      detail: told['edgetwin-detail'],
      bytes: told['edgetwin-bytes'],
      headers: ownHeaders(headers),
      value,
      origin: { topic: told['edgetwin-origin-topic'], partition: told['edgetwin-origin-partition'] },
    })
  }
  const all = [...letters.values()].map((letter) => ({ ...letter, replayedMs: replayedMs.get(letter.id) ?? null }))
  return all.sort((a, b) => b.deadMs - a.deadMs || (a.id < b.id ? -1 : 1))
}

const ownHeaders = (headers: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(OURS)))

/** As the source of a CloudEvent of ours names it: `/sites/lab/…`. */
const siteOf = ({ ce_source: source = '' }: Readonly<Record<string, string>>): string => source.split('/')[2] ?? ''

/** A producer that is connected when it is needed, writes one batch at a time, and is made anew after a failure. */
function oneByOne(client: KafkaClient): KafkaProducer {
  let producer: KafkaProducer | null = null
  let last: Promise<unknown> = Promise.resolve()
  return {
    send(records) {
      const sending = last.then(async () => {
        try {
          producer ??= await client.connectProducer()
          return await producer.send(records)
        } catch (error) {
          closeSoon(producer)
          producer = null
          throw asFailure(error)
        }
      })
      last = sending.catch(() => {})
      return sending
    },
    async close() {
      await last
      await producer?.close()
      producer = null
    },
  }
}
