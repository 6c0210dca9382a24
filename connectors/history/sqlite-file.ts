/** The SQLite file of a history: whether it is ours, and its tables. It is a view, so a commit need not outlive a power cut. */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** `edth`, in the header of every history. */
const APPLICATION_ID = 0x65647468
const SCHEMA_VERSION = 1
const NUMBERS = 'mean REAL NOT NULL, min REAL NOT NULL, max REAL NOT NULL, count INTEGER NOT NULL'
const SCHEMA = `
  CREATE TABLE series (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, field TEXT NOT NULL, UNIQUE (kind, name, field)
  ) STRICT;
  CREATE TABLE raw (series INTEGER NOT NULL, time_ms INTEGER NOT NULL, value REAL NOT NULL, PRIMARY KEY (series, time_ms)) STRICT, WITHOUT ROWID;
  CREATE TABLE m1 (series INTEGER NOT NULL, time_ms INTEGER NOT NULL, ${NUMBERS}, PRIMARY KEY (series, time_ms)) STRICT, WITHOUT ROWID;
  CREATE TABLE h1 (series INTEGER NOT NULL, time_ms INTEGER NOT NULL, ${NUMBERS}, PRIMARY KEY (series, time_ms)) STRICT, WITHOUT ROWID;
  CREATE TABLE transitions (
    kind TEXT NOT NULL, name TEXT NOT NULL, time_ms INTEGER NOT NULL, from_mode TEXT NOT NULL, to_mode TEXT NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (kind, name, time_ms)
  ) STRICT, WITHOUT ROWID;
`
/** Somebody who looks into the file must not hold up the twin. */
const LOCK_WAIT_MS = 20

/** Creates the file, and the folders to it, when there is none. */
export function openHistoryFile(path: string): DatabaseSync {
  mkdirSync(dirname(path), { recursive: true })
  const file = new DatabaseSync(path, { timeout: LOCK_WAIT_MS })
  try {
    const isEmpty = file.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined
    const [applicationId, version] = [pragma(file, 'application_id'), pragma(file, 'user_version')]
    if (!isEmpty && applicationId !== APPLICATION_ID) throw new Error(`${path} is a database of another program`)
    if (version > SCHEMA_VERSION) throw new Error(`${path} has format ${version}, of a newer edgetwin`)
    file.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
    if (isEmpty) file.exec(`BEGIN; ${SCHEMA} PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`)
    return file
  } catch (error) {
    file.close()
    throw error
  }
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
