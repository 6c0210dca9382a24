/**
 * What in the twin calls for another placement. Level-triggered: it looks at how things are, not at what
 * just happened, so a missed or repeated event changes nothing.
 */
import type { ImageRegistry } from '../models/applications/registry.ts'
import type { Decision } from '../models/contracts/decision.ts'
import { canTakeWork } from '../models/entities/node.ts'
import { isEnded, type Pod } from '../models/entities/pod.ts'
import { loadClassOf } from './load-class.ts'
import type { LoopSettings } from './loop-settings.ts'
import { surveyWork } from './problem.ts'
import type { TwinState } from './twin-state.ts'
import { isDisplaced, isOnItsWay, predecessorOf, waitingPods, whyStuck } from './waiting-work.ts'
import { waitingWork } from './workload.ts'

export type Trigger = Decision['trigger']

/** Work that cannot run as it stands: no cool-down or gain threshold holds it back. */
export function isUrgent(trigger: Trigger): boolean {
  return trigger.kind === 'node-lost' || trigger.kind === 'accelerator-lost' || trigger.kind === 'arrival'
}

export interface TriggerOptions {
  readonly registry: ImageRegistry
  readonly settings: Pick<LoopSettings, 'driftRatio' | 'delta1Seconds' | 'delta2'>
  /** Pods that may be placed or moved; default: all. */
  readonly isOurs?: (pod: Pod) => boolean
}

/** The most pressing reason to decide anew; null when nothing calls for it. */
export function findTrigger(state: TwinState, options: TriggerOptions): Trigger | null {
  const { isOurs = () => true } = options
  const waiting = waitingPods(state).filter(isOurs)
  if (waiting.length === 0) return null
  for (const kind of ['node-lost', 'accelerator-lost'] as const) {
    for (const pod of waiting) {
      const stuck = whyStuck(state, pod)
      if (stuck?.kind === kind) return { kind, subject: stuck.subject, detail: `pod ${pod.name} is bound there and cannot start` }
    }
  }
  const unplaced = waiting.filter((pod) => pod.reported.place === null && !isOnItsWay(state, pod))
  const [first] = unplaced
  if (first) {
    const reason = first.reported.reason === '' ? '' : `: ${first.reported.reason}`
    return { ...whatUnplaced(state, first), detail: `${unplaced.length} pod(s) are bound nowhere${reason}`.slice(0, 1_024) }
  }
  return findDisplaced(state, waiting) ?? findDrift(state, options) ?? findFreed(state, waiting) ?? findImbalance(state, waiting, options)
}

/** What was made because the one before it lost its place; anything else is new, also where somebody deleted the one before. */
function whatUnplaced(state: TwinState, pod: Pod): Pick<Trigger, 'kind' | 'subject'> {
  const before = predecessorOf(state, pod)
  const isLost = before !== undefined && (before.mode === 'failed' || whyStuck(state, before) !== null)
  return (isLost ? whatWasLost(state, pod) : null) ?? { kind: 'arrival', subject: pod.name }
}

function whatWasLost(state: TwinState, pod: Pod): Pick<Trigger, 'kind' | 'subject'> | null {
  const place = predecessorOf(state, pod)?.reported.place
  if (place == null) return null
  const isNodeWell = state.entities.node.get(place.node)?.mode === 'ready'
  return isNodeWell ? { kind: 'accelerator-lost', subject: place.accelerator } : { kind: 'node-lost', subject: place.node }
}

function findDisplaced(state: TwinState, waiting: readonly Pod[]): Trigger | null {
  for (const pod of waiting) {
    const lost = isDisplaced(state, pod) ? whatWasLost(state, pod) : null
    if (lost !== null) return { ...lost, detail: `pod ${pod.name} lost its place there and waits where the site put it` }
  }
  return null
}

function findDrift(state: TwinState, { settings: { driftRatio }, isOurs = () => true }: TriggerOptions): Trigger | null {
  for (const pod of byName(state.entities.pod)) {
    const { startMs, finishMs } = pod.predicted
    if (isEnded(pod) || startMs === null || finishMs === null || !isOurs(pod)) continue
    const lateMs = state.clockMs - finishMs
    if (lateMs > driftRatio * Math.max(1_000, finishMs - startMs)) {
      return { kind: 'drift', subject: pod.name, detail: `predicted to finish ${Math.round(lateMs / 100) / 10} s ago, still ${pod.mode}` }
    }
  }
  return null
}

function findFreed(state: TwinState, waiting: readonly Pod[]): Trigger | null {
  const queued = waiting.filter(
    (pod) => (state.entities.accelerator.get(pod.reported.place?.accelerator ?? '')?.reported.pods.length ?? 0) > 1,
  )
  if (queued.length === 0) return null
  for (const accelerator of byName(state.entities.accelerator)) {
    const node = state.entities.node.get(accelerator.reported.identity?.value.node ?? '')
    const isFree = accelerator.mode === 'unallocated' && accelerator.desired.pods.length === 0
    if (isFree && node !== undefined && canTakeWork(node) && node.reported.identity?.value.role !== 'observer') {
      return { kind: 'accelerator-freed', subject: accelerator.name, detail: `idle while ${queued.length} pod(s) queue elsewhere` }
    }
  }
  return null
}

/** The DHS definition on the work that waits. One pod in a queue cannot be spread, so two must wait in the same one. */
function findImbalance(state: TwinState, waiting: readonly Pod[], { registry, settings }: TriggerOptions): Trigger | null {
  const queued = new Map<string, number>()
  for (const { reported } of waiting) {
    if (reported.place) queued.set(reported.place.accelerator, (queued.get(reported.place.accelerator) ?? 0) + 1)
  }
  const [longest] = [...queued].sort(([a, aCount], [b, bCount]) => bCount - aCount || (a < b ? -1 : 1))
  if (longest === undefined || longest[1] < 2) return null
  const survey = surveyWork(state, waitingWork(state), { granularity: 'stage', registry, busyMs: new Map() })
  const { className, tMaxSeconds, tMinSeconds, tMeanSeconds } = loadClassOf(state, survey, settings).loadClass
  if (!className.startsWith('U')) return null
  const [max, min, mean] = [tMaxSeconds, tMinSeconds, tMeanSeconds].map((seconds) => `${seconds.toFixed(1)} s`)
  const detail = `class ${className}: cameras' own work is ${min} to ${max}, mean ${mean}; ${longest[1]} pods wait here`
  return { kind: 'imbalance', subject: longest[0], detail }
}

/** A map restored from a snapshot has another order than the live one; the same twin must give the same trigger. */
function byName<T extends { readonly name: string }>(entities: ReadonlyMap<string, T>): T[] {
  return [...entities.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}
