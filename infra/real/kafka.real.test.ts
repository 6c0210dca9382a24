/** The lab's Kafka: what it promises to the suites that stand on it. */
import { existsSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Kafka, type KafkaConfig, logLevel } from 'kafkajs'
import { type KafkaLab, startKafka } from '../lab/kafka.ts'
import { startToxiproxy, type Toxiproxy } from '../lab/toxiproxy.ts'

const clientOf = (brokers: readonly string[], more: Partial<KafkaConfig> = {}) =>
  new Kafka({
    clientId: 'lab',
    brokers: [...brokers],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 2_000,
    requestTimeout: 5_000,
    retry: { initialRetryTime: 100, maxRetryTime: 500, retries: 60 },
    ...more,
  })
const once = { retry: { retries: 0 } }

async function topicCount(kafka: Kafka): Promise<number> {
  const admin = kafka.admin()
  await admin.connect()
  try {
    return (await admin.listTopics()).length
  } finally {
    await admin.disconnect()
  }
}

describe('one broker, secured and behind a proxy', () => {
  let lab: KafkaLab
  let toxiproxy: Toxiproxy
  beforeAll(async () => {
    toxiproxy = await startToxiproxy()
    lab = await startKafka({ sessionTimeoutMs: 1_500, secure: true, toxiproxy })
  })
  afterAll(async () => {
    await lab?.stop()
    await toxiproxy?.stop()
  })

  it('takes the user with the password and nobody else', async () => {
    const { brokers, caFile, username, passwordFile, wrongPasswordFile } = lab.secure!
    const ssl = { ca: readFileSync(caFile, 'utf8') }
    const saslOf = (file: string) => ({ mechanism: 'scram-sha-512' as const, username, password: readFileSync(file, 'utf8') })
    expect(await topicCount(clientOf(brokers, { ssl, sasl: saslOf(passwordFile) }))).toBe(0)
    await expect(topicCount(clientOf(brokers, { ssl, sasl: saslOf(wrongPasswordFile), ...once }))).rejects.toThrow('Authentication failed')
    await expect(topicCount(clientOf(brokers, { ssl: true, sasl: saslOf(passwordFile), ...once }))).rejects.toThrow('certificate')
  })

  it('takes a client certificate, and no connection without', async () => {
    const { certBrokers, caFile, certFile, keyFile } = lab.secure!
    const ssl = { ca: readFileSync(caFile, 'utf8') }
    const own = { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') }
    expect(await topicCount(clientOf(certBrokers, { ssl: { ...ssl, ...own } }))).toBe(0)
    await expect(topicCount(clientOf(certBrokers, { ssl, ...once }))).rejects.toThrow()
  })

  it('is reached through the proxy only, by those who come that way', async () => {
    const { brokers, proxies } = lab.proxied!
    expect(await topicCount(clientOf(brokers))).toBe(0)
    await proxies[0]!.add({ type: 'down' })
    await expect(topicCount(clientOf(brokers, once))).rejects.toThrow()
    expect(await topicCount(clientOf(lab.brokers))).toBe(0)
    await proxies[0]!.clear()
    expect(await topicCount(clientOf(brokers))).toBe(0)
  })

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

describe('three brokers', () => {
  let lab: KafkaLab
  beforeAll(async () => {
    lab = await startKafka({ brokerCount: 3 })
  })
  afterAll(() => lab?.stop())

  it('goes on without the leader, and takes it back', async () => {
    const admin = clientOf(lab.brokers).admin()
    const producer = clientOf(lab.brokers).producer({ idempotent: true, maxInFlightRequests: 1 })
    await admin.connect()
    await producer.connect()
    await admin.createTopics({ topics: [{ topic: 'thrice', numPartitions: 1, replicationFactor: 3 }] })
    const partition = async () => (await admin.fetchTopicMetadata({ topics: ['thrice'] })).topics[0]!.partitions[0]!
    await producer.send({ topic: 'thrice', messages: [{ value: '1' }] })
    const { leader } = await partition()

    await lab.nodes[leader - 1]!.kill()
    await producer.send({ topic: 'thrice', messages: [{ value: '2' }] })
    expect((await partition()).leader).not.toBe(leader)

    await lab.nodes[leader - 1]!.start()
    for (let tries = 0; tries < 100 && (await partition()).isr.length < 3; tries++) await new Promise((resolve) => setTimeout(resolve, 100))
    expect((await partition()).isr).toHaveLength(3)
    expect((await admin.fetchTopicOffsets('thrice'))[0]!.high).toBe('2')
    await producer.disconnect()
    await admin.disconnect()
  })
})
