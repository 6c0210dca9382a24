/** Every statement of the SQLite history, each prepared once. Only names of our fixed sets are ever put into a text. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { SeriesKind } from '../../models/contracts/history.ts'
import { allColumns, columnsOf, fieldsOf } from './columns.ts'
import type { SeriesFilter } from './history-store.ts'
import { tableOf } from './sqlite-file.ts'
import type { Tier } from './tiers.ts'

export interface Statements {
  readonly addThing: StatementSync
  readonly insertTransition: StatementSync
  readonly transitions: StatementSync
  readonly oldestTransition: StatementSync
  readonly forgetTransitions: StatementSync
  /** thing, time, a value or null for each field. */
  readonly insertSample: (kind: SeriesKind) => StatementSync
  /** thing, time, the four numbers. */
  readonly insertCell: (tier: 'm1' | 'h1', kind: SeriesKind, field: string) => StatementSync
  /** thing, from, until → arrays of the time and the columns of the fields. */
  readonly read: (tier: Tier, filter: SeriesFilter) => StatementSync
  /** thing, from → array of the time. */
  readonly end: (tier: Tier, which: 'oldest' | 'newest', filter: SeriesFilter) => StatementSync
  /** thing, until. */
  readonly forget: (tier: Tier, kind: SeriesKind) => StatementSync
}

/** Rows deleted in one turn of the event loop. */
const FORGET_ROWS = 2_000

export function prepareStatements(file: DatabaseSync): Statements {
  const prepared = new Map<string, StatementSync>()
  const once = (text: string, asArrays = false): StatementSync => {
    const known = prepared.get(text)
    if (known !== undefined) return known
    const statement = file.prepare(text)
    statement.setReturnArrays(asArrays)
    prepared.set(text, statement)
    return statement
  }
  return {
    addThing: once('INSERT INTO things (kind, name) VALUES (?, ?) RETURNING id'),
    insertTransition: once('INSERT OR REPLACE INTO transitions VALUES (?, ?, ?, ?, ?, ?)'),
    transitions: once(
      `SELECT time_ms, from_mode, to_mode, reason FROM transitions
       WHERE kind = ? AND name = ? AND time_ms >= ? AND time_ms < ? ORDER BY time_ms DESC LIMIT ?`,
    ),
    oldestTransition: once('SELECT MIN(time_ms) FROM transitions WHERE kind = ? AND name = ? AND time_ms >= ?', true),
    forgetTransitions: once('DELETE FROM transitions WHERE time_ms < ?'),
    insertSample: (kind) => once(upsert('raw', kind, allColumns('raw', kind))),
    insertCell: (tier, kind, field) => once(upsert(tier, kind, columnsOf(tier, field))),
    read(tier, filter) {
      const columns = fieldsOf(filter).flatMap((field) => columnsOf(tier, field))
      const table = tableOf(tier, filter.kind)
      return once(
        `SELECT time_ms, ${columns.join(', ')} FROM ${table} WHERE thing = ? AND time_ms >= ? AND time_ms < ? ORDER BY time_ms`,
        true,
      )
    },
    end(tier, which, filter) {
      const known = fieldsOf(filter).map((field) => `${columnsOf(tier, field)[0]} IS NOT NULL`)
      const order = which === 'oldest' ? 'ASC' : 'DESC'
      const table = tableOf(tier, filter.kind)
      return once(
        `SELECT time_ms FROM ${table} WHERE thing = ? AND time_ms >= ? AND (${known.join(' OR ')}) ORDER BY time_ms ${order} LIMIT 1`,
        true,
      )
    },
    forget(tier, kind) {
      const table = tableOf(tier, kind)
      return once(
        `DELETE FROM ${table} WHERE thing = :thing AND time_ms < :until AND time_ms <=
         coalesce((SELECT time_ms FROM ${table} WHERE thing = :thing ORDER BY time_ms LIMIT 1 OFFSET ${FORGET_ROWS}), :until)`,
      )
    },
  }
}

/** What is not given stays as it was. */
function upsert(tier: Tier, kind: SeriesKind, columns: readonly string[]): string {
  const places = columns.map(() => '?').join(', ')
  const kept = columns.map((column) => `${column} = coalesce(excluded.${column}, ${column})`).join(', ')
  return `INSERT INTO ${tableOf(tier, kind)} (thing, time_ms, ${columns.join(', ')}) VALUES (?, ?, ${places}) ON CONFLICT DO UPDATE SET ${kept}`
}
