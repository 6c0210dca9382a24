/**
 * From a watched cluster to the event log: takes note of what changed and tells it in order, a batch at a time.
 *
 * While the log refuses, the same batch is offered again and nothing further is worked out, so nothing is lost or told out of turn.
 * Facts are told again every half minute while their source is in touch: their age in the twin is then the age of what we know.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { TwinError } from '../../models/errors.ts'
import type { TwinEvent } from '../../models/events/events.ts'
import type { Clock, EventLog, Logger, Stop } from '../../models/ports.ts'
import type { Cluster, ClusterChange } from './cluster.ts'
import { claimants, nodesOfSlice } from './cluster-index.ts'
import { kubePodName } from './names.ts'
import { isOver } from './pod-facts.ts'
import { nameOf, type Telling } from './telling.ts'
import type { WatchedPod } from './watched.ts'

export interface FeedOptions {
  readonly telling: Telling
  readonly publish: EventLog['publish']
  readonly clock: Clock
  readonly log: Logger
  /** What changes within so long is told together; default 20 ms. */
  readonly gatherMs?: number
}

export interface Feed {
  readonly note: (change: ClusterChange) => void
  readonly status: () => FeedStatus
  readonly stop: Stop
}

export interface FeedStatus {
  readonly waitingCount: number
  readonly toldCount: number
  readonly refusedCount: number
  /** Since when the log takes nothing; null: it does. */
  readonly stuckSinceMs: number | null
}

const BATCH_MAX = 1_000
const RETRY_MS = 1_000
const RETELL_MS = 30_000
const LOOK_MS = 1_000
/** Pods that went while the log took nothing. */
const GONE_MAX = 20_000
/** A node whose lease was not renewed for so long is not vouched for. */
const LEASE_MS = 45_000

/** Begins when the cluster is listed, with the whole difference between it and what the twin holds. */
export function runFeed(cluster: Cluster, options: FeedOptions): Feed {
  const { telling, publish, clock, log, gatherMs = 20 } = options
  const nodes = new Set<string>()
  const pods = new Map<string, WatchedPod>()
  /** As they were last seen. */
  const gone: WatchedPod[] = []
  /** By name in the twin: those that nobody saw go. */
  const missing = new Set<string>()
  const renewedMs = new Map<string, number>()
  const toldMs = new Map<string, number>()
  const compared = new Set<'node' | 'pod'>()
  const stopping = new AbortController()
  const counts = { told: 0, refused: 0 }
  let stuckSinceMs: number | null = null
  let wake = Promise.withResolvers<void>()

  const touchNode = (name: string | undefined): void => {
    if (name !== undefined) nodes.add(name)
  }
  const touchPod = (pod: WatchedPod): void => {
    pods.set(pod.metadata.uid, pod)
    touchNode(pod.spec.nodeName)
  }
  const note = ({ kind, change }: ClusterChange): void => {
    switch (kind) {
      case 'node':
        nodes.add(change.object.metadata.name)
        break
      case 'pod':
        if (change.type === 'set') touchPod(change.object)
        else {
          pods.delete(change.object.metadata.uid)
          gone.push(change.object)
          touchNode(change.object.spec.nodeName)
          // How it went is not told then; that it is gone will be.
          if (gone.length > GONE_MAX) missing.add(nameOf(gone.shift()!))
        }
        break
      case 'slice':
        for (const node of nodesOfSlice(change.object)) nodes.add(node)
        if (change.type === 'set' && change.previous !== null) for (const node of nodesOfSlice(change.previous)) nodes.add(node)
        break
      case 'claim':
        for (const pod of claimants(change.object, cluster.objects('pod'))) touchPod(pod)
        break
      case 'lease':
        renewedMs.set(change.object.metadata.name, clock())
        return
      case 'event':
      case 'budget':
      case 'namespace':
        return
      default:
        return change satisfies never
    }
    wake.resolve()
  }

  /** With what the twin holds, once, as soon as there is a list to compare with: a kind that is not shown to us is not lost. */
  const compareListed = (): void => {
    if (cluster.isListed('node') && !compared.has('node')) {
      compared.add('node')
      for (const name of [...telling.toldNodes(), ...cluster.objects('node').keys()]) nodes.add(name)
    }
    if (cluster.isListed('pod') && !compared.has('pod')) {
      compared.add('pod')
      for (const pod of cluster.objects('pod').values()) touchPod(pod)
      const there = new Set([...cluster.objects('pod').values()].map(nameOf))
      for (const name of telling.toldPods()) if (!there.has(name)) missing.add(name)
    }
  }

  /** What is over before what takes over from it, and nodes before pods, since pods take devices. */
  const work = (timeMs: number): TwinEvent[] => {
    const events: TwinEvent[] = []
    const isFull = () => events.length >= BATCH_MAX
    for (const pod of gone.splice(0, BATCH_MAX)) events.push(...telling.pod(pod, { timeMs, isGone: true }))
    for (const name of missing) {
      missing.delete(name)
      const isBack = cluster.objects('pod').has(keyOfTwinName(name))
      if (!isBack) events.push(...telling.podIsGone(name, { timeMs }))
    }
    for (const name of cluster.isListed('node') ? nodes : []) {
      if (isFull()) return events
      nodes.delete(name)
      const again = isDue(name, timeMs)
      events.push(...telling.node(name, { timeMs, again }))
      if (!cluster.objects('node').has(name)) toldMs.delete(name)
      else if (again || !toldMs.has(name)) toldMs.set(name, timeMs)
    }
    for (const [uid, pod] of [...pods].sort(([, a], [, b]) => byTurn(a, b))) {
      if (isFull()) return events
      pods.delete(uid)
      events.push(...telling.pod(pod, { timeMs, isGone: false }))
    }
    return events
  }
  const isDue = (name: string, timeMs: number): boolean =>
    cluster.isInTouch('node') && timeMs - (toldMs.get(name) ?? 0) >= RETELL_MS && timeMs - (renewedMs.get(name) ?? timeMs) < LEASE_MS

  const offer = async (events: readonly TwinEvent[]): Promise<void> => {
    for (let tries = 0; !stopping.signal.aborted || tries === 0; tries++) {
      try {
        await publish(events)
        counts.told += events.length
        stuckSinceMs = null
        return
      } catch (error) {
        if (error instanceof TwinError && error.code === 'LOG_REFUSED') return oneByOne(events)
        stuckSinceMs ??= clock()
        log.warn({ error: String(error), eventCount: events.length, retryMs: RETRY_MS }, 'cluster events not accepted')
        await sleep(RETRY_MS, undefined, { signal: stopping.signal }).catch(() => {})
      }
    }
  }
  /** What the log will never take must not hold up the rest. */
  const oneByOne = async (events: readonly TwinEvent[]): Promise<void> => {
    if (events.length > 1) {
      for (const event of events) await offer([event])
      return
    }
    counts.refused++
    log.error({ type: events[0]?.type, event: JSON.stringify(events[0]).slice(0, 500) }, 'cluster event refused by the log')
  }

  const waitingCount = (): number => nodes.size + pods.size + gone.length + missing.size

  const run = async (): Promise<void> => {
    await cluster.synced
    for (let lookedMs = 0; !stopping.signal.aborted; ) {
      compareListed()
      if (clock() - lookedMs >= LOOK_MS) {
        lookedMs = clock()
        for (const name of cluster.objects('node').keys()) if (isDue(name, lookedMs)) nodes.add(name)
        const late = telling.giveUp({ timeMs: lookedMs })
        if (late.length > 0) await offer(late)
      }
      const events = work(clock())
      for (let first = 0; first < events.length; first += BATCH_MAX) await offer(events.slice(first, first + BATCH_MAX))
      if (events.length > 0 && waitingCount() > 0) continue
      await Promise.race([wake.promise, sleep(LOOK_MS, undefined, { signal: stopping.signal }).catch(() => {})])
      wake = Promise.withResolvers()
      await sleep(gatherMs, undefined, { signal: stopping.signal }).catch(() => {})
    }
  }
  const running = run()

  return {
    note,
    status: () => ({ waitingCount: waitingCount(), toldCount: counts.told, refusedCount: counts.refused, stuckSinceMs }),
    async stop() {
      stopping.abort()
      wake.resolve()
      await running
    },
  }
}

function byTurn(a: WatchedPod, b: WatchedPod): number {
  const over = Number(isOver(b)) - Number(isOver(a))
  const [ageA, ageB] = [a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? '']
  return over || (ageA < ageB ? -1 : ageA > ageB ? 1 : a.metadata.name < b.metadata.name ? -1 : 1)
}

function keyOfTwinName(name: string): string {
  const pod = kubePodName(name)
  return pod === null ? '' : `${pod.namespace}/${pod.name}`
}
