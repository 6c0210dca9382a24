/**
 * Carrying a plan out, one placement at a time, from the twin alone: what is still to do, what turns out to be done
 * already (a crash may have come between the deed and its record), and what stands against the rest.
 */
import type { Placement } from '../models/contracts/decision.ts'
import type { DecisionRecord } from '../models/entities/decision-record.ts'
import { isEnded, type Pod } from '../models/entities/pod.ts'
import { askFault } from './asked-devices.ts'
import { siteProcessors } from './processors.ts'
import type { TwinState } from './twin-state.ts'
import { isStranded } from './waiting-work.ts'

/** Neither applied nor refused yet, in the order in which to bind. */
export function openPlacements({ desired, reported }: DecisionRecord): Placement[] {
  const answered = new Set([...reported.applied, ...reported.refused].map(({ pod }) => pod))
  return (desired?.placements ?? []).filter(({ pod }) => !answered.has(pod))
}

/** The pod that has the stage where the placement wants it: the pod itself, or its replacement; null when none has. */
export function placedPod(state: TwinState, { pod: name, to }: Placement): string | null {
  const pod = state.entities.pod.get(name)
  if (pod === undefined || pod.reported.place?.accelerator === to) return pod?.name ?? null
  if (pod.mode !== 'evicted' || pod.spec === null) return null
  const { request, stage, iteration } = pod.spec
  const isSuccessor = ({ spec, reported }: Pod) =>
    spec?.request === request && spec.stage === stage && spec.iteration === iteration + 1 && reported.place?.accelerator === to
  return [...state.entities.pod.values()].find(isSuccessor)?.name ?? null
}

/** The fact that stands against a placement, as the twin knows it; null when it may be made. */
export function placementFault(state: TwinState, { pod: name, from, to }: Placement): string | null {
  const pod = state.entities.pod.get(name)
  if (pod === undefined) return `pod ${name} is gone`
  if (isEnded(pod) || (pod.mode === 'running' && !isStranded(state, pod))) return `pod ${name} is ${pod.mode} by now`
  const isAt = pod.reported.place?.accelerator ?? null
  if (isAt !== from) return `pod ${name} is on ${isAt ?? 'no accelerator'} by now, not on ${from ?? 'none'}`
  const { usable, refused } = siteProcessors(state)
  const target = usable.find(({ accelerator }) => accelerator === to)
  if (target !== undefined) {
    if (target.closedReason !== null) return `${to} takes no work: ${target.closedReason}`
    const fault = askFault(pod, target)
    return fault === null ? null : `pod ${name} cannot go to ${to}: ${fault}`
  }
  const reason = refused.get(to)
  return reason === undefined ? `accelerator ${to} is gone` : `${to} takes no work: ${reason}`
}
