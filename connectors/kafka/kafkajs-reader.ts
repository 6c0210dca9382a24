/**
 * Reads given partitions through the layer of kafkajs below its consumers.
 *
 * The twin knows where to go on and needs no group for it: no join to wait for, no rebalance, no member that must time out
 * after a crash. One answer per broker is fetched ahead, while the last one is dealt with.
 */
import type Cluster from 'kafkajs/src/cluster/index.js'
import type { Position } from '../../models/events/topics.ts'
import { type FetchedPartition, KafkaFailure, type KafkaReader } from './client.ts'
import { toFailure } from './kafkajs-failure.ts'
import { fetchBatches } from './kafkajs-fetch.ts'

type Answer = { readonly nodeId: string } & ({ readonly fetched: readonly FetchedPartition[] } | { readonly failure: KafkaFailure })

export async function connectReader(cluster: Cluster, from: readonly Position[]): Promise<KafkaReader> {
  const close = () => cluster.disconnect()
  try {
    await cluster.connect()
    await cluster.addMultipleTargetTopics([...new Set(from.map(({ topic }) => topic))])
    const partitions = from.map(({ topic, partition, offset }) => ({
      topic,
      partition,
      nodeId: leaderOf(cluster, { topic, partition }),
      offset,
    }))
    return { poll: pollingOf(cluster, partitions), commit: (group, next) => commit(cluster, group, next), close }
  } catch (error) {
    void close().catch(() => {})
    throw toFailure(error)
  }
}

function leaderOf(cluster: Cluster, { topic, partition }: { readonly topic: string; readonly partition: number }): string {
  const [nodeId] = Object.keys(cluster.findLeaderForPartitions(topic, [partition]))
  if (nodeId === undefined) throw new KafkaFailure('topic-missing', `topic ${topic} has no partition ${partition}`)
  return nodeId
}

interface ReadPartition {
  readonly topic: string
  readonly partition: number
  readonly nodeId: string
  /** The next to read. */
  offset: number
}

function pollingOf(cluster: Cluster, partitions: readonly ReadPartition[]): KafkaReader['poll'] {
  const byNode = Map.groupBy(partitions, ({ nodeId }) => nodeId)
  const underWay = new Map<string, Promise<Answer>>()
  const ask = (nodeId: string): void => {
    const own = byNode.get(nodeId) ?? []
    const answer = fetchFrom(cluster, nodeId, own).then(
      (fetched) => ({ nodeId, fetched }),
      (error: unknown) => ({ nodeId, failure: toFailure(error) }),
    )
    underWay.set(nodeId, answer)
  }
  return async () => {
    for (const nodeId of byNode.keys()) if (!underWay.has(nodeId)) ask(nodeId)
    const answer = await Promise.race(underWay.values())
    underWay.delete(answer.nodeId)
    if ('failure' in answer) throw answer.failure
    ask(answer.nodeId)
    return answer.fetched
  }
}

async function fetchFrom(cluster: Cluster, nodeId: string, partitions: readonly ReadPartition[]): Promise<readonly FetchedPartition[]> {
  const responses = await fetchBatches(await cluster.findBroker({ nodeId }), partitions)
  return responses.flatMap(({ topicName: topic, partitions: answered }) =>
    answered.flatMap(({ partition, endOffset, batches, committed }) => {
      const asked = partitions.find((one) => one.topic === topic && one.partition === partition)
      if (asked === undefined) return []
      // The broker answers with whole batches, which may begin before the offset that we asked for.
      const records = committed.flatMap((batch) => batch.records.filter(({ offset }) => offset >= asked.offset))
      const last = batches.at(-1)
      if (last !== undefined) asked.offset = Math.max(Number(last.firstOffset) + last.lastOffsetDelta + 1, asked.offset)
      return [{ topic, partition, records, nextOffset: asked.offset, endOffset }]
    }),
  )
}

/** As one who is no member may, while the group has none. */
async function commit(cluster: Cluster, groupId: string, next: readonly Position[]): Promise<void> {
  try {
    const coordinator = await cluster.findGroupCoordinator({ groupId })
    const topics = [...Map.groupBy(next, ({ topic }) => topic)].map(([topic, ofTopic]) => ({
      topic,
      partitions: ofTopic.map(({ partition, offset }) => ({ partition, offset: String(offset) })),
    }))
    await coordinator.offsetCommit({ groupId, groupGenerationId: -1, memberId: '', topics })
  } catch (error) {
    throw toFailure(error)
  }
}
