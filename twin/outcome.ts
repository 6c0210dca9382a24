/**
 * From a schedule to its outcome: played on the fork with shared links and running work in the way, and measured.
 * Measuring is apart from explaining, so that many candidates can be compared and one be explained.
 */
import type { z } from 'zod'
import { type ImageRegistry, imageForStage } from '../models/applications/registry.ts'
import type { Placement } from '../models/contracts/decision.ts'
import type { Outcome, requestOutcomeShape } from '../models/contracts/what-if.ts'
import { TwinError } from '../models/errors.ts'
import { lowerBounds } from '../models/scheduling/bounds.ts'
import type { Schedule } from '../models/scheduling/schedule.ts'
import type { Played } from '../models/simulation/play.ts'
import { choicesByRequest } from './explain.ts'
import { type MoveContext, moveCost, moveSeconds } from './move-cost.ts'
import { energyOf, type Measures } from './objectives.ts'
import { isBoundAt, playSchedule, podOf, sentBytes } from './playing.ts'
import type { SiteProblem } from './problem.ts'

export type RequestOutcome = z.infer<typeof requestOutcomeShape>

export interface OutcomeOptions extends MoveContext {
  readonly registry: ImageRegistry
  /** When the work that runs already and belongs to the workload is done, ms from now; 0 without. */
  readonly runningMs: number
  /** Blocks cannot be placed, only stages. */
  readonly canPlace: boolean
  /** By request. */
  readonly deadlinesMs: readonly (number | null)[]
}

/** A schedule that was played, and what it costs. */
export interface Candidate extends Measures {
  readonly schedule: Schedule
  readonly played: Played
  /** By request. */
  readonly latenciesMs: readonly number[]
  readonly placements: readonly Placement[]
  readonly moves: Outcome['moves']
}

/** @throws TwinError PROBLEM_INFEASIBLE when the schedule never ends as played */
export function measure(site: SiteProblem, schedule: Schedule, options: OutcomeOptions): Candidate {
  const played = playSchedule(site, schedule)
  const stuck = played.finishMs.findIndex((ms) => !Number.isFinite(ms))
  if (stuck >= 0) {
    throw new TwinError('PROBLEM_INFEASIBLE', `${site.tasks[stuck]!.name} never starts when played: it waits for work behind it in a queue`)
  }
  const makespanMs = Math.max(played.makespanMs, options.runningMs)
  const latenciesMs = latenciesOf(site, played)
  const sorted = [...latenciesMs].sort((a, b) => a - b)
  const placements = options.canPlace ? placementsOf(site, schedule, { played, ...options }) : []
  const moves = movesOf(site, placements, options)
  const processorOf = schedule.assignments.map(({ processor }) => processor)
  return {
    schedule,
    played,
    latenciesMs,
    placements: placements.map(({ placement }) => placement),
    moves,
    makespanMs,
    meanLatencyMs: sorted.length === 0 ? 0 : sorted.reduce((sum, ms) => sum + ms, 0) / sorted.length,
    p95LatencyMs: sorted[Math.ceil(sorted.length * 0.95) - 1] ?? 0,
    deadlineMissCount: latenciesMs.filter((ms, request) => ms > (options.deadlinesMs[request] ?? Number.POSITIVE_INFINITY)).length,
    energy: energyOf(site, { processorOf, sentBytes: sentBytes(site, processorOf), makespanMs }),
    moveSeconds: moves.reduce((sum, move) => sum + moveSeconds(move), 0),
    moveCount: moves.length,
  }
}

/** @param algorithm Under whose name the candidate is reported. @param picked Who made it, if it was another. */
export function outcomeOf(
  site: SiteProblem,
  candidate: Candidate,
  { algorithm, picked, runningMs, deadlinesMs }: OutcomeOptions & Pick<Outcome, 'algorithm' | 'picked'>,
): Omit<Outcome, 'isPareto'> {
  const { schedule, played, latenciesMs, placements, makespanMs, ...measures } = candidate
  const { lowerBoundMs, cpMinMs } = boundsOf(site, runningMs)
  return {
    algorithm,
    picked,
    plannedMakespanMs: Math.max(schedule.makespanMs, runningMs),
    makespanMs,
    ...measures,
    utilization: utilizationOf(site, schedule, makespanMs),
    slr: ratio(makespanMs, cpMinMs),
    speedup: ratio(serialMs(site), makespanMs),
    lowerBoundMs,
    gapRatio: Math.max(0, ratio(makespanMs, lowerBoundMs) - 1),
    requests: requestOutcomes(site, candidate, deadlinesMs),
    tasks: taskOutcomes(site, schedule, played),
    placements: [...placements],
  }
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

function latenciesOf({ work, tasks }: SiteProblem, { finishMs }: Played): number[] {
  const doneMs = new Float64Array(work.length)
  for (const [task, { request }] of tasks.entries()) doneMs[request] = Math.max(doneMs[request]!, finishMs[task]!)
  return work.map(({ waitedMs }, request) => waitedMs + doneMs[request]!)
}

function requestOutcomes(site: SiteProblem, candidate: Candidate, deadlinesMs: OutcomeOptions['deadlinesMs']): RequestOutcome[] {
  const { schedule, latenciesMs } = candidate
  const choices = choicesByRequest(site, candidate)
  return site.work.map(({ id, camera, application }, request) => {
    const first = schedule.assignments[site.firstTasks[request]!]!
    return {
      request: id,
      camera,
      application,
      latencyMs: latenciesMs[request]!,
      deadlineMs: deadlinesMs[request] ?? null,
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

interface Change {
  readonly task: number
  readonly processor: number
  readonly placement: Placement
}

/** What would change, in the order in which to bind. */
function placementsOf(
  site: SiteProblem,
  { assignments }: Schedule,
  { played, clockMs, registry }: OutcomeOptions & { readonly played: Played },
): Change[] {
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
      const placement = {
        pod: pod?.name ?? `${id}-${stage}`,
        request: id,
        camera,
        application,
        stage,
        from: pod?.reported.place?.accelerator ?? null,
        to: accelerator,
        image: imageForStage(registry, { application, stage }, acceleratorKind)?.image ?? '',
        predictedStartMs: Math.round(clockMs + played.startMs[task]!),
        predictedFinishMs: Math.round(clockMs + played.finishMs[task]!),
      }
      return { task, processor, placement }
    })
}

/** A pod that was bound nowhere is placed, not moved. */
function movesOf(site: SiteProblem, changes: readonly Change[], context: MoveContext): Outcome['moves'] {
  return changes.flatMap(({ task, processor, placement }) => {
    const pod = podOf(site, task)
    if (pod === undefined || placement.from === null) return []
    const { node, acceleratorKind } = site.processors[processor]!
    const link = { bytesPerMs: site.hostBytesPerMs[site.hosts.indexOf(node)]! }
    const moved = { placement: { ...placement, from: placement.from }, pod, acceleratorKind, node, link, blocks: site.tasks[task]!.blocks }
    return moveCost(moved, context)
  })
}
