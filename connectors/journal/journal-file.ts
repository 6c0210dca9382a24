/**
 * The SQLite file under the journal: who may open it, whether it is ours, and that it is brought up from older formats.
 *
 * The file is opened in exclusive locking mode, so the lock dies with the process and never has to be cleaned up.
 */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { TwinError } from '../../models/errors.ts'
import { BLOCKS_SCHEMA } from './journal-blocks.ts'
import { toJournalError, unreadable } from './journal-failure.ts'
import { upgradeFromRows } from './journal-upgrade.ts'

export interface JournalFileOptions {
  readonly path: string
  /** `full` survives a power cut; `off` only the death of the process (tests). */
  readonly synchronous?: 'full' | 'off'
  /** The file never grows beyond this; the default is the disk. */
  readonly maxBytes?: number
}

/** `edtw`, in the header of every journal. */
const APPLICATION_ID = 0x65647477
const SCHEMA_VERSION = 2
const SCHEMA = `
  CREATE TABLE head (one INTEGER PRIMARY KEY CHECK (one = 1), json TEXT NOT NULL, crc INTEGER NOT NULL) STRICT;
  ${BLOCKS_SCHEMA}
  CREATE TABLE dead_letters (
    id INTEGER PRIMARY KEY, topic TEXT NOT NULL, partition INTEGER NOT NULL, "offset" INTEGER NOT NULL,
    received_ms INTEGER NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL, excerpt TEXT NOT NULL
  ) STRICT;
  CREATE TABLE snapshots (sequence INTEGER PRIMARY KEY, hash TEXT NOT NULL, state_json TEXT NOT NULL) STRICT;
`

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
    const version = checkOwner(file, path)
    file.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}`)
    if (maxBytes !== undefined) file.exec(`PRAGMA max_page_count = ${Math.floor(maxBytes / pragma(file, 'page_size'))}`)
    // The first write takes the lock, which is then kept.
    file.exec('BEGIN EXCLUSIVE')
    if (version === 0) file.exec(`${SCHEMA} PRAGMA application_id = ${APPLICATION_ID}`)
    if (version === 1) upgradeFromRows(file, path)
    if (version !== SCHEMA_VERSION) file.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`)
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

/** Nothing is written to a file that is not ours. @returns its format; 0 when it is new. */
function checkOwner(file: DatabaseSync, path: string): number {
  const applicationId = pragma(file, 'application_id')
  const version = pragma(file, 'user_version')
  const isEmpty = file.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined
  if (isEmpty && applicationId === 0 && version === 0) return 0
  if (applicationId !== APPLICATION_ID) throw unreadable(path, 'it is a database of another program')
  if (version > SCHEMA_VERSION) {
    const message = `The journal ${path} has format ${version}, written by a newer edgetwin; this one reads up to ${SCHEMA_VERSION}: upgrade edgetwin.`
    throw new TwinError('JOURNAL_UNREADABLE', message, { details: { path, version } })
  }
  return version
}

function pragma(file: DatabaseSync, name: string): number {
  const value = Object.values(file.prepare(`PRAGMA ${name}`).get() ?? {})[0]
  return typeof value === 'number' ? value : 0
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
