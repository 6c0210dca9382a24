/** What twinctl asks of the server about the event log out of process. */
import { z } from 'zod'
import {
  type EnsureTopics,
  type LogAdmin,
  loggedDeadLetterShape,
  replayShape,
  shownDeadLetterShape,
  topicChangeShape,
  topicShape,
} from '../../models/contracts/log-admin.ts'
import { TwinError } from '../../models/errors.ts'
import type { RestClient } from './rest-client.ts'

const itemsOf = <T>(item: z.ZodType<T>) => z.object({ items: z.array(item) })
const itemOf = <T>(item: z.ZodType<T>) => z.object({ item })

export function createLogCalls(client: RestClient): LogAdmin {
  return {
    topics: () => told(async () => (await client.get('log/topics', { shape: itemsOf(topicShape) })).items),
    ensureTopics: (body: EnsureTopics) =>
      told(async () => (await client.post('log/topics', { body, shape: itemsOf(topicChangeShape) })).items),
    deadLetters: (query) =>
      told(async () => (await client.get('log/dead-letters', { query, shape: itemsOf(loggedDeadLetterShape) })).items),
    deadLetter: (id) => told(async () => (await client.get(pathOf(id), { shape: itemOf(shownDeadLetterShape) })).item),
    replay: (id) => told(async () => (await client.post(`${pathOf(id)}/replay`, { shape: itemOf(replayShape) })).item),
  }
}

const pathOf = (id: string) => `log/dead-letters/${encodeURIComponent(id)}`

async function told<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    if (!(error instanceof TwinError) || error.code !== 'ROUTE_UNKNOWN') throw error
    throw new TwinError('ROUTE_UNKNOWN', 'this edgetwin keeps its event log in process; start it with --event-log kafkajs to have topics')
  }
}
