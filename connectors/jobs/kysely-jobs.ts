/**
 * The job store on any database that kysely speaks to: what the SQLite and the PostgreSQL adapter share.
 *
 * Every step is one transaction that first locks the job and last numbers its changes, so whoever has read the feed up
 * to a number has seen every change below it.
 */
import { randomUUID } from 'node:crypto'
import type { Kysely } from 'kysely'
import {
  JOB_STAGES,
  type JobChange,
  type JobLease,
  type JobStage,
  type JobStore,
  type LeaseAnswer,
  STATUSES_OF_STAGE,
} from '../../models/contracts/jobs.ts'
import type { JobStatus } from '../../models/events/work-events.ts'
import {
  advance,
  afterFailure,
  createOne,
  FREE,
  giveBackLapsed,
  type JobDatabase,
  lockedJobs,
  type Step,
  storeJob,
  toJob,
} from './job-steps.ts'
import type { JobRow, JobTables } from './job-tables.ts'

type WithLease = (step: Step, row: JobRow, stage: JobStage) => Promise<JobRow>

export function createJobs(database: JobDatabase): Omit<JobStore, 'onChange' | 'checks' | 'close'> {
  const { db, site, ask } = database
  const jobs = db.selectFrom('edgetwin_jobs').where('site', '=', site)
  const inOneStep = <T>(work: (step: Step) => Promise<T>): Promise<T> =>
    ask(() =>
      db.transaction().execute(async (transaction) => work({ ...database, transaction, timeMs: await database.nowMs(transaction) })),
    )

  /** Does `work` on the locked job when it is at work under this very lease. */
  function withLease({ id, worker, leaseId }: JobLease, work: WithLease): Promise<LeaseAnswer> {
    return inOneStep(async (step) => {
      const row = await lockedJobs(step, 'wait').where('id', '=', id).executeTakeFirst()
      if (row === undefined) return { ok: false, reason: 'unknown' }
      const stage = JOB_STAGES.find((each) => STATUSES_OF_STAGE[each].during === row.status)
      if (stage === undefined || row.lease_id !== leaseId || row.worker !== worker) {
        return row.completed_lease_id === leaseId ? { ok: true, job: toJob(row) } : { ok: false, reason: 'lease-lost' }
      }
      return { ok: true, job: toJob(await work(step, row, stage)) }
    })
  }

  return {
    create: (job) => inOneStep((step) => createOne(step, job)),
    claim: ({ stage, worker, leaseMs }) =>
      inOneStep(async (step) => {
        await giveBackLapsed(step, [stage])
        const { from, during } = STATUSES_OF_STAGE[stage]
        const row = await lockedJobs(step, 'skip').where('status', '=', from).limit(1).executeTakeFirst()
        if (row === undefined) return null
        const start_time_ms = row.start_time_ms ?? step.timeMs
        const [taken] = await advance(step, [{ ...row, status: during, start_time_ms, worker, lease_until_ms: step.timeMs + leaseMs }])
        return { leaseId: taken!.lease_id!, job: toJob(taken!) }
      }),
    renew: ({ leaseMs, ...lease }) =>
      withLease(lease, async (step, row) => {
        const renewed = { ...row, lease_until_ms: step.timeMs + leaseMs }
        await storeJob(step, renewed)
        return renewed
      }),
    complete: (lease) =>
      withLease(lease, async (step, row, stage) => {
        const done: JobRow = { ...row, ...FREE, status: STATUSES_OF_STAGE[stage].done, completed_lease_id: lease.leaseId }
        const ended: JobRow = { ...done, status: 'Exit', end_time_ms: step.timeMs }
        return (await advance(step, stage === 'postprocessing' ? [done, ended] : [done])).at(-1)!
      }),
    fail: ({ reason, ...lease }) =>
      withLease(lease, async (step, row, stage) => (await advance(step, [afterFailure(row, { stage, reason, timeMs: step.timeMs })]))[0]!),
    giveBackLapsed: () => inOneStep((step) => giveBackLapsed(step, JOB_STAGES)),
    forget: ({ endedBeforeMs }) =>
      inOneStep(async ({ transaction }) => {
        const over = jobs.select('id').where('status', '=', 'Exit').where('end_time_ms', '<', endedBeforeMs)
        await transaction.deleteFrom('edgetwin_job_changes').where('site', '=', site).where('id', 'in', over).execute()
        const ended = transaction.deleteFrom('edgetwin_jobs').where('site', '=', site).where('id', 'in', over)
        return Number((await ended.executeTakeFirstOrThrow()).numDeletedRows)
      }),
    get: (id) =>
      ask(async () => {
        const row = await jobs.selectAll().where('id', '=', id).executeTakeFirst()
        return row === undefined ? null : toJob(row)
      }),
    list: ({ status, after = 0, limit }) =>
      ask(async () => {
        const above = jobs.selectAll().where('number', '>', after).orderBy('number').limit(limit)
        return (await (status === undefined ? above : above.where('status', '=', status)).execute()).map(toJob)
      }),
    changes: (page) => ask(() => readChanges(database, page)),
    feedId: () =>
      ask(async () => {
        const feed = await db.selectFrom('edgetwin_job_feeds').select('feed_id').where('site', '=', site).executeTakeFirstOrThrow()
        return feed.feed_id
      }),
    counts: () =>
      ask(async () => {
        const counted = await jobs
          .select(({ fn }) => ['status', fn.countAll<number>().as('count')])
          .groupBy('status')
          .execute()
        return countsOf(counted)
      }),
  }
}

async function readChanges(
  { db, site }: JobDatabase,
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<readonly JobChange[]> {
  const rows = await db
    .selectFrom('edgetwin_job_changes as changes')
    .innerJoin('edgetwin_jobs as jobs', (join) => join.onRef('jobs.id', '=', 'changes.id').onRef('jobs.site', '=', 'changes.site'))
    .selectAll('changes')
    .select(['jobs.user', 'jobs.path', 'jobs.type'])
    .where('changes.site', '=', site)
    .where('change', '>', after)
    .orderBy('change')
    .limit(limit)
    .execute()
  return rows.map(({ change, time_ms, status, iteration, start_time_ms, end_time_ms, id, user, path, type }) => ({
    change,
    timeMs: time_ms,
    status,
    iteration,
    startTimeMs: start_time_ms,
    endTimeMs: end_time_ms,
    job: { id, user, path, type },
  }))
}

type Counts = Record<JobStatus, number>

function countsOf(counted: readonly { readonly status: JobStatus; readonly count: number }[]): Counts {
  const counts: Counts = {
    Enqueue: 0,
    Preprocessing: 0,
    Preprocessing_complete: 0,
    Inferencing: 0,
    Inferencing_complete: 0,
    Postprocessing: 0,
    Postprocessing_complete: 0,
    Exit: 0,
  }
  for (const { status, count } of counted) counts[status] = count
  return counts
}

/** The row that numbers the jobs of the site, made when there is none. */
export async function ensureFeed(db: Kysely<JobTables>, site: string): Promise<void> {
  const feed = { site, feed_id: randomUUID(), last_number: 0, last_change: 0 }
  await db
    .insertInto('edgetwin_job_feeds')
    .values(feed)
    .onConflict((conflict) => conflict.column('site').doNothing())
    .execute()
}
