/**
 * The steps of jobs inside one transaction: lock, decide, number, write.
 *
 * Jobs are locked before the feed, and never after it: so no two steps wait for each other, and whoever holds
 * the feed's row is about to commit.
 */
import type { Kysely, SelectQueryBuilder, Transaction } from 'kysely'
import { type CreateAnswer, type JobStage, type NewJob, STATUSES_OF_STAGE, type StoredJob } from '../../models/contracts/jobs.ts'
import type { JobRow, JobTables } from './job-tables.ts'

/** How a database differs from the others. */
export interface JobDatabase {
  readonly db: Kysely<JobTables>
  readonly site: string
  /** Jobs that may wait for their first stage; beyond it none is taken in. */
  readonly waitingJobsMax: number
  /** Whether others may write at the same time; where only we do, a transaction is lock enough. */
  readonly locksRows: boolean
  readonly nowMs: (transaction: Transaction<JobTables>) => Promise<number>
  /** Wakes who follows the feed, once the transaction has committed. */
  readonly announce: (transaction: Transaction<JobTables>) => Promise<void>
  /** Runs what asks the database, and throws its errors as TwinErrors. */
  readonly ask: <T>(work: () => Promise<T>) => Promise<T>
}

export interface Step extends JobDatabase {
  readonly transaction: Transaction<JobTables>
  readonly timeMs: number
}

const GIVEN_BACK_AT_ONCE = 100

/** The locked jobs of the site; `skip`: without those that another transaction has locked. */
export function lockedJobs(
  { transaction, site, locksRows }: Step,
  how: 'wait' | 'skip',
): SelectQueryBuilder<JobTables, 'edgetwin_jobs', JobRow> {
  const jobs = transaction.selectFrom('edgetwin_jobs').selectAll().where('site', '=', site).orderBy('number')
  if (!locksRows) return jobs
  return how === 'skip' ? jobs.forUpdate().skipLocked() : jobs.forUpdate()
}

export async function createOne(step: Step, { iterationLimit, ...given }: NewJob): Promise<CreateAnswer> {
  const { transaction, site, timeMs, locksRows, waitingJobsMax } = step
  // Creations queue up here, so the second of two that are the same finds the first.
  const feeds = transaction.selectFrom('edgetwin_job_feeds').select('last_number').where('site', '=', site)
  const { last_number } = await (locksRows ? feeds.forUpdate() : feeds).executeTakeFirstOrThrow()
  const jobs = transaction.selectFrom('edgetwin_jobs').where('site', '=', site)
  const known = await jobs.selectAll().where('id', '=', given.id).executeTakeFirst()
  if (known !== undefined) {
    const { user, path, type } = known
    const isSame = user === given.user && path === given.path && type === given.type && known.iteration_limit === iterationLimit
    return isSame ? { ok: true, job: toJob(known) } : { ok: false, reason: 'id-taken' }
  }
  const last = await jobs
    .select('number')
    .where('status', '=', 'Enqueue')
    .orderBy('number')
    .offset(waitingJobsMax - 1)
    .limit(1)
    .executeTakeFirst()
  if (last !== undefined) return { ok: false, reason: 'full' }
  const number = last_number + 1
  const row: JobRow = { ...NO_LEASE, ...given, site, number, iteration_limit: iterationLimit, created_ms: timeMs, changed_ms: timeMs }
  await transaction.updateTable('edgetwin_job_feeds').set({ last_number: number }).where('site', '=', site).execute()
  await transaction.insertInto('edgetwin_jobs').values(row).execute()
  await advance(step, [row])
  return { ok: true, job: toJob(row) }
}

const NO_LEASE = {
  status: 'Enqueue',
  start_time_ms: null,
  end_time_ms: null,
  iteration: 0,
  worker: null,
  lease_id: null,
  lease_until_ms: null,
  completed_lease_id: null,
  failure: null,
} as const

export async function giveBackLapsed(step: Step, stages: readonly JobStage[]): Promise<number> {
  const rows: JobRow[] = []
  for (const stage of stages) {
    const lapsed = lockedJobs(step, 'skip').where('status', '=', STATUSES_OF_STAGE[stage].during).where('lease_until_ms', '<=', step.timeMs)
    for (const row of await lapsed.limit(GIVEN_BACK_AT_ONCE).execute()) {
      const reason = `the lease of ${row.worker} ended without a word`
      rows.push(afterFailure(row, { stage, reason, timeMs: step.timeMs }))
    }
  }
  if (rows.length > 0) await advance(step, rows)
  return rows.length
}

export function afterFailure(
  row: JobRow,
  { stage, reason, timeMs }: { readonly stage: JobStage; readonly reason: string; readonly timeMs: number },
): JobRow {
  const iteration = row.iteration + 1
  const isOver = iteration >= row.iteration_limit
  const next = isOver ? ({ status: 'Exit', end_time_ms: timeMs } as const) : { status: STATUSES_OF_STAGE[stage].from }
  // PostgreSQL takes no NUL, and half a surrogate pair is no text.
  const failure = reason.replaceAll(/\p{Cc}+/gu, ' ').toWellFormed()
  return { ...row, ...next, ...FREE, iteration, failure }
}

export const FREE = { worker: null, lease_until_ms: null } as const

/**
 * Writes the jobs' new states, numbered as changes in the order given; several of one job are several changes.
 *
 * @returns the rows as written: a time that never goes back for one job, and as lease of a job that is
 * taken the number of the change that took it.
 */
export async function advance(step: Step, rows: readonly JobRow[]): Promise<readonly JobRow[]> {
  const { transaction, site, timeMs } = step
  const { last_change } = await transaction
    .updateTable('edgetwin_job_feeds')
    .set((eb) => ({ last_change: eb('last_change', '+', rows.length) }))
    .where('site', '=', site)
    .returning('last_change')
    .executeTakeFirstOrThrow()
  const changed = rows.map((row, index) => {
    const change = last_change - rows.length + 1 + index
    return { ...row, change, changed_ms: Math.max(timeMs, row.changed_ms), lease_id: row.worker === null ? null : change }
  })
  const changes = changed.map(({ change, id, changed_ms: time_ms, status, iteration, start_time_ms, end_time_ms }) => {
    return { site, change, id, time_ms, status, iteration, start_time_ms, end_time_ms }
  })
  await transaction.insertInto('edgetwin_job_changes').values(changes).execute()
  const written = changed.map(({ change: _, ...row }) => row)
  for (const row of new Map(written.map((row) => [row.id, row])).values()) await storeJob(step, row)
  await step.announce(transaction)
  return written
}

export async function storeJob({ transaction, site }: Step, row: JobRow): Promise<void> {
  await transaction.updateTable('edgetwin_jobs').set(row).where('site', '=', site).where('id', '=', row.id).execute()
}

export function toJob(row: JobRow): StoredJob {
  const { id, user, path, type, number, status, iteration, worker, failure } = row
  return {
    id,
    user,
    path,
    type,
    iterationLimit: row.iteration_limit,
    number,
    status,
    iteration,
    createdMs: row.created_ms,
    startTimeMs: row.start_time_ms,
    endTimeMs: row.end_time_ms,
    worker,
    leaseUntilMs: row.lease_until_ms,
    failure,
  }
}
