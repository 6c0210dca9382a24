/** A history in one SQLite file: a table per kind and tier, a row per thing and time, the rows of a thing next to each other. */
import type { DatabaseSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type HistoryPoint, SERIES_KINDS, type SeriesKind } from '../../models/contracts/history.ts'
import type { History } from '../../models/ports.ts'
import { columnsOf, fieldsOf, toNumbers, toPoint } from './columns.ts'
import { createHistory } from './history.ts'
import type { HistoryStore, Inserted, Series, SeriesFilter } from './history-store.ts'
import type { HistoryContext, SqliteHistorySettings } from './settings.ts'
import { openHistoryFile, transact, usedBytes } from './sqlite-file.ts'
import { prepareStatements, type Statements } from './sqlite-statements.ts'
import { HOUR_MS, TIER_NAMES, TIERS, type Tier, TRANSITIONS_KEPT_MS } from './tiers.ts'

type IdsByName = Map<string, number>
interface OpenFile {
  readonly file: DatabaseSync
  readonly statements: Statements
  readonly things: Readonly<Record<SeriesKind, IdsByName>>
}
type IdOf = (kind: SeriesKind, name: string) => number

const ALL_TAKEN: Inserted = { refusedCount: 0, problem: null }
const MAX_BYTES = 2 ** 30
/** In so many parts the oldest of a tier is given up when the file is too large. */
const PRUNE_PARTS = 16

export function openSqliteHistory(settings: SqliteHistorySettings, context: HistoryContext): History {
  return createHistory(createSqliteStore(settings), context)
}

export function createSqliteStore({ path, maxBytes = MAX_BYTES }: SqliteHistorySettings): HistoryStore {
  let held: OpenFile | null = null
  const opened = (): OpenFile => {
    if (held === null) throw new Error(`${path} is not open`)
    return held
  }
  const close = (): void => {
    held?.file.close()
    held = null
  }
  const matching = ({ kind, only }: SeriesFilter): (readonly [string, number])[] => {
    const ids = opened().things[kind]
    if (only === undefined) return [...ids]
    const id = ids.get(only.name)
    return id === undefined ? [] : [[only.name, id]]
  }
  return {
    source: 'sqlite',
    async open() {
      close()
      const file = openHistoryFile(path)
      held = { file, statements: prepareStatements(file), things: loadThings(file) }
    },
    insert: async (points) => write(opened(), (idOf) => points.forEach((point) => void insertPoint(opened().statements, point, idOf))),
    read: async (tier, { fromMs, toMs, ...filter }) => {
      const rows = opened().statements.read(tier, filter)
      return matching(filter).flatMap(([name, id]) => toSeries(tier, filter, { name, rows: rows.all(id, fromMs, toMs) }))
    },
    store: async (tier, kind, series) =>
      write(opened(), (idOf) => {
        for (const { name, field, points } of series) {
          const insert = opened().statements.insertCell(tier, kind, field)
          for (const point of points) insert.run(idOf(kind, name), point.timeMs, ...toNumbers(point))
        }
      }),
    async end(tier, which, { fromMs, ...filter }) {
      const statement = opened().statements.end(tier, which, filter)
      const times = matching(filter).flatMap(([, id]) => timeOf(statement.get(id, fromMs)) ?? [])
      if (times.length === 0) return null
      return times.reduce((a, b) => (which === 'oldest' ? Math.min(a, b) : Math.max(a, b)))
    },
    transitions: async ({ kind, name, fromMs, toMs }, countMax) =>
      opened()
        .statements.transitions.all(kind, name, fromMs, toMs, countMax)
        .map(({ time_ms, from_mode, to_mode, reason }) => ({
          timeMs: Number(time_ms),
          from: String(from_mode),
          to: String(to_mode),
          reason: String(reason),
        })),
    oldestTransition: async ({ kind, name, fromMs }) => timeOf(opened().statements.oldestTransition.get(kind, name, fromMs)),
    async forget(nowMs) {
      opened().statements.forgetTransitions.run(nowMs - TRANSITIONS_KEPT_MS)
      for (const tier of TIER_NAMES) await forgetBefore(opened, tier, nowMs - TIERS[tier].keptMs)
      for (const tier of TIER_NAMES) await pruneTier(opened, tier, { maxBytes, nowMs })
    },
    remedyOf: () =>
      `Check that ${path} can be written and its disk has room; move it away to start a new history. The twin itself needs it not.`,
    close,
  }
}

function loadThings(file: DatabaseSync): OpenFile['things'] {
  const rows = file.prepare('SELECT id, kind, name FROM things').all()
  const of = (wanted: SeriesKind): IdsByName =>
    new Map(rows.filter(({ kind }) => kind === wanted).map(({ id, name }) => [String(name), Number(id)]))
  return { node: of('node'), accelerator: of('accelerator'), camera: of('camera'), link: of('link'), plan: of('plan') }
}

/** New things are kept in memory only when their rows are committed. */
function write({ file, statements, things }: OpenFile, work: (idOf: IdOf) => void): Inserted {
  const added: [IdsByName, string, number][] = []
  try {
    transact(file, () =>
      work((kind, name) => {
        const known = things[kind].get(name)
        if (known !== undefined) return known
        const id = Number(statements.addThing.get(kind, name)?.id)
        things[kind].set(name, id)
        added.push([things[kind], name, id])
        return id
      }),
    )
  } catch (error) {
    for (const [ids, name] of added) ids.delete(name)
    throw error
  }
  return ALL_TAKEN
}

function insertPoint(statements: Statements, point: HistoryPoint, idOf: IdOf): void {
  if (point.kind === 'transition') {
    statements.insertTransition.run(point.of, point.name, point.timeMs, point.from, point.to, point.reason)
    return
  }
  const { kind, name, timeMs, values } = point
  statements.insertSample(kind).run(idOf(kind, name), timeMs, ...fieldsOf({ kind }).map((field) => values[field] ?? null))
}

function toSeries(tier: Tier, filter: SeriesFilter, { name, rows }: { readonly name: string; readonly rows: unknown }): Series[] {
  const found: unknown[][] = Array.isArray(rows) ? rows : []
  return fieldsOf(filter).flatMap((field, n) => {
    const at = 1 + n * columnsOf(tier, field).length
    const points = found.flatMap((row) => toPoint(tier, row[0], row, at) ?? [])
    return points.length === 0 ? [] : [{ name, field, points }]
  })
}

/** In small steps: deleting is slow, and the twin runs in the same thread. */
async function forgetBefore(opened: () => OpenFile, tier: Tier, untilMs: number): Promise<void> {
  for (const kind of SERIES_KINDS) {
    for (const thing of [...opened().things[kind].values()]) {
      while (Number(opened().statements.forget(tier, kind).run({ thing, until: untilMs }).changes) > 0) await nextTurn()
    }
  }
}

/** Gives up the oldest of the tier, bit by bit, down to its last hour. */
async function pruneTier(opened: () => OpenFile, tier: Tier, { maxBytes, nowMs }: { maxBytes: number; nowMs: number }): Promise<void> {
  for (let part = 0; part < PRUNE_PARTS && usedBytes(opened().file) > maxBytes; part++) {
    const { statements, things } = opened()
    const oldest = SERIES_KINDS.flatMap((kind) =>
      [...things[kind].values()].flatMap((thing) => timeOf(statements.end(tier, 'oldest', { kind }).get(thing, 0)) ?? []),
    )
    const oldestMs = oldest.reduce((a, b) => Math.min(a, b), nowMs)
    const untilMs = oldestMs + (nowMs - HOUR_MS - oldestMs) / (PRUNE_PARTS - part)
    if (untilMs <= oldestMs) return
    await forgetBefore(opened, tier, Math.ceil(untilMs))
  }
}

/** Of a row that is an array of one. */
function timeOf(row: unknown): number | null {
  const time: unknown = Array.isArray(row) ? row[0] : null
  return typeof time === 'number' ? time : null
}
