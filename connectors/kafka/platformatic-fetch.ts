/**
 * Plain fetches with @platformatic/kafka, from given offsets: one under way per broker, none more until it is taken.
 *
 * The offset to go on from moves only with what was handed over, control records and aborted ones included.
 */
import type { ClusterMetadata, Consumer } from '@platformatic/kafka'
import type { Position } from '../../models/events/topics.ts'
import { CLIENT_LIMITS, FETCH_LIMITS, type FetchedPartition, type IncomingRecord, KafkaFailure } from './client.ts'
import { committed } from './record-batch.ts'

type FetchedBatches = Awaited<ReturnType<Consumer['fetch']>>['responses'][number]['partitions'][number]
type RecordsBatch = NonNullable<FetchedBatches['records']>[number]

const LOG_APPEND_TIME = 0b1000
const READ_COMMITTED = 1

interface Reading {
  readonly topic: string
  readonly topicId: string
  readonly partition: number
  nextOffset: number
}

export async function runFetches(consumer: Consumer, from: readonly Position[]): Promise<() => Promise<FetchedPartition[]>> {
  const names = [...new Set(from.map(({ topic }) => topic))]
  consumer.topics.trackAll(...names)
  const metadata = await consumer.metadata({ topics: names, forceUpdate: true })
  const byLeader = Map.groupBy(
    from.map(({ topic, partition, offset }) => ({ topic, topicId: metadata.topics.get(topic)?.id ?? '', partition, nextOffset: offset })),
    (reading) => leaderOf(metadata, reading),
  )
  const underWay = new Map<number, Promise<FetchedPartition[]>>()
  const taken = new Map<number, FetchedPartition[]>()

  const fetchFrom = (node: number, readings: readonly Reading[]): Promise<FetchedPartition[]> => {
    const fetching = fetch(consumer, { node, readings }).then((fetched) => {
      taken.set(node, fetched)
      return fetched
    })
    // Until somebody asks again nobody hears of a failure.
    fetching.catch(() => {})
    return fetching
  }

  return async () => {
    if (byLeader.size === 0) {
      await new Promise((resolve) => setTimeout(resolve, CLIENT_LIMITS.pollMs))
      return []
    }
    for (const [node, readings] of byLeader) {
      if (!underWay.has(node)) underWay.set(node, fetchFrom(node, readings))
    }
    await Promise.race(underWay.values())
    const fetched = [...taken.values()].flat()
    for (const node of taken.keys()) underWay.delete(node)
    taken.clear()
    return fetched
  }
}

function leaderOf({ topics }: ClusterMetadata, { topic, partition }: Reading): number {
  const leader = topics.get(topic)?.partitions[partition]?.leader
  if (leader === undefined) throw new KafkaFailure('topic-missing', `there is no partition ${partition} of topic ${topic}`)
  if (leader < 0) throw new KafkaFailure('unreachable', `partition ${partition} of topic ${topic} has no leader`)
  return leader
}

async function fetch(
  consumer: Consumer,
  { node, readings }: { readonly node: number; readonly readings: readonly Reading[] },
): Promise<FetchedPartition[]> {
  const byTopic = Map.groupBy(readings, ({ topicId }) => topicId)
  const topics = [...byTopic].map(([topicId, ofTopic]) => ({
    topicId,
    partitions: ofTopic.map(({ partition, nextOffset }) => ({
      partition,
      currentLeaderEpoch: -1,
      fetchOffset: BigInt(nextOffset),
      lastFetchedEpoch: -1,
      partitionMaxBytes: FETCH_LIMITS.partitionBytes,
    })),
  }))
  const response = await consumer.fetch({
    node,
    topics,
    minBytes: 1,
    maxBytes: FETCH_LIMITS.bytes,
    maxWaitTime: CLIENT_LIMITS.pollMs,
    isolationLevel: READ_COMMITTED,
  })
  return response.responses.flatMap(({ topicId, partitions }) =>
    partitions.flatMap((fetched) => {
      const reading = byTopic.get(topicId)?.find(({ partition }) => partition === fetched.partitionIndex)
      return reading === undefined ? [] : [handOver(reading, fetched)]
    }),
  )
}

function handOver(reading: Reading, fetched: FetchedBatches): FetchedPartition {
  const { topic, partition } = reading
  const batches = fetched.records ?? []
  const last = batches.at(-1)
  const records = committed(batches, fetched.abortedTransactions ?? []).flatMap((batch) => toRecords(batch, reading.nextOffset))
  if (last !== undefined) reading.nextOffset = Math.max(reading.nextOffset, Number(last.firstOffset) + last.lastOffsetDelta + 1)
  return { topic, partition, records, nextOffset: reading.nextOffset, endOffset: Number(fetched.highWatermark) }
}

/** A batch comes whole, also when reading goes on within it. */
function toRecords({ firstOffset, firstTimestamp, maxTimestamp, attributes, records }: RecordsBatch, from: number): IncomingRecord[] {
  return records
    .map(({ offsetDelta, timestampDelta, headers, value }) => ({
      offset: Number(firstOffset) + offsetDelta,
      timeMs: Number((attributes & LOG_APPEND_TIME) !== 0 ? maxTimestamp : firstTimestamp + timestampDelta),
      headers: toHeaders(headers),
      value: value ?? new Uint8Array(),
    }))
    .filter(({ offset }) => offset >= from)
}

function toHeaders(headers: RecordsBatch['records'][number]['headers']): Record<string, string> {
  // Of several headers with one name the first counts, so it is set last. No prototype: names come from strangers.
  const named: Record<string, string> = Object.create(null)
  for (const [name, value] of headers.toReversed()) named[String(name ?? '')] = String(value ?? '')
  return named
}
