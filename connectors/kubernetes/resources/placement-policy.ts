/**
 * What people have set for the pods of a namespace: which policy speaks of a pod, and what it allows at a moment. Pure.
 *
 * The nearest speaks: one of the pod's own namespace, else one of edgetwin's. Of several that match, the oldest, then the first by name.
 */
import type { AlgorithmName } from '../../../models/contracts/what-if.ts'
import { type LoopMode, touchesNothing } from '../../../models/events/decision-events.ts'
import { matchesLabels } from '../../../models/scheduling/kubernetes/selectors.ts'
import type { KubeObject } from '../informer.ts'
import type { Condition, Metadata } from '../watched.ts'

type Day = 'Mon' | 'Tue' | 'Wed' | 'Thu' | 'Fri' | 'Sat' | 'Sun'

/** From `from` until `to`, UTC, "22:30"; until the next day when `to` is before `from`. */
export interface DisruptionWindow {
  /** On which it begins; absent: each. */
  readonly days?: readonly Day[]
  readonly from: string
  readonly to: string
}

/** As the API server has it, with its defaults. */
export interface WatchedPolicy extends KubeObject {
  readonly metadata: Metadata & { readonly generation?: number }
  readonly spec: {
    readonly selector?: Parameters<typeof matchesLabels>[0]
    readonly mode: LoopMode
    readonly paused: boolean
    readonly algorithm: AlgorithmName
    readonly strategy: 'gate' | 'binding'
    readonly topK?: number
    readonly budget?: {
      readonly movesPerHour: number
      readonly movesPerNodePerHour?: number
      readonly coolDownSeconds?: number
    }
    readonly disruption?: {
      readonly minGainPercent?: number
      readonly mayLeaveGap?: boolean
      readonly windows?: readonly DisruptionWindow[]
    }
  }
  readonly status?: PolicyStatus
}

export interface PolicyStatus {
  readonly observedGeneration?: number
  /** That its selector matches, of those it may speak of. */
  readonly matchedPods?: number
  /** Of these, those that no other policy speaks of first. */
  readonly governedPods?: number
  readonly lastPlan?: string
  readonly conditions?: readonly Condition[]
}

export interface PodOfPolicy {
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
}

/** What holds for a pod. Null: the policy leaves it to edgetwin's settings. */
export interface PlacementRules {
  /** namespace/name */
  readonly policy: string
  readonly mode: LoopMode
  readonly isPaused: boolean
  readonly algorithm: AlgorithmName
  readonly strategy: 'gate' | 'binding'
  readonly topK: number | null
  /** Of the moves under this policy. */
  readonly budget: { readonly movesPerHourMax: number; readonly movesPerNodePerHourMax: number } | null
  readonly coolDownMs: number | null
  readonly minGainRatio: number | null
  readonly mayLeaveGap: boolean | null
  /** Empty: at any time. */
  readonly windows: readonly DisruptionWindow[]
}

const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
const DAYS: readonly Day[] = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']

/** @param home edgetwin's namespace. @returns null when no policy speaks of the pod. */
export function rulesFor(policies: Iterable<WatchedPolicy>, pod: PodOfPolicy, home: string): PlacementRules | null {
  const first = policyFor([...policies].sort(byAge), pod, home)
  return first === null ? null : rulesOf(first)
}

/** @param policies As `byAge` sorts them. */
export function policyFor(policies: readonly WatchedPolicy[], pod: PodOfPolicy, home: string): WatchedPolicy | null {
  const matching = policies.filter((policy) => speaksOf(policy, pod, home))
  return matching.find(({ metadata }) => metadata.namespace === pod.namespace) ?? matching[0] ?? null
}

/** Whether it would, were there no other. */
export function speaksOf({ metadata, spec }: WatchedPolicy, pod: PodOfPolicy, home: string): boolean {
  const isMeant = metadata.namespace === pod.namespace || metadata.namespace === home
  return isMeant && matchesLabels(spec.selector ?? {}, pod.labels)
}

/** namespace/name */
export const policyKey = ({ metadata: { namespace, name } }: Pick<WatchedPolicy, 'metadata'>): string => `${namespace}/${name}`

/** Oldest first, then by name. */
export function byAge({ metadata: a }: WatchedPolicy, { metadata: b }: WatchedPolicy): number {
  return (a.creationTimestamp ?? '').localeCompare(b.creationTimestamp ?? '') || a.name.localeCompare(b.name)
}

export function rulesOf({ metadata, spec }: WatchedPolicy): PlacementRules {
  const { budget, disruption = {} } = spec
  return {
    policy: policyKey({ metadata }),
    mode: spec.mode,
    isPaused: spec.paused,
    algorithm: spec.algorithm,
    strategy: spec.strategy,
    topK: spec.strategy === 'binding' ? 1 : (spec.topK ?? null),
    budget:
      budget === undefined
        ? null
        : { movesPerHourMax: budget.movesPerHour, movesPerNodePerHourMax: budget.movesPerNodePerHour ?? budget.movesPerHour },
    coolDownMs: budget?.coolDownSeconds === undefined ? null : budget.coolDownSeconds * 1_000,
    minGainRatio: disruption.minGainPercent === undefined ? null : disruption.minGainPercent / 100,
    mayLeaveGap: disruption.mayLeaveGap ?? null,
    windows: disruption.windows ?? [],
  }
}

export interface Touch {
  readonly timeMs: number
  /** Of a pod that runs; one that waits is placed at any time. */
  readonly isMove: boolean
  /** Off a node that is lost, which disrupts nothing. */
  readonly isRescue?: boolean
}

/** Why the pod may not be touched now, in words; null: it may. Whether a plan was approved is for the loop to say. */
export function objection(rules: PlacementRules, { timeMs, isMove, isRescue = false }: Touch): string | null {
  const { policy, mode, isPaused } = rules
  if (isPaused) return `policy ${policy} is paused; set spec.paused to false`
  if (touchesNothing(mode)) return `policy ${policy} is in mode ${mode}, which touches nothing`
  return isMove && !isRescue ? whyNotMoved(rules, timeMs) : null
}

/** What stands against moving a pod that runs, whatever the mode. */
export function whyNotMoved({ policy, windows, budget }: PlacementRules, timeMs: number): string | null {
  if (budget?.movesPerHourMax === 0) return `policy ${policy} allows no moves: its budget is 0 in an hour`
  if (windows.length === 0 || windows.some((window) => isOpen(window, timeMs))) return null
  const open = windows.map(({ days, from, to }) => `${days === undefined ? '' : `${days.join(' ')} `}${from}–${to}`)
  return `policy ${policy} lets running pods be moved only ${open.join(', ')} UTC`
}

export function isOpen({ days, from, to }: DisruptionWindow, timeMs: number): boolean {
  const [fromMs, toMs] = [clockMs(from), clockMs(to)]
  const midnightMs = Math.floor(timeMs / DAY_MS) * DAY_MS
  const lengthMs = toMs > fromMs ? toMs - fromMs : toMs - fromMs + DAY_MS
  // One that began yesterday may still be open.
  return [midnightMs - DAY_MS, midnightMs].some((dayMs) => {
    const beginsMs = dayMs + fromMs
    const day = DAYS[new Date(dayMs).getUTCDay()]
    return (days === undefined || (day !== undefined && days.includes(day))) && timeMs >= beginsMs && timeMs < beginsMs + lengthMs
  })
}

function clockMs(text: string): number {
  const [hours = 0, minutes = 0] = text.split(':').map(Number)
  return hours * HOUR_MS + minutes * 60_000
}
