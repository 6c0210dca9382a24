/** A history in one SQLite file: one row per series and time. Series are known by number, so that a sample takes some 25 bytes. */
import type { DatabaseSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { HistoryPoint, SeriesPoint } from '../../models/contracts/history.ts'
import type { History } from '../../models/ports.ts'
import { createHistory } from './history.ts'
import type { HistoryStore, Inserted, SeriesFilter } from './history-store.ts'
import type { HistoryContext, SqliteHistorySettings } from './settings.ts'
import { openHistoryFile, transact, usedBytes } from './sqlite-file.ts'
import { prepareStatements, type Statements } from './sqlite-statements.ts'
import { HOUR_MS, TIER_NAMES, TIERS, type Tier, TRANSITIONS_KEPT_MS } from './tiers.ts'

type Row = ReturnType<Statements['listSeries']['all']>[number]
interface KnownSeries {
  readonly id: number
  readonly kind: string
  readonly name: string
  readonly field: string
}
interface OpenFile {
  readonly file: DatabaseSync
  readonly statements: Statements
  readonly series: Map<string, KnownSeries>
}

const ALL_TAKEN: Inserted = { refusedCount: 0, problem: null }
const MAX_BYTES = 2 ** 30
/** Parts of a tier's time that are given up at once when the file is too large. */
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
  const matching = ({ kind, only }: SeriesFilter): KnownSeries[] => {
    const { series } = opened()
    if (only === undefined) return [...series.values()].filter((each) => each.kind === kind)
    const one = series.get(keyOf(kind, only.name, only.field))
    return one === undefined ? [] : [one]
  }
  /** New series are kept in memory only when their rows are committed. */
  const write = (work: (idOf: (kind: string, name: string, field: string) => number) => void): Inserted => {
    const { file, statements, series } = opened()
    const added = new Map<string, KnownSeries>()
    transact(file, () =>
      work((kind, name, field) => {
        const key = keyOf(kind, name, field)
        const known = series.get(key) ?? added.get(key)
        if (known !== undefined) return known.id
        const id = Number(statements.addSeries.get(kind, name, field)?.id)
        added.set(key, { id, kind, name, field })
        return id
      }),
    )
    for (const [key, one] of added) series.set(key, one)
    return ALL_TAKEN
  }

  return {
    source: 'sqlite',
    async open() {
      close()
      const file = openHistoryFile(path)
      const statements = prepareStatements(file)
      const series = statements.listSeries.all().map(toSeries)
      held = { file, statements, series: new Map(series.map((one) => [keyOf(one.kind, one.name, one.field), one])) }
    },
    insert: async (points) =>
      write((idOf) => {
        for (const point of points) insertPoint(opened().statements, point, idOf)
      }),
    async read(tier, { fromMs, toMs, ...filter }) {
      const { statements } = opened()
      return matching(filter)
        .map(({ id, name, field }) => ({ name, field, points: statements.tiers[tier].read.all(id, fromMs, toMs).map(toPoint) }))
        .filter(({ points }) => points.length > 0)
    },
    store: async (tier, kind, series) =>
      write((idOf) => {
        const insert = opened().statements.insertCell[tier]
        for (const { name, field, points } of series) {
          const id = idOf(kind, name, field)
          for (const { timeMs, mean, min, max, count } of points) insert.run(id, timeMs, mean, min, max, count)
        }
      }),
    async end(tier, which, { fromMs, ...filter }) {
      const statement = opened().statements.tiers[tier][which]
      const times = matching(filter).flatMap(({ id }) => timeOf(statement.get(id, fromMs)) ?? [])
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

function insertPoint(statements: Statements, point: HistoryPoint, idOf: (kind: string, name: string, field: string) => number): void {
  if (point.kind === 'transition') {
    statements.insertTransition.run(point.of, point.name, point.timeMs, point.from, point.to, point.reason)
    return
  }
  for (const [field, value] of Object.entries(point.values)) {
    statements.insertRaw.run(idOf(point.kind, point.name, field), point.timeMs, value)
  }
}

/** In small steps: deleting is slow, and the twin runs in the same thread. */
async function forgetBefore(opened: () => OpenFile, tier: Tier, untilMs: number): Promise<void> {
  for (const { id } of [...opened().series.values()]) {
    while (Number(opened().statements.tiers[tier].forget.run({ series: id, until: untilMs }).changes) > 0) await nextTurn()
  }
}

/** Gives up the oldest of the tier, bit by bit, down to its last hour. */
async function pruneTier(opened: () => OpenFile, tier: Tier, { maxBytes, nowMs }: { maxBytes: number; nowMs: number }): Promise<void> {
  for (let part = 0; part < PRUNE_PARTS && usedBytes(opened().file) > maxBytes; part++) {
    const { statements, series } = opened()
    const oldest = [...series.values()].flatMap(({ id }) => timeOf(statements.tiers[tier].oldest.get(id, 0)) ?? [])
    const oldestMs = oldest.reduce((a, b) => Math.min(a, b), nowMs)
    const untilMs = oldestMs + (nowMs - HOUR_MS - oldestMs) / (PRUNE_PARTS - part)
    if (untilMs <= oldestMs) return
    await forgetBefore(opened, tier, Math.ceil(untilMs))
  }
}

// No name or field of ours holds a control character.
const keyOf = (kind: string, name: string, field: string): string => `${kind}\n${name}\n${field}`
const timeOf = (row: Row | undefined): number | null => (typeof row?.time_ms === 'number' ? row.time_ms : null)
const toSeries = ({ id, kind, name, field }: Row): KnownSeries => ({
  id: Number(id),
  kind: String(kind),
  name: String(name),
  field: String(field),
})
function toPoint({ time_ms, value, mean, min, max, count }: Row): SeriesPoint {
  const timeMs = Number(time_ms)
  if (value !== undefined) return { timeMs, mean: Number(value), min: Number(value), max: Number(value), count: 1 }
  return { timeMs, mean: Number(mean), min: Number(min), max: Number(max), count: Number(count) }
}
