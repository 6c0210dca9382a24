/**
 * The twin of one job of the split pipeline: exactly the eight states of G-Edge's job table.
 *
 * A stage that fails goes back to the state its stage starts from and the iteration goes up by one; at the
 * restart limit a job ends in `Exit` with that iteration: there is no ninth state for failure.
 */
import { setup } from 'xstate'
import { z } from 'zod'
import type { EventOf } from '../events/events.ts'
import { JOB_STATUSES, type JobStatus } from '../events/work-events.ts'
import { type Applied, adopted, superseded } from './applied.ts'
import { modeTable } from './mode-table.ts'

export const jobShape = z.object({
  kind: z.literal('job'),
  id: z.string(),
  mode: z.enum(JOB_STATUSES),
  desired: z.null(),
  reported: z.object({
    user: z.string(),
    path: z.string(),
    jobType: z.string(),
    iteration: z.number(),
    startTimeMs: z.number().nullable(),
    endTimeMs: z.number().nullable(),
    source: z.string(),
    timeMs: z.number(),
  }),
  predicted: z.null(),
})
export type Job = z.infer<typeof jobShape>
export type JobEvent = EventOf<'job.statusChanged'>

export const jobMachine = setup({ types: { events: {} as { type: JobStatus } } }).createMachine({
  id: 'job',
  initial: 'Enqueue',
  states: {
    Enqueue: { on: { Enqueue: 'Enqueue', Preprocessing: 'Preprocessing', Exit: 'Exit' } },
    Preprocessing: { on: { Preprocessing_complete: 'Preprocessing_complete', Enqueue: 'Enqueue', Exit: 'Exit' } },
    Preprocessing_complete: { on: { Inferencing: 'Inferencing', Exit: 'Exit' } },
    Inferencing: { on: { Inferencing_complete: 'Inferencing_complete', Preprocessing_complete: 'Preprocessing_complete', Exit: 'Exit' } },
    Inferencing_complete: { on: { Postprocessing: 'Postprocessing', Exit: 'Exit' } },
    Postprocessing: {
      on: { Postprocessing_complete: 'Postprocessing_complete', Inferencing_complete: 'Inferencing_complete', Exit: 'Exit' },
    },
    Postprocessing_complete: { on: { Exit: 'Exit' } },
    Exit: {},
  },
})
const modes = modeTable<JobStatus, JobStatus>(jobMachine, JOB_STATUSES)

export function aNewJob(id: string): Job {
  return {
    kind: 'job',
    id,
    mode: modes.initial,
    desired: null,
    reported: { user: '', path: '', jobType: '', iteration: 0, startTimeMs: null, endTimeMs: null, source: '', timeMs: 0 },
    predicted: null,
  }
}

export function applyJobEvent(job: Job, event: JobEvent): Applied<Job> {
  if (job.reported.timeMs > event.timeMs) return superseded(job)
  const { expected } = modes.step(job.mode, event.status)
  // A lower iteration than known contradicts what a job table can hold, whatever its status.
  const grows = event.iteration >= job.reported.iteration
  const { user, path, jobType, iteration, startTimeMs, endTimeMs, source, timeMs } = event
  return adopted(
    { ...job, mode: event.status, reported: { user, path, jobType, iteration, startTimeMs, endTimeMs, source, timeMs } },
    expected && grows,
  )
}
