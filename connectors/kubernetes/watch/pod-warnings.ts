/**
 * What the cluster warns of at a pod: its Warning events, and what its containers died of or wait for, one of each reason.
 *
 * Events of one reason are added up, whether the server counted them in one or wrote several; the newest says the words.
 */
import type { PodWarning } from '../../../models/entities/pod.ts'
import { POD_WARNINGS_MAX } from '../../../models/entities/pod.ts'
import { type ClusterEvent, timeOf, type WatchedPod } from '../watched.ts'

const REASON_MAX = 253
const NOTE_MAX = 1_000
const COUNT_MAX = 1_000_000_000
/** What a container waits for when all goes well. */
const PATIENT = new Set(['ContainerCreating', 'PodInitializing'])

export function warningsOf(pod: WatchedPod, events: readonly ClusterEvent[], heardMs: number): readonly PodWarning[] {
  const told = events.map((event) => warningOf(event, heardMs))
  const all = [...Map.groupBy([...told, ...containerWarnings(pod, heardMs)], ({ reason }) => reason)].map(([reason, same]) => {
    const newest = same.reduce((a, b) => (b.timeMs > a.timeMs ? b : a))
    const count = same.reduce((sum, each) => sum + each.count, 0)
    return { reason, note: newest.note, count: Math.min(count, COUNT_MAX), timeMs: newest.timeMs }
  })
  return all.sort((a, b) => a.timeMs - b.timeMs).slice(-POD_WARNINGS_MAX)
}

function warningOf({ reason = '', note = '', series, deprecatedCount, ...event }: ClusterEvent, heardMs: number): PodWarning {
  const at = series?.lastObservedTime ?? event.deprecatedLastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp
  const count = Math.max(1, Math.trunc(series?.count ?? deprecatedCount ?? 1))
  return { reason: reason.slice(0, REASON_MAX) || 'Warning', note: note.slice(0, NOTE_MAX), count, timeMs: timeOf(at) ?? heardMs }
}

function containerWarnings({ status }: WatchedPod, heardMs: number): PodWarning[] {
  return (status?.containerStatuses ?? []).flatMap(({ name, state, lastState, restartCount = 0 }): PodWarning[] => {
    const count = Math.max(1, restartCount)
    const died = [state?.terminated, lastState?.terminated].find((each) => each?.reason === 'OOMKilled')
    const killed = {
      reason: 'OOMKilled',
      note: `container ${name} wanted more memory than its limit; raise the limit or use a smaller model`,
      count,
      timeMs: timeOf(died?.finishedAt) ?? heardMs,
    }
    const { reason = '', message = '' } = state?.waiting ?? {}
    const waits = reason !== '' && !PATIENT.has(reason)
    const waiting = {
      reason: reason.slice(0, REASON_MAX),
      note: `container ${name}: ${message}`.slice(0, NOTE_MAX),
      count,
      timeMs: heardMs,
    }
    return [...(died === undefined ? [] : [killed]), ...(waits ? [waiting] : [])]
  })
}
