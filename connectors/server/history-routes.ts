/** History: one number of one thing over a span, and its changes of mode. Ends of a span are times as `at` takes them. */
import { z } from 'zod'
import { HISTORY_FIELDS, HISTORY_LIMITS, SERIES_KINDS, type SeriesKind, TRANSITION_KINDS, unitOf } from '../../models/contracts/history.ts'
import { seriesAnswerShape, transitionsAnswerShape } from '../../models/contracts/history-api.ts'
import { nearestNames, TwinError } from '../../models/errors.ts'
import type { App, AppOptions } from './app-options.ts'
import { parseTimeMs } from './at.ts'
import { toCsv } from './csv.ts'
import { namespacesOf, type ReadApi, visibleApi } from './visible-api.ts'

const time = z.string().max(100)
const spanQuery = {
  from: time.default('1h').describe('Start: an ISO time with zone, milliseconds since the epoch, or an age such as `15m` or `30d`.'),
  to: time.default('now').describe('End, not included; `now`, or as `from`.'),
}
const name = z.string().min(1).max(320)
/** Without a history in `options` there are no such routes. */
export function addHistoryRoutes(app: App, { api, history, clock }: AppOptions): void {
  if (history === undefined) return
  app.get(
    '/api/v1/history/:kind/*',
    {
      schema: {
        summary: 'A field over time, in intervals with mean, least and greatest; as CSV when `Accept: text/csv` says so.',
        params: z.object({ kind: z.enum(SERIES_KINDS), '*': name }),
        querystring: z.object({
          field: z.string().max(64).optional().describe('A field of the kind; the first one when absent.'),
          ...spanQuery,
          points: z.coerce.number().int().min(1).max(HISTORY_LIMITS.points).default(500).describe('At most so many; coarser if need be.'),
        }),
        response: { 200: seriesAnswerShape },
      },
    },
    async ({ params: { kind, '*': name }, query, headers, subject }, reply) => {
      const field = fieldOf(kind, query.field)
      const span = spanOf(query, clock())
      const series = await history.series({ kind, name, field, ...span, maxPoints: query.points })
      if (series.oldestMs === null) await mustExist(visibleApi(api, subject), kind, name)
      if (headers.accept?.includes('text/csv')) reply.type('text/csv; charset=utf-8').serializer(() => toCsv(series.points))
      return { kind, name, field, ...span, ...series }
    },
  )
  app.get(
    '/api/v1/transitions/:kind/*',
    {
      schema: {
        summary: 'Changes of mode over time; as CSV when `Accept: text/csv` says so.',
        params: z.object({ kind: z.enum(TRANSITION_KINDS), '*': name }),
        querystring: z.object(spanQuery),
        response: { 200: transitionsAnswerShape },
      },
    },
    async ({ params: { kind, '*': name }, query, headers, subject }, reply) => {
      const span = spanOf(query, clock())
      const kept = await history.transitions({ kind, name, ...span })
      const found =
        namespacesOf(subject) === null ? kept : { ...kept, transitions: kept.transitions.map((one) => ({ ...one, reason: '' })) }
      if (found.oldestMs === null) await mustExist(visibleApi(api, subject), kind, name)
      if (headers.accept?.includes('text/csv')) reply.type('text/csv; charset=utf-8').serializer(() => toCsv(found.transitions))
      return { kind, name, ...span, ...found }
    },
  )
}

/** @throws TwinError QUERY_INVALID */
function fieldOf(kind: SeriesKind, asked: string | undefined): string {
  const fields = Object.keys(HISTORY_FIELDS[kind])
  const field = asked ?? fields[0]!
  if (unitOf(kind, field) !== null) return field
  const near = nearestNames(field, fields)
  const remedy = near.length > 0 ? `did you mean ${near.join(', ')}?` : `ask for one of ${fields.join(', ')}`
  throw new TwinError('QUERY_INVALID', `field=${JSON.stringify(field)} is no field of a ${kind}; ${remedy}`, { details: { field, near } })
}

/** @throws TwinError QUERY_INVALID */
function spanOf({ from, to }: { readonly from: string; readonly to: string }, nowMs: number): { fromMs: number; toMs: number } {
  const span = { fromMs: parseTimeMs('from', from, nowMs), toMs: parseTimeMs('to', to, nowMs) }
  if (span.fromMs < span.toMs) return span
  const message = `from=${JSON.stringify(from)} is not before to=${JSON.stringify(to)}; swap them, or take an earlier from`
  throw new TwinError('QUERY_INVALID', message, { details: span })
}

/**
 * A thing of which nothing is kept may be new, or a typing error. Plans are kept under the name of the site.
 *
 * @throws TwinError ENTITY_UNKNOWN with the nearest names.
 */
async function mustExist(api: ReadApi, kind: SeriesKind, name: string): Promise<void> {
  if (kind !== 'plan') {
    await api.entity(kind, name, { kind: 'now' })
    return
  }
  const { site } = api.status()
  if (name === site) return
  const remedy = `plans are kept under the name of the site${site === null ? '' : `: ask for ${site}`}`
  throw new TwinError('ENTITY_UNKNOWN', `no site ${JSON.stringify(name)}; ${remedy}`, { details: { near: site === null ? [] : [site] } })
}
