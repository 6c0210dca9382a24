/**
 * Who works where: the queue of each accelerator, what waits without a place, and which camera keeps which device busy.
 * Derived from the pods alone and kept per twin view, so that map, table and details agree.
 */

import type { EntityMaps } from '../../../../models/entities/entity-maps.ts'
import type { Pod } from '../../../../models/entities/pod.ts'
import { byName } from '../format.ts'

export interface Stream {
  readonly camera: string
  readonly application: string
  readonly accelerator: string
  readonly runningCount: number
  readonly waitingCount: number
}

export interface Work {
  /** Bound and running pods: the running one first, then in order of binding; ties by name. */
  readonly queueOf: ReadonlyMap<string, readonly Pod[]>
  /** Pending and gated pods by camera, oldest first. */
  readonly unplacedOf: ReadonlyMap<string, readonly Pod[]>
  readonly streamsOf: ReadonlyMap<string, readonly Stream[]>
}

const cache = new WeakMap<EntityMaps['pod'], Work>()

export function workOf(pods: EntityMaps['pod']): Work {
  const known = cache.get(pods)
  if (known !== undefined) return known
  const queueOf = new Map<string, Pod[]>()
  const unplacedOf = new Map<string, Pod[]>()
  for (const pod of pods.values()) {
    const { place } = pod.reported
    if (pod.mode === 'bound' || pod.mode === 'running') push(queueOf, place?.accelerator, pod)
    else if (pod.mode === 'pending' || pod.mode === 'gated') push(unplacedOf, pod.spec?.camera, pod)
  }
  for (const queue of queueOf.values()) queue.sort(byTurn)
  for (const pods of unplacedOf.values()) {
    pods.sort((a, b) => (a.reported.createdMs ?? 0) - (b.reported.createdMs ?? 0) || byName(a.name, b.name))
  }
  const work = { queueOf, unplacedOf, streamsOf: streamsOf(queueOf) }
  cache.set(pods, work)
  return work
}

function byTurn(a: Pod, b: Pod): number {
  if (a.mode !== b.mode) return a.mode === 'running' ? -1 : 1
  return (a.reported.boundMs ?? 0) - (b.reported.boundMs ?? 0) || byName(a.name, b.name)
}

function streamsOf(queueOf: ReadonlyMap<string, readonly Pod[]>): Map<string, Stream[]> {
  const byKey = new Map<string, Stream>()
  for (const [accelerator, queue] of queueOf) {
    for (const { mode, spec } of queue) {
      if (spec === null) continue
      const { camera, application } = spec
      const key = `${camera} ${application} ${accelerator}`
      const { runningCount, waitingCount } = byKey.get(key) ?? { runningCount: 0, waitingCount: 0 }
      const counts =
        mode === 'running' ? { runningCount: runningCount + 1, waitingCount } : { runningCount, waitingCount: waitingCount + 1 }
      byKey.set(key, { camera, application, accelerator, ...counts })
    }
  }
  const byCamera = new Map<string, Stream[]>()
  for (const stream of byKey.values()) push(byCamera, stream.camera, stream)
  for (const streams of byCamera.values()) {
    streams.sort((a, b) => byName(a.application, b.application) || byName(a.accelerator, b.accelerator))
  }
  return byCamera
}

function push<T>(lists: Map<string, T[]>, key: string | undefined, value: T): void {
  if (key === undefined) return
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}
