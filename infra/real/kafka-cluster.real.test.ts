/** The event log on three brokers of which the leader is killed: another takes over, with nothing lost, twice or out of order. */
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import kafkajs from 'kafkajs'
import { aSample } from '../../connectors/journal/event-log.contract.ts'
import { createKafkaLog } from '../../connectors/kafka/kafka-log.ts'
import { ensureTopics, listTopics } from '../../connectors/kafka/topics.ts'
import type { Position } from '../../models/events/topics.ts'
import { type KafkaLab, startKafka } from '../lab/kafka.ts'
import { aLedger, CLIENTS, freshSettings, silent } from './kafka-parts.ts'

let lab: KafkaLab
beforeAll(async () => {
  lab = await startKafka({ brokerCount: 3 })
})
afterAll(() => lab?.stop())

/** @returns The id of the node, from 1. */
async function leaderOf(topic: string, partition: number): Promise<number> {
  const admin = new kafkajs.Kafka({ brokers: [...lab.brokers], logLevel: 0 }).admin()
  await admin.connect()
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
  await admin.disconnect()
  return topics[0]!.partitions.find(({ partitionId }) => partitionId === partition)!.leader
}

it.each(CLIENTS)('%s goes on with the two that are left', async (_, clientOf) => {
  const settings = freshSettings(lab.brokers)
  const client = clientOf(settings)
  await ensureTopics(client, { prefix: settings.topicPrefix, partitionCount: 3 })
  const topics = await listTopics(client, { prefix: settings.topicPrefix })
  expect(topics.map(({ replicationFactor, config }) => [replicationFactor, config['min.insync.replicas']])).toEqual(
    topics.map(() => [3, '2']),
  )

  const log = createKafkaLog({ client, settings, clock: Date.now, random: Math.random, logger: silent, publishWithinMs: 60_000 })
  const ledger = aLedger()
  await log.subscribe({ resumeAfter: [], onRecords: ledger.onRecords })
  const sent: Promise<readonly Position[]>[] = []
  const publishing = setInterval(() => sent.push(log.publish([aSample(sent.length)])), 5)
  await ledger.until(100)
  const { topic, partition } = ledger.records[0]!.position
  const leader = lab.nodes[(await leaderOf(`${settings.topicPrefix}${topic}`, partition)) - 1]!
  await leader.kill()
  await ledger.until(sent.length + 100)
  await leader.start()
  await ledger.until(sent.length + 100)
  clearInterval(publishing)
  await Promise.all(sent)
  await ledger.until(sent.length)
  await log.close()
  expect(ledger.times()).toEqual(Array.from(sent, (_, n) => aSample(n).timeMs))
})
