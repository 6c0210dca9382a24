/**
 * A history in InfluxDB 1.x: a measurement per kind, a retention policy per tier, tags `site` and `name`, numbers as
 * floats. A tag and a field never share a name, and no tag grows with time.
 */
import type { HistoryPoint, SeriesKind } from '../../models/contracts/history.ts'
import type { History } from '../../models/ports.ts'
import { cleanText } from './clean.ts'
import { columnsOf, fieldsOf, toNumbers } from './columns.ts'
import { createHistory } from './history.ts'
import type { HistoryStore, Inserted, Series } from './history-store.ts'
import { createInfluxClient, type InfluxClient } from './influx-client.ts'
import { ERROR_NO_DATABASE, influxRemedy } from './influx-problems.ts'
import { seriesOf, toSeries } from './influx-rows.ts'
import { endQuestion, readQuestion, transitionQuestion } from './influx-text.ts'
import { type TimedPoint, writeExactly } from './influx-write.ts'
import type { HistoryContext, InfluxHistorySettings } from './settings.ts'
import { HOUR_MS, TIER_NAMES, TIERS, type Tier } from './tiers.ts'

const FOREVER_MS = Number.MAX_SAFE_INTEGER

export function openInfluxHistory(settings: InfluxHistorySettings, context: HistoryContext): History {
  return createHistory(createInfluxStore(settings, context.site), context)
}

export function createInfluxStore(settings: InfluxHistorySettings, siteName: string): HistoryStore {
  const site = cleanText(siteName)
  let client: InfluxClient | null = null
  const connected = (): InfluxClient => {
    if (client === null) throw new Error('InfluxDB is not connected')
    return client
  }
  const write = (tier: Tier, points: readonly TimedPoint[]): Promise<Inserted> =>
    writeExactly((some) => connected().write(tier, some), points)
  const oldestOrNewest = async (question: Parameters<InfluxClient['ask']>[0]): Promise<number | null> => {
    const time = seriesOf(await connected().ask(question))[0]?.values[0]?.[0]
    return typeof time === 'number' ? time : null
  }

  return {
    source: 'influx',
    async open() {
      client = null
      const fresh = createInfluxClient(settings)
      await ensureDatabase(fresh)
      client = fresh
    },
    async insert(points) {
      const numbers = points.filter((point) => point.kind !== 'transition')
      const changes = points.filter((point) => point.kind === 'transition')
      const first = await write(
        'raw',
        numbers.map((point) => toInflux(point, site)),
      )
      const second = await write(
        'h1',
        changes.map((point) => toInflux(point, site)),
      )
      return { refusedCount: first.refusedCount + second.refusedCount, problem: first.problem ?? second.problem }
    },
    async read(tier, filter) {
      const found = seriesOf(await connected().ask(readQuestion(tier, { ...filter, site })))
      return toSeries(tier, found, fieldsOf(filter))
    },
    store: (tier, kind, series) => write(tier, toInfluxCells(tier, series, { kind, site })),
    end: (tier, which, filter) => oldestOrNewest(endQuestion(tier, which, { ...filter, site })),
    async transitions(query, countMax) {
      const [found] = seriesOf(await connected().ask(transitionQuestion({ ...query, site, order: 'DESC', countMax })))
      return (found?.values ?? []).map(([timeMs, from, to, reason]) => ({
        timeMs: Number(timeMs),
        from: String(from ?? ''),
        to: String(to ?? ''),
        reason: String(reason ?? ''),
      }))
    },
    oldestTransition: (query) => oldestOrNewest(transitionQuestion({ ...query, site, toMs: FOREVER_MS, order: 'ASC', countMax: 1 })),
    // The retention policies do.
    forget: async () => {},
    remedyOf: (problem) => influxRemedy(problem, settings),
    close: () => {
      client = null
    },
  }
}

/** Asks first, so that a user who may not create anything can use what an admin made. What exists is left as it is. */
async function ensureDatabase(client: InfluxClient): Promise<void> {
  let isNew = false
  const existing = await client.retentionPolicies().catch(async (error: unknown): Promise<readonly string[]> => {
    if (!(error instanceof Error && ERROR_NO_DATABASE.test(error.message))) throw error
    await client.createDatabase()
    isNew = true
    return []
  })
  for (const tier of TIER_NAMES) {
    if (existing.includes(tier)) continue
    await client.createRetentionPolicy(tier, { duration: `${TIERS[tier].keptMs / HOUR_MS}h`, isDefault: isNew && tier === 'raw' })
  }
}

function toInflux(point: HistoryPoint, site: string): TimedPoint {
  const { name, timeMs } = point
  const timestamp = String(timeMs)
  if (point.kind !== 'transition') {
    return { timeMs, point: { measurement: point.kind, tags: { site, name }, fields: { ...point.values }, timestamp } }
  }
  const fields = { fromMode: point.from, toMode: point.to, reason: point.reason }
  return { timeMs, point: { measurement: 'transition', tags: { site, kind: point.of, name }, fields, timestamp } }
}

function toInfluxCells(
  tier: Tier,
  series: readonly Series[],
  { kind, site }: { readonly kind: SeriesKind; readonly site: string },
): TimedPoint[] {
  return series.flatMap(({ name, field, points }) =>
    points.map((cell) => {
      const numbers = toNumbers(cell)
      const fields = Object.fromEntries(columnsOf(tier, field).map((column, n) => [column, numbers[n]]))
      return { timeMs: cell.timeMs, point: { measurement: kind, tags: { site, name }, fields, timestamp: String(cell.timeMs) } }
    }),
  )
}
