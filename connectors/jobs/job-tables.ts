/**
 * The tables of the jobs, the same in SQLite and PostgreSQL, and the steps that make them.
 *
 * A step that was ever released is never changed: a new one follows it. Steps may be cut off half-way, so each can run twice.
 */
import type { Kysely } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import { TwinError } from '../../models/errors.ts'
import type { JobStatus } from '../../models/events/work-events.ts'

export interface JobTables {
  readonly edgetwin_job_feeds: FeedRow
  readonly edgetwin_jobs: JobRow
  readonly edgetwin_job_changes: ChangeRow
}
/** One per site: what was numbered last. Whoever numbers holds the row until the commit, so numbers are in order of commit. */
export interface FeedRow {
  readonly site: string
  readonly feed_id: string
  readonly last_number: number
  readonly last_change: number
}
/** The columns of G-Edge's table are number (#), user, path, type, status, start_time_ms, end_time_ms and iteration. */
export interface JobRow {
  readonly site: string
  readonly id: string
  readonly number: number
  readonly user: string
  readonly path: string
  readonly type: string
  readonly status: JobStatus
  readonly start_time_ms: number | null
  readonly end_time_ms: number | null
  readonly iteration: number
  readonly iteration_limit: number
  readonly created_ms: number
  readonly changed_ms: number
  readonly worker: string | null
  readonly lease_id: number | null
  readonly lease_until_ms: number | null
  /** The lease under which the last stage that went well was done. */
  readonly completed_lease_id: number | null
  readonly failure: string | null
}
export interface ChangeRow {
  readonly site: string
  readonly change: number
  readonly id: string
  readonly time_ms: number
  readonly status: JobStatus
  readonly iteration: number
  readonly start_time_ms: number | null
  readonly end_time_ms: number | null
}

const STEPS: Readonly<Record<string, Migration>> = {
  '0001-jobs': {
    async up(db) {
      await db.schema
        .createTable('edgetwin_job_feeds')
        .ifNotExists()
        .addColumn('site', 'text', (column) => column.primaryKey())
        .addColumn('feed_id', 'text', (column) => column.notNull())
        .addColumn('last_number', 'bigint', (column) => column.notNull())
        .addColumn('last_change', 'bigint', (column) => column.notNull())
        .execute()
      await db.schema
        .createTable('edgetwin_jobs')
        .ifNotExists()
        .addColumn('site', 'text', (column) => column.notNull())
        .addColumn('id', 'text', (column) => column.notNull())
        .addColumn('number', 'bigint', (column) => column.notNull())
        .addColumn('user', 'text', (column) => column.notNull())
        .addColumn('path', 'text', (column) => column.notNull())
        .addColumn('type', 'text', (column) => column.notNull())
        .addColumn('status', 'text', (column) => column.notNull())
        .addColumn('start_time_ms', 'bigint')
        .addColumn('end_time_ms', 'bigint')
        .addColumn('iteration', 'integer', (column) => column.notNull())
        .addColumn('iteration_limit', 'integer', (column) => column.notNull())
        .addColumn('created_ms', 'bigint', (column) => column.notNull())
        .addColumn('changed_ms', 'bigint', (column) => column.notNull())
        .addColumn('worker', 'text')
        .addColumn('lease_id', 'bigint')
        .addColumn('lease_until_ms', 'bigint')
        .addColumn('completed_lease_id', 'bigint')
        .addColumn('failure', 'text')
        .addPrimaryKeyConstraint('edgetwin_jobs_key', ['site', 'id'])
        .addUniqueConstraint('edgetwin_jobs_number', ['site', 'number'])
        .execute()
      await db.schema
        .createIndex('edgetwin_jobs_by_status')
        .ifNotExists()
        .on('edgetwin_jobs')
        .columns(['site', 'status', 'number'])
        .execute()
      await db.schema
        .createTable('edgetwin_job_changes')
        .ifNotExists()
        .addColumn('site', 'text', (column) => column.notNull())
        .addColumn('change', 'bigint', (column) => column.notNull())
        .addColumn('id', 'text', (column) => column.notNull())
        .addColumn('time_ms', 'bigint', (column) => column.notNull())
        .addColumn('status', 'text', (column) => column.notNull())
        .addColumn('iteration', 'integer', (column) => column.notNull())
        .addColumn('start_time_ms', 'bigint')
        .addColumn('end_time_ms', 'bigint')
        .addPrimaryKeyConstraint('edgetwin_job_changes_key', ['site', 'change'])
        .execute()
      await db.schema.createIndex('edgetwin_job_changes_by_job').ifNotExists().on('edgetwin_job_changes').columns(['site', 'id']).execute()
    },
  },
}

/** @throws TwinError JOBS_UNREADABLE when a newer edgetwin was here; what the database throws as it is. */
export async function migrateJobs(db: Kysely<JobTables>, where: string): Promise<void> {
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => STEPS },
    migrationTableName: 'edgetwin_job_steps',
    migrationLockTableName: 'edgetwin_job_steps_lock',
  })
  const { error } = await migrator.migrateToLatest()
  if (error === undefined) return
  // kysely's words for a step that was done and that we do not know.
  const step = /previously executed migration (\S+) is missing/.exec(error instanceof Error ? error.message : '')?.[1]
  if (step === undefined) throw error
  const message = `The job database ${where} has step ${step}, made by a newer edgetwin; this one knows up to ${Object.keys(STEPS).at(-1)}: upgrade edgetwin.`
  throw new TwinError('JOBS_UNREADABLE', message, { details: { where, step }, cause: error })
}
