/** The surroundings of the twin: faults of a simulated site, self-checks, and this API's own description. */
import { z } from 'zod'
import { activeFaultShape, faultShape } from '../../models/contracts/fault.ts'
import { idShape } from '../../models/events/shapes.ts'
import type { App, AppOptions } from './app-options.ts'
import { pageShape } from './listing.ts'
import { describeApi } from './openapi.ts'

const checkShape = z.object({
  name: z.string(),
  ok: z.boolean(),
  detail: z.string(),
  remedy: z.string().describe('What to do when it is not ok.'),
  advisory: z.boolean().optional().describe('True: worth knowing, but the process stays ready.'),
})

export function addSiteRoutes(app: App, { api }: AppOptions): void {
  const sequence = () => api.status().sequence
  app.get(
    '/api/v1/faults',
    { schema: { summary: 'Faults that are on the simulated site now.', response: { 200: pageShape(activeFaultShape) } } },
    async () => ({ sequence: sequence(), items: await api.faults(), continue: null }),
  )
  app.post(
    '/api/v1/faults',
    { schema: { summary: 'Puts a fault on the simulated site.', body: faultShape, response: { 201: activeFaultShape } } },
    async (request, reply) => {
      const fault = await api.addFault(request.body)
      reply.code(201).header('location', `/api/v1/faults/${encodeURIComponent(fault.id)}`)
      return fault
    },
  )
  app.delete(
    '/api/v1/faults/:id',
    { schema: { summary: 'Takes a fault away.', params: z.object({ id: idShape }), response: { 204: z.null() } } },
    async (request, reply) => {
      await api.clearFault(request.params.id)
      return reply.code(204).send(null)
    },
  )
  app.get(
    '/api/v1/checks',
    { schema: { summary: 'What edgetwin rests on, and whether it holds.', response: { 200: pageShape(checkShape) } } },
    async () => ({ sequence: sequence(), items: await api.checks(), continue: null }),
  )
  let description: object | null = null
  app.get('/api/v1/openapi.json', { schema: { hide: true } }, async () => {
    description ??= describeApi(app)
    return description
  })
}
