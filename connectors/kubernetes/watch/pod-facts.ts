/**
 * A pod of the cluster in the twin's words.
 *
 * Kubernetes tells whole seconds. What is heard within that second happened when it was heard, at the latest; what is heard later
 * keeps the second that was told. A pod that is being deleted is over: its replacement exists already, and what it still holds is
 * told of the accelerator.
 */

import type { PodWarning } from '../../../models/entities/pod.ts'
import { POD_KEYS } from '../names.ts'
import { type ClusterEvent, conditionOf, hasEnded, noteOf, timeOf, type WatchedPod } from '../watched.ts'
import type { PodSpec } from './pod-spec.ts'
import { warningsOf } from './pod-warnings.ts'

export interface PodPlace {
  readonly node: string
  readonly accelerator: string
  readonly image: string
  readonly by: string
}

export type PodEnd =
  | { readonly type: 'finished'; readonly timeMs: number }
  | { readonly type: 'failed'; readonly timeMs: number; readonly reason: string }
  | { readonly type: 'evicted'; readonly timeMs: number; readonly reason: string; readonly by: string }

export interface PodFacts {
  readonly uid: string
  readonly spec: PodSpec
  readonly createdMs: number
  /** What keeps it from being bound, in words; empty: nothing. */
  readonly hold: string
  readonly place: PodPlace | null
  readonly boundMs: number | null
  readonly startedMs: number | null
  readonly end: PodEnd | null
  readonly warnings: readonly PodWarning[]
}

export interface PodContext {
  readonly heardMs: number
  readonly spec: PodSpec
  /** When an earlier pod of that name was made, so that the twin does not take this one for the earlier. */
  readonly notBeforeMs?: number
  /** Where it is; null: bound nowhere, or not known yet. */
  readonly accelerator: string | null
  /** Warning events that speak of it. */
  readonly events?: readonly ClusterEvent[]
}

const TEXT_MAX = 1_000

export function podFactsOf(pod: WatchedPod, { heardMs, spec, notBeforeMs = 0, accelerator, events = [] }: PodContext): PodFacts {
  const at = (text: string | null | undefined, since: number): number => Math.max(since, moment(text, heardMs))
  const createdMs = at(pod.metadata.creationTimestamp, notBeforeMs)
  const node = pod.spec.nodeName
  const place = node === undefined || accelerator === null ? null : { node, accelerator, image: imageOf(pod), by: whoChose(pod) }
  const started = startOf(pod)
  const bound = conditionOf(pod, 'PodScheduled')?.lastTransitionTime ?? started
  const boundMs = place === null ? null : at(bound, createdMs)
  const startedMs = started === null ? null : at(started, boundMs ?? createdMs)
  return {
    uid: pod.metadata.uid,
    spec,
    createdMs,
    hold: node === undefined ? holdOf(pod) : '',
    place,
    boundMs,
    startedMs,
    warnings: warningsOf(pod, events, heardMs),
    end: endOf(pod, { at, sinceMs: startedMs ?? boundMs ?? createdMs, heardMs }),
  }
}

function moment(text: string | null | undefined, heardMs: number): number {
  const ms = timeOf(text)
  return ms === null || (heardMs >= ms && heardMs < ms + 1_000) ? heardMs : ms
}

export const isOver = (pod: WatchedPod): boolean => hasEnded(pod) || pod.metadata.deletionTimestamp !== undefined

const imageOf = ({ spec }: WatchedPod): string => (spec.containers[0]?.image ?? '').slice(0, TEXT_MAX)

function whoChose({ metadata, spec }: WatchedPod): string {
  return noteOf(metadata, POD_KEYS.decision) === undefined ? spec.schedulerName || 'default-scheduler' : 'edgetwin'
}

function holdOf(pod: WatchedPod): string {
  const gates = (pod.spec.schedulingGates ?? []).map(({ name }) => name)
  if (gates.length > 0) return gates.join(', ').slice(0, TEXT_MAX)
  const scheduled = conditionOf(pod, 'PodScheduled')
  return scheduled?.status === 'False' ? (scheduled.message ?? scheduled.reason ?? '').slice(0, TEXT_MAX) : ''
}

/** Of its first container to start; null: none has. */
function startOf({ status }: WatchedPod): string | null {
  const starts = (status?.containerStatuses ?? []).flatMap(({ state }) => state?.running?.startedAt ?? state?.terminated?.startedAt ?? [])
  const [first = null] = starts.sort()
  return first ?? (status?.phase === 'Running' ? (status.startTime ?? '') : null)
}

interface EndContext {
  readonly at: (text: string | null | undefined, since: number) => number
  readonly sinceMs: number
  readonly heardMs: number
}

function endOf(pod: WatchedPod, { at, sinceMs, heardMs }: EndContext): PodEnd | null {
  const { metadata, status } = pod
  const stops = (status?.containerStatuses ?? []).flatMap(({ state }) => state?.terminated?.finishedAt ?? [])
  const timeMs = at(stops.sort().at(-1), sinceMs)
  const disruption = conditionOf(pod, 'DisruptionTarget')
  const isDisrupted = disruption?.status === 'True'
  if (status?.phase === 'Succeeded') return { type: 'finished', timeMs }
  if (status?.phase === 'Failed' && !isDisrupted && status.reason !== 'Evicted') return { type: 'failed', timeMs, reason: failureOf(pod) }
  if (status?.phase !== 'Failed' && metadata.deletionTimestamp === undefined) return null
  const reason = isDisrupted ? [disruption.reason, disruption.message].filter(Boolean).join(': ') : (status?.message ?? 'deleted')
  // It is the time by which it must be gone, which may be still to come.
  const deletedMs = Math.max(sinceMs, Math.min(heardMs, timeOf(metadata.deletionTimestamp) ?? heardMs))
  const endMs = isDisrupted ? at(disruption.lastTransitionTime, sinceMs) : deletedMs
  return {
    type: 'evicted',
    timeMs: endMs,
    reason: reason.slice(0, TEXT_MAX),
    by: (isDisrupted ? disruption.reason : undefined) ?? 'kubernetes',
  }
}

function failureOf({ status }: WatchedPod): string {
  const failed = (status?.containerStatuses ?? []).find(({ state }) => (state?.terminated?.exitCode ?? 0) !== 0)
  const exit = failed?.state?.terminated
  const container = exit === undefined ? '' : `container ${failed!.name}: ${exit.reason ?? 'Error'}, exit code ${exit.exitCode}`
  return [status?.reason, status?.message, container].filter(Boolean).join(': ').slice(0, TEXT_MAX) || 'failed'
}
