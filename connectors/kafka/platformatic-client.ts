/**
 * The Kafka client port on @platformatic/kafka, which is kept up; kafkajs is the other one.
 *
 * It reads by plain fetches, without a group and without the library's streams: who reads says from where, and asks
 * for more only when the last answer is dealt with.
 */
import { isIP } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  Admin,
  type BaseOptions,
  ConfigResourceTypes,
  ConfigSources,
  Consumer,
  ListOffsetTimestamps,
  ProduceAcks,
  Producer,
} from '@platformatic/kafka'
import { lastPositions, type Position } from '../../models/events/topics.ts'
import {
  CLIENT_LIMITS,
  type KafkaAdmin,
  type KafkaClient,
  type KafkaProducer,
  type KafkaReader,
  type OutgoingRecord,
  type PartitionRange,
  type TopicDescription,
} from './client.ts'
import { asFailure, toFailure } from './platformatic-failure.ts'
import { runFetches } from './platformatic-fetch.ts'
import { type KafkaSettings, readPassword, readTls } from './settings.ts'

export function createPlatformaticClient(settings: KafkaSettings): KafkaClient {
  return {
    connectProducer: asFailure(() => connectProducer(settings)),
    connectReader: asFailure((from) => connectReader(settings, from)),
    connectAdmin: asFailure(() => connectAdmin(settings)),
  }
}

/** What every client of the library is made with; the files are read each time. @throws KafkaFailure tls, credentials */
export function connectionOptions({ brokers, clientId, tls, sasl }: KafkaSettings): BaseOptions {
  if (sasl !== undefined) readPassword(sasl)
  return {
    clientId,
    bootstrapBrokers: [...brokers],
    connectTimeout: CLIENT_LIMITS.connectMs,
    requestTimeout: CLIENT_LIMITS.requestMs,
    timeout: CLIENT_LIMITS.requestMs,
    retries: 1,
    retryDelay: 100,
    autocreateTopics: false,
    // The server is told a name, never an address; either is checked.
    ...(tls === undefined ? {} : { tls: readTls(tls), tlsServerName: !brokers.some(isAddress) }),
    ...(sasl === undefined
      ? {}
      : { sasl: { mechanism: MECHANISMS[sasl.mechanism], username: sasl.username, password: () => readPassword(sasl) } }),
  }
}

const isAddress = (broker: string): boolean => isIP(broker.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')) !== 0

const CREATED_MS_MAX = 10_000
const MECHANISMS = { plain: 'PLAIN', 'scram-sha-256': 'SCRAM-SHA-256', 'scram-sha-512': 'SCRAM-SHA-512' } as const

async function connectProducer(settings: KafkaSettings): Promise<KafkaProducer> {
  const producer = new Producer({ ...connectionOptions(settings), idempotent: true, acks: ProduceAcks.ALL })
  return closedOnFailure(producer, async () => {
    await producer.initIdempotentProducer({})
    // So that between the call of `send` and the socket nothing is waited for.
    await producer.listApis()
    await producer.connectToBrokers().catch(() => {})
    return { send: asFailure((records) => send(producer, records)), close: () => close(producer) }
  })
}

async function send(producer: Producer, records: readonly OutgoingRecord[]): Promise<Position[]> {
  const { offsets = [] } = await producer.send({
    messages: records.map(({ topic, partition, key, headers, value }) => ({
      topic,
      partition,
      key: Buffer.from(key),
      value: Buffer.from(value),
      headers: new Map(Object.entries(headers).map(([name, text]) => [Buffer.from(name), Buffer.from(text)])),
    })),
  })
  // The answer tells where the first record of each partition went.
  const counts = new Map<string, number>()
  for (const { topic, partition } of records) counts.set(`${topic}:${partition}`, (counts.get(`${topic}:${partition}`) ?? 0) + 1)
  return offsets.map(({ topic, partition, offset }) => ({
    topic,
    partition,
    offset: Number(offset) + (counts.get(`${topic}:${partition}`) ?? 1) - 1,
  }))
}

async function connectReader(settings: KafkaSettings, from: readonly Position[]): Promise<KafkaReader> {
  const consumer = new Consumer({ ...connectionOptions(settings), groupId: settings.group })
  let admin: Admin | null = null
  return closedOnFailure(consumer, async () => {
    const poll = await runFetches(consumer, from)
    return {
      poll: asFailure(poll),
      commit: asFailure(async (groupId, next) => {
        admin ??= new Admin(connectionOptions(settings))
        const byTopic = Map.groupBy(lastPositions(next), ({ topic }) => topic)
        const topics = [...byTopic].map(([name, positions]) => ({
          name,
          partitionOffsets: positions.map(({ partition, offset }) => ({ partition, offset: BigInt(offset) })),
        }))
        await admin.alterConsumerGroupOffsets({ groupId, topics })
      }),
      async close() {
        await close(consumer)
        if (admin !== null) await close(admin)
      },
    }
  })
}

async function connectAdmin(settings: KafkaSettings): Promise<KafkaAdmin> {
  const admin = new Admin(connectionOptions(settings))
  return closedOnFailure(admin, async () => {
    await admin.metadata({ topics: [], forceUpdate: true })
    return {
      brokerCount: asFailure(async () => (await admin.metadata({ topics: [], forceUpdate: true })).brokers.size),
      topicNames: asFailure(async () => (await admin.listTopics({ includeInternals: false })).sort()),
      describeTopics: asFailure((names) => describeTopics(admin, names)),
      partitionRanges: asFailure((topics) => partitionRanges(admin, topics)),
      createTopics: asFailure(async (topics) => {
        for (const topic of topics) await createTopic(admin, topic)
      }),
      setTopicConfig: asFailure(async (resourceName, config) => {
        const configs = Object.entries(config).map(([name, value]) => ({ name, value }))
        await admin.alterConfigs({ resources: [{ resourceType: ConfigResourceTypes.TOPIC, resourceName, configs }] })
      }),
      close: () => close(admin),
    }
  })
}

async function describeTopics(admin: Admin, names: readonly string[]): Promise<TopicDescription[]> {
  const existing = new Set(await admin.listTopics({ includeInternals: true }))
  const known = names.filter((name) => existing.has(name))
  if (known.length === 0) return []
  const { topics } = await admin.metadata({ topics: known, forceUpdate: true })
  const resources = known.map((resourceName) => ({ resourceType: ConfigResourceTypes.TOPIC, resourceName }))
  const described = new Map((await admin.describeConfigs({ resources })).map(({ resourceName, configs }) => [resourceName, configs]))
  return known.map((name) => {
    const topic = topics.get(name)
    const own = (described.get(name) ?? []).filter(({ configSource }) => configSource === ConfigSources.DYNAMIC_TOPIC_CONFIG)
    const config = Object.fromEntries(own.map((entry) => [entry.name, entry.value ?? '']))
    return { name, partitionCount: topic?.partitionsCount ?? 0, replicationFactor: topic?.partitions[0]?.replicas.length ?? 0, config }
  })
}

async function partitionRanges(admin: Admin, names: readonly string[]): Promise<PartitionRange[]> {
  const { topics } = await admin.metadata({ topics: [...names], forceUpdate: true })
  const offsetsAt = async (timestamp: bigint): Promise<Map<string, number>> => {
    const asked = names.map((name) => ({
      name,
      partitions: (topics.get(name)?.partitions ?? []).map((_, partitionIndex) => ({ partitionIndex, timestamp })),
    }))
    const listed = await admin.listOffsets({ topics: asked })
    return new Map(
      listed.flatMap(({ name, partitions }) =>
        partitions.map(({ partitionIndex, offset }) => [`${name}:${partitionIndex}`, Number(offset)]),
      ),
    )
  }
  const begin = await offsetsAt(ListOffsetTimestamps.EARLIEST)
  const end = await offsetsAt(ListOffsetTimestamps.LATEST)
  return names.flatMap((topic) =>
    (topics.get(topic)?.partitions ?? []).map((_, partition) => ({
      topic,
      partition,
      beginOffset: begin.get(`${topic}:${partition}`) ?? 0,
      endOffset: end.get(`${topic}:${partition}`) ?? 0,
    })),
  )
}

async function createTopic(admin: Admin, { name, partitionCount, replicationFactor, config }: TopicDescription): Promise<void> {
  const configs = Object.entries(config).map(([key, value]) => ({ name: key, value }))
  try {
    await admin.createTopics({ topics: [name], partitions: partitionCount, replicas: replicationFactor, configs })
  } catch (error) {
    if (!toFailure(error).message.includes('TOPIC_ALREADY_EXISTS')) throw error
  }
  const untilMs = performance.now() + CREATED_MS_MAX
  while (!(await hasLeaders(admin, name)) && performance.now() < untilMs) await sleep(50)
}

/** The brokers hear of a new topic one after the other. */
async function hasLeaders(admin: Admin, name: string): Promise<boolean> {
  if (!(await admin.listTopics()).includes(name)) return false
  const { topics } = await admin.metadata({ topics: [name], forceUpdate: true })
  return topics.get(name)?.partitions.every(({ leader }) => leader >= 0) ?? false
}

/** There is nothing left to do about a client that fails to close. */
const close = async (client: { close(): Promise<void> }): Promise<void> => client.close().catch(() => {})

async function closedOnFailure<T>(client: { close(): Promise<void> }, start: () => Promise<T>): Promise<T> {
  try {
    return await start()
  } catch (error) {
    await close(client)
    throw error
  }
}
