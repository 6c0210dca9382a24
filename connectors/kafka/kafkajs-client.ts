/** A Kafka client on kafkajs 2.2.4. Upstream rests since 2023, so what is known to break is handled here and in the event log. */
import kafkajs, { type Kafka as KafkaJs, type Producer } from 'kafkajs'
import Cluster from 'kafkajs/src/cluster/index.js'
import { lastPositions, type Position } from '../../models/events/topics.ts'
import type { Logger } from '../../models/ports.ts'
import { CLIENT_LIMITS, type KafkaClient, KafkaFailure, type KafkaProducer, type OutgoingRecord } from './client.ts'
import { connectAdmin } from './kafkajs-admin.ts'
import { CONNECT_RETRY, connectionOf, hideNegativeTimeouts, SEND_RETRY } from './kafkajs-connection.ts'
import { toFailure } from './kafkajs-failure.ts'
import { connectReader } from './kafkajs-reader.ts'
import type { KafkaSettings } from './settings.ts'

const METADATA_MS_MAX = 60_000

export function createKafkajsClient(settings: KafkaSettings, log: Logger): KafkaClient {
  hideNegativeTimeouts()
  const connect = (): KafkaJs => {
    const { ssl, sasl, ...connection } = connectionOf(settings, log)
    const secured = { ...(ssl === undefined ? {} : { ssl }), ...(sasl === undefined ? {} : { sasl }) }
    return new kafkajs.Kafka({ ...connection, ...secured, retry: CONNECT_RETRY })
  }
  return {
    connectProducer: async () => {
      const producer = connect().producer({
        idempotent: true,
        maxInFlightRequests: 1,
        allowAutoTopicCreation: false,
        metadataMaxAge: METADATA_MS_MAX,
        createPartitioner: () => (record) => record.message.partition ?? 0,
        retry: SEND_RETRY,
      })
      return connectProducer(producer)
    },
    connectReader: async (from) => {
      const options = { ...connectionOf(settings, log), logger: connect().logger(), retry: CONNECT_RETRY }
      const cluster = new Cluster({ ...options, metadataMaxAge: METADATA_MS_MAX, allowAutoTopicCreation: false, isolationLevel: 1 })
      return connectReader(cluster, from)
    },
    connectAdmin: async () => connectAdmin(connect().admin({ retry: CONNECT_RETRY })),
  }
}

async function connectProducer(producer: Producer): Promise<KafkaProducer> {
  try {
    await producer.connect()
  } catch (error) {
    void producer.disconnect().catch(() => {})
    throw toFailure(error)
  }
  return {
    send: async (records) => {
      try {
        const written = await producer.sendBatch({ acks: -1, timeout: CLIENT_LIMITS.requestMs, topicMessages: topicMessagesOf(records) })
        const positions = lastPositions(written.map((one) => lastOf(records, one)))
        // kafkajs sends nothing, and says nothing, about a partition that the topic does not have.
        for (const { topic, partition } of records) {
          if (positions.some((one) => one.topic === topic && one.partition === partition)) continue
          throw new KafkaFailure('topic-missing', `topic ${topic} has no partition ${partition}`)
        }
        return positions
      } catch (error) {
        throw toFailure(error)
      }
    },
    close: () => producer.disconnect(),
  }
}

function topicMessagesOf(records: readonly OutgoingRecord[]) {
  return [...Map.groupBy(records, ({ topic }) => topic)].map(([topic, ofTopic]) => ({
    topic,
    messages: ofTopic.map(({ partition, key, headers, value }) => ({
      partition,
      key,
      headers: Object.fromEntries(Object.entries(headers).map(([name, given]) => [name, toBuffer(given)])),
      value: toBuffer(value),
    })),
  }))
}

const toBuffer = (given: string | Uint8Array): Buffer => (typeof given === 'string' ? Buffer.from(given) : Buffer.from(given))

function lastOf(
  records: readonly OutgoingRecord[],
  { topicName, partition, baseOffset }: { readonly topicName: string; readonly partition: number; readonly baseOffset?: string },
): Position {
  const count = records.filter((record) => record.topic === topicName && record.partition === partition).length
  return { topic: topicName, partition, offset: Number(baseOffset) + count - 1 }
}
