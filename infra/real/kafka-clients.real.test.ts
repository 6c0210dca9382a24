/** What either Kafka client owes the event log, against a real broker. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Kafka, logLevel } from 'kafkajs'
import type { FetchedPartition, KafkaClient, OutgoingRecord } from '../../connectors/kafka/client.ts'
import { createKafkajsClient } from '../../connectors/kafka/kafkajs-client.ts'
import { createPlatformaticClient } from '../../connectors/kafka/platformatic-client.ts'
import type { KafkaSettings } from '../../connectors/kafka/settings.ts'
import { type KafkaLab, startKafka } from '../lab/kafka.ts'
import { silent } from '../testing/journaled-site.ts'

let lab: KafkaLab

const settings = (more: Partial<KafkaSettings> = {}): KafkaSettings => ({
  brokers: lab.brokers,
  clientId: 'suite',
  group: 'suite',
  topicPrefix: '',
  ...more,
})
const record = (topic: string, n: number, more: Partial<OutgoingRecord> = {}): OutgoingRecord => ({
  topic,
  partition: 0,
  key: 'lab',
  headers: { ce_id: `${n}` },
  value: `{"n":${n}}`,
  ...more,
})
const aTopic = (name: string, partitionCount = 1) => ({ name, partitionCount, replicationFactor: 1, config: {} })

async function withAdmin<T>(
  client: KafkaClient,
  work: (admin: Awaited<ReturnType<KafkaClient['connectAdmin']>>) => Promise<T>,
): Promise<T> {
  const admin = await client.connectAdmin()
  try {
    return await work(admin)
  } finally {
    await admin.close()
  }
}

/** Polls until so many records came; each partition's in order and each once. */
async function readAll(client: KafkaClient, from: Parameters<KafkaClient['connectReader']>[0], count: number): Promise<FetchedPartition[]> {
  const reader = await client.connectReader(from)
  const fetched: FetchedPartition[] = []
  try {
    while (fetched.flatMap(({ records }) => records).length < count) fetched.push(...(await reader.poll()))
    return fetched
  } finally {
    await reader.close()
  }
}

/** A new cluster takes a moment until it can keep offsets. */
async function untilAccepted(commit: () => Promise<void>): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return await commit()
    } catch (error) {
      if (tries === 50) throw error
      await sleep(100)
    }
  }
}

const textOf = (value: Uint8Array) => new TextDecoder().decode(value)

const CLIENTS = {
  kafkajs: (given: KafkaSettings) => createKafkajsClient(given, silent),
  '@platformatic/kafka': createPlatformaticClient,
}

describe.each(Object.entries(CLIENTS))('%s', (_, createClient) => {
  beforeAll(async () => {
    lab = await startKafka({ sessionTimeoutMs: 1_500, secure: true })
  })
  afterAll(() => lab?.stop())

  const client = () => createClient(settings())

  it('creates, describes and changes topics', async () => {
    await withAdmin(client(), async (admin) => {
      expect(await admin.brokerCount()).toBe(1)
      const wanted = { ...aTopic('made', 3), config: { 'retention.ms': '86400000' } }
      await admin.createTopics([wanted, aTopic('other')])
      await admin.createTopics([wanted])
      expect([...(await admin.topicNames())].sort()).toEqual(['made', 'other'])
      expect(await admin.describeTopics(['made', 'absent'])).toEqual([wanted])
      await admin.setTopicConfig('made', { 'cleanup.policy': 'compact' })
      expect((await admin.describeTopics(['made']))[0]!.config).toEqual({ 'cleanup.policy': 'compact' })
      expect(await admin.partitionRanges(['made'])).toEqual(
        [0, 1, 2].map((partition) => ({ topic: 'made', partition, beginOffset: 0, endOffset: 0 })),
      )
    })
  })

  it('reads what it sent, unchanged and in order, from the offsets it is told', async () => {
    await withAdmin(client(), (admin) => admin.createTopics([aTopic('first', 2), aTopic('second')]))
    const producer = await client().connectProducer()
    const bytes = Uint8Array.from([0, 255, 128])
    const sent = [
      record('first', 0),
      record('first', 1, { partition: 1, value: bytes, headers: { é: 'ü', ce_id: 'x' } }),
      record('second', 2),
    ]
    const positions = await producer.send([...sent, record('first', 3), record('first', 4)])
    expect([...positions].sort((a, b) => a.topic.localeCompare(b.topic) || a.partition - b.partition)).toEqual([
      { topic: 'first', partition: 0, offset: 2 },
      { topic: 'first', partition: 1, offset: 0 },
      { topic: 'second', partition: 0, offset: 0 },
    ])
    const startMs = Date.now()
    const from = [
      { topic: 'first', partition: 0, offset: 1 },
      { topic: 'first', partition: 1, offset: 0 },
      { topic: 'second', partition: 0, offset: 0 },
    ]
    const fetched = await readAll(client(), from, 4)
    const of = (topic: string, partition: number) =>
      fetched.filter((part) => part.topic === topic && part.partition === partition).flatMap(({ records }) => records)
    expect(of('first', 0).map(({ offset, value }) => [offset, textOf(value)])).toEqual([
      [1, '{"n":3}'],
      [2, '{"n":4}'],
    ])
    expect(of('first', 1)).toMatchObject([{ offset: 0, headers: { é: 'ü', ce_id: 'x' } }])
    expect([...of('first', 1)[0]!.value]).toEqual([...bytes])
    expect(Math.abs(of('second', 0)[0]!.timeMs - startMs)).toBeLessThan(60_000)
    expect(fetched.find(({ topic, partition }) => topic === 'first' && partition === 0)).toMatchObject({ nextOffset: 3, endOffset: 3 })
    await producer.close()
  })

  it('waits for what is still to come, and reads on in the same reader', async () => {
    await withAdmin(client(), (admin) => admin.createTopics([aTopic('later')]))
    const reader = await client().connectReader([{ topic: 'later', partition: 0, offset: 0 }])
    expect((await reader.poll()).flatMap(({ records }) => records)).toEqual([])
    const producer = await client().connectProducer()
    const seen: number[] = []
    for (let round = 0; round < 3; round++) {
      await producer.send(Array.from({ length: 500 }, (_, n) => record('later', round * 500 + n)))
      while (seen.length < (round + 1) * 500) {
        for (const { records } of await reader.poll()) seen.push(...records.map(({ offset }) => offset))
      }
    }
    expect(seen).toEqual(Array.from({ length: 1_500 }, (_, n) => n))
    await untilAccepted(() => reader.commit('watched', [{ topic: 'later', partition: 0, offset: 1_500 }]))
    await reader.close()
    await producer.close()
    const admin = kafkajs().admin()
    await admin.connect()
    expect((await admin.fetchOffsets({ groupId: 'watched', topics: ['later'] }))[0]?.partitions[0]?.offset).toBe('1500')
    await admin.disconnect()
  })

  it('leaves out what a transaction took back, and goes on behind it', async () => {
    await withAdmin(client(), (admin) => admin.createTopics([aTopic('transacted')]))
    const producer = kafkajs().producer({ transactionalId: 'suite', idempotent: true, maxInFlightRequests: 1 })
    await producer.connect()
    for (const isKept of [false, false, true]) {
      const transaction = await producer.transaction()
      await transaction.send({ topic: 'transacted', messages: [{ value: isKept ? 'kept' : 'taken back' }] })
      await (isKept ? transaction.commit() : transaction.abort())
    }
    const fetched = await readAll(client(), [{ topic: 'transacted', partition: 0, offset: 0 }], 1)
    expect(fetched.flatMap(({ records }) => records).map(({ offset, value }) => [offset, textOf(value)])).toEqual([[4, 'kept']])
    // Its marker may come with it or with the next fetch.
    expect(fetched.at(-1)!.nextOffset).toBeGreaterThanOrEqual(5)
    await producer.disconnect()
  })

  it('reads a record of 900 KB whole, and refuses one above the limit as too large', async () => {
    await withAdmin(client(), (admin) => admin.createTopics([aTopic('large')]))
    const producer = await client().connectProducer()
    await producer.send([record('large', 0, { value: 'x'.repeat(900_000) }), record('large', 1)])
    const [first] = (await readAll(client(), [{ topic: 'large', partition: 0, offset: 0 }], 2)).flatMap(({ records }) => records)
    expect(first!.value.length).toBe(900_000)
    await expect(producer.send([record('large', 2, { value: 'x'.repeat(2_000_000) })])).rejects.toMatchObject({ kind: 'too-large' })
    await producer.close()
  })

  it('names what is wrong', async () => {
    const absent = [{ topic: 'absent', partition: 0, offset: 0 }]
    await expect(client().connectReader(absent)).rejects.toMatchObject({ kind: 'topic-missing' })
    const beyond = await client().connectReader([{ topic: 'large', partition: 0, offset: 999 }])
    await expect(beyond.poll()).rejects.toMatchObject({ kind: 'offset-gone' })
    await beyond.close()
    await expect(createClient(settings({ brokers: ['127.0.0.1:9'] })).connectAdmin()).rejects.toMatchObject({
      kind: 'unreachable',
    })
  })

  it('speaks TLS with a password or a certificate, and tells a wrong one and a wrong authority apart', async () => {
    const { brokers, certBrokers, caFile, username, passwordFile, wrongPasswordFile, certFile, keyFile } = lab.secure!
    const sasl = { mechanism: 'scram-sha-512', username, passwordFile } as const
    const connect = (more: Partial<KafkaSettings>) =>
      withAdmin(createClient(settings(more)), async (admin) => (await admin.topicNames()).length)
    expect(await connect({ brokers, tls: { caFile }, sasl })).toBeGreaterThan(0)
    expect(await connect({ brokers: certBrokers, tls: { caFile, certFile, keyFile } })).toBeGreaterThan(0)
    const kindOf = (more: Partial<KafkaSettings>) => connect(more).catch(({ kind, message }) => ({ kind, message }))
    expect(await kindOf({ brokers, tls: { caFile }, sasl: { ...sasl, passwordFile: wrongPasswordFile } })).toMatchObject({
      kind: 'credentials',
    })
    expect(await kindOf({ brokers, tls: {}, sasl })).toMatchObject({ kind: 'tls' })
    // @platformatic/kafka tells of the alert only that the connection was closed.
    expect(await kindOf({ brokers: certBrokers, tls: { caFile } })).toMatchObject({ kind: expect.stringMatching(/^(tls|unreachable)$/) })
    expect(await kindOf({ brokers, tls: { caFile: '/nowhere.pem' }, sasl })).toMatchObject({
      kind: 'tls',
      message: expect.stringContaining('/nowhere.pem'),
    })
  })
})

const kafkajs = () => new Kafka({ clientId: 'other', brokers: [...lab.brokers], logLevel: logLevel.NOTHING })
