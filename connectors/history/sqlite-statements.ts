/** Every statement of the SQLite history, prepared once. Only the names of our own tables are ever put into a text. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { TIER_NAMES, Tier } from './tiers.ts'

interface TierStatements {
  readonly read: StatementSync
  readonly oldest: StatementSync
  readonly newest: StatementSync
  readonly forget: StatementSync
}

export interface Statements {
  readonly addSeries: StatementSync
  readonly listSeries: StatementSync
  readonly insertRaw: StatementSync
  readonly insertTransition: StatementSync
  readonly insertCell: Readonly<Record<'m1' | 'h1', StatementSync>>
  readonly tiers: Readonly<Record<Tier, TierStatements>>
  readonly transitions: StatementSync
  readonly oldestTransition: StatementSync
  readonly forgetTransitions: StatementSync
}

/** Rows deleted in one turn of the event loop. */
export const FORGET_ROWS = 5_000

export function prepareStatements(file: DatabaseSync): Statements {
  const tier = (table: Tier): TierStatements => ({
    read: file.prepare(
      `SELECT time_ms, ${table === 'raw' ? 'value' : 'mean, min, max, count'} FROM ${table}
       WHERE series = ? AND time_ms >= ? AND time_ms < ? ORDER BY time_ms`,
    ),
    oldest: file.prepare(`SELECT MIN(time_ms) AS time_ms FROM ${table} WHERE series = ? AND time_ms >= ?`),
    newest: file.prepare(`SELECT MAX(time_ms) AS time_ms FROM ${table} WHERE series = ? AND time_ms >= ?`),
    forget: file.prepare(
      `DELETE FROM ${table} WHERE series = :series AND time_ms < :until AND time_ms <=
       coalesce((SELECT time_ms FROM ${table} WHERE series = :series ORDER BY time_ms LIMIT 1 OFFSET ${FORGET_ROWS}), :until)`,
    ),
  })
  return {
    addSeries: file.prepare('INSERT INTO series (kind, name, field) VALUES (?, ?, ?) RETURNING id'),
    listSeries: file.prepare('SELECT id, kind, name, field FROM series'),
    insertRaw: file.prepare('INSERT OR REPLACE INTO raw VALUES (?, ?, ?)'),
    insertTransition: file.prepare('INSERT OR REPLACE INTO transitions VALUES (?, ?, ?, ?, ?, ?)'),
    insertCell: {
      m1: file.prepare('INSERT OR REPLACE INTO m1 VALUES (?, ?, ?, ?, ?, ?)'),
      h1: file.prepare('INSERT OR REPLACE INTO h1 VALUES (?, ?, ?, ?, ?, ?)'),
    },
    tiers: { raw: tier('raw'), m1: tier('m1'), h1: tier('h1') } satisfies Record<(typeof TIER_NAMES)[number], TierStatements>,
    transitions: file.prepare(
      `SELECT time_ms, from_mode, to_mode, reason FROM transitions
       WHERE kind = ? AND name = ? AND time_ms >= ? AND time_ms < ? ORDER BY time_ms DESC LIMIT ?`,
    ),
    oldestTransition: file.prepare('SELECT MIN(time_ms) AS time_ms FROM transitions WHERE kind = ? AND name = ? AND time_ms >= ?'),
    forgetTransitions: file.prepare('DELETE FROM transitions WHERE time_ms < ?'),
  }
}
