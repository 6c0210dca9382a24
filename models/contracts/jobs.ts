/**
 * The job database of the split pipeline (G-Edge): three services take jobs by state, work, and hand them on through it.
 *
 * A worker holds a job by a lease. Who has lost the lease is refused, so that no job is ever worked on by two and
 * counted twice; a job whose worker died comes back to the state that its stage starts from, one iteration later.
 */
import { z } from 'zod'
import { idShape, nameShape } from '../events/shapes.ts'
import { JOB_STATUSES, type JobStatus } from '../events/work-events.ts'
import type { Check } from './api.ts'

export const JOB_STAGES = ['preprocessing', 'inference', 'postprocessing'] as const
export type JobStage = (typeof JOB_STAGES)[number]

/** Where a stage takes a job from, the job's state meanwhile, and where the stage leaves it. */
export const STATUSES_OF_STAGE = {
  preprocessing: { from: 'Enqueue', during: 'Preprocessing', done: 'Preprocessing_complete' },
  inference: { from: 'Preprocessing_complete', during: 'Inferencing', done: 'Inferencing_complete' },
  postprocessing: { from: 'Inferencing_complete', during: 'Postprocessing', done: 'Postprocessing_complete' },
} as const satisfies Record<JobStage, Record<'from' | 'during' | 'done', JobStatus>>

/** Text that every database keeps as it is. */
const lineShape = z
  .string()
  .max(1024)
  .refine((text) => text.isWellFormed() && !/\p{Cc}/u.test(text), 'must be text without control characters')

export const newJobShape = z.object({
  /** Chosen by who uploads: the same upload told twice is one job. */
  id: nameShape,
  user: lineShape.describe('Who asked.'),
  path: lineShape.min(1).describe('Where the video was stored.'),
  type: lineShape.describe('Extension of the video file.'),
  iterationLimit: z.number().int().min(1).max(1_000).default(3).describe('After so many failures the job ends.'),
})
export type NewJob = z.infer<typeof newJobShape>

export const storedJobShape = newJobShape.extend({
  /** Of the database, from 1 in order of creation: the paper's `#`. */
  number: z.number().int(),
  status: z.enum(JOB_STATUSES),
  /** Restarts after errors. `Exit` with iteration = limit is a job that failed; with less, one that went well. */
  iteration: z.number().int(),
  createdMs: z.number(),
  /** When the first worker took it. */
  startTimeMs: z.number().nullable(),
  /** When it reached `Exit`. */
  endTimeMs: z.number().nullable(),
  /** Who works on it now. */
  worker: z.string().nullable(),
  leaseUntilMs: z.number().nullable(),
  /** Why it last went back or ended. */
  failure: z.string().nullable(),
})
export type StoredJob = z.infer<typeof storedJobShape>

const leaseMsShape = z.number().int().min(1).max(86_400_000).describe('The job comes back after so long without renewal.')
export const jobClaimShape = z.object({ stage: z.enum(JOB_STAGES), worker: idShape, leaseMs: leaseMsShape })
export type JobClaim = z.infer<typeof jobClaimShape>

/** @property leaseId The number of the change that gave the lease, so no two leases share one. */
export const jobLeaseShape = z.object({ worker: idShape, leaseId: z.number().int().min(1) })
export type JobLease = z.infer<typeof jobLeaseShape> & { readonly id: string }

export const claimedJobShape = z.object({ leaseId: z.number().int(), job: storedJobShape })
export type ClaimedJob = z.infer<typeof claimedJobShape>

export const jobRenewalShape = jobLeaseShape.extend({ leaseMs: leaseMsShape })
export const jobFailureShape = jobLeaseShape.extend({ reason: z.string().max(1024) })

type Answer<Reason> = { readonly ok: true; readonly job: StoredJob } | { readonly ok: false; readonly reason: Reason }
export type CreateAnswer = Answer<'id-taken' | 'full'>
export type LeaseAnswer = Answer<'unknown' | 'lease-lost'>

/** One step of one job. */
export interface JobChange {
  /** From 1, without gaps, in the order in which they were committed. */
  readonly change: number
  /** Never goes back for one job. */
  readonly timeMs: number
  readonly status: JobStatus
  readonly iteration: number
  readonly startTimeMs: number | null
  readonly endTimeMs: number | null
  readonly job: Pick<StoredJob, 'id' | 'user' | 'path' | 'type'>
}

/** Rejections are TwinErrors: JOBS_UNREACHABLE, JOBS_UNREADABLE. */
export interface JobStore {
  /** The same id and content again answers the job that is there; beyond the bound of waiting jobs the reason is `full`. */
  create(job: NewJob): Promise<CreateAnswer>
  /** The oldest job (lowest number) that waits for the stage, or null. Gives back lapsed ones of the stage first. */
  claim(claim: JobClaim): Promise<ClaimedJob | null>
  /** A late worker whose job was not yet given back still holds it. */
  renew(lease: JobLease & { readonly leaseMs: number }): Promise<LeaseAnswer>
  /** Said twice with the same lease is said once. The last stage takes the job through its last state to `Exit`. */
  complete(lease: JobLease): Promise<LeaseAnswer>
  /** Back to where the stage starts, iteration + 1; at the limit `Exit`. */
  fail(lease: JobLease & { readonly reason: string }): Promise<LeaseAnswer>
  /** Gives back every job whose lease is over; resolves to how many. */
  giveBackLapsed(): Promise<number>
  /** Forgets jobs that ended before then, and their changes; resolves to how many. */
  forget(options: { readonly endedBeforeMs: number }): Promise<number>
  get(id: string): Promise<StoredJob | null>
  /** In order of number, above `after`. */
  list(options: { readonly status?: JobStatus | undefined; readonly after?: number; readonly limit: number }): Promise<readonly StoredJob[]>
  /** Above `after`, in order. */
  changes(options: { readonly after: number; readonly limit: number }): Promise<readonly JobChange[]>
  /** Names the feed of changes: another database, or this one made anew, has another. */
  feedId(): Promise<string>
  /** Calls back soon after changes, perhaps of another process; a hint, not a promise. */
  onChange(listener: () => void): () => void
  counts(): Promise<Readonly<Record<JobStatus, number>>>
  /** Last known. */
  checks(): readonly Check[]
  close(): Promise<void>
}

/** What the server puts on REST. */
export type JobsApi = Pick<JobStore, 'create' | 'claim' | 'renew' | 'complete' | 'fail' | 'get' | 'list'>
