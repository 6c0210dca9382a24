/**
 * What the twin holds, in the form in which the cluster is read: where telling begins after a start.
 *
 * Whatever else once fed this twin, its nodes and pods are the cluster's from now on; what only exporters speak of stays theirs.
 */
import type { EntityMaps } from '../../models/entities/entity-maps.ts'
import { isEnded, type Pod } from '../../models/entities/pod.ts'
import type { AcceleratorFacts, NodeFacts } from './node-facts.ts'
import type { PodEnd, PodFacts } from './pod-facts.ts'
import { SOURCE } from './to-events.ts'

export function nodesToldBy({ node, camera }: EntityMaps): Map<string, NodeFacts> {
  const told = new Map<string, NodeFacts>()
  for (const { name, mode, desired, reported } of node.values()) {
    const { identity, conditions } = reported
    if (mode === 'gone' || identity === null || (identity.value.role === 'observer' && identity.source !== SOURCE)) continue
    const inside = [...camera.values()].find((each) => each.mode !== 'gone' && isInside(each.reported.identity, name))
    const { node: _, ...seen } = inside?.reported.identity?.value ?? { node: null, recordedAt: null, emulated: false }
    told.set(name, {
      identity: identity.value,
      schedulable: desired.schedulable,
      conditions: conditions?.value ?? { ready: false, cordoned: false, reason: 'not told' },
      camera: inside === undefined ? null : { name: inside.name, node: name, applications: inside.desired.applications, ...seen },
    })
  }
  return told
}

function isInside(identity: { readonly source: string; readonly value: { readonly node: string | null } } | null, node: string): boolean {
  return identity?.source === SOURCE && identity.value.node === node
}

/** By node, then by name. */
export function acceleratorsToldBy({ accelerator }: EntityMaps): Map<string, Map<string, AcceleratorFacts>> {
  const told = new Map<string, Map<string, AcceleratorFacts>>()
  for (const { name, mode, reported } of accelerator.values()) {
    const { identity, health } = reported
    if (identity === null || identity.source !== SOURCE || (mode === 'offline' && health?.value.healthy === false)) continue
    const { healthy = true, reason = '', heldBy = '' } = health?.value ?? {}
    const ofNode = told.get(identity.value.node) ?? new Map<string, AcceleratorFacts>()
    told.set(identity.value.node, ofNode.set(name, { identity: identity.value, healthy, reason, heldBy }))
  }
  return told
}

export function podsToldBy({ pod }: EntityMaps): Map<string, PodFacts> {
  const told = new Map<string, PodFacts>()
  for (const each of pod.values()) {
    const { name, uid, spec, mode, reported } = each
    if (uid === null || spec === null) continue
    const { createdMs, boundMs, startedMs, place, timeMs } = reported
    const hold = mode === 'pending' || mode === 'gated' ? reported.reason : ''
    told.set(name, { uid, spec, createdMs: createdMs ?? timeMs, hold, place, boundMs, startedMs, end: endOf(each) })
  }
  return told
}

function endOf(pod: Pod): PodEnd | null {
  if (!isEnded(pod)) return null
  const { endedMs, timeMs, reason } = pod.reported
  const at = endedMs ?? timeMs
  if (pod.mode === 'succeeded') return { type: 'finished', timeMs: at }
  return pod.mode === 'failed' ? { type: 'failed', timeMs: at, reason } : { type: 'evicted', timeMs: at, reason, by: SOURCE }
}
