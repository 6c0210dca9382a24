/**
 * What a batch of events adds to the history: samples, plans and changes of mode.
 *
 * Of each thing the first sample of a second is kept and the others are not, so the points follow the size of the site and
 * not the rate of its events; batches cut another way give the same samples.
 */
import {
  type HistoryPoint,
  type NumbersPoint,
  type SeriesKind,
  TRANSITION_KINDS,
  type TransitionKind,
  type TransitionPoint,
} from '../models/contracts/history.ts'
import { ACCELERATOR_MODES } from '../models/entities/accelerator.ts'
import { CAMERA_MODES } from '../models/entities/camera.ts'
import type { EntityOfKind } from '../models/entities/entities.ts'
import { LINK_MODES } from '../models/entities/link.ts'
import { NODE_MODES } from '../models/entities/node.ts'
import type { EventOf, JournaledEvent, TwinEvent } from '../models/events/events.ts'
import type { Load } from '../models/events/shapes.ts'
import type { TwinState } from './twin-state.ts'

const SECOND_MS = 1_000
const FIRST_MODES = { node: NODE_MODES[0], accelerator: ACCELERATOR_MODES[0], camera: CAMERA_MODES[0], link: LINK_MODES[0] }

/** @param events The batch that made `after` of `before`, in journal order. */
export function toHistoryPoints(before: TwinState, after: TwinState, events: readonly JournaledEvent[]): HistoryPoint[] {
  const points: HistoryPoint[] = []
  const isFirstOfSecond = secondsSince(before)
  const slowest = new Map<string, NumbersPoint>()
  for (const { event } of events) {
    if (event.type === 'inference.completed') noteLatency(slowest, event, after)
    const point = toPoint(event, after)
    if (point !== null && (point.kind === 'plan' || isFirstOfSecond(point))) points.push(point)
  }
  return [...points, ...slowest.values(), ...transitions(before, after, events)]
}

function toPoint(event: TwinEvent, { entities }: TwinState): NumbersPoint | null {
  switch (event.type) {
    case 'node.sampled':
      return aPoint('node', event.name, event.timeMs, loadValues(event.load))
    case 'accelerator.sampled': {
      const podCount = entities.accelerator.get(event.name)?.reported.pods.length
      return aPoint('accelerator', event.name, event.timeMs, { ...loadValues(event.load), podCount })
    }
    case 'camera.sampled':
      return aPoint('camera', event.name, event.timeMs, { framesPerSecond: event.framesPerSecond })
    case 'link.sampled':
      return aPoint('link', event.name, event.timeMs, event.quality)
    case 'decision.made': {
      const { predicted, placements } = event.decision
      const { makespanMs, unchangedMakespanMs, gainRatio } = predicted
      const values = { makespanMs, unchangedMakespanMs: unchangedMakespanMs ?? undefined, gainRatio, moveCount: placements.length }
      return aPoint('plan', event.site, event.timeMs, values)
    }
    case 'placement.verified': {
      const { observedMakespanMs, errorRatio } = event
      return aPoint('plan', event.site, event.timeMs, { observedMakespanMs, errorRatio })
    }
    default:
      return null
  }
}

function loadValues({ utilizationRatio, memoryUsedBytes, temperatureCelsius, powerWatts }: Load) {
  return { utilizationRatio, memoryUsedBytes, temperatureCelsius, powerWatts }
}

/** @returns null when nothing is known. */
function aPoint(kind: SeriesKind, name: string, timeMs: number, given: Readonly<Record<string, number | undefined>>): NumbersPoint | null {
  const values: Record<string, number> = {}
  for (const [field, value] of Object.entries(given)) if (value !== undefined) values[field] = value
  return Object.keys(values).length === 0 ? null : { kind, name, timeMs, values }
}

/** Whether a sample lies in a later second than any of its thing that was heard before it. */
function secondsSince({ entities }: TwinState): (point: NumbersPoint) => boolean {
  const lastSeconds = new Map<string, number>()
  const heardMs = ({ kind, name }: NumbersPoint): number | undefined => {
    switch (kind) {
      case 'node':
      case 'accelerator':
        return entities[kind].get(name)?.reported.load?.timeMs
      case 'camera':
        return entities.camera.get(name)?.reported.stream?.timeMs
      case 'link':
        return entities.link.get(name)?.reported.quality?.timeMs
      case 'plan':
        return undefined
    }
  }
  return (point) => {
    const key = `${point.kind} ${point.name}`
    const second = Math.floor(point.timeMs / SECOND_MS)
    const last = lastSeconds.get(key) ?? Math.floor((heardMs(point) ?? -SECOND_MS) / SECOND_MS)
    lastSeconds.set(key, Math.max(last, second))
    return second > last
  }
}

/** Of a camera's answers of one second the slowest: the one that people wait for. */
function noteLatency(slowest: Map<string, NumbersPoint>, event: EventOf<'inference.completed'>, { entities }: TwinState): void {
  const camera = entities.request.get(event.id)?.desired?.camera
  if (camera === undefined || !event.succeeded) return
  const key = `${camera} ${Math.floor(event.timeMs / SECOND_MS)}`
  const { latencyMs, timeMs } = event
  if (latencyMs >= (slowest.get(key)?.values.latencyMs ?? 0))
    slowest.set(key, { kind: 'camera', name: camera, timeMs, values: { latencyMs } })
}

/** A thing that changed twice within a batch has changed once. */
function transitions(before: TwinState, after: TwinState, events: readonly JournaledEvent[]): TransitionPoint[] {
  const changed: TransitionPoint[] = []
  for (const kind of TRANSITION_KINDS) {
    if (before.entities[kind] === after.entities[kind]) continue
    for (const [name, thing] of after.entities[kind]) {
      const was = before.entities[kind].get(name)
      const from = was?.mode ?? FIRST_MODES[kind]
      if (from === thing.mode) continue
      const timeMs = timeOf(kind, name, events)
      changed.push({ kind: 'transition', of: kind, name, timeMs, from, to: thing.mode, reason: reasonOf(thing) })
    }
  }
  return changed
}

/** Of the last event about the thing itself, for an accelerator also of the pods on it; of the last event of all when there is none. */
function timeOf(kind: TransitionKind, name: string, events: readonly JournaledEvent[]): number {
  const isAbout = ({ event }: JournaledEvent): boolean =>
    ('name' in event && event.name === name && event.type.startsWith(`${kind}.`)) || ('accelerator' in event && event.accelerator === name)
  return (events.findLast(isAbout) ?? events.at(-1))?.event.timeMs ?? 0
}

function reasonOf(thing: EntityOfKind[TransitionKind]): string {
  if (thing.kind !== 'accelerator') return thing.reported.conditions?.value.reason ?? ''
  return thing.mode === 'failed' || thing.mode === 'offline' ? (thing.reported.health?.value.reason ?? '') : ''
}
