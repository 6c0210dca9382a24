/**
 * The job database over HTTP: uploads are told here, and workers take jobs, hold them and hand them on.
 * A worker needs no more than these five calls; who was too late is told 409 and drops what it did.
 */
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import {
  type CreateAnswer,
  claimedJobShape,
  jobClaimShape,
  jobFailureShape,
  jobLeaseShape,
  jobRenewalShape,
  type LeaseAnswer,
  newJobShape,
  type StoredJob,
  storedJobShape,
} from '../../models/contracts/jobs.ts'
import { TwinError } from '../../models/errors.ts'
import { nameShape } from '../../models/events/shapes.ts'
import { JOB_STATUSES } from '../../models/events/work-events.ts'
import type { App, AppOptions } from './app-options.ts'
import { fromToken, pageQuery, toToken } from './listing.ts'

const PATH = '/api/v1/jobs'
const params = z.object({ id: nameShape })
const itemShape = z.object({ item: storedJobShape })
const response = { 200: itemShape }
const pageShape = z.object({ items: z.array(storedJobShape).readonly(), continue: z.string().nullable() })
const submitShape = newJobShape.extend({
  id: nameShape.optional().describe('Chosen here when absent; give one to tell the same upload twice safely.'),
})

/** Without jobs in `options` there are no such routes. */
export function addJobRoutes(app: App, { jobs }: AppOptions): void {
  if (jobs === undefined) return
  app.get(
    PATH,
    {
      schema: {
        summary: 'The jobs of the database in order of creation, those that ended included.',
        querystring: z.object({ ...pageQuery, status: z.enum(JOB_STATUSES).optional() }),
        response: { 200: pageShape },
      },
    },
    async ({ query: { limit, status, continue: token } }) => {
      const items = await jobs.list({ status, after: afterOf(token), limit })
      return { items, continue: items.length < limit ? null : toToken(String(items.at(-1)!.number)) }
    },
  )
  app.get(`${PATH}/:id`, { schema: { summary: 'One job as it is in the database.', params, response } }, async ({ params: { id } }) => {
    const item = await jobs.get(id)
    if (item === null) throw unknown(id)
    return { item }
  })
  app.post(
    PATH,
    { schema: { summary: 'Tells of an upload: a job that waits for its first stage.', body: submitShape, response: { 201: itemShape } } },
    async ({ body }, reply) => {
      const id = body.id ?? randomUUID()
      const item = created(await jobs.create({ ...body, id }), id)
      reply.code(201).header('location', `${PATH}/${encodeURIComponent(id)}`)
      return { item }
    },
  )
  app.post(
    `${PATH}/claim`,
    {
      schema: {
        summary: 'Takes the oldest job that waits for a stage; 204 when there is none.',
        body: jobClaimShape,
        response: { 200: claimedJobShape, 204: z.null() },
      },
    },
    async ({ body }, reply) => (await jobs.claim(body)) ?? reply.code(204).send(null),
  )
  app.post(
    `${PATH}/:id/renew`,
    { schema: { summary: 'Holds a job for longer.', params, body: jobRenewalShape, response } },
    async ({ params: { id }, body }) => ({ item: held(await jobs.renew({ id, ...body }), id) }),
  )
  app.post(
    `${PATH}/:id/complete`,
    { schema: { summary: 'The stage is done: the next one may take the job.', params, body: jobLeaseShape, response } },
    async ({ params: { id }, body }) => ({ item: held(await jobs.complete({ id, ...body }), id) }),
  )
  app.post(
    `${PATH}/:id/fail`,
    { schema: { summary: 'The stage failed: it starts again, or the job ends at its limit.', params, body: jobFailureShape, response } },
    async ({ params: { id }, body }) => ({ item: held(await jobs.fail({ id, ...body }), id) }),
  )
}

function afterOf(token: string | undefined): number {
  if (!token) return 0
  const number = Number(fromToken(token))
  if (Number.isSafeInteger(number)) return number
  throw new TwinError('QUERY_INVALID', `continue=${JSON.stringify(token)} is not from a page of jobs; start without it`)
}

function unknown(id: string): TwinError {
  return new TwinError('ENTITY_UNKNOWN', `no job ${id}; GET ${PATH} lists what there is`, { details: { kind: 'job', name: id } })
}

function created(answer: CreateAnswer, id: string): StoredJob {
  if (answer.ok) return answer.job
  if (answer.reason === 'full')
    throw new TwinError('OVERLOADED', 'too many jobs wait for their first stage; start workers, or try again later')
  throw new TwinError('JOB_REFUSED', `job ${id} is another upload already; choose another id`, { details: { id } })
}

function held(answer: LeaseAnswer, id: string): StoredJob {
  if (answer.ok) return answer.job
  if (answer.reason === 'unknown') throw unknown(id)
  const message = `this worker no longer holds job ${id}, so nothing is changed; drop what was done and claim the next`
  throw new TwinError('JOB_REFUSED', message, { details: { id } })
}
