/**
 * The SQLite file under the journal: who may open it, whether it is ours, and what its errors mean to a person.
 *
 * The file is opened in exclusive locking mode, so the lock dies with the process and never has to be cleaned up.
 */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { TwinError } from '../../models/errors.ts'

export interface JournalFileOptions {
  readonly path: string
  /** `full` survives a power cut; `off` only the death of the process (tests). */
  readonly synchronous?: 'full' | 'off'
  /** The file never grows beyond this; the default is the disk. */
  readonly maxBytes?: number
}

/** `edtw`, in the header of every journal. */
const APPLICATION_ID = 0x65647477
const SCHEMA_VERSION = 1
const SCHEMA = `
  CREATE TABLE head (one INTEGER PRIMARY KEY CHECK (one = 1), json TEXT NOT NULL, crc INTEGER NOT NULL) STRICT;
  CREATE TABLE events (
    sequence INTEGER PRIMARY KEY, topic TEXT NOT NULL, partition INTEGER NOT NULL, "offset" INTEGER NOT NULL,
    received_ms INTEGER NOT NULL, json TEXT NOT NULL, crc INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX events_by_time ON events (received_ms);
  CREATE TABLE dead_letters (
    id INTEGER PRIMARY KEY, topic TEXT NOT NULL, partition INTEGER NOT NULL, "offset" INTEGER NOT NULL,
    received_ms INTEGER NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL, excerpt TEXT NOT NULL
  ) STRICT;
  CREATE TABLE snapshots (sequence INTEGER PRIMARY KEY, hash TEXT NOT NULL, state_json TEXT NOT NULL) STRICT;
`

// SQLite's primary result codes.
const BUSY = 5
const FULL = 13

/**
 * Creates the file, and the folders to it, when there is none.
 *
 * @throws TwinError JOURNAL_LOCKED, JOURNAL_UNREADABLE
 */
export function openJournalFile({ path, synchronous = 'full', maxBytes }: JournalFileOptions): DatabaseSync {
  let file: DatabaseSync | null = null
  try {
    makeFolder(dirname(path))
    file = new DatabaseSync(path)
    file.exec('PRAGMA locking_mode = EXCLUSIVE')
    const isNew = checkOwner(file, path)
    file.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}`)
    if (maxBytes !== undefined) file.exec(`PRAGMA max_page_count = ${Math.floor(maxBytes / pragma(file, 'page_size'))}`)
    // The first write takes the lock, which is then kept.
    file.exec('BEGIN EXCLUSIVE')
    if (isNew) file.exec(`${SCHEMA} PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`)
    file.exec('COMMIT')
    return file
  } catch (error) {
    file?.close()
    throw toJournalError(error, path)
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true })
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    const message = `The folder ${folder} for the journal cannot be made: ${why}. Name another one with --data-dir.`
    throw new TwinError('JOURNAL_UNREADABLE', message, { details: { folder }, cause })
  }
}

/** Nothing is written to a file that is not ours. */
function checkOwner(file: DatabaseSync, path: string): boolean {
  const applicationId = pragma(file, 'application_id')
  const version = pragma(file, 'user_version')
  const isEmpty = file.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined
  if (isEmpty && applicationId === 0 && version === 0) return true
  if (applicationId !== APPLICATION_ID) throw unreadable(path, 'it is a database of another program')
  if (version > SCHEMA_VERSION) {
    const message = `The journal ${path} has format ${version}, written by a newer edgetwin; this one reads up to ${SCHEMA_VERSION}: upgrade edgetwin.`
    throw new TwinError('JOURNAL_UNREADABLE', message, { details: { path, version } })
  }
  return false
}

function pragma(file: DatabaseSync, name: string): number {
  const value = Object.values(file.prepare(`PRAGMA ${name}`).get() ?? {})[0]
  return typeof value === 'number' ? value : 0
}

/** What is wrong with the file in `what`; the remedy is always the same. */
export function unreadable(path: string, what: string, cause?: unknown): TwinError {
  const message = `The journal ${path} cannot be used: ${what}. Move it away to start anew, or restore a copy.`
  return new TwinError('JOURNAL_UNREADABLE', message, { details: { path }, cause })
}

/** All of `write` or nothing. */
export function transact(file: DatabaseSync, write: () => void): void {
  file.exec('BEGIN IMMEDIATE')
  try {
    write()
    file.exec('COMMIT')
  } catch (error) {
    // A full disk makes SQLite roll back by itself.
    if (file.isTransaction) file.exec('ROLLBACK')
    throw error
  }
}

/** Runs `work` and throws what SQLite or the file system says as a TwinError; anything else as it is. */
export function guard<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw toJournalError(error, path)
  }
}

function toJournalError(error: unknown, path: string): unknown {
  if (typeof error !== 'object' || error === null || error instanceof TwinError) return error
  const resultCode = 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : null
  if (resultCode === BUSY) {
    const message = `The journal ${path} is open in another process: stop that one, or give this one another folder with --data-dir.`
    return new TwinError('JOURNAL_LOCKED', message, { details: { path }, cause: error })
  }
  if (resultCode === FULL) {
    const message = `The journal ${path} has no room: free space on its disk. Nothing is accepted until then, and nothing accepted is lost.`
    return new TwinError('JOURNAL_FULL', message, { details: { path }, cause: error })
  }
  return 'syscall' in error || resultCode !== null ? unreadable(path, error instanceof Error ? error.message : String(error), error) : error
}
