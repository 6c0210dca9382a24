/**
 * From the twin to a scheduling problem: accelerators are processors, requests become tasks, links become rates.
 *
 * A request's clip is a task of no cost, pinned to the node where the clip lies. Each such node gets one more
 * processor for clips alone, so that a clip can leave at once while the accelerators beside it are busy.
 */
import type { Cost } from '../models/applications/costs.ts'
import type { ImageRegistry } from '../models/applications/registry.ts'
import { type Granularity, type Task, taskGraph } from '../models/applications/task-graph.ts'
import type { RefusalKind } from '../models/contracts/what-if.ts'
import { TwinError } from '../models/errors.ts'
import { createProblem, type Problem, type ProblemInput, type ProblemLimits, QUERY_LIMITS } from '../models/scheduling/problem.ts'
import type { Edge } from '../models/scheduling/task-graph.ts'
import { arrivedBytes as arrivedBytesOf } from './arrived-bytes.ts'
import { askFault } from './asked-devices.ts'
import { clipSource, OUTSIDE } from './clip-source.ts'
import { type NodeLink, nodeLinks } from './network.ts'
import { type Processor, type Refusal, siteProcessors } from './processors.ts'
import { costsOf, type Service, type SpeedRatios, serviceOf, speedOf, stagesOf } from './service.ts'
import type { TwinState } from './twin-state.ts'
import type { Work } from './workload.ts'

export interface ProblemOptions {
  readonly granularity: Granularity
  readonly registry: ImageRegistry
  /** Accelerator → ms until it is free of what is not to be placed. */
  readonly busyMs: ReadonlyMap<string, number>
  /** Nodes that must be left, also by what is bound there. */
  readonly drained?: ReadonlySet<string>
  readonly speedRatios?: SpeedRatios
  readonly limits?: ProblemLimits
}

/** A piece of work with what each accelerator says to it. */
export interface SurveyedWork extends Work {
  /** Node of the clip; null when it is lost. */
  readonly source: string | null
  /** Accelerator → why it may not run there. */
  readonly refusals: ReadonlyMap<string, string>
  /** The same, sorted for programs. */
  readonly refusedBy: ReadonlyMap<string, RefusalKind>
  /** Accelerator → cost there of all stages of the request that it can serve, ms; of those that do not refuse. */
  readonly wholeMs: ReadonlyMap<string, number>
  /** Stages that no accelerator can serve. */
  readonly hopelessStages: readonly string[]
}

export interface Survey {
  readonly processors: readonly Processor[]
  readonly work: readonly SurveyedWork[]
  readonly linkOf: (node: string) => NodeLink
}

export interface SiteProblem {
  readonly input: ProblemInput
  readonly problem: Problem
  /** As `problem`, but bytes that are at the bound processor already need not travel: for lower bounds. */
  readonly boundProblem: Problem
  readonly tasks: readonly Task[]
  readonly work: readonly SurveyedWork[]
  /** By request: its first compute task. */
  readonly firstTasks: readonly number[]
  /** Processor j of the problem; those behind them hold clips alone. */
  readonly processors: readonly (Processor & { readonly readyMs: number })[]
  /** By host, as `input.hostOf` numbers them. */
  readonly hosts: readonly string[]
  readonly hostBytesPerMs: readonly number[]
  /** [task][processor]; null for clips and where nothing is measured. */
  readonly costs: readonly (readonly (Cost | null)[])[]
  /** Per task, bytes of its input that are where its pod is bound already. */
  readonly arrivedBytes: Float64Array
  /** Pod → its turn among those bound to its accelerator. */
  readonly bindingOrder: ReadonlyMap<string, number>
  readonly warnings: readonly string[]
}

/** Where each piece of work may run and why not elsewhere, before anything is scheduled. */
export function surveyWork(
  state: TwinState,
  work: readonly Work[],
  { registry, drained = new Set(), speedRatios }: ProblemOptions,
): Survey {
  const { usable, refused, refusedBy: siteRefusedBy } = siteProcessors(state)
  const linkOf = nodeLinks(state)
  const stayingAt = new Set(work.flatMap(({ pods }) => [...pods.values()].flatMap((pod) => pod.reported.place?.accelerator ?? [])))
  const processors = usable.filter(
    ({ node, accelerator, closedReason }) => !drained.has(node) && (closedReason === null || stayingAt.has(accelerator)),
  )
  const surveyed = work.map((each): SurveyedWork => {
    const source = clipSource(state, each.camera)?.node ?? null
    const refusals = new Map(refused)
    const refusedBy = new Map(siteRefusedBy)
    const wholeMs = new Map<string, number>()
    const served = new Set<string>()
    for (const processor of usable) {
      const answer: Service | Refusal = drained.has(processor.node)
        ? { kind: 'taint', reason: `node ${processor.node} drained` }
        : serviceOf(each, processor, { source, sourceReason: lostClipReason(state, each.camera), registry, linkOf })
      if ('reason' in answer) {
        refusals.set(processor.accelerator, answer.reason)
        refusedBy.set(processor.accelerator, answer.kind)
        continue
      }
      wholeMs.set(processor.accelerator, answer.ms / speedOf(processor, speedRatios))
      for (const stage of answer.stages) served.add(stage)
    }
    const hopelessStages = stagesOf(each.application).flatMap(({ name }) => (served.has(name) ? [] : [name]))
    return { ...each, source, refusals, refusedBy, wholeMs, hopelessStages }
  })
  return { processors, work: surveyed, linkOf }
}

export function canRunSomewhere({ wholeMs, hopelessStages }: SurveyedWork): boolean {
  return wholeMs.size > 0 && hopelessStages.length === 0
}

/** 'pi-1-alexnet can run nowhere: pi-1/cpu0: node pi-1 not ready; …' */
export function whyNowhere({ id, application, refusals, wholeMs, hopelessStages }: SurveyedWork): string {
  if (wholeMs.size > 0)
    return `${id} can run nowhere: no accelerator that takes work serves ${application}'s ${hopelessStages.join(' and ')}`
  const reasons = [...refusals].map(([accelerator, reason]) => `${accelerator}: ${reason}`)
  return `${id} can run nowhere: ${reasons.length > 0 ? reasons.join('; ') : 'the site has no accelerator'}`.slice(0, 1_000)
}

/** @throws TwinError PROBLEM_INFEASIBLE naming the request and every refusal, or PROBLEM_TOO_LARGE naming count and limit */
export function buildProblem(state: TwinState, survey: Survey, options: ProblemOptions): SiteProblem {
  const { granularity, busyMs, limits = QUERY_LIMITS } = options
  const { work, processors: surveyed, linkOf } = survey
  const nowhere = work.find((each) => !canRunSomewhere(each))
  if (nowhere !== undefined) throw new TwinError('PROBLEM_INFEASIBLE', whyNowhere(nowhere), { details: { request: nowhere.id } })
  if (surveyed.length === 0)
    throw new TwinError('PROBLEM_INFEASIBLE', 'no accelerator of the site can take work; bring back a node or add one')
  if (surveyed.length > limits.processorCountMax) {
    throw new TwinError('PROBLEM_TOO_LARGE', `${surveyed.length} accelerators are above the limit of ${limits.processorCountMax} a query`, {
      details: { count: surveyed.length, max: limits.processorCountMax, what: 'processors' },
    })
  }
  const processors = surveyed.map((processor) => ({ ...processor, readyMs: busyMs.get(processor.accelerator) ?? 0 }))
  const { tasks, edges } = taskGraph(work, granularity)
  const costs = costsOf(tasks, processors, options)
  const { hosts, ...input } = toInput(state, survey, { processors, tasks, edges, costs })
  // Clip stores come on top of what the limit counts.
  const place = { limits: { ...limits, processorCountMax: limits.processorCountMax + input.bytesPerMs.length }, place: 'the query' }
  const problem = createProblem(input, place)
  const arrivedByPod = arrivedBytesOf(state, linkOf)
  const arrivedBytes = Float64Array.from(tasks, ({ kind, request, name }) => {
    const pod = kind === 'frame' ? undefined : work[request]!.pods.get(name.slice(work[request]!.id.length + 1))
    return pod?.mode === 'bound' ? (arrivedByPod.get(pod.name) ?? 0) : 0
  })
  const leftEdges = edges.map(([from, to, bytes]): Edge => [from, to, Math.max(0, bytes - arrivedBytes[to]!)])
  return {
    input,
    problem,
    boundProblem: arrivedBytes.some((bytes) => bytes > 0) ? createProblem({ ...input, edges: leftEdges }, place) : problem,
    tasks,
    work,
    firstTasks: work.map((_, request) => tasks.findIndex((task) => task.request === request && task.kind === 'compute')),
    processors,
    hosts,
    hostBytesPerMs: hosts.map((host) => linkOf(host).bytesPerMs),
    costs,
    arrivedBytes,
    bindingOrder: new Map(
      [...state.entities.accelerator.values()].flatMap(({ reported }) => reported.pods.map((pod, turn) => [pod, turn])),
    ),
    warnings: [...(hosts.length > 1 ? hosts.flatMap((host) => linkWarning(host, linkOf(host))) : []), ...cameraWarnings(work)],
  }
}

function linkWarning(node: string, { isAssumed, bytesPerMs, latencyMs }: NodeLink): string[] {
  const rate = `${Math.round(bytesPerMs * 8) / 1_000} Mbit/s`
  return isAssumed ? [`no link of node ${node} is known; ${rate} and ${latencyMs} ms are assumed`] : []
}

function cameraWarnings(work: readonly SurveyedWork[]): string[] {
  const cameras = [...new Set(work.flatMap(({ camera, source }) => (source === OUTSIDE ? camera : [])))]
  return cameras.map(
    (camera) =>
      `nobody says where clips of camera ${camera} lie; they are taken to come from outside, over the link of the node that works on them`,
  )
}

interface InputParts {
  readonly processors: SiteProblem['processors']
  readonly tasks: readonly Task[]
  readonly edges: readonly Edge[]
  readonly costs: SiteProblem['costs']
}

/** Processors of the input: the accelerators, then a store for each node that holds clips. */
function toInput(
  state: TwinState,
  { work, linkOf }: Survey,
  { processors, tasks, edges, costs }: InputParts,
): ProblemInput & { hosts: string[] } {
  const stores = [...new Set(work.flatMap(({ source }) => source ?? []))].sort()
  const nodes = [...processors.map(({ node }) => node), ...stores]
  const hosts = [...new Set(nodes)]
  const links = nodes.map(linkOf)
  const costMs = (task: number, j: number): number | null => {
    const { kind, request, name } = tasks[task]!
    const { id, pods, refusals } = work[request]!
    const processor = processors[j]!
    const fault = askFault(pods.get(name.slice(id.length + 1)), processor)
    const isRefused = kind === 'frame' || refusals.has(processor.accelerator) || fault !== null
    return isRefused ? null : (costs[task]![j]?.ms ?? null)
  }
  const storeMs = ({ kind, request }: Task, store: string): number | null =>
    kind === 'frame' && work[request]!.source === store ? 0 : null
  return {
    hosts,
    computeMs: tasks.map((task, index) => [...processors.map((_, j) => costMs(index, j)), ...stores.map((store) => storeMs(task, store))]),
    edges,
    // A link that is down still needs a rate here; the refusals keep everything off it.
    bytesPerMs: links.map((from) => links.map((to) => Math.max(1e-9, Math.min(from.bytesPerMs, to.bytesPerMs)))),
    latencyMs: links.map((from) => links.map((to) => from.latencyMs + to.latencyMs)),
    readyMs: [...processors.map(({ readyMs }) => readyMs), ...stores.map(() => 0)],
    hostOf: nodes.map((node) => hosts.indexOf(node)),
    requestOf: tasks.map(({ request }) => request),
    homes: work.map(({ camera, source }) => {
      const home = homeNodeOf(state, camera)
      const own = processors.flatMap(({ node }, j) => (node === home ? [j] : []))
      return source === null ? own : [...own, processors.length + stores.indexOf(source)]
    }),
    edge: processors.flatMap(({ isServer }, j) => (isServer ? [j] : [])),
  }
}

/** The node inside the camera; null when it does not compute or is unknown. */
export function homeNodeOf(state: TwinState, camera: string): string | null {
  return state.entities.camera.get(camera)?.reported.identity?.value.node ?? null
}

function lostClipReason(state: TwinState, camera: string): string {
  const identity = state.entities.camera.get(camera)?.reported.identity?.value
  const places = [identity?.node, identity?.recordedAt].filter((node) => node != null)
  return `clip lost: node ${places.join(' and ')} not ready`
}
