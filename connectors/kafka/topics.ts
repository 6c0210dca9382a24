/**
 * The topics we need and how they should be, and what would have to change. Nothing is created by being asked for.
 *
 * The number of partitions never changes: it would send a site's next events to another partition than its last ones.
 */
import { TOPICS } from '../../models/events/topics.ts'
import type { KafkaClient, PartitionRange, TopicDescription } from './client.ts'

export const DEAD_LETTER_TOPIC = 'edgetwin.dlq.v1'
export const INPUT_TOPICS: readonly string[] = Object.values(TOPICS)
const PARTITIONS_DEFAULT = 6

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const RETENTION_MS: Readonly<Record<string, number>> = {
  [TOPICS.metrics]: 6 * HOUR_MS,
  [TOPICS.cluster]: 7 * DAY_MS,
  [TOPICS.requests]: 7 * DAY_MS,
  [TOPICS.decisions]: 30 * DAY_MS,
  [DEAD_LETTER_TOPIC]: 30 * DAY_MS,
}

export interface WantedOptions {
  readonly prefix: string
  readonly partitionCount: number
  readonly brokerCount: number
}

export function wantedTopics({ prefix, partitionCount, brokerCount }: WantedOptions): TopicDescription[] {
  const replicationFactor = Math.min(3, brokerCount)
  return Object.entries(RETENTION_MS).map(([name, retentionMs]) => ({
    name: `${prefix}${name}`,
    partitionCount,
    replicationFactor,
    config: {
      'cleanup.policy': 'delete',
      'retention.ms': String(retentionMs),
      'min.insync.replicas': String(Math.max(1, replicationFactor - 1)),
      // Whatever its producer prefers: every client can read it then.
      'compression.type': 'uncompressed',
    },
  }))
}

export interface TopicChange {
  readonly topic: string
  readonly action: 'create' | 'configure' | 'keep' | 'refuse'
  /** In words: what is created, what changes, or why nothing does. */
  readonly detail: string
  readonly wanted: TopicDescription
}

/** One change per wanted topic and reason. What an operator has set beside ours stays. */
export function planTopics(current: readonly TopicDescription[], wanted: readonly TopicDescription[]): TopicChange[] {
  return wanted.flatMap((topic): TopicChange[] => {
    const change = (action: TopicChange['action'], detail: string, config = topic.config) => ({
      topic: topic.name,
      action,
      detail,
      wanted: { ...topic, config },
    })
    const { partitionCount, replicationFactor } = topic
    const present = current.find(({ name }) => name === topic.name)
    if (present === undefined) return [change('create', `${partitionCount} partitions, ${replicationFactor} replicas`)]
    const changes: TopicChange[] = []
    if (present.partitionCount !== partitionCount) {
      const remedy = 'other partitions would move sites and break their order; make the topics anew to change the number'
      changes.push(change('refuse', `has ${present.partitionCount} partitions, not ${partitionCount}: ${remedy}`))
    }
    if (present.replicationFactor < replicationFactor) {
      const remedy = 'move them with kafka-reassign-partitions'
      changes.push(change('refuse', `has ${present.replicationFactor} replicas, not ${replicationFactor}: ${remedy}`))
    }
    const differing = Object.entries(topic.config).filter(([name, value]) => present.config[name] !== value)
    const detail = differing.map(([name, value]) => `${name} ${present.config[name] ?? '(default)'} → ${value}`).join(', ')
    if (differing.length > 0) changes.push(change('configure', detail, { ...present.config, ...topic.config }))
    return changes.length > 0 ? changes : [change('keep', 'as wanted')]
  })
}

export interface EnsureOptions {
  readonly prefix: string
  /** Of topics to create; those that exist decide when there are any. */
  readonly partitionCount?: number
  readonly dryRun?: boolean
}

/** @returns What was done, or with `dryRun` what would be. @throws KafkaFailure */
export async function ensureTopics(client: KafkaClient, { prefix, partitionCount, dryRun }: EnsureOptions): Promise<TopicChange[]> {
  const admin = await client.connectAdmin()
  try {
    const names = Object.keys(RETENTION_MS).map((name) => `${prefix}${name}`)
    const [brokerCount, current] = await Promise.all([admin.brokerCount(), admin.describeTopics(names)])
    const asked = partitionCount ?? current[0]?.partitionCount ?? PARTITIONS_DEFAULT
    const changes = planTopics(current, wantedTopics({ prefix, partitionCount: asked, brokerCount }))
    if (dryRun === true) return changes
    await admin.createTopics(changes.filter(({ action }) => action === 'create').map(({ wanted }) => wanted))
    for (const { action, wanted } of changes) if (action === 'configure') await admin.setTopicConfig(wanted.name, wanted.config)
    return changes
  } finally {
    await admin.close()
  }
}

export interface ListedTopic extends TopicDescription {
  readonly partitions: readonly PartitionRange[]
}

/** Ours that exist. @throws KafkaFailure */
export async function listTopics(client: KafkaClient, { prefix }: { readonly prefix: string }): Promise<ListedTopic[]> {
  const admin = await client.connectAdmin()
  try {
    const topics = await admin.describeTopics(Object.keys(RETENTION_MS).map((name) => `${prefix}${name}`))
    const ranges = await admin.partitionRanges(topics.map(({ name }) => name))
    return topics.map((topic) => ({ ...topic, partitions: ranges.filter((range) => range.topic === topic.name) }))
  } finally {
    await admin.close()
  }
}
