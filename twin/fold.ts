/**
 * The one fold: `state = events.reduce(applyEvent, emptyTwin)`. Live, replay, time travel and what-if are
 * this function on another list; nothing else changes a twin.
 *
 * A batch copies a map of entities once, on its first write, and works on the copy; to the caller the fold
 * is pure, and an event costs one small object however large the site is.
 */

import { ageAccelerator, aNewAccelerator, applyAcceleratorEvent } from '../models/entities/accelerator.ts'
import { ageCamera, aNewCamera, applyCameraEvent } from '../models/entities/camera.ts'
import { aNewDecisionRecord, applyDecisionEvent } from '../models/entities/decision-record.ts'
import type { EntityKind, EntityOfKind } from '../models/entities/entities.ts'
import { aNewJob, applyJobEvent } from '../models/entities/job.ts'
import { ageLink, aNewLink, applyLinkEvent } from '../models/entities/link.ts'
import { ageNode, aNewNode, applyNodeEvent } from '../models/entities/node.ts'
import { applyRegretEvent, type RegretEvent } from '../models/entities/regret-ledger.ts'
import { aNewRequest, applyRequestEvent } from '../models/entities/request.ts'
import type { EventOf, JournaledEvent, TwinEvent } from '../models/events/events.ts'
import { type Draft, draftOf, finish, step, writable } from './fold-draft.ts'
import { foldPlacement, foldPodEvent } from './fold-work.ts'
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
    case 'pod.warned':
      return foldPodEvent(draft, event)
    case 'inference.requested':
    case 'inference.assigned':
    case 'inference.completed':
      return step(draft, event, 'request', event.id, (id, request) => applyRequestEvent(request ?? aNewRequest(id), event))
    case 'job.statusChanged':
      return foldJob(draft, event)
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
    case 'regret.scored':
    case 'regret.dropped':
      return foldRegret(draft, event)
    case 'loop.modeChanged':
      draft.loopMode = event.mode
      draft.loopModeBy = event.by
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

/** Who publishes a feed may repeat itself after a crash, and a job it repeats may be forgotten by now: only the number tells. */
function foldJob(draft: Draft, event: EventOf<'job.statusChanged'>): void {
  const { source, change } = event
  if (change !== undefined) {
    if (change <= (draft.jobFeeds.get(source) ?? 0)) {
      draft.superseded++
      return
    }
    draft.jobFeeds.set(source, change)
  }
  step(draft, event, 'job', event.id, (id, job) => applyJobEvent(job ?? aNewJob(id), event))
}

function foldRegret(draft: Draft, event: RegretEvent): void {
  const { entity, superseded } = applyRegretEvent(draft.regret, event)
  draft.regret = entity
  if (superseded) draft.superseded++
  else draft.applied++
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
