/**
 * The job store in PostgreSQL: for several edgetwin processes and whoever else looks at the tables.
 *
 * Opening never fails for want of a server: until one answers, each call is refused with the reason, and then goes on by
 * itself. A call that fails while it commits may have been done: completing and creating again are harmless, a claim
 * that nobody heard of lapses.
 */
import { Kysely, PostgresDialect, sql } from 'kysely'
import type { JobStore } from '../../models/contracts/jobs.ts'
import { TwinError } from '../../models/errors.ts'
import type { Clock, Logger } from '../../models/ports.ts'
import { type JobTables, migrateJobs } from './job-tables.ts'
import { createJobs, ensureFeed } from './kysely-jobs.ts'
import { runLink } from './postgres-link.ts'
import { createPool, type PlaceOptions, toClientConfig, toPlace } from './postgres-pool.ts'
import { toPostgresError } from './postgres-trouble.ts'

export interface PostgresJobsOptions extends PlaceOptions {
  readonly site: string
  /** Absent: the clock of the database, which is one for all. */
  readonly clock?: Clock
  readonly random: () => number
  readonly log: Logger
  readonly waitingJobsMax?: number
}

const CHANNEL = 'edgetwin_jobs'

/** @throws TwinError CONFIG_INVALID when the URL cannot be used. */
export function openPostgresJobs(options: PostgresJobsOptions): JobStore {
  const { site, clock, log, random, waitingJobsMax = 100_000 } = options
  const place = toPlace(options)
  const where = `PostgreSQL, ${place.host}:${place.port}/${place.database}`
  const db = new Kysely<JobTables>({ dialect: new PostgresDialect({ pool: createPool(place) }) })
  const listeners = new Set<() => void>()
  let trouble: string | null = 'not connected yet'
  let prepared: Promise<void> | null = null

  const wake = (): void => {
    for (const listener of listeners) listener()
  }
  const toTold = (error: unknown): unknown => {
    const told = toPostgresError(error, place)
    if (told instanceof TwinError) trouble = told.message
    return told
  }
  async function prepare(): Promise<void> {
    prepared ??= migrateJobs(db, where).then(() => ensureFeed(db, site))
    try {
      await prepared
    } catch (error) {
      prepared = null
      throw error
    }
  }
  async function ask<T>(work: () => Promise<T>): Promise<T> {
    try {
      await prepare()
      const answer = await work()
      trouble = null
      return answer
    } catch (error) {
      throw toTold(error)
    }
  }
  const stopLink = runLink({
    config: toClientConfig(place),
    channel: CHANNEL,
    askEveryMs: place.answerWithinMs / 2,
    prepare,
    onNotice: (ofSite) => (ofSite === site ? wake() : undefined),
    onUp() {
      trouble = null
      // What was told meanwhile was not heard.
      wake()
    },
    onDown(error) {
      const told = toTold(error)
      trouble = told instanceof Error ? told.message : String(told)
      return trouble
    },
    random,
    log,
  })
  return {
    ...createJobs({
      db,
      site,
      waitingJobsMax,
      locksRows: true,
      async nowMs(transaction) {
        if (clock !== undefined) return clock()
        const now = sql<{ ms: number }>`select floor(extract(epoch from clock_timestamp()) * 1000)::bigint as ms`
        return (await now.execute(transaction)).rows[0]!.ms
      },
      ask,
      async announce(transaction) {
        await sql`select pg_notify(${CHANNEL}, ${site})`.execute(transaction)
      },
    }),
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    checks: () => [{ name: 'jobs', ok: trouble === null, detail: trouble ?? where, remedy: 'it is asked again by itself' }],
    async close() {
      await stopLink()
      await db.destroy()
    },
  }
}
