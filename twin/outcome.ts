/**
 * From a schedule to its outcome: played on the fork with shared links and running work in the way, and measured.
 *
 * Pods that stay where they are bound keep their turn; those that are placed anew queue behind them in the order of
 * the plan, because that is the order in which the cluster would bind them.
 */
import type { z } from 'zod'
import { type ImageRegistry, imageFor } from '../models/applications/registry.ts'
import type { Placement } from '../models/contracts/decision.ts'
import type { AlgorithmName, Outcome, requestOutcomeShape } from '../models/contracts/what-if.ts'
import type { Pod } from '../models/entities/pod.ts'
import { TwinError } from '../models/errors.ts'
import { lowerBounds } from '../models/scheduling/bounds.ts'
import type { Schedule } from '../models/scheduling/schedule.ts'
import { type Played, play } from '../models/simulation/play.ts'
import { choicesByRequest } from './explain.ts'
import type { SiteProblem } from './problem.ts'

export type RequestOutcome = z.infer<typeof requestOutcomeShape>

export interface OutcomeOptions {
  readonly algorithm: AlgorithmName
  readonly registry: ImageRegistry
  /** Of the fork, for absolute times. */
  readonly clockMs: number
  /** When the work that runs already and belongs to the workload is done, ms from now; 0 without. */
  readonly runningMs: number
  /** Blocks cannot be placed, only stages. */
  readonly canPlace: boolean
}

/** @throws TwinError PROBLEM_INFEASIBLE when the schedule never ends as played */
export function outcomeOf(site: SiteProblem, schedule: Schedule, options: OutcomeOptions): Outcome {
  const { algorithm, runningMs } = options
  const played = playSchedule(site, schedule)
  const stuck = played.finishMs.findIndex((ms) => !Number.isFinite(ms))
  if (stuck >= 0) {
    throw new TwinError('PROBLEM_INFEASIBLE', `${site.tasks[stuck]!.name} never starts when played: it waits for work behind it in a queue`)
  }
  const makespanMs = Math.max(played.makespanMs, runningMs)
  const { lowerBoundMs, cpMinMs } = boundsOf(site, runningMs)
  const requests = requestOutcomes(site, schedule, played)
  const latencies = requests.map(({ latencyMs }) => latencyMs).sort((a, b) => a - b)
  const placements = options.canPlace ? placementsOf(site, schedule, { played, ...options }) : []
  return {
    algorithm,
    picked: schedule.dispatchedTo ?? null,
    plannedMakespanMs: Math.max(schedule.makespanMs, runningMs),
    makespanMs,
    meanLatencyMs: latencies.length === 0 ? 0 : latencies.reduce((sum, ms) => sum + ms, 0) / latencies.length,
    p95LatencyMs: latencies[Math.ceil(latencies.length * 0.95) - 1] ?? 0,
    utilization: utilizationOf(site, schedule, makespanMs),
    slr: ratio(makespanMs, cpMinMs),
    speedup: ratio(serialMs(site), makespanMs),
    lowerBoundMs,
    gapRatio: Math.max(0, ratio(makespanMs, lowerBoundMs) - 1),
    moveCount: placements.filter(({ from }) => from !== null).length,
    requests,
    tasks: taskOutcomes(site, schedule, played),
    placements,
  }
}

/** The pod of a task, if one exists. */
export function podOf({ tasks, work }: SiteProblem, task: number): Pod | undefined {
  const { request, name } = tasks[task]!
  const { id, pods } = work[request]!
  return pods.get(name.slice(id.length + 1))
}

/** @param processorOf Of each task; −1: bound nowhere. @param turnOf Sorts a processor's tasks that do not stay, lowest first. */
export function playAt(
  site: SiteProblem,
  processorOf: readonly number[],
  turnOf: (a: number, b: number) => number = (a, b) => a - b,
): Played {
  const queues = site.input.bytesPerMs.map((): number[] => [])
  const arrivedBytes = new Float64Array(processorOf.length)
  const stays = processorOf.map((processor, task) => isBoundAt(podOf(site, task), site.processors[processor]?.accelerator))
  for (const [task, processor] of processorOf.entries()) {
    queues[processor]?.push(task)
    if (stays[task]) arrivedBytes[task] = site.arrivedBytes[task]!
  }
  for (const queue of queues) {
    queue.sort((a, b) => {
      if (stays[a] !== stays[b]) return stays[a] ? -1 : 1
      return stays[a] ? byBinding(site, podOf(site, a)!, podOf(site, b)!) : turnOf(a, b)
    })
  }
  return play(site.problem, { processorOf, queues, hostBytesPerMs: site.hostBytesPerMs, arrivedBytes })
}

function playSchedule(site: SiteProblem, { assignments, order }: Schedule): Played {
  const placedAt = new Int32Array(assignments.length)
  for (const [at, task] of order.entries()) placedAt[task] = at
  return playAt(
    site,
    assignments.map(({ processor }) => processor),
    (a, b) =>
      assignments[a]!.startMs - assignments[b]!.startMs ||
      assignments[a]!.finishMs - assignments[b]!.finishMs ||
      placedAt[a]! - placedAt[b]!,
  )
}

function isBoundAt(pod: Pod | undefined, accelerator: string | undefined): boolean {
  return pod?.mode === 'bound' && accelerator !== undefined && pod.reported.place?.accelerator === accelerator
}

/** Many are bound in one millisecond: then it counts who was heard of first. */
function byBinding({ bindingOrder }: SiteProblem, a: Pod, b: Pod): number {
  return (a.reported.boundMs ?? 0) - (b.reported.boundMs ?? 0) || (bindingOrder.get(a.name) ?? 0) - (bindingOrder.get(b.name) ?? 0)
}

/** Clip stores run nothing, so the area bound is over accelerators alone. */
function boundsOf({ boundProblem, processors }: SiteProblem, runningMs: number): { lowerBoundMs: number; cpMinMs: number } {
  const { cpMinMs, cpCommMs, areaMs } = lowerBounds(boundProblem)
  const acceleratorAreaMs = (areaMs * boundProblem.processorCount) / processors.length
  return { lowerBoundMs: Math.max(cpMinMs, cpCommMs, acceleratorAreaMs, runningMs), cpMinMs }
}

/** All on the one accelerator that does so fastest; when none can run all, each task where it is fastest, one after the other. */
function serialMs({ problem, processors, tasks }: SiteProblem): number {
  const cost = (task: number, j: number) => problem.computeMs[task * problem.processorCount + j]!
  const compute = [...tasks.keys()].filter((task) => tasks[task]!.kind === 'compute')
  const bestMs = Math.min(...processors.map((_, j) => compute.reduce((sum, task) => sum + cost(task, j), 0)))
  if (Number.isFinite(bestMs)) return bestMs
  return compute.reduce((sum, task) => sum + Math.min(...processors.map((_, j) => cost(task, j))), 0)
}

/** 1 when there is nothing to compare. */
function ratio(a: number, b: number): number {
  return b > 0 ? a / b : 1
}

function utilizationOf({ processors, tasks, problem }: SiteProblem, { assignments }: Schedule, makespanMs: number): Outcome['utilization'] {
  const busyMs = processors.map(({ readyMs }) => Math.min(readyMs, makespanMs))
  for (const { task, processor } of assignments) {
    if (tasks[task]!.kind === 'compute') busyMs[processor]! += problem.computeMs[task * problem.processorCount + processor]!
  }
  return processors.map(({ accelerator }, j) => ({ accelerator, ratio: makespanMs > 0 ? Math.min(1, busyMs[j]! / makespanMs) : 0 }))
}

function requestOutcomes(site: SiteProblem, schedule: Schedule, { finishMs }: Played): RequestOutcome[] {
  const choices = choicesByRequest(site, schedule)
  const doneMs = new Float64Array(site.work.length)
  for (const [task, { request }] of site.tasks.entries()) doneMs[request] = Math.max(doneMs[request]!, finishMs[task]!)
  return site.work.map(({ id, camera, application, waitedMs }, request) => {
    const first = schedule.assignments[site.firstTasks[request]!]!
    return {
      request: id,
      camera,
      application,
      latencyMs: waitedMs + doneMs[request]!,
      chosen: site.processors[first.processor]!.accelerator,
      choices: choices[request]!,
    }
  })
}

function taskOutcomes({ tasks, work, processors, costs }: SiteProblem, { assignments }: Schedule, played: Played): Outcome['tasks'] {
  return assignments.flatMap(({ task, processor, startMs, finishMs }) => {
    const { kind, name, request } = tasks[task]!
    if (kind === 'frame') return []
    return {
      task,
      request: work[request]!.id,
      name,
      accelerator: processors[processor]!.accelerator,
      plannedStartMs: startMs,
      plannedFinishMs: finishMs,
      startMs: played.startMs[task]!,
      finishMs: played.finishMs[task]!,
      costSource: (costs[task]![processor]?.source ?? 'unknown').slice(0, 1_000),
    }
  })
}

/** What would change, in the order in which to bind. */
function placementsOf(
  site: SiteProblem,
  { assignments }: Schedule,
  { played, clockMs, registry }: OutcomeOptions & { readonly played: Played },
): Placement[] {
  return assignments
    .filter(
      ({ task, processor }) =>
        site.tasks[task]!.kind === 'compute' && !isBoundAt(podOf(site, task), site.processors[processor]!.accelerator),
    )
    .sort((a, b) => a.startMs - b.startMs || a.task - b.task)
    .map(({ task, processor }) => {
      const { request, name } = site.tasks[task]!
      const { id, camera, application } = site.work[request]!
      const { accelerator, acceleratorKind } = site.processors[processor]!
      const stage = name.slice(id.length + 1)
      const pod = podOf(site, task)
      return {
        pod: pod?.name ?? `${id}-${stage}`,
        request: id,
        camera,
        application,
        stage,
        from: pod?.reported.place?.accelerator ?? null,
        to: accelerator,
        image: imageFor(registry, application, acceleratorKind)?.image ?? '',
        predictedStartMs: Math.round(clockMs + played.startMs[task]!),
        predictedFinishMs: Math.round(clockMs + played.finishMs[task]!),
      }
    })
}
