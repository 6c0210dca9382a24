/** The lab's Kafka: what it promises to the suites that stand on it. */
import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Kafka, logLevel } from 'kafkajs'
import { type KafkaLab, startKafka } from '../lab/kafka.ts'

const clientOf = (brokers: readonly string[]) =>
  new Kafka({
    clientId: 'lab',
    brokers: [...brokers],
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 100, maxRetryTime: 500, retries: 60 },
  })

describe('one broker', () => {
  let lab: KafkaLab
  beforeAll(async () => {
    lab = await startKafka({ sessionTimeoutMs: 1_500 })
  })
  afterAll(() => lab?.stop())

  it('keeps records over a kill, on the same port, and leaves nothing when it stops', async () => {
    const [node] = lab.nodes
    const admin = clientOf(lab.brokers).admin()
    const producer = clientOf(lab.brokers).producer({ idempotent: true })
    await admin.connect()
    await producer.connect()
    await admin.createTopics({ topics: [{ topic: 'kept', numPartitions: 1 }] })
    await producer.send({ topic: 'kept', messages: [{ value: 'before' }] })

    const pid = node!.pid()
    await node!.kill()
    expect(node!.pid()).toBeUndefined()
    await node!.start()
    expect(node!.pid()).not.toBe(pid)
    await producer.send({ topic: 'kept', messages: [{ value: 'after' }] })
    expect((await admin.fetchTopicOffsets('kept'))[0]!.high).toBe('2')

    await producer.disconnect()
    await admin.disconnect()
    await lab.stop()
    expect(node!.pid()).toBeUndefined()
    expect(existsSync(lab.dir)).toBe(false)
  })
})
