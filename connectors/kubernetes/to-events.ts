/**
 * What has to be told so that the twin, which was told `told`, knows what is `now`: the difference as events.
 *
 * Level-triggered: whatever was missed in between, the difference of what is known and what is so brings the twin there.
 */
import type { TwinEvent } from '../../models/events/events.ts'
import type { AcceleratorFacts, CameraFacts, NodeFacts } from './node-facts.ts'
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
  const camera = told?.camera && told.camera.name !== now?.camera?.name ? [cameraGone(stamp, told.camera, name)] : []
  if (now === null) return told === null ? [] : [...camera, { type: 'node.gone', ...common, reason: 'the cluster lists it no more' }]
  const { identity, schedulable, conditions } = now
  const isNew = told === null
  const events: TwinEvent[] = [...camera]
  if (isNew || again || !same([told.identity, told.schedulable], [identity, schedulable])) {
    events.push({ type: 'node.observed', ...common, identity, schedulable })
  }
  if (isNew || again || !same(told.conditions, conditions)) events.push({ type: 'node.conditionsChanged', ...common, ...conditions })
  if (now.camera !== null) events.push(...cameraEvents(stamp, { told, now: { ...now, camera: now.camera }, again }))
  return events
}

function cameraEvents(
  stamp: Stamp,
  {
    told,
    now,
    again,
  }: { readonly told: NodeFacts | null; readonly now: NodeFacts & { readonly camera: CameraFacts }; readonly again: boolean },
): TwinEvent[] {
  const { camera, conditions } = now
  const common = { ...stamped(stamp), name: camera.name }
  const isNew = told?.camera?.name !== camera.name
  const events: TwinEvent[] = []
  if (isNew || again || !same(told?.camera, camera)) {
    events.push({ type: 'camera.observed', ...common, ...camera, applications: [...camera.applications] })
  }
  if (isNew || again || told?.conditions.ready !== conditions.ready) {
    const reason = conditions.ready ? '' : `its node ${camera.node} is not ready`
    events.push({ type: 'camera.conditionsChanged', ...common, online: conditions.ready, degraded: false, reason })
  }
  return events
}

function cameraGone(stamp: Stamp, { name }: CameraFacts, node: string): TwinEvent {
  return { type: 'camera.gone', ...stamped(stamp), name, reason: `node ${node} is not inside of it any more` }
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
  }
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
