/**
 * What in the twin calls for another placement. Level-triggered: it looks at how things are, not at what
 * just happened, so a missed or repeated event changes nothing.
 */
import type { Decision } from '../models/contracts/decision.ts'
import { canTakeWork } from '../models/entities/node.ts'
import { isEnded } from '../models/entities/pod.ts'
import type { TwinState } from './twin-state.ts'
import { waitingPods, whyStuck } from './waiting-work.ts'

export type Trigger = Decision['trigger']

/** Work that cannot run as it stands: no cool-down or gain threshold holds it back. */
export function isUrgent(trigger: Trigger): boolean {
  return trigger.kind === 'node-lost' || trigger.kind === 'accelerator-lost' || trigger.kind === 'arrival'
}

export interface TriggerSettings {
  /** A placed pod is late when it overruns its predicted duration by more than this share. */
  readonly driftRatio: number
  /** Spread of the cameras' waiting work, seconds, from which they are unbalanced. */
  readonly delta1Seconds: number
}

/** The most pressing reason to decide anew; null when nothing calls for it. */
export function findTrigger(state: TwinState, settings: TriggerSettings): Trigger | null {
  const waiting = waitingPods(state)
  if (waiting.length === 0) return null
  for (const kind of ['node-lost', 'accelerator-lost'] as const) {
    for (const pod of waiting) {
      const stuck = whyStuck(state, pod)
      if (stuck?.kind === kind) return { kind, subject: stuck.subject, detail: `pod ${pod.name} is bound there and cannot start` }
    }
  }
  const unplaced = waiting.filter((pod) => pod.reported.place === null)
  const [first] = unplaced
  if (first) {
    // A restarted pod without a place lost the one it had.
    const kind = (first.spec?.iteration ?? 0) > 0 ? 'node-lost' : 'arrival'
    const detail = `${unplaced.length} pod(s) are bound nowhere${first.reported.reason === '' ? '' : `: ${first.reported.reason}`}`
    return { kind, subject: first.name, detail }
  }
  return findDrift(state, settings) ?? findFreed(state) ?? findImbalance(state, settings)
}

function findDrift(state: TwinState, { driftRatio }: TriggerSettings): Trigger | null {
  for (const pod of byName(state.entities.pod)) {
    const { startMs, finishMs } = pod.predicted
    if (isEnded(pod) || startMs === null || finishMs === null) continue
    const lateMs = state.clockMs - finishMs
    if (lateMs > driftRatio * Math.max(1_000, finishMs - startMs)) {
      return { kind: 'drift', subject: pod.name, detail: `predicted to finish ${Math.round(lateMs / 100) / 10} s ago, still ${pod.mode}` }
    }
  }
  return null
}

function findFreed(state: TwinState): Trigger | null {
  const queued = waitingPods(state).filter(
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

function findImbalance(state: TwinState, { delta1Seconds }: TriggerSettings): Trigger | null {
  const untilBySubject = byName(state.entities.accelerator)
    .filter(({ reported }) => reported.pods.length > 0)
    .map(({ name, predicted, reported }) => ({
      name,
      seconds: Math.max(0, (predicted.busyUntilMs ?? state.clockMs) - state.clockMs) / 1_000,
      pods: reported.pods.length,
    }))
  const longest = untilBySubject.sort((a, b) => b.pods - a.pods || b.seconds - a.seconds)[0]
  if (longest === undefined || longest.pods < 2) return null
  const least = Math.min(...untilBySubject.map(({ seconds }) => seconds))
  if (longest.pods === 2 && longest.seconds - least <= delta1Seconds) return null
  return { kind: 'imbalance', subject: longest.name, detail: `${longest.pods} pods share it` }
}

/** A map restored from a snapshot has another order than the live one; the same twin must give the same trigger. */
function byName<T extends { readonly name: string }>(entities: ReadonlyMap<string, T>): T[] {
  return [...entities.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}
