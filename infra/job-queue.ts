/** Jobs in order of arrival before a few workers: each goes to the first that is free, best to one that holds its twin already. */
import { TwinError } from '../models/errors.ts'
import type { Stop } from '../models/ports.ts'
import type { TwinState } from '../twin/twin-state.ts'
import { type JobName, type JobOutput, LONG_JOBS } from './pool-jobs.ts'
import type { Seat, SeatRun } from './worker-seat.ts'

export interface Submitted<N extends JobName> extends SeatRun<N> {
  readonly isOfBatch: boolean
  readonly signal?: AbortSignal | undefined
}

export interface JobQueue {
  /** Throws at once when stopped or given up before. */
  submit<N extends JobName>(job: N, state: TwinState, submitted: Submitted<N>): Promise<JobOutput<N>>
  /** Jobs that wait and are of no batch. */
  readonly singleCount: () => number
  readonly stop: Stop
}

interface Waiting {
  readonly state: TwinState
  readonly isOfBatch: boolean
  readonly isLong: boolean
  readonly start: (seat: Seat) => Promise<void>
  readonly refuse: (error: unknown) => void
}

export function createJobQueue(seats: readonly Seat[]): JobQueue {
  const free = new Set(seats)
  const waiting: Waiting[] = []
  const running = new Map<Waiting, Seat>()
  const longMax = Math.max(1, seats.length - 1)
  let isStopped = false

  const pump = (): void => {
    while (free.size > 0) {
      const canLong = [...running.keys()].filter(({ isLong }) => isLong).length < longMax
      const at = waiting.findIndex(({ isLong }) => canLong || !isLong)
      const [next] = at < 0 ? [] : waiting.splice(at, 1)
      if (next === undefined) return
      const seat = [...free].find((each) => each.holds(next.state)) ?? [...free][0]!
      free.delete(seat)
      running.set(next, seat)
      void next.start(seat).finally(() => {
        running.delete(next)
        free.add(seat)
        pump()
      })
    }
  }
  return {
    submit<N extends JobName>(job: N, state: TwinState, { input, onStep, signal, isOfBatch }: Submitted<N>): Promise<JobOutput<N>> {
      if (isStopped) throw stopping()
      signal?.throwIfAborted()
      const { promise, resolve, reject } = Promise.withResolvers<JobOutput<N>>()
      const start = (seat: Seat): Promise<void> => seat.run(job, state, { input, onStep }).then(resolve, reject)
      const entry: Waiting = { state, isOfBatch, isLong: LONG_JOBS.has(job), start, refuse: reject }
      const giveUp = (): void => {
        const at = waiting.indexOf(entry)
        if (at >= 0) waiting.splice(at, 1)
        running.get(entry)?.giveUp()
        reject(signal?.reason)
      }
      signal?.addEventListener('abort', giveUp, { once: true })
      waiting.push(entry)
      pump()
      return promise.finally(() => signal?.removeEventListener('abort', giveUp))
    },
    singleCount: () => waiting.filter(({ isOfBatch }) => !isOfBatch).length,
    async stop() {
      isStopped = true
      for (const { refuse } of [...waiting.splice(0), ...running.keys()]) refuse(stopping())
      await Promise.all(seats.map((seat) => seat.stop()))
    },
  }
}

function stopping(): TwinError {
  return new TwinError('OVERLOADED', 'the twin is stopping; ask again when it runs')
}
