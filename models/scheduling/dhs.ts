/**
 * DHS: look at the cameras' load, then pick the list scheduler that suits it.
 *
 * Heavy → PEFT, Unbalanced-Light → CPOP, Balanced-Light → HEFT. Both thresholds are settings that depend on the cameras
 * and on demand. Equality is Balanced and Heavy, up to rounding noise.
 */
import { TwinError } from '../errors.ts'
import { cpop } from './cpop.ts'
import { heft } from './heft.ts'
import { peft } from './peft.ts'
import type { Problem } from './problem.ts'
import type { Schedule } from './schedule.ts'

export interface Load {
  /** t_i of each camera: the time its own requests would take on it alone. See cameraLoadSeconds. */
  readonly cameraLoadsSeconds: readonly number[]
  /** A: applications asked for. */
  readonly requestCount: number
  /** n: smart cameras, idle ones included. */
  readonly cameraCount: number
  /** δ1: how far the largest or smallest t_i may be from the mean and still be Balanced. */
  readonly delta1Seconds: number
  /** δ2: requests per camera from which the load is Heavy. */
  readonly delta2: number
}

export interface LoadClass {
  readonly className: 'U-H' | 'U-L' | 'B-H' | 'B-L'
  readonly unbalanced: boolean
  readonly heavy: boolean
  readonly tMinSeconds: number
  readonly tMaxSeconds: number
  readonly tMeanSeconds: number
  /** A / n. */
  readonly requestsPerCamera: number
  readonly algorithm: 'heft' | 'cpop' | 'peft'
}

const CONSTRUCTORS = { heft, cpop, peft }

/** Sums are exact to about 1e-16 per camera. */
const ROUNDING_RATIO = 1e-12

/** t_i = w_i / C_i. @throws TwinError PROBLEM_INVALID unless work ≥ 0 and speed > 0 */
export function cameraLoadSeconds({ workGflop, gflopPerSecond }: { workGflop: number; gflopPerSecond: number }): number {
  checkNumber('workGflop', workGflop)
  if (!(gflopPerSecond > 0)) throw new TwinError('PROBLEM_INVALID', `gflopPerSecond is ${gflopPerSecond}; give a number > 0`)
  return workGflop / gflopPerSecond
}

/** The load class of the DHS paper, eqs. (1) to (4), and the algorithm it leads to. @throws TwinError PROBLEM_INVALID */
export function classifyLoad(load: Load): LoadClass {
  checkLoad(load)
  const { cameraLoadsSeconds, delta1Seconds } = load
  const tMinSeconds = Math.min(...cameraLoadsSeconds)
  const tMaxSeconds = Math.max(...cameraLoadsSeconds)
  const tMeanSeconds = cameraLoadsSeconds.reduce((sum, seconds) => sum + seconds, 0) / cameraLoadsSeconds.length
  const requestsPerCamera = load.requestCount / load.cameraCount
  const unbalanced = isAbove(tMaxSeconds - tMeanSeconds, delta1Seconds) || isAbove(tMeanSeconds - tMinSeconds, delta1Seconds)
  const heavy = !isAbove(load.delta2, requestsPerCamera)
  return {
    className: `${unbalanced ? 'U' : 'B'}-${heavy ? 'H' : 'L'}`,
    unbalanced,
    heavy,
    tMinSeconds,
    tMaxSeconds,
    tMeanSeconds,
    requestsPerCamera,
    algorithm: heavy ? 'peft' : unbalanced ? 'cpop' : 'heft',
  }
}

/** @throws TwinError PROBLEM_INVALID when the load cannot be classified */
export function dhs(problem: Problem, load: Load): Schedule {
  const dispatchedTo = classifyLoad(load).algorithm
  return { ...CONSTRUCTORS[dispatchedTo](problem), algorithm: 'dhs', dispatchedTo }
}

/** Above by more than rounding noise: a mean of equal decimals must not turn equality into "greater". */
export function isAbove(value: number, limit: number): boolean {
  return value - limit > ROUNDING_RATIO * Math.max(1, Math.abs(value), Math.abs(limit))
}

function checkLoad({ cameraLoadsSeconds, requestCount, cameraCount, delta1Seconds, delta2 }: Load): void {
  if (cameraLoadsSeconds.length === 0) throw new TwinError('PROBLEM_INVALID', 'no camera load is given; give t_i of at least one camera')
  for (const [camera, seconds] of cameraLoadsSeconds.entries()) checkNumber(`the load of camera ${camera}, in seconds,`, seconds)
  checkNumber('requestCount', requestCount)
  checkNumber('cameraCount', cameraCount)
  if (cameraCount === 0) throw new TwinError('PROBLEM_INVALID', 'cameraCount is 0; requests per camera need at least one')
  checkNumber('delta1Seconds', delta1Seconds)
  checkNumber('delta2', delta2)
}

function checkNumber(what: string, value: number): void {
  if (!(Number.isFinite(value) && value >= 0)) throw new TwinError('PROBLEM_INVALID', `${what} is ${value}; give a finite number ≥ 0`)
}
