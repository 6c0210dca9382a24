/** What people may see and do of Kafka through edgetwin, each time asked anew. */
import type { LogAdmin } from '../../models/contracts/log-admin.ts'
import { TwinError } from '../../models/errors.ts'
import type { KafkaClient } from './client.ts'
import type { DeadLetterTopic } from './dead-letters.ts'
import { toTwinError } from './remedies.ts'
import { ensureTopics, listTopics } from './topics.ts'
import { asFailure } from './waiting.ts'

export interface KafkaAdminOptions {
  readonly client: KafkaClient
  readonly prefix: string
  readonly deadLetters: DeadLetterTopic
}

export function createKafkaAdmin({ client, prefix, deadLetters }: KafkaAdminOptions): LogAdmin {
  return {
    topics: () => told(() => listTopics(client, { prefix })),
    ensureTopics: ({ dryRun, partitionCount }) =>
      told(async () => {
        const changes = await ensureTopics(client, { prefix, dryRun, ...(partitionCount === undefined ? {} : { partitionCount }) })
        return changes.map(({ topic, action, detail }) => ({ topic, action, detail }))
      }),
    deadLetters: (options) => told(() => deadLetters.list(options)),
    async deadLetter(id) {
      return (await told(() => deadLetters.show(id))) ?? Promise.reject(unknown(id))
    },
    async replay(id) {
      const replay = await told(() => deadLetters.replay(id))
      if (replay === null) throw unknown(id)
      if (replay.ok) return replay.position
      throw new TwinError('LOG_REFUSED', `dead letter ${id} is not replayed: ${replay.reason}`, { details: { id } })
    },
  }
}

async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw toTwinError(asFailure(error))
  }
}

function unknown(id: string): TwinError {
  return new TwinError('ENTITY_UNKNOWN', `no dead letter ${id}; \`twinctl dlq list\` shows those there are`, { details: { id } })
}
