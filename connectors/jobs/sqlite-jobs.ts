/**
 * The job store in one SQLite file: the embedded default, for one edgetwin process.
 *
 * The file is opened in exclusive locking mode, so the lock dies with the process; inside it kysely lets one transaction at a time.
 */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Kysely, type SqliteDatabase, SqliteDialect } from 'kysely'
import type { JobStore } from '../../models/contracts/jobs.ts'
import { TwinError } from '../../models/errors.ts'
import type { Clock } from '../../models/ports.ts'
import { type JobTables, migrateJobs } from './job-tables.ts'
import { createJobs, ensureFeed } from './kysely-jobs.ts'

export interface SqliteJobsOptions {
  /** `:memory:` keeps nothing. */
  readonly path: string
  readonly site: string
  readonly clock: Clock
  /** `full` survives a power cut; `off` only the death of the process (tests). */
  readonly synchronous?: 'full' | 'off'
  readonly waitingJobsMax?: number
}

/** `edjb`, in the header of every file of jobs. */
const APPLICATION_ID = 0x65646a62
// SQLite's primary result codes.
const BUSY = 5
const FULL = 13

/** @throws TwinError JOBS_UNREADABLE */
export async function openSqliteJobs(options: SqliteJobsOptions): Promise<JobStore> {
  const { path, site, clock, waitingJobsMax = 100_000 } = options
  const listeners = new Set<() => void>()
  let trouble: TwinError | null = null
  let isAnnounced = false
  const file = guard(path, () => openFile(options))
  const db = new Kysely<JobTables>({ dialect: new SqliteDialect({ database: toKysely(file) }) })

  async function ask<T>(work: () => Promise<T>): Promise<T> {
    try {
      const answer = await work()
      trouble = null
      return answer
    } catch (error) {
      const told = toJobsError(error, path)
      if (told instanceof TwinError) trouble = told
      throw told
    }
  }
  const wake = (): void => {
    isAnnounced = false
    for (const listener of listeners) listener()
  }
  try {
    await ask(() => migrateJobs(db, path))
    await ask(() => ensureFeed(db, site))
  } catch (error) {
    await db.destroy()
    throw error
  }
  return {
    ...createJobs({
      db,
      site,
      waitingJobsMax,
      locksRows: false,
      nowMs: async () => clock(),
      ask,
      async announce() {
        // The commit follows in this turn; who is woken in the next one finds it done, or is woken for nothing.
        if (!isAnnounced) setImmediate(wake)
        isAnnounced = true
      },
    }),
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    checks: () => [{ name: 'jobs', ok: trouble === null, detail: trouble?.message ?? `SQLite, ${path}`, remedy: 'free space on its disk' }],
    close: () => db.destroy(),
  }
}

function openFile({ path, synchronous = 'full' }: SqliteJobsOptions): DatabaseSync {
  if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true })
  const file = new DatabaseSync(path)
  try {
    file.exec('PRAGMA locking_mode = EXCLUSIVE')
    const { application_id: owner } = file.prepare('PRAGMA application_id').get() ?? {}
    const isNew = file.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined
    if (owner !== APPLICATION_ID && !(isNew && owner === 0)) throw unreadable(path, 'it is a database of another program')
    file.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}`)
    // The first write takes the lock, which is then kept.
    file.exec(`BEGIN EXCLUSIVE; PRAGMA application_id = ${APPLICATION_ID}; COMMIT`)
    return file
  } catch (error) {
    file.close()
    throw error
  }
}

/** kysely asks for the shape of better-sqlite3. */
function toKysely(file: DatabaseSync): SqliteDatabase {
  return {
    close: () => file.close(),
    prepare(sql) {
      const statement = file.prepare(sql)
      return {
        reader: statement.columns().length > 0,
        all: (parameters) => statement.all(...toValues(parameters)),
        run: (parameters) => statement.run(...toValues(parameters)),
        iterate: (parameters) => statement.iterate(...toValues(parameters)),
      }
    },
  }
}

function toValues(parameters: readonly unknown[]): (string | number | null)[] {
  return parameters.map((value) => {
    if (typeof value === 'string' || typeof value === 'number' || value === null) return value
    throw new TwinError('INTERNAL', `a ${typeof value} cannot be kept in the job database`)
  })
}

function unreadable(path: string, what: string, cause?: unknown): TwinError {
  const message = `The job database ${path} cannot be used: ${what}. Move it away to start anew, or restore a copy.`
  return new TwinError('JOBS_UNREADABLE', message, { details: { path }, cause })
}

function guard<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw toJobsError(error, path)
  }
}

function toJobsError(error: unknown, path: string): unknown {
  if (typeof error !== 'object' || error === null || error instanceof TwinError) return error
  const resultCode = 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : null
  if (resultCode === BUSY) {
    const message = `The job database ${path} is open in another process: stop that one, or give this one another folder with --data-dir.`
    return new TwinError('JOBS_UNREADABLE', message, { details: { path }, cause: error })
  }
  if (resultCode === FULL) {
    const message = `The job database ${path} has no room: free space on its disk. Nothing is taken in until then, and no job is lost.`
    return new TwinError('JOBS_UNREACHABLE', message, { details: { path }, cause: error })
  }
  return 'syscall' in error || resultCode !== null ? unreadable(path, error instanceof Error ? error.message : String(error), error) : error
}
