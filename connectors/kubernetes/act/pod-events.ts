/**
 * What edgetwin did to a pod, or would not, written on it so that `kubectl describe pod` tells.
 *
 * A word to people and no record: one that cannot be written is logged and forgotten, and the same one is written once.
 */
import { createHash } from 'node:crypto'
import type { Logger } from '../../../models/ports.ts'
import type { KubeClient } from '../kube-client.ts'
import { KubeFailure, toKubeFailure } from '../kube-failure.ts'
import type { PodRef } from './actions.ts'
import { microTime } from './micro-time.ts'

/** `TwinMisread`: labels or annotations that are not understood. */
export type PodEventReason = 'TwinPlaced' | 'TwinEvicted' | 'TwinSurged' | 'TwinRefused' | 'TwinMisread'

export interface PodEvent {
  readonly pod: PodRef
  readonly reason: PodEventReason
  readonly note: string
  readonly timeMs: number
}

export interface PodEventsOptions {
  readonly client: KubeClient
  readonly log: Logger
  /** Which of several edgetwins says so. */
  readonly instance: string
  readonly isDryRun?: boolean
}

const NOTE_MAX = 1_024
const ACTIONS: Readonly<Record<PodEventReason, string>> = {
  TwinPlaced: 'Placing',
  TwinEvicted: 'Evicting',
  TwinSurged: 'Replacing',
  TwinRefused: 'Refusing',
  TwinMisread: 'Reading',
}

export function toKubeEvent({ pod, reason, note, timeMs }: PodEvent, instance: string) {
  const { namespace, name, uid } = pod
  const text = note.length > NOTE_MAX ? `${note.slice(0, NOTE_MAX - 1)}…` : note
  // Of what it says, so that saying it again is refused as already there.
  const digest = createHash('sha256').update(`${uid} ${reason} ${text}`).digest('hex').slice(0, 16)
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: `${name.slice(0, 200)}.${digest}`, namespace },
    eventTime: microTime(timeMs),
    type: reason === 'TwinRefused' || reason === 'TwinMisread' ? 'Warning' : 'Normal',
    reason,
    action: ACTIONS[reason],
    note: text,
    reportingController: 'edgetwin.dev/actuator',
    reportingInstance: instance.slice(0, 128),
    // Without the uid it is kept, but not shown with the pod.
    regarding: { apiVersion: 'v1', kind: 'Pod', namespace, name, uid },
  } as const
}

/** Never rejects. */
export async function writePodEvent(event: PodEvent, { client, log, instance, isDryRun = false }: PodEventsOptions): Promise<void> {
  const path = `/apis/events.k8s.io/v1/namespaces/${event.pod.namespace}/events`
  try {
    await client.request({ method: 'POST', path, query: isDryRun ? { dryRun: 'All' } : {}, body: toKubeEvent(event, instance) })
  } catch (error) {
    if (error instanceof KubeFailure && error.kind === 'conflict') return
    log.warn({ pod: event.pod.name, event: event.reason, reason: toKubeFailure(error).message }, 'event of a pod not written')
  }
}
