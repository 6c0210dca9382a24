/** For tests: brokers in memory with faults on demand, for what cannot be had from real ones at the right moment. */
import { lastPositions } from '../../../models/events/topics.ts'
import { type FailureKind, type IncomingRecord, type KafkaClient, KafkaFailure, type OutgoingRecord } from '../client.ts'

export interface SendFault {
  readonly kind: FailureKind
  /** The records are written all the same; only the answer is lost. */
  readonly isWritten: boolean
}

export interface MemoryKafka {
  readonly client: KafkaClient
  /** Each applies to one `send`, in order. */
  readonly sendFaults: SendFault[]
  /** Each is thrown by one `poll`. */
  readonly pollFaults: KafkaFailure[]
  readonly recordsOf: (topic: string, partition: number) => IncomingRecord[]
  readonly connections: { readers: number; producers: number }
  /** Sizes of the batches that were written or refused. */
  readonly sentCounts: number[]
}

const POLL_MS = 5

export function createMemoryKafka({
  topics,
  partitionCount = 2,
  valueBytesMax = Number.POSITIVE_INFINITY,
}: {
  readonly topics: readonly string[]
  readonly partitionCount?: number
  readonly valueBytesMax?: number
}): MemoryKafka {
  const logs = new Map<string, IncomingRecord[]>()
  const recordsOf = (topic: string, partition: number): IncomingRecord[] => {
    const key = `${topic}:${partition}`
    const log = logs.get(key) ?? []
    logs.set(key, log)
    return log
  }
  const sendFaults: SendFault[] = []
  const pollFaults: KafkaFailure[] = []
  const connections = { readers: 0, producers: 0 }
  const sentCounts: number[] = []

  function write(records: readonly OutgoingRecord[]) {
    return lastPositions(
      records.map(({ topic, partition, headers, value }) => {
        const log = recordsOf(topic, partition)
        const text = Object.fromEntries(Object.entries(headers).map(([name, given]) => [name, Buffer.from(given).toString()]))
        log.push({ offset: log.length, timeMs: 1_000, headers: text, value: Buffer.from(value) })
        return { topic, partition, offset: log.length - 1 }
      }),
    )
  }

  const client: KafkaClient = {
    async connectProducer() {
      connections.producers++
      return {
        async send(records) {
          sentCounts.push(records.length)
          const fault = sendFaults.shift()
          const isTooLarge = records.some(({ value }) => value.length > valueBytesMax)
          const positions = isTooLarge || fault?.isWritten === false ? [] : write(records)
          if (isTooLarge) throw new KafkaFailure('too-large', 'too large')
          if (fault !== undefined) throw new KafkaFailure(fault.kind, `told to fail: ${fault.kind}`)
          return positions
        },
        close: async () => {},
      }
    },
    async connectReader(from) {
      connections.readers++
      const next = from.map((position) => ({ ...position }))
      return {
        async poll() {
          const fault = pollFaults.shift()
          if (fault !== undefined) throw fault
          const fetched = next.map((position) => {
            const log = recordsOf(position.topic, position.partition)
            const records = log.slice(position.offset)
            position.offset = log.length
            return { ...position, records, nextOffset: log.length, endOffset: log.length }
          })
          if (fetched.every(({ records }) => records.length === 0)) await new Promise((resolve) => setTimeout(resolve, POLL_MS))
          return fetched
        },
        commit: async () => {},
        close: async () => {},
      }
    },
    connectAdmin: async () => ({
      brokerCount: async () => 1,
      topicNames: async () => topics,
      describeTopics: async (names) =>
        names.filter((name) => topics.includes(name)).map((name) => ({ name, partitionCount, replicationFactor: 1, config: {} })),
      partitionRanges: async (names) =>
        names.flatMap((topic) =>
          Array.from({ length: partitionCount }, (_, partition) => ({
            topic,
            partition,
            beginOffset: 0,
            endOffset: recordsOf(topic, partition).length,
          })),
        ),
      createTopics: async () => {},
      setTopicConfig: async () => {},
      close: async () => {},
    }),
  }
  return { client, sendFaults, pollFaults, recordsOf, connections, sentCounts }
}
