/**
 * What the twin holds, in the form in which the cluster is read: where telling begins after a start.
 *
 * Whatever else once fed this twin, its nodes, cameras, links and pods are the cluster's from now on; what only exporters speak of stays theirs.
 */
import type { EntityMaps } from '../../../models/entities/entity-maps.ts'
import { isEnded, type Pod } from '../../../models/entities/pod.ts'
import type { CameraFacts } from './camera-facts.ts'
import { type LinkFacts, linkNameOf } from './link-facts.ts'
import type { AcceleratorFacts, NodeFacts } from './node-facts.ts'
import type { PodEnd, PodFacts } from './pod-facts.ts'
import { SOURCE } from './to-events.ts'

export function nodesToldBy({ node }: EntityMaps): Map<string, NodeFacts> {
  const told = new Map<string, NodeFacts>()
  for (const { name, mode, desired, reported } of node.values()) {
    const { identity, conditions } = reported
    if (mode === 'gone' || identity === null || (identity.value.role === 'observer' && identity.source !== SOURCE)) continue
    told.set(name, {
      identity: identity.value,
      schedulable: desired.schedulable,
      conditions: conditions?.value ?? { ready: false, cordoned: false, reason: 'not told' },
    })
  }
  return told
}

export function camerasToldBy({ camera }: EntityMaps): Map<string, CameraFacts> {
  const told = new Map<string, CameraFacts>()
  for (const { name, mode, desired, reported } of camera.values()) {
    if (mode === 'gone' || reported.identity === null) continue
    const conditions = reported.conditions?.value ?? { online: false, degraded: false, reason: 'not told' }
    told.set(name, { name, ...reported.identity.value, applications: desired.applications, ...conditions })
  }
  return told
}

/** By node. */
export function linksToldBy({ link }: EntityMaps): Map<string, LinkFacts> {
  const told = new Map<string, LinkFacts>()
  for (const { name, mode, desired, reported } of link.values()) {
    const { node, nominal, origin = 'assumed' } = desired
    if (mode === 'gone' || node === null || nominal === null || name !== linkNameOf(node)) continue
    told.set(node, { node, nominal, origin, ...(reported.conditions?.value ?? { up: false, reason: 'not told' }) })
  }
  return told
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
    told.set(name, {
      uid,
      spec,
      createdMs: createdMs ?? timeMs,
      hold,
      place,
      boundMs,
      startedMs,
      end: endOf(each),
      warnings: reported.warnings ?? [],
    })
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
