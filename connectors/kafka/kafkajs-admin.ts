/** Topics, their settings and their offsets, through kafkajs. */
import { setTimeout as pause } from 'node:timers/promises'
import kafkajs, { type Admin } from 'kafkajs'
import type { KafkaAdmin, TopicDescription } from './client.ts'
import { toFailure } from './kafkajs-failure.ts'

const { ConfigResourceTypes, ConfigSource } = kafkajs
const CREATE_MS = 10_000

export async function connectAdmin(admin: Admin): Promise<KafkaAdmin> {
  await told(() => admin.connect())
  return {
    brokerCount: () => told(async () => (await admin.describeCluster()).brokers.length),
    topicNames: () => told(() => admin.listTopics()),
    describeTopics: (names) => told(() => describeTopics(admin, names)),
    partitionRanges: (topics) => told(async () => (await Promise.all(topics.map((topic) => rangesOf(admin, topic)))).flat()),
    createTopics: (topics) =>
      told(async () => {
        const asked = topics.map(({ name, partitionCount, replicationFactor, config }) => ({
          topic: name,
          numPartitions: partitionCount,
          replicationFactor,
          configEntries: entriesOf(config),
        }))
        if (asked.length === 0) return
        await admin.createTopics({ topics: asked, waitForLeaders: false, timeout: CREATE_MS })
        await untilLed(
          admin,
          asked.map(({ topic }) => topic),
        )
      }),
    setTopicConfig: (topic, config) =>
      told(async () => {
        const resource = { type: ConfigResourceTypes.TOPIC, name: topic, configEntries: entriesOf(config) }
        await admin.alterConfigs({ validateOnly: false, resources: [resource] })
      }),
    close: () => admin.disconnect(),
  }
}

async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw toFailure(error)
  }
}

/** A busy cluster takes seconds to give each partition a leader; kafkajs itself gives up sooner. */
async function untilLed(admin: Admin, topics: string[]): Promise<void> {
  for (const endMs = performance.now() + CREATE_MS; ; await pause(100)) {
    try {
      const { topics: metadata } = await admin.fetchTopicMetadata({ topics })
      if (metadata.every(({ partitions }) => partitions.length > 0 && partitions.every(({ leader }) => leader >= 0))) return
    } catch (error) {
      if (performance.now() > endMs) throw error
    }
    if (performance.now() > endMs) return
  }
}

async function describeTopics(admin: Admin, names: readonly string[]): Promise<readonly TopicDescription[]> {
  // Asked for a topic that is not there, Kafka tells nothing about the others either.
  const existing = new Set(await admin.listTopics())
  const topics = names.filter((name) => existing.has(name))
  if (topics.length === 0) return []
  const { topics: metadata } = await admin.fetchTopicMetadata({ topics })
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: topics.map((name) => ({ type: ConfigResourceTypes.TOPIC, name })),
  })
  return metadata.map(({ name, partitions }) => {
    const entries = resources.find(({ resourceName }) => resourceName === name)?.configEntries ?? []
    const own = entries.filter(({ configSource }) => configSource === ConfigSource.TOPIC_CONFIG)
    return {
      name,
      partitionCount: partitions.length,
      replicationFactor: partitions[0]?.replicas.length ?? 0,
      config: Object.fromEntries(own.map(({ configName, configValue }) => [configName, configValue])),
    }
  })
}

async function rangesOf(admin: Admin, topic: string) {
  const offsets = await whenLed(() => admin.fetchTopicOffsets(topic))
  return offsets.map(({ partition, low, high }) => ({ topic, partition, beginOffset: Number(low), endOffset: Number(high) }))
}

const LED_MS = 5_000
const NOT_LED = new Set(['NOT_LEADER_FOR_PARTITION', 'LEADER_NOT_AVAILABLE', 'UNKNOWN_TOPIC_OR_PARTITION'])

/** A broker that has just been made leader may not know it yet. */
async function whenLed<T>(ask: () => Promise<T>): Promise<T> {
  for (const endMs = performance.now() + LED_MS; ; await pause(100)) {
    try {
      return await ask()
    } catch (error) {
      const causes = [error, error instanceof Error ? error.cause : undefined]
      const isNotLed = causes.some(
        (cause) => typeof cause === 'object' && cause !== null && NOT_LED.has(String(Reflect.get(cause, 'type'))),
      )
      if (!isNotLed || performance.now() > endMs) throw error
    }
  }
}

const entriesOf = (config: Readonly<Record<string, string>>) => Object.entries(config).map(([name, value]) => ({ name, value }))
