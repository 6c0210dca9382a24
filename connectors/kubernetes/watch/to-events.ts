/**
 * What has to be told so that the twin, which was told `told`, knows what is `now`: the difference as events.
 *
 * Level-triggered: whatever was missed in between, the difference of what is known and what is so brings the twin there.
 */
import type { TwinEvent } from '../../../models/events/events.ts'
import type { CameraFacts } from './camera-facts.ts'
import { type LinkFacts, linkNameOf } from './link-facts.ts'
import type { AcceleratorFacts, NodeFacts } from './node-facts.ts'
import type { PodFacts } from './pod-facts.ts'

export const SOURCE = 'kubernetes'

export interface Stamp {
  readonly site: string
  /** Of what is so now; what happened at a time of its own carries that. */
  readonly timeMs: number
}

export interface Difference<T> {
  readonly name: string
  /** null: nothing was. */
  readonly told: T | null
  /** null: it is gone. */
  readonly now: T | null
  /** Told again though nothing changed, so that the age of facts says whether the source lives. */
  readonly again?: boolean
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)
const stamped = ({ site, timeMs }: Stamp, atMs = timeMs) => ({ site, timeMs: Math.max(0, Math.round(atMs)), source: SOURCE })

export function nodeEvents(stamp: Stamp, { name, told, now, again = false }: Difference<NodeFacts>): TwinEvent[] {
  const common = { ...stamped(stamp), name }
  if (now === null) return told === null ? [] : [{ type: 'node.gone', ...common, reason: 'the cluster lists it no more' }]
  const { identity, schedulable, conditions } = now
  const isNew = told === null
  const events: TwinEvent[] = []
  if (isNew || again || !same([told.identity, told.schedulable], [identity, schedulable])) {
    events.push({ type: 'node.observed', ...common, identity, schedulable })
  }
  if (isNew || again || !same(told.conditions, conditions)) events.push({ type: 'node.conditionsChanged', ...common, ...conditions })
  return events
}

/** @param name of its node. */
export function linkEvents(stamp: Stamp, { name: node, told, now, again = false }: Difference<LinkFacts>): TwinEvent[] {
  const common = { ...stamped(stamp), name: linkNameOf(node) }
  if (now === null) return told === null ? [] : [{ type: 'link.gone', ...common, reason: `node ${node} is gone` }]
  const { nominal, origin, up, reason } = now
  const events: TwinEvent[] = []
  if (told === null || !same([told.nominal, told.origin], [nominal, origin])) {
    events.push({ type: 'link.observed', ...common, node, nominal, origin })
  }
  if (told === null || again || !same([told.up, told.reason], [up, reason])) {
    events.push({ type: 'link.conditionsChanged', ...common, up, reason })
  }
  return events
}

export function cameraEvents(stamp: Stamp, { name, told, now, again = false }: Difference<CameraFacts>): TwinEvent[] {
  const common = { ...stamped(stamp), name }
  if (now === null) {
    return told === null
      ? []
      : [{ type: 'camera.gone', ...common, reason: 'no Camera object and no node of the cluster names it any more' }]
  }
  const { node, recordedAt, applications, emulated, online, degraded, reason } = now
  const events: TwinEvent[] = []
  const place = (of: CameraFacts) => [of.node, of.recordedAt, of.applications, of.emulated]
  const condition = (of: CameraFacts) => [of.online, of.degraded, of.reason]
  if (told === null || again || !same(place(told), place(now))) {
    events.push({ type: 'camera.observed', ...common, node, recordedAt, applications: [...applications], emulated })
  }
  if (told === null || again || !same(condition(told), condition(now))) {
    events.push({ type: 'camera.conditionsChanged', ...common, online, degraded, reason })
  }
  return events
}

export function acceleratorEvents(stamp: Stamp, { name, told, now, again = false }: Difference<AcceleratorFacts>): TwinEvent[] {
  const common = { ...stamped(stamp), name }
  if (now === null) return told === null ? [] : [{ type: 'accelerator.gone', ...common, reason: 'the cluster lists it no more' }]
  const events: TwinEvent[] = []
  if (told === null || again || !same(told.identity, now.identity))
    events.push({ type: 'accelerator.observed', ...common, identity: now.identity })
  const conditions = ({ healthy, reason, heldBy }: AcceleratorFacts) => ({ healthy, reason, heldBy })
  if (told === null || !same(conditions(told), conditions(now))) {
    events.push({ type: 'accelerator.conditionsChanged', ...common, ...conditions(now) })
  }
  return events
}

/** Of one pod, by uid. An ended one that nobody was told of is told whole if `isRecent` says that somebody may still want to know. */
export function podEvents(
  stamp: Stamp,
  { name, told, now, isRecent }: Difference<PodFacts> & { readonly isRecent: (endMs: number) => boolean },
): TwinEvent[] {
  if (now === null) {
    const isOpen = told !== null && told.end === null
    return isOpen ? [{ type: 'pod.evicted', ...stamped(stamp), name, reason: 'deleted', by: SOURCE }] : []
  }
  return told === null && now.end !== null && !isRecent(now.end.timeMs) ? [] : lifeEvents(stamp, { name, told, now })
}

function lifeEvents(stamp: Stamp, { name, told, now }: Difference<PodFacts> & { readonly now: PodFacts }): TwinEvent[] {
  const { spec, place, boundMs, startedMs, end } = now
  const { request, camera, application, frames } = spec
  const at = (timeMs: number | null) => ({ ...stamped(stamp, timeMs ?? stamp.timeMs), name })
  const asked = { ...stamped(stamp, now.createdMs), id: request }
  const events: TwinEvent[] = []
  if (told === null) {
    if (spec.iteration === 0) events.push({ type: 'inference.requested', ...asked, camera, application, frames })
    events.push({ type: 'pod.created', ...at(now.createdMs), uid: now.uid, spec })
  } else if (!same(told.spec.asks, spec.asks)) events.push({ type: 'pod.created', ...at(now.createdMs), uid: now.uid, spec })
  if (now.hold !== '' && now.hold !== told?.hold) events.push({ type: 'pod.gated', ...at(null), gate: now.hold })
  if (place !== null && told?.place == null) {
    events.push({ type: 'pod.bound', ...at(boundMs), ...place })
    events.push({
      type: 'inference.assigned',
      ...stamped(stamp, boundMs ?? stamp.timeMs),
      id: request,
      pod: name,
      accelerator: place.accelerator,
    })
  }
  if (startedMs !== null && told?.startedMs == null) events.push({ type: 'pod.started', ...at(startedMs) })
  for (const { reason, note, count, timeMs } of now.warnings) {
    const before = told?.warnings.find((each) => each.reason === reason)
    if (!same([before?.note, before?.count], [note, count]))
      events.push({ type: 'pod.warned', ...at(timeMs), uid: now.uid, reason, note, count })
  }
  if (end === null || told?.end != null) return events
  switch (end.type) {
    case 'finished':
      events.push({ type: 'pod.finished', ...at(end.timeMs), durationMs: Math.max(0, end.timeMs - (startedMs ?? end.timeMs)) })
      break
    case 'failed':
      events.push({ type: 'pod.failed', ...at(end.timeMs), reason: end.reason })
      break
    case 'evicted':
      events.push({ type: 'pod.evicted', ...at(end.timeMs), reason: end.reason, by: end.by })
      break
    default:
      return end satisfies never
  }
  return events
}
