/** The SQLite file of a history: whether it is ours, and its tables. It is a view, so a commit need not outlive a power cut. */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { SERIES_KINDS, type SeriesKind } from '../../models/contracts/history.ts'
import { allColumns } from './columns.ts'
import { TIER_NAMES, type Tier } from './tiers.ts'

/** `edth`, in the header of every history. */
const APPLICATION_ID = 0x65647468
const SCHEMA_VERSION = 1
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS things (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (kind, name)) STRICT;
  CREATE TABLE IF NOT EXISTS transitions (
    kind TEXT NOT NULL, name TEXT NOT NULL, time_ms INTEGER NOT NULL, from_mode TEXT NOT NULL, to_mode TEXT NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (kind, name, time_ms)
  ) STRICT, WITHOUT ROWID;
`
/** Somebody who looks into the file must not hold up the twin. */
const LOCK_WAIT_MS = 20
/** Samples of a thing lie together, so each write touches a page per thing; a long log lets most of them be written once. */
const LOG_PAGES = 4_000

export const tableOf = (tier: Tier, kind: SeriesKind): string => `${tier}_${kind}`

/** Creates the file, and the folders to it, when there is none. */
export function openHistoryFile(path: string): DatabaseSync {
  mkdirSync(dirname(path), { recursive: true })
  const file = new DatabaseSync(path, { timeout: LOCK_WAIT_MS })
  try {
    const isEmpty = file.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined
    const [applicationId, version] = [pragma(file, 'application_id'), pragma(file, 'user_version')]
    if (!isEmpty && applicationId !== APPLICATION_ID) throw new Error(`${path} is a database of another program`)
    if (version > SCHEMA_VERSION) throw new Error(`${path} has format ${version}, of a newer edgetwin`)
    file.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = ${LOG_PAGES}`)
    transact(file, () => {
      file.exec(SCHEMA)
      for (const tier of TIER_NAMES) for (const kind of SERIES_KINDS) ensureTable(file, tier, kind)
      if (isEmpty) file.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`)
    })
    return file
  } catch (error) {
    file.close()
    throw error
  }
}

/** A field that is new since the file was made gets its columns. */
function ensureTable(file: DatabaseSync, tier: Tier, kind: SeriesKind): void {
  const table = tableOf(tier, kind)
  file.exec(
    `CREATE TABLE IF NOT EXISTS ${table} (thing INTEGER NOT NULL, time_ms INTEGER NOT NULL, PRIMARY KEY (thing, time_ms)) STRICT, WITHOUT ROWID`,
  )
  const present = new Set(
    file
      .prepare(`PRAGMA table_info(${table})`)
      .all()
      .map(({ name }) => name),
  )
  for (const column of allColumns(tier, kind)) if (!present.has(column)) file.exec(`ALTER TABLE ${table} ADD COLUMN ${column} REAL`)
}

export function usedBytes(file: DatabaseSync): number {
  return (pragma(file, 'page_count') - pragma(file, 'freelist_count')) * pragma(file, 'page_size')
}

/** All of `write` or nothing. */
export function transact<T>(file: DatabaseSync, write: () => T): T {
  file.exec('BEGIN IMMEDIATE')
  try {
    const result = write()
    file.exec('COMMIT')
    return result
  } catch (error) {
    // A full disk makes SQLite roll back by itself.
    if (file.isTransaction) file.exec('ROLLBACK')
    throw error
  }
}

function pragma(file: DatabaseSync, name: string): number {
  return Number(Object.values(file.prepare(`PRAGMA ${name}`).get() ?? {})[0] ?? 0)
}
