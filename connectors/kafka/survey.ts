/** Looks at the input topics before anything is read or written: are they all there, and made alike? */
import { type KafkaClient, KafkaFailure, type PartitionRange } from './client.ts'
import { INPUT_TOPICS } from './topics.ts'
import { closeSoon } from './waiting.ts'

export interface Survey {
  /** The same for all. */
  readonly partitionCount: number
  readonly ranges: readonly PartitionRange[]
}

/** @throws KafkaFailure topic-missing, topics-unequal, or whatever the client meets. */
export async function surveyTopics(client: KafkaClient, prefix: string): Promise<Survey> {
  const admin = await client.connectAdmin()
  try {
    const names = INPUT_TOPICS.map((name) => `${prefix}${name}`)
    const topics = await admin.describeTopics(names)
    const missing = names.filter((name) => !topics.some((topic) => topic.name === name))
    if (missing.length > 0) throw new KafkaFailure('topic-missing', `there is no topic ${missing.join(', ')}`)
    const counts = new Set(topics.map(({ partitionCount }) => partitionCount))
    if (counts.size > 1) {
      const told = topics.map(({ name, partitionCount }) => `${name} has ${partitionCount}`).join(', ')
      throw new KafkaFailure('topics-unequal', `the topics must have the same number of partitions, and ${told}`)
    }
    return { partitionCount: topics[0]?.partitionCount ?? 1, ranges: await admin.partitionRanges(names) }
  } finally {
    closeSoon(admin)
  }
}
