/**
 * The one fold: `state = events.reduce(applyEvent, emptyTwin)`. Live, replay, time travel and what-if are
 * this function on another list; nothing else changes a twin.
 *
 * A batch copies a map of entities once, on its first write, and works on the copy; to the caller the fold
 * is pure, and an event costs one small object however large the site is.
 */

import {
  type Accelerator,
  ageAccelerator,
  aNewAccelerator,
  applyAcceleratorEvent,
  claimAccelerator,
  releaseAccelerator,
} from '../models/entities/accelerator.ts'
import type { Applied } from '../models/entities/applied.ts'
import { ageCamera, aNewCamera, applyCameraEvent } from '../models/entities/camera.ts'
import { aNewDecisionRecord, applyDecisionEvent, type DecisionRecord } from '../models/entities/decision-record.ts'
import type { EntityKind, EntityOfKind } from '../models/entities/entities.ts'
import { aNewJob, applyJobEvent } from '../models/entities/job.ts'
import { ageLink, aNewLink, applyLinkEvent } from '../models/entities/link.ts'
import { ageNode, aNewNode, applyNodeEvent } from '../models/entities/node.ts'
import { aNewPod, applyPodEvent, isEnded, type Pod, type PodEvent } from '../models/entities/pod.ts'
import { aNewRequest, applyRequestEvent } from '../models/entities/request.ts'
import type { EventOf, JournaledEvent, TwinEvent } from '../models/events/events.ts'
import { type Draft, draftOf, finish, recordStep, writable } from './fold-draft.ts'
import { forgetEnded } from './retention.ts'
import type { TwinState } from './twin-state.ts'

export function applyEvent(state: TwinState, journaled: JournaledEvent): TwinState {
  return applyEvents(state, [journaled])
}

/** Events already applied, by position, change nothing. */
export function applyEvents(state: TwinState, events: Iterable<JournaledEvent>): TwinState {
  const draft = draftOf(state)
  for (const { sequence, position, event } of events) {
    const partition = `${position.topic}:${position.partition}`
    if (position.offset <= (draft.positions.get(partition) ?? -1)) continue
    draft.positions.set(partition, position.offset)
    draft.sequence = sequence
    draft.site ??= event.site
    foldEvent(draft, event)
  }
  return finish(draft, state)
}

function foldEvent(draft: Draft, event: TwinEvent): void {
  switch (event.type) {
    case 'node.observed':
    case 'node.sampled':
    case 'node.conditionsChanged':
    case 'node.gone':
    case 'exporter.reached':
    case 'exporter.lost':
      return step(draft, event, 'node', event.name, (name, node) => applyNodeEvent(node ?? aNewNode(name), event))
    case 'camera.observed':
    case 'camera.sampled':
    case 'camera.conditionsChanged':
    case 'camera.gone':
      return step(draft, event, 'camera', event.name, (name, camera) => applyCameraEvent(camera ?? aNewCamera(name), event))
    case 'accelerator.observed':
    case 'accelerator.sampled':
    case 'accelerator.conditionsChanged':
    case 'accelerator.gone':
      return step(draft, event, 'accelerator', event.name, (name, held) => applyAcceleratorEvent(held ?? aNewAccelerator(name), event))
    case 'link.observed':
    case 'link.sampled':
    case 'link.conditionsChanged':
    case 'link.gone':
      return step(draft, event, 'link', event.name, (name, link) => applyLinkEvent(link ?? aNewLink(name), event))
    case 'pod.created':
    case 'pod.gated':
    case 'pod.bound':
    case 'pod.started':
    case 'pod.finished':
    case 'pod.failed':
    case 'pod.evicted':
      return foldPodEvent(draft, event)
    case 'inference.requested':
    case 'inference.assigned':
    case 'inference.completed':
      return step(draft, event, 'request', event.id, (id, request) => applyRequestEvent(request ?? aNewRequest(id), event))
    case 'job.statusChanged':
      return step(draft, event, 'job', event.id, (id, job) => applyJobEvent(job ?? aNewJob(id), event))
    case 'decision.made':
      return step(draft, event, 'decision', event.decision.id, (id, record) => applyDecisionEvent(record ?? aNewDecisionRecord(id), event))
    case 'decision.approved':
    case 'decision.rejected':
    case 'decision.expired':
    case 'placement.refused':
    case 'placement.verified':
      return step(draft, event, 'decision', event.id, (id, record) => applyDecisionEvent(record ?? aNewDecisionRecord(id), event))
    case 'placement.applied':
      return foldPlacement(draft, event)
    case 'loop.modeChanged':
      draft.loopMode = event.mode
      draft.applied++
      return
    case 'whatif.asked':
      draft.applied++
      return
    case 'clock.ticked':
      return foldTick(draft, event)
    default:
      return assertNever(event)
  }
}

type Apply<K extends EntityKind> = (name: string, held: EntityOfKind[K] | undefined) => Applied<EntityOfKind[K]>

function step<K extends EntityKind>(draft: Draft, event: TwinEvent, kind: K, ...[name, apply]: [string, Apply<K>]): void {
  const held = draft.entities[kind].get(name)
  const result = apply(name, held)
  if (result.entity !== held) writable(draft, kind).set(name, result.entity)
  recordStep(draft, event, { kind, name, mode: held?.mode ?? 'unknown', ...result })
}

/** A pod's place and end also move the accelerator it is on. */
function foldPodEvent(draft: Draft, event: PodEvent): void {
  const before = draft.entities.pod.get(event.name)
  step(draft, event, 'pod', event.name, (name, pod) => applyPodEvent(pod ?? aNewPod(name), event))
  const pod = draft.entities.pod.get(event.name)
  const accelerator = pod?.reported.place?.accelerator
  if (pod === undefined || accelerator === undefined) return
  const wasHeld = before !== undefined && before.reported.place !== null && !isEnded(before)
  const isHeld = !isEnded(pod)
  if (isHeld && !wasHeld) touchAccelerator(draft, event, accelerator, claimAccelerator)
  if (!isHeld && wasHeld) touchAccelerator(draft, event, accelerator, releaseAccelerator)
}

function touchAccelerator(
  draft: Draft,
  event: PodEvent,
  name: string,
  touch: (accelerator: Accelerator, pod: string) => Applied<Accelerator>,
): void {
  const held = draft.entities.accelerator.get(name) ?? aNewAccelerator(name)
  const { entity, expected } = touch(held, event.name)
  writable(draft, 'accelerator').set(name, entity)
  // The event itself was counted with its pod; only the surprise is the accelerator's.
  if (!expected) recordStep(draft, event, { kind: 'accelerator', name, mode: held.mode, superseded: false, expected, isSideEffect: true })
}

/** What a decision wants and predicts is written beside what is reported, on the pod, its request and its accelerator. */
function foldPlacement(draft: Draft, event: EventOf<'placement.applied'>): void {
  step(draft, event, 'decision', event.id, (id, record) => applyDecisionEvent(record ?? aNewDecisionRecord(id), event))
  const record: DecisionRecord | undefined = draft.entities.decision.get(event.id)
  const planned = record?.desired?.placements.find(({ pod }) => pod === event.pod)
  if (planned === undefined) return
  const podName = event.replacement ?? event.pod
  const pod: Pod = draft.entities.pod.get(podName) ?? aNewPod(podName)
  const predicted = { startMs: planned.predictedStartMs, finishMs: planned.predictedFinishMs }
  writable(draft, 'pod').set(podName, { ...pod, desired: { accelerator: event.accelerator, decision: event.id }, predicted })
  const request = draft.entities.request.get(planned.request)
  if (request) writable(draft, 'request').set(planned.request, { ...request, predicted: { finishMs: planned.predictedFinishMs } })
  const held = draft.entities.accelerator.get(event.accelerator) ?? aNewAccelerator(event.accelerator)
  const pods = held.reported.pods.includes(podName) ? held.desired.pods : [...new Set([...held.desired.pods, podName])].sort()
  const busyUntilMs = Math.max(held.predicted.busyUntilMs ?? 0, planned.predictedFinishMs)
  writable(draft, 'accelerator').set(event.accelerator, { ...held, desired: { pods }, predicted: { busyUntilMs } })
}

function foldTick(draft: Draft, event: EventOf<'clock.ticked'>): void {
  if (event.timeMs < draft.clockMs) {
    draft.superseded++
    return
  }
  draft.applied++
  draft.clockMs = event.timeMs
  const age = <K extends EntityKind>(kind: K, ageOne: (entity: EntityOfKind[K], clockMs: number) => EntityOfKind[K]): void => {
    for (const [name, entity] of draft.entities[kind]) {
      const older = ageOne(entity, event.timeMs)
      if (older !== entity) writable(draft, kind).set(name, older)
    }
  }
  age('node', ageNode)
  age('camera', ageCamera)
  age('accelerator', ageAccelerator)
  age('link', ageLink)
  forgetEnded(draft, event.timeMs)
}

function assertNever(event: never): never {
  throw new Error(`no case for event ${JSON.stringify(event)}`)
}
