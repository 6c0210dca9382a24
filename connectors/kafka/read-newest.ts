/** The newest records of one topic, read once: for what people ask, not for the twin. */
import { type IncomingRecord, type KafkaClient, KafkaFailure } from './client.ts'
import { closeSoon, within } from './waiting.ts'

const READ_WITHIN_MS = 10_000

/** @param limit Of each partition. @returns Each partition in order. @throws KafkaFailure */
export async function readNewest(client: KafkaClient, topic: string, limit: number): Promise<readonly IncomingRecord[]> {
  const admin = await client.connectAdmin()
  const ranges = await admin
    .describeTopics([topic])
    .then((topics) => {
      if (topics.length === 0) throw new KafkaFailure('topic-missing', `there is no topic ${topic}`)
      return admin.partitionRanges([topic])
    })
    .finally(() => closeSoon(admin))
  const filled = ranges.filter(({ beginOffset, endOffset }) => endOffset > beginOffset)
  if (filled.length === 0) return []
  const reader = await client.connectReader(
    filled.map(({ partition, beginOffset, endOffset }) => ({ topic, partition, offset: Math.max(beginOffset, endOffset - limit) })),
  )
  const records: IncomingRecord[] = []
  const unread = new Map(filled.map(({ partition, endOffset }) => [partition, endOffset]))
  const readAll = async () => {
    while (unread.size > 0) {
      for (const fetched of await reader.poll()) {
        records.push(...fetched.records)
        if (fetched.nextOffset >= (unread.get(fetched.partition) ?? 0)) unread.delete(fetched.partition)
      }
    }
  }
  try {
    await within(READ_WITHIN_MS, `reading ${topic}`, readAll())
    return records
  } finally {
    closeSoon(reader)
  }
}
