/**
 * From the job database into the event log: every change of a job becomes one event, so that the twin shows every job.
 *
 * Where to go on is read from the twin: it takes each number of a feed once and in order, so telling it twice after a crash is
 * harmless, and nothing else has to be remembered.
 */
import type { Check } from '../models/contracts/api.ts'
import type { JobChange, JobStore } from '../models/contracts/jobs.ts'
import type { EventOf } from '../models/events/events.ts'
import type { JobStatus } from '../models/events/work-events.ts'
import type { Clock, EventLog, Logger, Stop } from '../models/ports.ts'
import type { TwinState } from '../twin/twin-state.ts'

export interface JobsOptions {
  readonly site: string
  readonly store: JobStore
  readonly state: () => TwinState
  readonly publish: EventLog['publish']
  /** Only the owner of the site tells of its jobs. */
  readonly mayAct?: () => boolean
  /** Besides being woken by the store. */
  readonly periodMs?: number
  /** Jobs that ended longer ago are forgotten. */
  readonly keptMs?: number
  readonly clock: Clock
  readonly log: Logger
}

export interface RunningJobs {
  readonly checks: () => readonly Check[]
  /** Jobs by status, last known; null before the database has answered. */
  readonly counts: () => Readonly<Record<JobStatus, number>> | null
  /** Number of the last change that the log has accepted. */
  readonly publishedChange: () => number
  /** The store stays open. */
  readonly stop: Stop
}

const PAGE = 500
const DAY_MS = 86_400_000
const FORGET_EVERY_MS = 3_600_000

export function runJobs(options: JobsOptions): RunningJobs {
  const { site, store, state, publish, mayAct = () => true, periodMs = 1_000, keptMs = 30 * DAY_MS, clock, log } = options
  let published = { source: '', change: 0 }
  let counts: Readonly<Record<JobStatus, number>> | null = null
  let forgottenMs = 0
  let trouble: string | null = null
  let isStopped = false
  let looking: Promise<void> | null = null
  let isCalled = false

  /** @returns how many. */
  async function tell(): Promise<number> {
    const source = `jobs:${await store.feedId()}`
    const told = source === published.source ? published.change : 0
    const after = Math.max(told, state().jobFeeds.get(source) ?? 0)
    published = { source, change: after }
    const changes = await store.changes({ after, limit: PAGE })
    if (changes.length === 0) return 0
    await publish(changes.map((change) => toEvent(change, { site, source })))
    published = { source, change: changes.at(-1)!.change }
    return changes.length
  }
  async function look(): Promise<void> {
    try {
      if (mayAct()) {
        await store.giveBackLapsed()
        while (!isStopped && (await tell()) === PAGE) {}
        if (clock() - forgottenMs >= FORGET_EVERY_MS) {
          await store.forget({ endedBeforeMs: clock() - keptMs })
          forgottenMs = clock()
        }
      }
      counts = await store.counts()
      trouble = null
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      // Once, and not at every look.
      if (trouble !== reason) log.warn({ site, reason }, 'jobs not told to the twin; tried again')
      trouble = reason
    }
  }
  async function lookOnAndOn(): Promise<void> {
    while (isCalled && !isStopped) {
      isCalled = false
      await look()
    }
    looking = null
  }
  const call = (): void => {
    isCalled = true
    looking ??= lookOnAndOn()
  }
  const timer = setInterval(call, periodMs)
  const stopListening = store.onChange(call)
  call()
  return {
    checks: () => store.checks(),
    counts: () => counts,
    publishedChange: () => published.change,
    async stop() {
      isStopped = true
      clearInterval(timer)
      stopListening()
      await looking
    },
  }
}

function toEvent(
  { job, ...what }: JobChange,
  { site, source }: { readonly site: string; readonly source: string },
): EventOf<'job.statusChanged'> {
  const { id, user, path, type: jobType } = job
  return { type: 'job.statusChanged', site, source, id, user, path, jobType, ...what }
}
