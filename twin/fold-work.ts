/**
 * How work moves what it runs on. An accelerator's pods and its prediction follow from the pods alone, whatever
 * the order in which the cluster and the decisions were heard: nothing here remembers what came first.
 */
import { type Accelerator, aNewAccelerator, claimAccelerator, releaseAccelerator } from '../models/entities/accelerator.ts'
import type { Applied } from '../models/entities/applied.ts'
import { aNewDecisionRecord, applyDecisionEvent, type DecisionRecord } from '../models/entities/decision-record.ts'
import { aNewPod, applyPodEvent, isEnded, type Pod, type PodEvent } from '../models/entities/pod.ts'
import { aNewRequest } from '../models/entities/request.ts'
import type { EventOf, TwinEvent } from '../models/events/events.ts'
import { type Draft, recordStep, step, writable } from './fold-draft.ts'

export function foldPodEvent(draft: Draft, event: PodEvent): void {
  const before = draft.entities.pod.get(event.name)
  step(draft, event, 'pod', event.name, (name, pod) => applyPodEvent(pod ?? aNewPod(name), event))
  settlePod(draft, event.name, { before, event })
}

/** What a decision wants and predicts is written beside what is reported, on the pod and its request. */
export function foldPlacement(draft: Draft, event: EventOf<'placement.applied'>): void {
  step(draft, event, 'decision', event.id, (id, record) => applyDecisionEvent(record ?? aNewDecisionRecord(id), event))
  const record: DecisionRecord | undefined = draft.entities.decision.get(event.id)
  const planned = record?.desired?.placements.find(({ pod }) => pod === event.pod)
  if (planned === undefined) return
  const name = event.replacement ?? event.pod
  const before = draft.entities.pod.get(name)
  const predicted = { startMs: planned.predictedStartMs, finishMs: planned.predictedFinishMs }
  const desired = { accelerator: event.accelerator, decision: event.id }
  writable(draft, 'pod').set(name, { ...(before ?? aNewPod(name)), desired, predicted })
  const request = draft.entities.request.get(planned.request) ?? aNewRequest(planned.request)
  writable(draft, 'request').set(planned.request, { ...request, predicted: { finishMs: planned.predictedFinishMs } })
  settlePod(draft, name, { before, event })
}

/** Brings the accelerators that the pod named or names in line with it. @param event null when the pod is forgotten. */
export function settlePod(
  draft: Draft,
  name: string,
  { before, event }: { readonly before: Pod | undefined; readonly event: TwinEvent | null },
): void {
  const pod = draft.entities.pod.get(name)
  if (pod === before) return
  const named = [before, pod].flatMap((each) => (each === undefined ? [] : [each.reported.place?.accelerator, each.desired.accelerator]))
  for (const accelerator of new Set(named)) {
    if (accelerator == null) continue
    const held = draft.entities.accelerator.get(accelerator)
    const { entity, expected } = settled(draft, held ?? aNewAccelerator(accelerator), { name, pod })
    // A device nobody has heard of is not made up for a pod that is over.
    if (entity === held || (held === undefined && entity.reported.pods.length + entity.desired.pods.length === 0)) continue
    writable(draft, 'accelerator').set(accelerator, entity)
    // The event itself was counted with its pod; only the surprise is the accelerator's.
    const mode = held?.mode ?? 'unknown'
    if (event) recordStep(draft, event, { kind: 'accelerator', name: accelerator, mode, superseded: false, expected, isSideEffect: true })
  }
}

function settled(
  draft: Draft,
  accelerator: Accelerator,
  { name, pod }: { readonly name: string; readonly pod: Pod | undefined },
): Applied<Accelerator> {
  const open = pod === undefined || isEnded(pod) ? null : pod
  const isHere = open?.reported.place?.accelerator === accelerator.name
  const isAwaited = open !== null && open.reported.place === null && open.desired.accelerator === accelerator.name
  const { entity, expected } = isHere ? claimAccelerator(accelerator, name) : releaseAccelerator(accelerator, name)
  const awaited = entity.desired.pods.filter((each) => each !== name)
  const pods = isAwaited ? [...awaited, name].sort() : awaited
  const finishesMs = [...entity.reported.pods, ...pods].flatMap((each) => draft.entities.pod.get(each)?.predicted.finishMs ?? [])
  const busyUntilMs = finishesMs.length === 0 ? null : Math.max(...finishesMs)
  const same =
    entity === accelerator && pods.length === accelerator.desired.pods.length && isAwaited === accelerator.desired.pods.includes(name)
  if (same && busyUntilMs === accelerator.predicted.busyUntilMs) return { entity: accelerator, superseded: false, expected }
  return { entity: { ...entity, desired: { pods }, predicted: { busyUntilMs } }, superseded: false, expected }
}
