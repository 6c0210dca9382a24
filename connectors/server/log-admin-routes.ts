/** The event log for people: its topics, and the records nobody could use with their replay. */
import { z } from 'zod'
import {
  DEAD_LETTERS_LISTED_MAX,
  ensureTopicsShape,
  loggedDeadLetterShape,
  replayShape,
  shownDeadLetterShape,
  topicChangeShape,
  topicShape,
} from '../../models/contracts/log-admin.ts'
import type { App, AppOptions } from './app-options.ts'

const PATH = '/api/v1/log'
const params = z.object({ id: z.string().min(1).max(320) })
const itemsOf = <T>(item: z.ZodType<T>) => ({ 200: z.object({ items: z.array(item).readonly() }) })
const limit = z.coerce.number().int().min(1).max(DEAD_LETTERS_LISTED_MAX).default(100)

/** Without a log out of process in `options` there are no such routes. */
export function addLogAdminRoutes(app: App, { logAdmin }: AppOptions): void {
  if (logAdmin === undefined) return
  app.get(
    `${PATH}/topics`,
    { schema: { summary: 'Our topics that exist, with their settings and offsets.', response: itemsOf(topicShape) } },
    async () => ({ items: await logAdmin.topics() }),
  )
  app.post(
    `${PATH}/topics`,
    {
      schema: {
        summary: 'Creates what is missing and sets what differs; says what, or with `dryRun` what it would do.',
        body: ensureTopicsShape,
        response: itemsOf(topicChangeShape),
      },
    },
    async ({ body }) => ({ items: await logAdmin.ensureTopics(body) }),
  )
  app.get(
    `${PATH}/dead-letters`,
    {
      schema: {
        summary: 'Records that could not be used, kept in the log, newest first.',
        querystring: z.object({ limit }),
        response: itemsOf(loggedDeadLetterShape),
      },
    },
    async ({ query }) => ({ items: await logAdmin.deadLetters(query) }),
  )
  app.get(
    `${PATH}/dead-letters/:id`,
    { schema: { summary: 'One of them, with its headers and text.', params, response: { 200: z.object({ item: shownDeadLetterShape }) } } },
    async ({ params: { id } }) => ({ item: await logAdmin.deadLetter(id) }),
  )
  app.post(
    `${PATH}/dead-letters/:id/replay`,
    { schema: { summary: 'Sends it back to where it came from, once.', params, response: { 200: z.object({ item: replayShape }) } } },
    async ({ params: { id } }) => ({ item: await logAdmin.replay(id) }),
  )
}
