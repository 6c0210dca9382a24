/**
 * Runs every arrival of both loads through every scheduler: planned by it, then played on links that are shared.
 */
import type { LoadName } from '../../models/applications/loads.ts'
import { type AlgorithmName, runAlgorithm } from '../../models/scheduling/algorithms.ts'
import type { LoadClass } from '../../models/scheduling/dhs.ts'
import type { Problem } from '../../models/scheduling/problem.ts'
import type { Schedule } from '../../models/scheduling/schedule.ts'
import { play } from '../../models/simulation/play.ts'
import { type Arrival, arrivalsOf } from './dhs-arrivals.ts'
import type { Reading, Settings } from './dhs-settings.ts'
import { type Testbed, toTestbed } from './dhs-testbed.ts'

export interface Delay {
  readonly makespanMs: number
  /** Mean over the requests of the finish of their last task. */
  readonly meanLatencyMs: number
}

export interface Run extends Arrival {
  readonly load: LoadName
  readonly loadClass: LoadClass
  /** t_i, by camera. */
  readonly cameraLoadsSeconds: readonly number[]
  readonly delays: Readonly<Record<AlgorithmName, Readonly<Record<Reading['timing'], Delay>>>>
}

export function runAll(settings: Settings): Run[] {
  return (['heavy', 'light'] as const).flatMap((load) =>
    arrivalsOf(load, settings.arrivals).map((arrival): Run => {
      const testbed = toTestbed(arrival.requests, settings)
      const delayOf = (algorithm: AlgorithmName) => delays(testbed, algorithm)
      const [heft, cpop, peft, local, edge] = [delayOf('heft'), delayOf('cpop'), delayOf('peft'), delayOf('local'), delayOf('edge')]
      const { loadClass } = testbed
      const { cameraLoadsSeconds } = testbed.load
      const dhs = { heft, cpop, peft }[loadClass.algorithm]
      return { ...arrival, load, loadClass, cameraLoadsSeconds, delays: { heft, cpop, peft, dhs, local, edge } }
    }),
  )
}

export function delayMs({ delays: byAlgorithm }: Run, algorithm: AlgorithmName, { timing, delay }: Reading): number {
  const { makespanMs, meanLatencyMs } = byAlgorithm[algorithm][timing]
  return delay === 'makespan' ? makespanMs : meanLatencyMs
}

function delays({ whole, forDhs, hostBytesPerMs, load }: Testbed, algorithm: AlgorithmName): Run['delays'][AlgorithmName] {
  const problem = algorithm === 'local' || algorithm === 'edge' ? whole : forDhs
  const schedule = runAlgorithm(algorithm, problem, { load })
  return {
    planned: delayOf(
      problem,
      schedule.assignments.map(({ finishMs }) => finishMs),
    ),
    played: delayOf(problem, playedFinishMs(problem, schedule, hostBytesPerMs)),
  }
}

/** @param hostBytesPerMs null: each transfer has its link for itself. */
export function playedFinishMs(problem: Problem, { assignments, order }: Schedule, hostBytesPerMs: readonly number[] | null): Float64Array {
  const turn = new Map(order.map((task, index) => [task, index]))
  const queues = Array.from({ length: problem.processorCount }, (_, processor) =>
    assignments
      .filter((assignment) => assignment.processor === processor)
      // A task of no length goes before one that starts with it; of two such the scheduler's order is that of the data.
      .sort((a, b) => a.startMs - b.startMs || a.finishMs - b.finishMs || turn.get(a.task)! - turn.get(b.task)!)
      .map(({ task }) => task),
  )
  return play(problem, { processorOf: assignments.map(({ processor }) => processor), queues, hostBytesPerMs }).finishMs
}

function delayOf({ requestOf }: Problem, finishMs: ArrayLike<number>): Delay {
  const byRequest: number[] = []
  requestOf!.forEach((request, task) => {
    byRequest[request] = Math.max(byRequest[request] ?? 0, finishMs[task]!)
  })
  return { makespanMs: Math.max(...byRequest), meanLatencyMs: byRequest.reduce((sum, ms) => sum + ms, 0) / byRequest.length }
}
