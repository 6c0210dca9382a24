/**
 * The question "what would happen if …?" and its answer, as REST, CLI, viewer and the loop see them.
 * A query never writes: it is put to a fork of the twin.
 */
import { z } from 'zod'
import { GRANULARITIES } from '../applications/task-graph.ts'
import {
  acceleratorKindShape,
  acceleratorNameShape,
  bytesPerSecondShape,
  durationMsShape,
  idShape,
  nameShape,
  ratioShape,
  textShape,
  timeMsShape,
} from '../events/shapes.ts'
import { assumedFactShape, placementShape } from './decision.ts'
import { DEFAULT_OBJECTIVE, energyShape, moveShape, objectiveShape } from './objective.ts'

/** `portfolio`: the best as played of all these, of some more, and of a search that starts from the best of them. */
export const ALGORITHM_NAMES = ['heft', 'cpop', 'peft', 'dhs', 'local', 'edge', 'portfolio'] as const
export type AlgorithmName = (typeof ALGORITHM_NAMES)[number]

/** Who can stand behind DHS or the portfolio. */
export const PICKED_NAMES = [
  'heft',
  'cpop',
  'peft',
  'local',
  'edge',
  'look-ahead-heft',
  'peft-rank-u',
  'peft-real-link',
  'serial',
  'annealing',
] as const
export type PickedName = (typeof PICKED_NAMES)[number]

/** Limits of one query; those of the problem that it becomes are with the problem (`scheduling/problem.ts`). */
export const QUERY_LIMITS = { edits: 64, requests: 500 } as const

export const editShape = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('lose-node'), node: nameShape }),
  z.object({ kind: z.literal('drain-node'), node: nameShape }),
  z.object({ kind: z.literal('cordon-node'), node: nameShape }),
  z.object({
    kind: z.literal('add-node'),
    node: nameShape,
    role: z.enum(['camera', 'server']),
    accelerators: z
      .array(z.object({ device: nameShape, acceleratorKind: acceleratorKindShape, deviceModel: idShape }))
      .min(1)
      .max(16),
    bytesPerSecond: bytesPerSecondShape,
    latencyMs: durationMsShape,
  }),
  z.object({ kind: z.literal('lose-accelerator'), accelerator: acceleratorNameShape }),
  z.object({
    kind: z.literal('add-accelerator'),
    accelerator: acceleratorNameShape,
    acceleratorKind: acceleratorKindShape,
    deviceModel: idShape,
  }),
  z.object({
    kind: z.literal('add-camera'),
    camera: nameShape,
    node: nameShape.nullable(),
    applications: z.array(nameShape).min(1).max(64),
  }),
  z.object({ kind: z.literal('remove-camera'), camera: nameShape }),
  /** Multiplies the link's rate: 0.5 halves it. */
  z.object({ kind: z.literal('scale-link'), link: nameShape, factor: z.number().min(0.001).max(1_000) }),
  /** Gives the link this rate: 0 carries nothing. */
  z.object({ kind: z.literal('set-link'), link: nameShape, bytesPerSecond: bytesPerSecondShape }),
  z.object({
    kind: z.literal('burst'),
    camera: nameShape,
    application: nameShape,
    count: z.number().int().min(1).max(100),
    frames: z.number().int().min(1).max(1_000_000),
  }),
])
export type Edit = z.infer<typeof editShape>

/** How long a request may take from its being raised. */
const deadlineMsShape = z.number().positive().max(1e10)

const workloadRequestShape = z.object({
  camera: nameShape,
  application: nameShape,
  count: z.number().int().min(1).max(100).default(1),
  frames: z.number().int().min(1).max(1_000_000).default(1),
  /** Of each of them; wins over the query's. */
  deadlineMs: deadlineMsShape.optional(),
})

export const whatIfQueryShape = z.object({
  /** Which twin to fork: as it is, as it was after a journal sequence, or as it was at a time. */
  base: z
    .discriminatedUnion('kind', [
      z.object({ kind: z.literal('now') }),
      z.object({ kind: z.literal('sequence'), sequence: z.number().int().min(0) }),
      z.object({ kind: z.literal('time'), timeMs: timeMsShape }),
    ])
    .default({ kind: 'now' }),
  edits: z.array(editShape).max(QUERY_LIMITS.edits).default([]),
  /**
   * `waiting`: the requests that wait or run in the twin. `each-camera`: one request of each application of each camera.
   * A list: exactly these. Bursts among the edits come on top.
   */
  workload: z
    .union([z.enum(['waiting', 'each-camera']), z.array(workloadRequestShape).max(QUERY_LIMITS.requests)], {
      error: `give "waiting", "each-camera" or a list of at most ${QUERY_LIMITS.requests} requests`,
    })
    .default('each-camera'),
  algorithms: z
    .array(z.enum(ALGORITHM_NAMES))
    .min(1)
    .default([...ALGORITHM_NAMES]),
  /** A stage is what one pod runs; blocks and branches are parts of a network, for study: only stage answers can be placed. */
  granularity: z.enum(GRANULARITIES).default('stage'),
  /** Threshold of imbalance, seconds. */
  delta1Seconds: z.number().min(0).max(1e6).default(0.1),
  /** Threshold of requests per camera. */
  delta2: z.number().min(0).max(1e6).default(1),
  /** By what the outcomes are ranked. */
  objective: objectiveShape.default(DEFAULT_OBJECTIVE),
  /** Of every request that has none of its own; null: none. */
  deadlineMs: deadlineMsShape.nullable().default(null),
  /** Schedules that the portfolio's search may try; counted and not timed, so that the answer repeats. */
  decodeBudget: z.number().int().min(1).max(100_000).default(200),
  /** Of the portfolio's search. */
  seed: z
    .number()
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(1),
})
export type WhatIfQuery = z.infer<typeof whatIfQueryShape>
/** What a client may send: everything has a default. */
export type WhatIfQueryInput = z.input<typeof whatIfQueryShape>

/** The load class of the DHS paper with the numbers it comes from. */
export const loadClassShape = z.object({
  className: z.enum(['U-H', 'U-L', 'B-H', 'B-L']),
  algorithm: z.enum(ALGORITHM_NAMES),
  cameras: z.array(z.object({ camera: nameShape, seconds: z.number() })),
  tMinSeconds: z.number(),
  tMaxSeconds: z.number(),
  tMeanSeconds: z.number(),
  requestCount: z.number().int(),
  cameraCount: z.number().int(),
  requestsPerCamera: z.number(),
  delta1Seconds: z.number(),
  delta2: z.number(),
})
export type LoadClass = z.infer<typeof loadClassShape>

const taskOutcomeShape = z.object({
  task: z.number().int(),
  request: nameShape,
  name: textShape,
  accelerator: acceleratorNameShape,
  /** As the scheduler reckoned, ms from the start of the plan. */
  plannedStartMs: z.number(),
  plannedFinishMs: z.number(),
  /** As played on the fork with links shared and running work in the way. */
  startMs: z.number(),
  finishMs: z.number(),
  /** Where the cost of this task on this device comes from. */
  costSource: textShape,
})

/**
 * Why an accelerator cannot take a task, as Kubernetes would sort it. `taint`: its node is cordoned, drained or not ready.
 * `resources`: the device is not there. `accelerator-kind`: no image or no cost for it. `stale`: what is known is too old.
 * `data`: the clip is lost or cannot get there. `selector`: the algorithm places it elsewhere by its own rule.
 */
const REFUSAL_KINDS = ['taint', 'resources', 'accelerator-kind', 'stale', 'data', 'selector'] as const
export type RefusalKind = (typeof REFUSAL_KINDS)[number]

/**
 * `data`: until the input is there over an idle link. `processor`: from then until it is free. `link`: how much longer
 * the input takes as played because others send too; of the chosen accelerator only. `by`: what is waited for.
 */
export const waitShape = z.object({ kind: z.enum(['data', 'processor', 'link']), ms: z.number(), by: textShape })

export const choiceShape = z.object({
  accelerator: acceleratorNameShape,
  /** EST and EFT as the scheduler saw them, ms from now; null when it cannot run there. */
  startMs: z.number().nullable(),
  finishMs: z.number().nullable(),
  waits: z.array(waitShape),
  reason: textShape.nullable(),
  refusedBy: z.enum(REFUSAL_KINDS).nullable(),
})

export const requestOutcomeShape = z.object({
  request: nameShape,
  camera: nameShape,
  application: nameShape,
  /** From its being raised until its last task is done as played; what waited already counts. */
  latencyMs: z.number(),
  /** Null: it has none. It is missed when the latency is above it. */
  deadlineMs: z.number().nullable(),
  /** Where its first compute task went, when it would have finished on each processor, best first. */
  chosen: acceleratorNameShape,
  choices: z.array(choiceShape),
})
export type RequestOutcome = z.infer<typeof requestOutcomeShape>

const outcomeShape = z.object({
  algorithm: z.enum(ALGORITHM_NAMES),
  /** DHS names the algorithm that it picked, the portfolio the one that won. */
  picked: z.enum(PICKED_NAMES).nullable(),
  plannedMakespanMs: z.number(),
  makespanMs: z.number(),
  meanLatencyMs: z.number(),
  p95LatencyMs: z.number(),
  /** Of requests that have a deadline. */
  deadlineMissCount: z.number().int(),
  energy: energyShape,
  /** Busy time of each processor / makespan. */
  utilization: z.array(z.object({ accelerator: acceleratorNameShape, ratio: ratioShape })),
  /** Makespan / sum of least costs on the critical path; never below 1. */
  slr: z.number(),
  /** Best serial time / makespan. */
  speedup: z.number(),
  lowerBoundMs: z.number(),
  /** Makespan / lower bound − 1. */
  gapRatio: z.number(),
  /** Pods that are bound now and would go elsewhere. */
  moveCount: z.number().int(),
  /** Of all moves together. */
  moveSeconds: z.number(),
  /** The moves one by one, in the order of the placements. */
  moves: z.array(moveShape),
  /** No other outcome is as good in makespan, energy, move time and p95 latency and better in one of them. */
  isPareto: z.boolean(),
  requests: z.array(requestOutcomeShape),
  tasks: z.array(taskOutcomeShape),
  /** Only what changes its place, in the order in which to bind; empty for block granularity. */
  placements: z.array(placementShape),
})
export type Outcome = z.infer<typeof outcomeShape>

export const whatIfAnswerShape = z.object({
  id: idShape,
  basis: z.object({ sequence: z.number().int(), timeMs: timeMsShape, stateHash: textShape }),
  query: whatIfQueryShape,
  loadClass: loadClassShape,
  processors: z.array(
    z.object({
      accelerator: acceleratorNameShape,
      node: nameShape,
      acceleratorKind: acceleratorKindShape,
      emulated: z.boolean(),
      readyMs: z.number(),
    }),
  ),
  /** Clips included. */
  taskCount: z.number().int(),
  /** Best first by the objective, unless asked otherwise by played makespan, then mean latency, then fewest moves. */
  outcomes: z.array(outcomeShape),
  /** Algorithms that found no schedule, with the reason. */
  infeasible: z.array(z.object({ algorithm: z.enum(ALGORITHM_NAMES), reason: textShape })),
  /** Facts that were not fresh when they were used. */
  staleFacts: z.array(assumedFactShape),
  warnings: z.array(textShape),
})
export type WhatIfAnswer = z.infer<typeof whatIfAnswerShape>
