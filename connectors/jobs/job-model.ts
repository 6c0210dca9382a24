/**
 * What a job store must do, written as plainly as possible and apart from how any store does it: for the contract suite.
 * One job is one record, time is a number, a lease is the number of the change that gave it.
 */
import {
  type ClaimedJob,
  type CreateAnswer,
  JOB_STAGES,
  type JobChange,
  type JobLease,
  type JobStage,
  type LeaseAnswer,
  type NewJob,
  STATUSES_OF_STAGE,
  type StoredJob,
} from '../../models/contracts/jobs.ts'
import type { JobStatus } from '../../models/events/work-events.ts'

/** What a worker or a submitter may do; `lease` picks one of those given so far. */
export type JobAct =
  | { readonly act: 'create'; readonly id: string; readonly path: string; readonly iterationLimit: number }
  | { readonly act: 'claim'; readonly stage: JobStage; readonly worker: string; readonly leaseMs: number }
  | { readonly act: 'renew' | 'complete' | 'fail'; readonly lease: number; readonly isImpostor: boolean }
  | { readonly act: 'wait'; readonly ms: number }
  | { readonly act: 'giveBackLapsed' }

export const RENEWAL_MS = 7
export const REASON = 'the GPU is gone'

interface Held {
  job: StoredJob
  leaseId: number | null
  completedLeaseId: number | null
}

export function createJobModel(startMs: number) {
  const held = new Map<string, Held>()
  const changes: JobChange[] = []
  let nowMs = startMs

  function change(id: string, status: JobStatus, over: Partial<StoredJob> = {}): number {
    const entry = held.get(id)!
    const ended = status === 'Exit' ? { endTimeMs: nowMs } : {}
    entry.job = { ...entry.job, status, worker: null, leaseUntilMs: null, ...ended, ...over }
    const { user, path, type, iteration, startTimeMs, endTimeMs } = entry.job
    changes.push({ change: changes.length + 1, timeMs: nowMs, status, iteration, startTimeMs, endTimeMs, job: { id, user, path, type } })
    entry.leaseId = entry.job.worker === null ? null : changes.length
    return changes.length
  }
  const inOrder = () => [...held.values()].map(({ job }) => job).sort((a, b) => a.number - b.number)
  const stageOf = ({ status }: StoredJob) => JOB_STAGES.find((stage) => STATUSES_OF_STAGE[stage].during === status)

  function failOne(job: StoredJob, failure: string): void {
    const iteration = job.iteration + 1
    change(job.id, iteration >= job.iterationLimit ? 'Exit' : STATUSES_OF_STAGE[stageOf(job)!].from, { iteration, failure })
  }
  function giveBack(stages: readonly JobStage[]): number {
    const lapsed = stages.flatMap((stage) => inOrder().filter((job) => stageOf(job) === stage && job.leaseUntilMs! <= nowMs))
    for (const job of lapsed) failOne(job, `the lease of ${job.worker} ended without a word`)
    return lapsed.length
  }
  function underLease({ id, worker, leaseId }: JobLease, work: (job: StoredJob, stage: JobStage) => void): LeaseAnswer {
    const entry = held.get(id)
    if (entry === undefined) return { ok: false, reason: 'unknown' }
    const stage = stageOf(entry.job)
    if (stage !== undefined && entry.leaseId === leaseId && entry.job.worker === worker) work(entry.job, stage)
    else if (entry.completedLeaseId !== leaseId) return { ok: false, reason: 'lease-lost' }
    return { ok: true, job: held.get(id)!.job }
  }

  return {
    nowMs: () => nowMs,
    wait: (ms: number) => {
      nowMs += ms
    },
    jobs: inOrder,
    changes: () => changes,
    giveBackLapsed: () => giveBack(JOB_STAGES),
    create(given: NewJob): CreateAnswer {
      const known = held.get(given.id)?.job
      if (known !== undefined) {
        return known.path === given.path && known.iterationLimit === given.iterationLimit
          ? { ok: true, job: known }
          : { ok: false, reason: 'id-taken' }
      }
      const fresh = { startTimeMs: null, endTimeMs: null, worker: null, leaseUntilMs: null, failure: null }
      const job: StoredJob = { ...given, ...fresh, number: held.size + 1, status: 'Enqueue', iteration: 0, createdMs: nowMs }
      held.set(given.id, { job, leaseId: null, completedLeaseId: null })
      change(given.id, 'Enqueue')
      return { ok: true, job: held.get(given.id)!.job }
    },
    claim({ stage, worker, leaseMs }: { stage: JobStage; worker: string; leaseMs: number }): ClaimedJob | null {
      giveBack([stage])
      const oldest = inOrder().find(({ status }) => status === STATUSES_OF_STAGE[stage].from)
      if (oldest === undefined) return null
      const { id, startTimeMs } = oldest
      const taken = { worker, leaseUntilMs: nowMs + leaseMs, startTimeMs: startTimeMs ?? nowMs }
      const leaseId = change(id, STATUSES_OF_STAGE[stage].during, taken)
      return { leaseId, job: held.get(id)!.job }
    },
    renew: (lease: JobLease) =>
      underLease(lease, (job) => {
        held.get(job.id)!.job = { ...job, leaseUntilMs: nowMs + RENEWAL_MS }
      }),
    complete: (lease: JobLease) =>
      underLease(lease, ({ id }, stage) => {
        change(id, STATUSES_OF_STAGE[stage].done)
        held.get(id)!.completedLeaseId = lease.leaseId
        if (stage === 'postprocessing') change(id, 'Exit')
      }),
    fail: (lease: JobLease) => underLease(lease, (job) => failOne(job, REASON)),
  }
}
