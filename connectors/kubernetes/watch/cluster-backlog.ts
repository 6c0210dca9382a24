/**
 * What of a cluster is yet to be told: the names of what changed, and pods as they were last seen.
 *
 * What changed is looked up when its turn comes, so it is told as it is then, and however long nobody asks, no more waits than there are
 * objects.
 */
import type { TwinEvent } from '../../../models/events/events.ts'
import type { Clock } from '../../../models/ports.ts'
import { podKey } from '../names.ts'
import type { WatchedPod } from '../watched.ts'
import { saysTheSame } from './camera-facts.ts'
import type { Cluster, ClusterChange } from './cluster.ts'
import { claimants, nodesOfSlice } from './cluster-index.ts'
import { isOver } from './pod-facts.ts'
import { nameOf, type Telling } from './telling.ts'

export interface BacklogOptions {
  readonly cluster: Pick<Cluster, 'objects' | 'isListed' | 'isInTouch' | 'isShown'>
  readonly telling: Telling
  readonly clock: Clock
}

export interface Backlog {
  /** @returns whether it made work. */
  note(change: ClusterChange): boolean
  /** About a thousand events of what waits, in order; none when nothing does. */
  take(): TwinEvent[]
  /** To be called about once a second: takes note of what is due to be told again. */
  look(): void
  waitingCount(): number
  /** Objects that could not be understood, by name, and why. */
  puzzles(): ReadonlyMap<string, string>
}

const BATCH_MAX = 1_000
const RETELL_MS = 30_000
const RETELL_SHARES = 30
/** A node whose lease was not renewed for so long is not vouched for. */
const LEASE_MS = 45_000
/** Pods that went while the log took nothing. */
const GONE_MAX = 20_000

/** Begins, as soon as a kind is listed, with the whole difference between it and what the twin holds. */
export function createBacklog({ cluster, telling, clock }: BacklogOptions): Backlog {
  const nodes = new Set<string>()
  const pods = new Map<string, WatchedPod>()
  /** As they were last seen. */
  const gone: WatchedPod[] = []
  /** By name in the twin: those that nobody saw go. */
  const missing = new Set<string>()
  const renewedMs = new Map<string, number>()
  const toldMs = new Map<string, number>()
  const compared = new Set<'node' | 'pod'>()
  const cameras = { isDue: true, toldMs: 0 }
  const puzzles = new Map<string, string>()

  const touchNode = (name: string | undefined): void => {
    if (name !== undefined) nodes.add(name)
  }
  const touchPod = (pod: WatchedPod): void => {
    pods.set(pod.metadata.uid, pod)
    touchNode(pod.spec.nodeName)
  }
  const note = ({ kind, change }: ClusterChange): boolean => {
    switch (kind) {
      case 'node':
        nodes.add(change.object.metadata.name)
        if (change.type === 'removed' || change.previous === null || !saysTheSame(change.previous, change.object)) cameras.isDue = true
        break
      case 'camera':
        cameras.isDue = true
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
        return false
      case 'event': {
        const { namespace = 'default', name = '', uid } = change.object.regarding ?? {}
        const pod = change.type === 'set' ? cluster.objects('pod').get(`${namespace}/${name}`) : undefined
        if (pod === undefined || pod.metadata.uid !== uid) return false
        pods.set(uid, pod)
        break
      }
      case 'budget':
      case 'namespace':
        return false
      default:
        return change satisfies never
    }
    return true
  }

  /** One object that is like no other must not keep the rest from being told. */
  const tell = (name: string, events: () => TwinEvent[]): TwinEvent[] => {
    try {
      const told = events()
      puzzles.delete(name)
      return told
    } catch (error) {
      puzzles.set(name, error instanceof Error ? error.message : String(error))
      return []
    }
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
  const take = (): TwinEvent[] => {
    compareListed()
    const timeMs = clock()
    const events: TwinEvent[] = []
    const isFull = () => events.length >= BATCH_MAX
    for (const pod of gone.splice(0, BATCH_MAX)) events.push(...tell(nameOf(pod), () => telling.pod(pod, { timeMs, isGone: true })))
    for (const name of missing) {
      missing.delete(name)
      const isBack = cluster.objects('pod').has(podKey(name))
      if (!isBack) events.push(...tell(name, () => telling.podIsGone(name, { timeMs })))
    }
    for (const name of cluster.isListed('node') ? nodes : []) {
      if (isFull()) return events
      nodes.delete(name)
      // After a start the twin's facts are as old as the last run.
      const again = !toldMs.has(name) || isDue(name, timeMs)
      events.push(...tell(name, () => telling.node(name, { timeMs, again })))
      if (!cluster.objects('node').has(name)) toldMs.delete(name)
      // Those of the first list are not all told again in the same second.
      else if (!toldMs.has(name)) toldMs.set(name, timeMs - (RETELL_MS * (toldMs.size % RETELL_SHARES)) / RETELL_SHARES)
      else if (again) toldMs.set(name, timeMs)
    }
    if (cameras.isDue && cluster.isListed('node') && (cluster.isListed('camera') || !cluster.isShown('camera'))) {
      const isRound = timeMs - cameras.toldMs >= RETELL_MS
      events.push(...tell('cameras', () => telling.cameras({ timeMs, again: (node) => isRound && isVouchedFor(node, timeMs) })))
      cameras.isDue = false
      if (isRound) cameras.toldMs = timeMs
    }
    // Where a pod is cannot be told of nodes that are not listed yet.
    const isTold = cluster.isListed('node') || !cluster.isShown('node')
    for (const [uid, pod] of isTold ? [...pods].sort(([, a], [, b]) => byTurn(a, b)) : []) {
      if (isFull()) return events
      pods.delete(uid)
      events.push(...tell(nameOf(pod), () => telling.pod(pod, { timeMs, isGone: false })))
    }
    return events
  }
  const isVouchedFor = (node: string | null, timeMs: number): boolean =>
    cluster.isInTouch('node') && (node === null || timeMs - (renewedMs.get(node) ?? timeMs) < LEASE_MS)
  const isDue = (name: string, timeMs: number): boolean => timeMs - (toldMs.get(name) ?? timeMs) >= RETELL_MS && isVouchedFor(name, timeMs)

  return {
    note,
    take,
    look() {
      const timeMs = clock()
      for (const name of cluster.objects('node').keys()) if (isDue(name, timeMs)) nodes.add(name)
      if (timeMs - cameras.toldMs >= RETELL_MS) cameras.isDue = true
    },
    waitingCount: () => nodes.size + pods.size + gone.length + missing.size,
    puzzles: () => puzzles,
  }
}

function byTurn(a: WatchedPod, b: WatchedPod): number {
  const over = Number(isOver(b)) - Number(isOver(a))
  const [ageA, ageB] = [a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? '']
  return over || (ageA < ageB ? -1 : ageA > ageB ? 1 : a.metadata.name < b.metadata.name ? -1 : 1)
}
