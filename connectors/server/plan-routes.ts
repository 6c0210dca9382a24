/** Asking and deciding: what-if questions, the plans that come of them, and how far the loop may go. */
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { TwinApi } from '../../models/contracts/api.ts'
import { ALGORITHM_NAMES, whatIfAnswerShape, whatIfQueryShape } from '../../models/contracts/what-if.ts'
import { ENTITY_SHAPES } from '../../models/entities/entities.ts'
import { TwinError } from '../../models/errors.ts'
import { LOOP_MODES } from '../../models/events/decision-events.ts'
import { idShape, textShape } from '../../models/events/shapes.ts'
import type { App, AppOptions } from './app-options.ts'
import { subjectOf } from './auth.ts'
import { pageOf, pageQuery, pageShape } from './listing.ts'
import { isWhollySeen, podSight } from './visible.ts'
import { namespacesOf, visibleApi } from './visible-api.ts'

const sequence = z.number().int()
const planShape = ENTITY_SHAPES.decision
const params = z.object({ id: idShape })
const verdictShape = z.object({ reason: textShape.default('') }).nullish()
const done = { response: { 200: z.object({ sequence, id: z.string() }) } }

export function addWhatIfRoute(app: App, { api, limits }: AppOptions): void {
  let underWayCount = 0
  app.post(
    '/api/v1/what-if',
    { schema: { summary: 'What would happen if …? Nothing is changed.', body: whatIfQueryShape, response: { 200: whatIfAnswerShape } } },
    async (request) => {
      if (underWayCount >= limits.whatIfsAtOnce) {
        throw new TwinError('OVERLOADED', `${limits.whatIfsAtOnce} what-if questions are under way; try again in a second`)
      }
      underWayCount += 1
      try {
        return await api.whatIf(request.body, subjectOf(request))
      } finally {
        underWayCount -= 1
      }
    },
  )
}

export function addPlanRoutes(app: App, { api }: AppOptions): void {
  app.get(
    '/api/v1/plans',
    { schema: { summary: 'All plans, sorted by id.', querystring: z.object(pageQuery), response: { 200: pageShape(planShape) } } },
    async ({ query, subject }) => {
      const { sequence } = api.status()
      const plans = (await visibleApi(api, subject).entities('decision', { kind: 'now' })).filter((entity) => entity.kind === 'decision')
      return { sequence, ...pageOf(plans, query, ({ id }) => id) }
    },
  )
  app.get(
    '/api/v1/plans/:id',
    { schema: { summary: 'One plan and what became of it.', params, response: { 200: z.object({ sequence, item: planShape }) } } },
    async (request) => {
      const { sequence } = api.status()
      const item = await visibleApi(api, request.subject).entity('decision', request.params.id, { kind: 'now' })
      if (item.kind !== 'decision') throw new TwinError('INTERNAL', 'the twin answered another kind')
      return { sequence, item }
    },
  )
  app.post(
    '/api/v1/plans',
    {
      schema: {
        summary: 'Makes a plan of one outcome of a what-if; it waits for approval.',
        body: z.object({ whatIfId: idShape, algorithm: z.enum(ALGORITHM_NAMES) }),
        response: { 201: z.object({ sequence, id: z.string() }) },
      },
    },
    async (request, reply) => {
      const id = await api.propose({ ...request.body, by: subjectOf(request) })
      reply.code(201).header('location', `/api/v1/plans/${encodeURIComponent(id)}`)
      return { sequence: api.status().sequence, id }
    },
  )
  for (const verdict of ['approve', 'reject'] as const) {
    app.post(
      `/api/v1/plans/:id/${verdict}`,
      { schema: { summary: `Says ${verdict === 'approve' ? 'yes' : 'no'} to a plan that waits.`, params, body: verdictShape, ...done } },
      async (request) => {
        const { id } = request.params
        await mustBeOwn(api, request, id)
        await api[verdict]({ id, by: subjectOf(request), reason: request.body?.reason ?? '' })
        return { sequence: api.status().sequence, id }
      },
    )
  }
}

/**
 * Whoever may decide in some namespaces only decides on plans that move nobody else.
 *
 * @throws TwinError ENTITY_UNKNOWN, FORBIDDEN
 */
async function mustBeOwn(api: TwinApi, { subject }: Pick<FastifyRequest, 'subject'>, id: string): Promise<void> {
  const namespaces = namespacesOf(subject)
  if (namespaces === null) return
  await visibleApi(api, subject).entity('decision', id, { kind: 'now' })
  const plan = await api.entity('decision', id, { kind: 'now' })
  if (plan.kind === 'decision' && isWhollySeen(plan, { seesPod: podSight(namespaces) })) return
  const remedy = 'ask somebody who may decide in all namespaces'
  throw new TwinError('FORBIDDEN', `plan ${id} moves pods outside of ${namespaces.join(', ')} too; ${remedy}`, { details: { id } })
}

export function addLoopRoutes(app: App, { api }: AppOptions): void {
  const mode = z.enum(LOOP_MODES)
  const response = { 200: z.object({ sequence, mode, status: z.string().describe('What the loop does now, and why it does nothing.') }) }
  app.get('/api/v1/loop', { schema: { summary: 'How far the loop may go.', response } }, async ({ subject }) => {
    const { sequence, loopMode, loopStatus } = visibleApi(api, subject).status()
    return { sequence, mode: loopMode, status: loopStatus }
  })
  app.put(
    '/api/v1/loop',
    {
      schema: {
        summary: 'observe: touch nothing · advise: make plans · approve: apply what was approved · auto: apply.',
        body: z.object({ mode }),
        response,
      },
    },
    async (request) => {
      await api.setLoopMode({ mode: request.body.mode, by: subjectOf(request) })
      const { sequence, loopStatus } = api.status()
      return { sequence, mode: request.body.mode, status: loopStatus }
    },
  )
}
