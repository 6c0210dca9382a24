/**
 * The other side of the benches: topics of their own on a real broker, a bare kafkajs client as the reference, and a producer
 * that keeps a rate whatever the reader does.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs, { type Kafka, type Message, type Producer } from 'kafkajs'
import { createKafkajsClient } from '../../../connectors/kafka/kafkajs-client.ts'
import type { KafkaSettings } from '../../../connectors/kafka/settings.ts'
import { ensureTopics } from '../../../connectors/kafka/topics.ts'
import { encodeEvent } from '../../../models/events/codec.ts'
import type { TwinEvent } from '../../../models/events/events.ts'
import { silent } from '../../testing/journaled-site.ts'

export const BATCH = 500

/** Topics of one partition, under a name of their own. */
export async function freshTopics(brokers: readonly string[]): Promise<KafkaSettings> {
  const settings = { brokers, clientId: 'bench', group: 'bench', topicPrefix: `b${crypto.randomUUID().slice(0, 8)}.` }
  await ensureTopics(createKafkajsClient(settings, silent), { prefix: settings.topicPrefix, partitionCount: 1 })
  return settings
}

/** kafkajs as it comes. */
export const bareKafka = (brokers: readonly string[]): Kafka => new kafkajs.Kafka({ brokers: [...brokers], logLevel: 0 })

/** As safe as ours: every record once, in order, on every replica. */
export async function connectBareProducer(brokers: readonly string[]): Promise<Producer> {
  const producer = bareKafka(brokers).producer({ idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  return producer
}

export async function sendBare(producer: Producer, prefix: string, events: readonly { event: TwinEvent; id: string }[]): Promise<void> {
  const byTopic = Map.groupBy(
    events.map(({ event, id }) => encodeEvent(event, id)),
    ({ topic }) => topic,
  )
  const toMessage = ({ key, headers, value }: ReturnType<typeof encodeEvent>): Message => ({ key, headers, value, partition: 0 })
  const topicMessages = [...byTopic].map(([topic, encoded]) => ({ topic: `${prefix}${topic}`, messages: encoded.map(toMessage) }))
  await producer.sendBatch({ acks: -1, topicMessages })
}

export interface SteadyOptions {
  readonly settings: KafkaSettings
  readonly eventsPerSecond: number
  readonly durationMs: number
  readonly eventOf: (number: number) => TwinEvent
}

/** @returns how many were sent, all of them acknowledged. Falls behind only when it must, and then says so by the count. */
export async function produceSteadily({ settings, eventsPerSecond, durationMs, eventOf }: SteadyOptions): Promise<number> {
  const producer = await connectBareProducer(settings.brokers)
  const run = crypto.randomUUID()
  const startMs = performance.now()
  let sent = 0
  for (;;) {
    const elapsedMs = performance.now() - startMs
    if (elapsedMs >= durationMs) break
    const due = Math.min(BATCH * 2, Math.floor((elapsedMs / 1_000) * eventsPerSecond) - sent)
    if (due > 0) {
      const events = Array.from({ length: due }, (_, index) => ({ event: eventOf(sent + index), id: `${run}-${sent + index}` }))
      await sendBare(producer, settings.topicPrefix, events)
      sent += due
    }
    await sleep(due >= BATCH ? 0 : 5)
  }
  await producer.disconnect()
  return sent
}

/** A sample of one of so many nodes; its source tells its number. */
export function numberedSample(number: number, nodeCount: number): TwinEvent {
  const load = { utilizationRatio: (number % 100) / 100 }
  return { type: 'node.sampled', site: 'quiet', timeMs: Date.now(), source: `bench:${number}`, name: `node-${number % nodeCount}`, load }
}

/** @returns undefined for events of others. */
export function numberOf({ source }: TwinEvent): number | undefined {
  return source.startsWith('bench:') ? Number(source.slice('bench:'.length)) : undefined
}
