/**
 * One fetch over a connection of kafkajs: its request, and the answer read here.
 *
 * kafkajs reads its answers so slowly that a consumer does little else; what it builds for each record nobody needs.
 */
import type { ClusterBroker } from 'kafkajs/src/cluster/index.js'
import fetchRequest from 'kafkajs/src/protocol/requests/fetch/v11/request.js'
import kafkajsResponse from 'kafkajs/src/protocol/requests/fetch/v11/response.js'
import type { Position } from '../../models/events/topics.ts'
import { CLIENT_LIMITS, FETCH_LIMITS } from './client.ts'
import { committed, type RecordBatch, readBatches } from './record-batch.ts'

export interface FetchAnswer {
  readonly partition: number
  readonly errorCode: number
  /** The offset that the next record written will get. */
  readonly endOffset: number
  /** Whole batches: the first may begin before what was asked for. */
  readonly batches: readonly RecordBatch[]
  /** Without what was aborted, and without markers. */
  readonly committed: readonly RecordBatch[]
}

interface Answer {
  readonly responses: readonly { readonly topicName: string; readonly partitions: readonly FetchAnswer[] }[]
}

const CONSUMER = -1
const READ_COMMITTED = 1
const { pollMs, requestMs } = CLIENT_LIMITS

/** @param from The next offset to read of each. Needs Kafka 2.3. */
export async function fetchBatches(broker: ClusterBroker, from: readonly Position[]): Promise<Answer['responses']> {
  const topics = [...Map.groupBy(from, ({ topic }) => topic)].map(([topic, ofTopic]) => ({
    topic,
    partitions: ofTopic.map(({ partition, offset }) => ({
      partition,
      fetchOffset: String(offset),
      maxBytes: FETCH_LIMITS.partitionBytes,
    })),
  }))
  const request = fetchRequest({
    replicaId: CONSUMER,
    isolationLevel: READ_COMMITTED,
    maxWaitTime: pollMs,
    minBytes: 1,
    maxBytes: FETCH_LIMITS.bytes,
    topics,
  })
  const response = { decode: async (bytes: Buffer) => readAnswer(bytes), parse: kafkajsResponse.parse<Answer> }
  const { responses } = await broker.connectionPool.send({ request, response, requestTimeout: pollMs + requestMs })
  return responses
}

function readAnswer(bytes: Buffer): Answer {
  // Throttle time, error and session come before it; a broker that throttles us waits by itself.
  let at = 10
  const pass = (length: number): number => {
    at += Math.max(0, length)
    return at - Math.max(0, length)
  }
  const int16 = () => bytes.readInt16BE(pass(2))
  const int32 = () => bytes.readInt32BE(pass(4))
  const int64 = () => bytes.readBigInt64BE(pass(8))
  const slice = (length: number) => bytes.subarray(pass(length), at)
  const array = <T>(read: () => T): T[] => Array.from({ length: Math.max(0, int32()) }, read)

  const readPartition = (): FetchAnswer => {
    const [partition, errorCode, endOffset] = [int32(), int16(), Number(int64())]
    // Last stable offset and begin of the log.
    pass(16)
    const aborted = array(() => ({ producerId: int64(), firstOffset: int64() }))
    // The replica that it would rather have us read from.
    pass(4)
    const batches = readBatches(slice(int32()))
    return { partition, errorCode, endOffset, batches, committed: committed(batches, aborted) }
  }
  return { responses: array(() => ({ topicName: slice(int16()).toString(), partitions: array(readPartition) })) }
}
