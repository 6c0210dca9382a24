/** Histories of a job store, made up and then shortened by fast-check, told to the store and to the model: they must answer alike. */
import { expect } from '@jest/globals'
import fc from 'fast-check'
import { JOB_STAGES } from '../../models/contracts/jobs.ts'
import { createJobModel, type JobAct, REASON, RENEWAL_MS } from './job-model.ts'
import type { JobSuiteOptions, JobsUnderTest } from './job-store.contract.ts'

const START_MS = 1_750_000_000_000

/** A failure prints the seed and the shortest history that shows it. */
export async function followModel(create: JobSuiteOptions['create'], runs: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(anAct, { maxLength: 40, size: 'max' }), async (acts) => {
      const jobs = await create({ startMs: START_MS, waitingJobsMax: 1_000 })
      await compare(jobs, acts).finally(jobs.dispose)
    }),
    { seed: 58, numRuns: runs },
  )
}

const anAct: fc.Arbitrary<JobAct> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      act: fc.constant('create' as const),
      id: fc.constantFrom('a', 'b', 'c', 'd'),
      path: fc.constantFrom('/1', '/1', '/1', '/2'),
      iterationLimit: fc.constantFrom(1, 3, 3, 3),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      act: fc.constant('claim' as const),
      stage: fc.constantFrom(...JOB_STAGES),
      worker: fc.constantFrom('w-1', 'w-2', 'w-3'),
      leaseMs: fc.integer({ min: 1, max: 20 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      act: fc.constantFrom('complete' as const, 'complete' as const, 'fail' as const, 'renew' as const),
      lease: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(5) }),
      isImpostor: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 15 }) }) },
  { weight: 1, arbitrary: fc.constant({ act: 'giveBackLapsed' as const }) },
)

async function compare({ store, wait }: JobsUnderTest, acts: readonly JobAct[]): Promise<void> {
  const model = createJobModel(START_MS)
  // Newest first.
  const leases: { id: string; worker: string; leaseId: number }[] = []
  for (const act of acts) {
    if (act.act === 'create') {
      const { act: _, ...what } = act
      const given = { user: 'ana', type: 'mp4', ...what }
      expect(await store.create(given)).toEqual(model.create(given))
    } else if (act.act === 'claim') {
      const { act: _, ...claim } = act
      const claimed = await store.claim(claim)
      expect(claimed).toEqual(model.claim(claim))
      if (claimed !== null) leases.unshift({ id: claimed.job.id, worker: claim.worker, leaseId: claimed.leaseId })
    } else if (act.act === 'wait') {
      wait(act.ms)
      model.wait(act.ms)
    } else if (act.act === 'giveBackLapsed') {
      expect(await store.giveBackLapsed()).toBe(model.giveBackLapsed())
    } else {
      const found = leases[act.lease % Math.max(1, leases.length)]
      if (found === undefined) continue
      const lease = act.isImpostor ? { ...found, worker: 'impostor' } : found
      if (act.act === 'renew') expect(await store.renew({ ...lease, leaseMs: RENEWAL_MS })).toEqual(model.renew(lease))
      else if (act.act === 'fail') expect(await store.fail({ ...lease, reason: REASON })).toEqual(model.fail(lease))
      else expect(await store.complete(lease)).toEqual(model.complete(lease))
    }
  }
  expect(await store.list({ limit: 100 })).toEqual(model.jobs())
  expect(await store.changes({ after: 0, limit: 1_000 })).toEqual(model.changes())
}
