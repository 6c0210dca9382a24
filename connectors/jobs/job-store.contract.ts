/**
 * What every job store owes its workers; run against each adapter.
 *
 * Each test has a store of its own, empty, on a clock that the test moves.
 */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { type ClaimedJob, JOB_STAGES, type JobStore, type NewJob, storedJobShape } from '../../models/contracts/jobs.ts'
import { aNewJob, applyJobEvent, type Job } from '../../models/entities/job.ts'
import { followModel } from './job-histories.ts'

export interface JobsUnderTest {
  readonly store: JobStore
  readonly wait: (ms: number) => void
  readonly dispose: () => Promise<void>
}

export interface JobSuiteOptions {
  readonly create: (options: { readonly startMs: number; readonly waitingJobsMax: number }) => Promise<JobsUnderTest>
  /** Histories compared with the model. */
  readonly runs: number
  readonly concurrentJobs: number
}

const START_MS = 1_750_000_000_000
const LEASE_MS = 1_000
export const aJob = (id: string, over: Partial<NewJob> = {}): NewJob => ({
  id,
  user: 'ana',
  path: `/videos/${id}.mp4`,
  type: 'mp4',
  iterationLimit: 3,
  ...over,
})
const claimOf = (stage: (typeof JOB_STAGES)[number], worker = 'w-1') => ({ stage, worker, leaseMs: LEASE_MS })
const leaseOf = ({ job, leaseId }: ClaimedJob) => ({ id: job.id, worker: job.worker!, leaseId })

export function describeJobStore(name: string, { create, runs, concurrentJobs }: JobSuiteOptions): void {
  describe(`job store: ${name}`, () => {
    let { store, wait, dispose } = {} as JobsUnderTest
    beforeEach(async () => {
      ;({ store, wait, dispose } = await create({ startMs: START_MS, waitingJobsMax: 1_000 }))
    })
    afterEach(() => dispose())
    const statuses = async () => (await store.changes({ after: 0, limit: 1_000 })).map(({ status }) => status)

    it('takes a job through the eight states, and the twin expects every one of them', async () => {
      await store.create(aJob('a', { user: "o'neill; drop table", path: '/видео/💡.mp4' }))
      for (const stage of JOB_STAGES) {
        wait(10)
        const claimed = await store.claim(claimOf(stage))
        wait(10)
        expect(await store.complete(leaseOf(claimed!))).toMatchObject({ ok: true })
      }
      const job = await store.get('a')
      expect(storedJobShape.strict().parse(job)).toMatchObject({
        status: 'Exit',
        iteration: 0,
        user: "o'neill; drop table",
        path: '/видео/💡.mp4',
      })
      expect(job).toMatchObject({ number: 1, createdMs: START_MS, startTimeMs: START_MS + 10, endTimeMs: START_MS + 60, worker: null })
      await expectExpected(store)
      expect((await statuses()).length).toBe(8)
      expect(await store.counts()).toMatchObject({ Enqueue: 0, Exit: 1 })
    })

    it('gives the oldest job to one worker only, by stage', async () => {
      for (const id of ['z', 'y', 'x']) await store.create(aJob(id))
      expect(await store.claim(claimOf('inference'))).toBeNull()
      const claims = await Promise.all(['w-1', 'w-2', 'w-3', 'w-4'].map((worker) => store.claim(claimOf('preprocessing', worker))))
      expect(claims.map((claim) => claim?.job.id ?? 'none').sort()).toEqual(['none', 'x', 'y', 'z'])
      expect((await store.list({ limit: 10 })).map(({ id }) => id)).toEqual(['z', 'y', 'x'])
      expect((await store.list({ status: 'Preprocessing', after: 1, limit: 1 })).map(({ id }) => id)).toEqual(['y'])
    })

    it('takes the same job twice as one, and refuses another one under its id', async () => {
      const first = await store.create(aJob('a'))
      await store.claim(claimOf('preprocessing'))
      const again = await Promise.all([store.create(aJob('a')), store.create(aJob('a')), store.create(aJob('b')), store.create(aJob('b'))])
      expect(again.map((answer) => answer.ok && answer.job.number)).toEqual([1, 1, 2, 2])
      expect(first).toMatchObject({ ok: true, job: { status: 'Enqueue' } })
      expect(await store.create(aJob('a', { path: '/other' }))).toEqual({ ok: false, reason: 'id-taken' })
      expect(await statuses()).toEqual(['Enqueue', 'Preprocessing', 'Enqueue'])
    })

    it('brings the job of a dead worker back, one iteration later, and refuses the worker when it wakes', async () => {
      await store.create(aJob('a'))
      const dead = (await store.claim(claimOf('preprocessing', 'dead')))!
      wait(LEASE_MS - 1)
      expect(await store.claim(claimOf('preprocessing'))).toBeNull()
      expect(await store.renew({ ...leaseOf(dead), leaseMs: LEASE_MS })).toMatchObject({ ok: true })
      wait(LEASE_MS - 1)
      expect(await store.giveBackLapsed()).toBe(0)
      wait(1)
      const next = (await store.claim(claimOf('preprocessing', 'next')))!
      expect(next.job).toMatchObject({ id: 'a', iteration: 1, worker: 'next', failure: expect.stringContaining('dead') })
      for (const refused of [store.complete(leaseOf(dead)), store.fail({ ...leaseOf(dead), reason: '' })]) {
        expect(await refused).toEqual({ ok: false, reason: 'lease-lost' })
      }
      expect(await store.renew({ ...leaseOf(dead), leaseMs: LEASE_MS })).toEqual({ ok: false, reason: 'lease-lost' })
      expect(await store.get('a')).toEqual(next.job)
      expect(await statuses()).toEqual(['Enqueue', 'Preprocessing', 'Enqueue', 'Preprocessing'])
      await expectExpected(store)
    })

    it('lets a late worker finish what nobody took from it', async () => {
      await store.create(aJob('a'))
      const late = (await store.claim(claimOf('preprocessing')))!
      wait(10 * LEASE_MS)
      expect(await store.complete(leaseOf(late))).toMatchObject({ ok: true, job: { status: 'Preprocessing_complete', iteration: 0 } })
    })

    it('ends a job at its limit, in any stage', async () => {
      await store.create(aJob('a', { iterationLimit: 2 }))
      await store.complete(leaseOf((await store.claim(claimOf('preprocessing')))!))
      const first = await store.fail({ ...leaseOf((await store.claim(claimOf('inference')))!), reason: 'bad\u0000frame\ud800' })
      expect(first).toMatchObject({
        ok: true,
        job: { status: 'Preprocessing_complete', iteration: 1, failure: 'bad frame\ufffd', endTimeMs: null },
      })
      await store.claim(claimOf('inference'))
      wait(LEASE_MS)
      expect(await store.giveBackLapsed()).toBe(1)
      expect(await store.get('a')).toMatchObject({ status: 'Exit', iteration: 2, endTimeMs: START_MS + LEASE_MS, worker: null })
      expect(await store.claim(claimOf('inference'))).toBeNull()
      await expectExpected(store)
    })

    it('says the same of a completion told twice, and nothing to who has no lease', async () => {
      await store.create(aJob('a'))
      const lease = leaseOf((await store.claim(claimOf('preprocessing')))!)
      expect(await store.complete({ ...lease, worker: 'impostor' })).toEqual({ ok: false, reason: 'lease-lost' })
      const [one, two] = [await store.complete(lease), await store.complete(lease)]
      expect(two).toEqual(one)
      expect(await store.complete({ ...lease, id: 'b' })).toEqual({ ok: false, reason: 'unknown' })
      expect(await store.get('b')).toBeNull()
      expect(await statuses()).toEqual(['Enqueue', 'Preprocessing', 'Preprocessing_complete'])
    })

    it('takes no more than may wait', async () => {
      await dispose()
      ;({ store, wait, dispose } = await create({ startMs: START_MS, waitingJobsMax: 2 }))
      await store.create(aJob('a'))
      await store.create(aJob('b'))
      expect(await store.create(aJob('c'))).toEqual({ ok: false, reason: 'full' })
      expect(await store.create(aJob('b'))).toMatchObject({ ok: true })
      await store.claim(claimOf('preprocessing'))
      expect(await store.create(aJob('c'))).toMatchObject({ ok: true, job: { number: 3 } })
    })

    it('never lets the time of one job go back', async () => {
      await store.create(aJob('a'))
      wait(-5_000)
      await store.claim(claimOf('preprocessing'))
      expect((await store.changes({ after: 1, limit: 1 }))[0]?.timeMs).toBe(START_MS)
      await expectExpected(store)
    })

    it('forgets what ended long ago, and its changes', async () => {
      await store.create(aJob('a', { iterationLimit: 1 }))
      await store.fail({ ...leaseOf((await store.claim(claimOf('preprocessing')))!), reason: '' })
      await store.create(aJob('b'))
      expect(await store.forget({ endedBeforeMs: START_MS })).toBe(0)
      expect(await store.forget({ endedBeforeMs: START_MS + 1 })).toBe(1)
      expect(await store.changes({ after: 0, limit: 10 })).toMatchObject([{ change: 4, status: 'Enqueue', job: { id: 'b' } }])
      expect((await store.list({ limit: 10 })).map(({ number }) => number)).toEqual([2])
    })

    it('wakes who follows the feed, until told not to', async () => {
      const { promise: isWoken, resolve } = Promise.withResolvers<void>()
      const stop = store.onChange(resolve)
      await store.create(aJob('a'))
      await isWoken
      stop()
      expect(await store.feedId()).toBe(await store.feedId())
      expect(store.checks()).toMatchObject([{ name: 'jobs', ok: true }])
    })

    it(`lets 8 workers do ${concurrentJobs} jobs: every stage of every job once, and the feed misses nothing`, async () => {
      const done: string[] = []
      const seen: number[] = []
      let isOver = false
      const follow = async () => {
        for (let wasOver = false; !wasOver; ) {
          wasOver = isOver
          const page = await store.changes({ after: seen.at(-1) ?? 0, limit: 100 })
          seen.push(...page.map(({ change }) => change))
          if (page.length > 0) wasOver = false
        }
      }
      const work = async (worker: string) => {
        while (done.length < concurrentJobs * JOB_STAGES.length) {
          for (const stage of JOB_STAGES) {
            const claimed = await store.claim({ stage, worker, leaseMs: 60_000 })
            if (claimed === null) continue
            expect(await store.complete(leaseOf(claimed))).toMatchObject({ ok: true })
            done.push(`${stage} ${claimed.job.id}`)
          }
        }
      }
      const create = async (half: number) => {
        for (let n = half; n < concurrentJobs; n += 2) await store.create(aJob(`job-${n}`))
      }
      const following = follow()
      await Promise.all([create(0), create(1), ...Array.from({ length: 8 }, (_, n) => work(`w-${n}`))])
      isOver = true
      await following
      expect(new Set(done).size).toBe(done.length)
      expect(await store.counts()).toMatchObject({ Exit: concurrentJobs })
      expect(seen).toEqual(Array.from({ length: concurrentJobs * 8 }, (_, index) => index + 1))
      await expectExpected(store)
    }, 120_000)

    it(`does what the model does in ${runs} histories`, () => followModel(create, runs), 600_000)
  })
}

/** Tells the whole feed to the twin's jobs. */
async function expectExpected(store: JobStore): Promise<void> {
  const jobs = new Map<string, Job>()
  for (const { job, change: _, ...what } of await store.changes({ after: 0, limit: 100_000 })) {
    const { id, user, path, type: jobType } = job
    const event = { type: 'job.statusChanged', site: 'lab', source: 'jobs', id, user, path, jobType, ...what } as const
    const { entity, expected, superseded } = applyJobEvent(jobs.get(id) ?? aNewJob(id), event)
    expect({ id, status: what.status, expected, superseded }).toEqual({ id, status: what.status, expected: true, superseded: false })
    jobs.set(id, entity)
  }
  for (const { id, status, iteration } of await store.list({ limit: 100_000 })) {
    expect({ id, status, iteration }).toEqual({ id, status: jobs.get(id)?.mode, iteration: jobs.get(id)?.reported.iteration })
  }
}
