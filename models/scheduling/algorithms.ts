/**
 * The schedulers by name, as queries, the CLI and reports ask for them.
 * A new one adds its name and a line to each table; the contract suite and the viewer follow from the list.
 */
import { nearestNames, TwinError } from '../errors.ts'
import { cpop, cpopPolicy } from './cpop.ts'
import { dhs, type Load } from './dhs.ts'
import type { ListPolicy } from './earliest-finish.ts'
import { edge, edgePolicy } from './edge.ts'
import { heft, heftPolicy } from './heft.ts'
import { local, localPolicy } from './local.ts'
import { lookAheadHeft } from './look-ahead-heft.ts'
import { peft, peftPolicy } from './peft.ts'
import { peftRankU, peftRankUPolicy } from './peft-rank-u.ts'
import { peftRealLink, peftRealLinkPolicy } from './peft-real-link.ts'
import type { Problem } from './problem.ts'
import type { Schedule } from './schedule.ts'
import { serial } from './serial.ts'

export const ALGORITHM_NAMES = ['heft', 'cpop', 'peft', 'dhs', 'local', 'edge'] as const
export type AlgorithmName = (typeof ALGORITHM_NAMES)[number]

/** All that build a schedule in one pass: what `portfolio` tries before it searches. */
export const CONSTRUCTOR_NAMES = [...ALGORITHM_NAMES, 'look-ahead-heft', 'peft-rank-u', 'peft-real-link', 'serial'] as const
export type ConstructorName = (typeof CONSTRUCTOR_NAMES)[number]

export interface RunOptions {
  /** Needed by dhs only. */
  readonly load?: Load | undefined
}

const ALGORITHMS: Readonly<Record<Exclude<ConstructorName, 'dhs'>, (problem: Problem) => Schedule>> = {
  heft,
  cpop,
  peft,
  local,
  edge,
  'look-ahead-heft': lookAheadHeft,
  'peft-rank-u': peftRankU,
  'peft-real-link': peftRealLink,
  serial,
}
const POLICIES: ReadonlyMap<string, (problem: Problem) => ListPolicy> = new Map([
  ['heft', heftPolicy],
  ['cpop', cpopPolicy],
  ['peft', peftPolicy],
  ['local', localPolicy],
  ['edge', edgePolicy],
  ['peft-rank-u', peftRankUPolicy],
  ['peft-real-link', peftRealLinkPolicy],
])

/** @throws TwinError when the problem or the options lack what the algorithm needs: dhs a load, local homes, edge servers */
export function runAlgorithm(name: ConstructorName, problem: Problem, { load }: RunOptions = {}): Schedule {
  if (name !== 'dhs') return ALGORITHMS[name](problem)
  if (load === undefined)
    throw new TwinError('PROBLEM_INVALID', "dhs needs a load: the cameras' loads, the request and camera counts, δ1 and δ2")
  return dhs(problem, load)
}

/** @throws TwinError ALGORITHM_UNKNOWN with the nearest names */
export function toAlgorithmName(name: string): AlgorithmName {
  const known = ALGORITHM_NAMES.find((candidate) => candidate === name)
  if (known !== undefined) return known
  const near = nearestNames(name, ALGORITHM_NAMES)
  const remedy = near.length > 0 ? `did you mean ${near.join(' or ')}?` : `use one of ${ALGORITHM_NAMES.join(', ')}`
  throw new TwinError('ALGORITHM_UNKNOWN', `there is no algorithm '${name}'; ${remedy}`, { details: { name, near } })
}

/** Looked further than one task, so no score of its own explains a choice. */
const SEARCHES: ReadonlySet<string> = new Set(['look-ahead-heft', 'serial', 'annealing'])

/**
 * The policy that made a schedule: of the algorithm DHS picked, if it did; of a search, the processors that it found.
 *
 * @throws TwinError ALGORITHM_UNKNOWN
 */
export function policyOf(problem: Problem, schedule: Pick<Schedule, 'algorithm' | 'dispatchedTo' | 'assignments'>): ListPolicy {
  const algorithm = schedule.dispatchedTo ?? schedule.algorithm
  if (SEARCHES.has(algorithm)) return foundPolicy(problem, schedule)
  const policy = POLICIES.get(algorithm)
  if (policy === undefined) {
    throw new TwinError('ALGORITHM_UNKNOWN', `the choices of a schedule by '${algorithm}' cannot be shown; only our schedulers have them`)
  }
  return policy(problem)
}

function foundPolicy({ computeMs, processorCount, workspace }: Problem, { assignments }: Pick<Schedule, 'assignments'>): ListPolicy {
  const { policyComputeMs } = workspace
  policyComputeMs.fill(Number.POSITIVE_INFINITY)
  for (const { task, processor } of assignments) {
    policyComputeMs[task * processorCount + processor] = computeMs[task * processorCount + processor]!
    workspace.priorityMs[task] = 0
  }
  return { priorityMs: workspace.priorityMs, computeMs: policyComputeMs }
}
