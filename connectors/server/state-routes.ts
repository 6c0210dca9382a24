/** Reading the twin: the whole state, lists and single entities now or in the past, the events behind them, and what was not believed. */
import { z } from 'zod'
import type { At } from '../../models/contracts/api.ts'
import { streamStatusShape } from '../../models/contracts/stream.ts'
import { twinJsonShape } from '../../models/contracts/twin-json.ts'
import { ENTITY_KINDS, ENTITY_SHAPES, type Entity, type EntityKind, entityName } from '../../models/entities/entities.ts'
import { EVENT_TYPES, twinEventShape } from '../../models/events/events.ts'
import type { App, AppOptions } from './app-options.ts'
import { parseAt } from './at.ts'
import { toCsv } from './csv.ts'
import { fromToken, pageOf, pageQuery, pageShape, toToken } from './listing.ts'
import { type ReadApi, visibleApi } from './visible-api.ts'

const at = z
  .string()
  .max(100)
  .optional()
  .describe('`#123` a journal sequence, an ISO time with zone, milliseconds since the epoch, or an age such as `10m`; now when absent.')
const kind = z.enum(ENTITY_KINDS)
const entityShape = z.union(ENTITY_KINDS.map((each) => ENTITY_SHAPES[each]))
const positionShape = z.object({ topic: z.string(), partition: z.number().int(), offset: z.number().int() })
const journaledEventShape = z.object({ sequence: z.number().int(), position: positionShape, event: twinEventShape })
const deadLetterShape = z.object({
  position: positionShape,
  receivedMs: z.number(),
  reason: z.string(),
  detail: z.string(),
  excerpt: z.string(),
})
const sequence = z.number().int()

export function addStateRoutes(app: App, { api, clock }: AppOptions): void {
  app.get(
    '/api/v1/state',
    {
      schema: {
        summary: 'The whole twin, with its hash.',
        querystring: z.object({ at }),
        response: {
          200: z.object({
            sequence,
            hash: z.string().describe('SHA-256 of the canonical JSON; empty where only some namespaces are shown'),
            state: twinJsonShape,
          }),
        },
      },
    },
    async ({ query, subject }) => {
      const { state, hash } = await visibleApi(api, subject).state(parseAt(query.at, clock()))
      return { sequence: state.sequence, hash, state }
    },
  )
  app.get(
    '/api/v1/entities/:kind',
    {
      schema: {
        summary: 'All entities of a kind, sorted by name; as CSV when `Accept: text/csv` says so.',
        params: z.object({ kind }),
        querystring: z.object({ at, ...pageQuery }),
        response: { 200: pageShape(entityShape) },
      },
    },
    async ({ params, query, headers, subject }, reply) => {
      const found = await entitiesAt(visibleApi(api, subject), params.kind, parseAt(query.at, clock()))
      const page = { sequence: found.sequence, ...pageOf(found.entities, query, entityName) }
      if (headers.accept?.includes('text/csv')) reply.type('text/csv; charset=utf-8').serializer(() => toCsv(page.items))
      return page
    },
  )
  app.get(
    '/api/v1/entities/:kind/*',
    {
      schema: {
        summary: 'One entity. Its name may contain slashes: `accelerator/tx2-1/gpu0`.',
        params: z.object({ kind, '*': z.string().min(1).max(320) }),
        querystring: z.object({ at }),
        response: { 200: z.object({ sequence, item: entityShape }) },
      },
    },
    async ({ params, query, subject }) => {
      const seen = visibleApi(api, subject)
      const when = parseAt(query.at, clock())
      const item = await seen.entity(params.kind, params['*'], when)
      return { sequence: await sequenceAt(seen, when), item }
    },
  )
  app.get(
    '/api/v1/status',
    { schema: { summary: 'Where the twin stands: sequence, clock, mode, counts, divergences.', response: { 200: streamStatusShape } } },
    async ({ subject }) => visibleApi(api, subject).status(),
  )
}

export function addLogRoutes(app: App, { api }: AppOptions): void {
  app.get(
    '/api/v1/events',
    {
      schema: {
        summary: 'Events of the journal in order.',
        querystring: z.object({
          ...pageQuery,
          after: z.coerce.number().int().min(0).default(0).describe('Journal sequence; `continue` overrules it.'),
          type: z.enum(EVENT_TYPES).optional(),
        }),
        response: { 200: pageShape(journaledEventShape) },
      },
    },
    async ({ query }) => {
      const after = query.continue ? Number(fromToken(query.continue)) : query.after
      const items = await api.events({ after, limit: query.limit, ...(query.type === undefined ? {} : { type: query.type }) })
      const isFull = items.length >= query.limit
      return { sequence: api.status().sequence, items, continue: isFull ? toToken(String(items.at(-1)!.sequence)) : null }
    },
  )
  app.get(
    '/api/v1/dead-letters',
    {
      schema: {
        summary: 'What was received and not believed, newest first, with the reason.',
        querystring: z.object({ limit: pageQuery.limit }),
        response: { 200: pageShape(deadLetterShape) },
      },
    },
    async ({ query }) => ({ sequence: api.status().sequence, items: await api.deadLetters(query.limit), continue: null }),
  )
}

async function entitiesAt(api: ReadApi, kind: EntityKind, at: At): Promise<{ sequence: number; entities: readonly Entity[] }> {
  if (at.kind === 'time') {
    const { state } = await api.state(at)
    return { sequence: state.sequence, entities: state.entities[kind] }
  }
  // Read first: the entities are then at least as new.
  const sequence = await sequenceAt(api, at)
  return { sequence, entities: await api.entities(kind, at) }
}

/** Only a time has to be looked up. */
async function sequenceAt(api: ReadApi, at: At): Promise<number> {
  switch (at.kind) {
    case 'now':
      return api.status().sequence
    case 'sequence':
      return at.sequence
    case 'time':
      return (await api.state(at)).state.sequence
  }
}
