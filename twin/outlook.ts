/**
 * How given work would go on from here: as it is bound now, and as the best algorithm would place it anew.
 *
 * A request is done when all of its pods are; one of which a pod can run nowhere is stranded.
 */
import type { ImageRegistry } from '../models/applications/registry.ts'
import type { Course, Outlook, Remedy } from '../models/contracts/standing.ts'
import { type Outcome, type WhatIfAnswer, whatIfQueryShape } from '../models/contracts/what-if.ts'
import { predictUnchanged, runningWork } from './predict-unchanged.ts'
import { canRunSomewhere, surveyWork, whyNowhere } from './problem.ts'
import type { TwinState } from './twin-state.ts'
import { runningPods, waitingPods } from './waiting-work.ts'
import { askWhatIf } from './what-if.ts'
import { waitingWork } from './workload.ts'

export interface OutlookOptions {
  readonly registry: ImageRegistry
  /** Schedules that the search of the remedy may try. */
  readonly decodeBudget?: number
}

/** @param asked The requests to speak of, by the time they have waited. */
export function outlookOf(
  twin: TwinState,
  asked: ReadonlyMap<string, number>,
  options: OutlookOptions,
): { readonly outlook: Outlook; readonly why: string | null } {
  const doneMs = doneMsOf(twin, predictUnchanged(twin, options.registry).byPod)
  const unchanged = courseOf(asked, doneMs)
  const { best, reason } = bestOutcome(twin, options)
  const remedy = best === null ? null : remedyOf(twin, asked, best)
  const outlook = { unchanged, remedy: remedy !== null && isBetter(remedy, unchanged) ? remedy : null }
  const [lost] = afterOf(outlook).stranded
  if (lost === undefined) return { outlook, why: null }
  const why = hopelessOf(twin, options).find(({ request }) => request === lost)?.why ?? reason
  return { outlook, why: why?.slice(0, 1_000) ?? null }
}

/** What comes of the work when it is placed as well as can be. */
export function afterOf({ remedy, unchanged }: Outlook): Course {
  return remedy ?? unchanged
}

/** Request → ms since it was raised; of all that waits or runs. */
export function askedOf(twin: TwinState, hopeless: readonly string[]): ReadonlyMap<string, number> {
  const leftOut = new Set(hopeless)
  const requests = [...waitingPods(twin), ...runningPods(twin)].flatMap(({ spec }) => spec?.request ?? [])
  const waitedMs = (request: string) => twin.clockMs - (twin.entities.request.get(request)?.reported.requestedMs ?? twin.clockMs)
  return new Map(requests.filter((request) => !leftOut.has(request)).map((request) => [request, Math.max(0, waitedMs(request))]))
}

interface Hopeless {
  readonly request: string
  readonly why: string
}

/** What no plan can help: nothing could run it, or it runs where nothing runs any more. */
export function hopelessOf(twin: TwinState, { registry }: OutlookOptions): Hopeless[] {
  const { work } = surveyWork(twin, waitingWork(twin), { granularity: 'stage', registry, busyMs: new Map() })
  const nowhere = work.filter((each) => !canRunSomewhere(each)).map((each) => ({ request: each.id, why: whyNowhere(each) }))
  const ending = new Set(runningWork(twin).byPod.map(({ pod }) => pod))
  const endless = runningPods(twin).flatMap(({ name, spec, reported }) =>
    spec === null || ending.has(name)
      ? []
      : { request: spec.request, why: `${name} runs on ${reported.place?.accelerator}, which is lost` },
  )
  return [...new Map([...endless, ...nowhere].map((each) => [each.request, each])).values()]
}

/** Nothing is placed anew when nothing waits. */
function bestOutcome(twin: TwinState, { registry, decodeBudget = 200 }: OutlookOptions): { best: Outcome | null; reason: string | null } {
  if (waitingPods(twin).length === 0) return { best: null, reason: null }
  const query = whatIfQueryShape.parse({ workload: 'waiting', algorithms: ['portfolio'], decodeBudget })
  const { outcomes, infeasible }: WhatIfAnswer = askWhatIf(twin, query, { id: 'n-1', stateHash: '', registry })
  return { best: outcomes[0] ?? null, reason: infeasible[0]?.reason ?? null }
}

function remedyOf(twin: TwinState, asked: ReadonlyMap<string, number>, outcome: Outcome): Remedy {
  const doneMs = doneMsOf(twin, runningWork(twin).byPod, new Set(outcome.requests.map(({ request }) => request)))
  for (const { request, latencyMs } of outcome.requests) {
    const running = doneMs.get(request) ?? 0
    doneMs.set(request, Math.max(running, latencyMs - (asked.get(request) ?? 0)))
  }
  return {
    ...courseOf(asked, doneMs),
    algorithm: outcome.algorithm,
    picked: outcome.picked,
    moves: outcome.placements
      .filter(({ from, to }) => from !== to)
      .map(({ request, stage, from, to, image }) => ({ request, stage, from, to, image })),
  }
}

/** Request → ms from now until the last of its open pods is done; not of one with a pod that is not among `byPod`. */
function doneMsOf(
  twin: TwinState,
  byPod: readonly { readonly pod: string; readonly finishMs: number }[],
  placed: ReadonlySet<string> = new Set(),
): Map<string, number> {
  const finishMs = new Map(byPod.map((each) => [each.pod, each.finishMs]))
  const doneMs = new Map<string, number>()
  for (const { name, spec, mode } of [...waitingPods(twin), ...runningPods(twin)]) {
    if (spec === null || (mode !== 'running' && placed.has(spec.request))) continue
    const endMs = (finishMs.get(name) ?? Number.POSITIVE_INFINITY) - twin.clockMs
    doneMs.set(spec.request, Math.max(doneMs.get(spec.request) ?? 0, endMs))
  }
  return doneMs
}

function courseOf(asked: ReadonlyMap<string, number>, doneMs: ReadonlyMap<string, number>): Course {
  const endMs = (request: string) => doneMs.get(request) ?? Number.POSITIVE_INFINITY
  const stranded = [...asked.keys()].filter((request) => !Number.isFinite(endMs(request))).sort()
  if (stranded.length > 0) return { makespanMs: null, meanLatencyMs: null, stranded }
  const latenciesMs = [...asked].map(([request, waitedMs]) => waitedMs + endMs(request))
  return {
    makespanMs: Math.max(0, ...[...asked.keys()].map(endMs)),
    meanLatencyMs: latenciesMs.reduce((sum, ms) => sum + ms, 0) / Math.max(1, latenciesMs.length),
    stranded,
  }
}

/** To place nothing anew is the better of equals. */
function isBetter(remedy: Course, unchanged: Course): boolean {
  const fewer = unchanged.stranded.length - remedy.stranded.length
  return fewer > 0 || (fewer === 0 && (increaseMs(unchanged, remedy) ?? 0) > 0)
}

/** To the microsecond: what differs by less is rounding. */
export function increaseMs({ makespanMs: afterMs }: Course, { makespanMs: beforeMs }: Course): number | null {
  return afterMs === null || beforeMs === null ? null : Math.round((afterMs - beforeMs) * 1e3) / 1e3 + 0
}
