/**
 * What people have set for the pods of a namespace: which policy speaks of a pod, and what it allows at a moment. Pure.
 *
 * The nearest speaks: one of the pod's own namespace, else one of edgetwin's. Of several that match, the oldest, then the first by name.
 */
import type { AlgorithmName } from '../../models/contracts/what-if.ts'
import type { LoopMode } from '../../models/events/decision-events.ts'
import { matchesLabels } from '../../models/scheduling/kubernetes/selectors.ts'
import type { KubeObject } from './informer.ts'
import type { Budget } from './ledger-state.ts'
import type { Metadata } from './watched.ts'

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
      readonly inFlight?: number
      readonly coolDownSeconds?: number
    }
    readonly disruption?: {
      readonly minGainPercent?: number
      readonly mayLeaveGap?: boolean
      readonly windows?: readonly DisruptionWindow[]
    }
  }
  readonly status?: { readonly observedGeneration?: number }
}

export interface PodOfPolicy {
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
}

/** What holds for a pod. Null, or absent in the budget: the policy leaves it to edgetwin's settings. */
export interface PlacementRules {
  /** namespace/name */
  readonly policy: string
  readonly mode: LoopMode
  readonly isPaused: boolean
  readonly algorithm: AlgorithmName
  readonly strategy: 'gate' | 'binding'
  readonly topK: number | null
  readonly budget: Partial<Budget>
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
  const matching = [...policies].filter(
    ({ metadata, spec }) => [pod.namespace, home].includes(metadata.namespace ?? '') && matchesLabels(spec.selector ?? {}, pod.labels),
  )
  const near = matching.filter(({ metadata }) => metadata.namespace === pod.namespace)
  const [first] = (near.length > 0 ? near : matching).sort(byAge)
  return first === undefined ? null : rulesOf(first)
}

function byAge({ metadata: a }: WatchedPolicy, { metadata: b }: WatchedPolicy): number {
  return (a.creationTimestamp ?? '').localeCompare(b.creationTimestamp ?? '') || a.name.localeCompare(b.name)
}

export function rulesOf({ metadata, spec }: WatchedPolicy): PlacementRules {
  const { budget, disruption = {} } = spec
  return {
    policy: `${metadata.namespace}/${metadata.name}`,
    mode: spec.mode,
    isPaused: spec.paused,
    algorithm: spec.algorithm,
    strategy: spec.strategy,
    topK: spec.strategy === 'binding' ? 1 : (spec.topK ?? null),
    budget: {
      ...(budget === undefined ? {} : { windowMs: HOUR_MS, movesPerNamespaceMax: budget.movesPerHour }),
      ...(budget?.movesPerNodePerHour === undefined ? {} : { movesPerNodeMax: budget.movesPerNodePerHour }),
      ...(budget?.inFlight === undefined ? {} : { inFlightMax: budget.inFlight }),
      ...(budget?.coolDownSeconds === undefined ? {} : { coolDownMs: budget.coolDownSeconds * 1_000 }),
    },
    minGainRatio: disruption.minGainPercent === undefined ? null : disruption.minGainPercent / 100,
    mayLeaveGap: disruption.mayLeaveGap ?? null,
    windows: disruption.windows ?? [],
  }
}

export interface Touch {
  readonly timeMs: number
  /** Of a pod that runs; one that waits is placed at any time. */
  readonly isMove: boolean
}

/** Why the pod may not be touched now, in words; null: it may. Whether a plan was approved is for the loop to say. */
export function objection({ policy, mode, isPaused, windows }: PlacementRules, { timeMs, isMove }: Touch): string | null {
  if (isPaused) return `policy ${policy} is paused; set spec.paused to false`
  if (mode === 'observe' || mode === 'advise') return `policy ${policy} is in mode ${mode}, which touches nothing`
  if (!isMove || windows.length === 0 || windows.some((window) => isOpen(window, timeMs))) return null
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
