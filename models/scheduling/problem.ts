/**
 * A scheduling problem: what each task costs on each processor, and what moving data between them costs.
 *
 * `createProblem` is the only door: it checks everything once, so the algorithms can trust flat arrays.
 * All times are ms from now; arrays of [task][processor] are flat, index task · processorCount + processor.
 */
import { checkProblemInput } from './problem-check.ts'
import { type Edge, type TaskGraph, toTaskGraph } from './task-graph.ts'
import { createWorkspace, type Workspace } from './workspace.ts'

export interface ProblemInput {
  /** ms, [task][processor]; null where the task may not run. */
  readonly computeMs: readonly (readonly (number | null)[])[]
  readonly edges: readonly Edge[]
  /** [from][to], may be asymmetric; ignored within a host. */
  readonly bytesPerMs: readonly (readonly number[])[]
  /** [from][to]; ignored within a host. */
  readonly latencyMs: readonly (readonly number[])[]
  /** Processor j is busy until readyMs[j]; default 0. */
  readonly readyMs?: readonly number[] | undefined
  /** Processors of one host exchange data for free; default: each processor is its own host. */
  readonly hostOf?: readonly number[] | undefined
  /** Task → request; needed by `local`. */
  readonly requestOf?: readonly number[] | undefined
  /** Per request, the processors of the camera that raised it; needed by `local`. */
  readonly homes?: readonly (readonly number[])[] | undefined
  /** Processors of edge servers; needed by `edge`. */
  readonly edge?: readonly number[] | undefined
}

export interface ProblemLimits {
  readonly taskCountMax: number
  readonly edgeCountMax: number
  readonly processorCountMax: number
}

/** For work offline, where only the caller waits. */
const OFFLINE_LIMITS: ProblemLimits = { taskCountMax: 10_000, edgeCountMax: 200_000, processorCountMax: 64 }
/** For a query to a server that others wait for too. */
export const QUERY_LIMITS: ProblemLimits = { taskCountMax: 2_000, edgeCountMax: 20_000, processorCountMax: 64 }

export interface ProblemOptions {
  readonly limits?: ProblemLimits | undefined
  /** Where the problem comes from, for error messages: 'instance small-1'. */
  readonly place?: string | undefined
}

export interface Problem {
  readonly taskCount: number
  readonly processorCount: number
  readonly edgeCount: number
  /** [task][processor]; Infinity where the task may not run. */
  readonly computeMs: Float64Array
  /** Mean over the processors where the task may run. */
  readonly meanComputeMs: Float64Array
  readonly graph: TaskGraph
  /** [from][to]; 0 within a host. */
  readonly latencyMs: Float64Array
  /** [from][to]; 0 within a host. */
  readonly msPerByte: Float64Array
  readonly readyMs: Float64Array
  readonly hostOf: Int32Array
  readonly hostCount: number
  readonly requestOf: Int32Array | undefined
  readonly homes: readonly (readonly number[])[] | undefined
  readonly edge: readonly number[] | undefined
  /** Scratch memory of the algorithms, overwritten by each; not part of the problem. */
  readonly workspace: Workspace
}

/**
 * @throws TwinError PROBLEM_INVALID, PROBLEM_CYCLIC, PROBLEM_INFEASIBLE or PROBLEM_TOO_LARGE, naming the task, processor or edge
 */
export function createProblem(input: ProblemInput, options: ProblemOptions = {}): Problem {
  const where = options.place === undefined ? '' : ` in ${options.place}`
  checkProblemInput(input, { limits: options.limits ?? OFFLINE_LIMITS, where })
  const taskCount = input.computeMs.length
  const processorCount = input.bytesPerMs.length
  const hostOf = Int32Array.from(input.hostOf ?? input.bytesPerMs.keys())
  const computeMs = Float64Array.from(input.computeMs.flat(), (ms) => ms ?? Number.POSITIVE_INFINITY)
  return {
    taskCount,
    processorCount,
    edgeCount: input.edges.length,
    computeMs,
    meanComputeMs: Float64Array.from(input.computeMs, meanOfAllowed),
    graph: toTaskGraph(input.edges, { taskCount, meanTransferMs: toMeanTransferMs(input, hostOf), where }),
    latencyMs: betweenHosts(hostOf, (from, to) => input.latencyMs[from]![to]!),
    msPerByte: betweenHosts(hostOf, (from, to) => 1 / input.bytesPerMs[from]![to]!),
    readyMs: Float64Array.from(input.readyMs ?? new Float64Array(processorCount)),
    hostOf,
    hostCount: new Set(hostOf).size,
    requestOf: input.requestOf && Int32Array.from(input.requestOf),
    homes: input.homes?.map((processors) => [...processors]),
    edge: input.edge && [...input.edge],
    workspace: createWorkspace(taskCount, processorCount),
  }
}

/** Time to move data between two processors, without contention; 0 within a host. */
export function transferMs(problem: Problem, transfer: { readonly bytes: number; readonly from: number; readonly to: number }): number {
  const link = transfer.from * problem.processorCount + transfer.to
  return problem.latencyMs[link]! + transfer.bytes * problem.msPerByte[link]!
}

function meanOfAllowed(row: readonly (number | null)[]): number {
  const allowed = row.filter((ms) => ms !== null)
  return allowed.reduce((sum, ms) => sum + ms, 0) / allowed.length
}

/**
 * Mean latency + bytes / mean rate over the ordered pairs of processors on different hosts; 0 if there is no such pair.
 *
 * Source: Topcuoglu et al. (2002). Not a mean of transfer times, which would give other schedules.
 */
function toMeanTransferMs(input: ProblemInput, hostOf: Int32Array): (bytes: number) => number {
  let pairCount = 0
  let latencySumMs = 0
  let bytesPerMsSum = 0
  for (const [from, row] of input.latencyMs.entries()) {
    for (const [to, latencyMs] of row.entries()) {
      if (hostOf[from] === hostOf[to]) continue
      pairCount++
      latencySumMs += latencyMs
      bytesPerMsSum += input.bytesPerMs[from]![to]!
    }
  }
  if (pairCount === 0) return () => 0
  return (bytes) => latencySumMs / pairCount + bytes / (bytesPerMsSum / pairCount)
}

function betweenHosts(hostOf: Int32Array, entryOf: (from: number, to: number) => number): Float64Array {
  const matrix = new Float64Array(hostOf.length ** 2)
  hostOf.forEach((fromHost, from) => {
    hostOf.forEach((toHost, to) => {
      if (fromHost !== toHost) matrix[from * hostOf.length + to] = entryOf(from, to)
    })
  })
  return matrix
}
