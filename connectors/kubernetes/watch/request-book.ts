/**
 * Which request a pod works for: the first free one of its owner, so that a replacement takes over from the pod that is gone.
 *
 * A request is done when a pod of its last stage succeeds. One that nobody takes up within a minute of its pod's end has failed.
 */
import { applicationNamed } from '../../../models/applications/applications.ts'
import type { InferenceRequest } from '../../../models/entities/request.ts'
import type { TwinEvent } from '../../../models/events/events.ts'
import type { PodFacts } from './pod-facts.ts'
import type { PodSpec } from './pod-spec.ts'
import { SOURCE, type Stamp } from './to-events.ts'

export interface RequestBook {
  /** @param read its `request` is that of the owner, without a number. */
  specFor(read: Omit<PodSpec, 'iteration'>): PodSpec
  /** Takes note of what a pod was and is. @returns requests that ended with it. */
  note(change: PodChange, stamp: Stamp): TwinEvent[]
  giveUp(stamp: Stamp): TwinEvent[]
}

export interface PodChange {
  readonly name: string
  readonly told: PodFacts | null
  readonly now: PodFacts | null
  /** Whether somebody makes another one when it fails. */
  readonly isReplaced: boolean
}

interface Slot {
  readonly pod: string | null
  readonly iteration: number
}

interface OpenRequest {
  readonly pods: ReadonlySet<string>
  readonly askedMs: number
  /** Since when no pod works for it; null: one does. */
  readonly idleSinceMs: number | null
}

const GIVE_UP_MS = 60_000
/** Owners whose requests are done, most of them gone by then. */
const OWNERS_MAX = 20_000
const NUMBERED = /^(.*?)(?:--(\d+))?$/

export function createRequestBook(told: ReadonlyMap<string, PodFacts>, known: ReadonlyMap<string, InferenceRequest>): RequestBook {
  /** By request, then by stage. */
  const slots = new Map<string, Map<string, Slot>>()
  const open = new Map<string, OpenRequest>()
  /** By owner, the highest number whose request is done. */
  const doneUpTo = new Map<string, number>()
  const slotOf = ({ request, stage }: Pick<PodSpec, 'request' | 'stage'>) => slots.get(request)?.get(stage)
  const setSlot = ({ request, stage }: Pick<PodSpec, 'request' | 'stage'>, slot: Slot): void => {
    slots.set(request, (slots.get(request) ?? new Map<string, Slot>()).set(stage, slot))
  }

  const opened = (name: string, { spec, createdMs }: PodFacts): void => {
    setSlot(spec, { pod: name, iteration: spec.iteration })
    const before = open.get(spec.request)
    const pods = new Set([...(before?.pods ?? []), name])
    open.set(spec.request, { pods, askedMs: before?.askedMs ?? createdMs, idleSinceMs: null })
  }
  /** What is done is not begun again. */
  const retire = (request: string): void => {
    const [, owner = request, number = '1'] = NUMBERED.exec(request) ?? []
    doneUpTo.set(owner, Math.max(doneUpTo.get(owner) ?? 0, Number(number)))
    const [oldest] = doneUpTo.keys()
    if (doneUpTo.size > OWNERS_MAX && oldest !== undefined) doneUpTo.delete(oldest)
  }
  const done = (request: string, succeeded: boolean, stamp: Stamp): TwinEvent[] => {
    const asked = open.get(request)
    open.delete(request)
    retire(request)
    slots.delete(request)
    if (asked === undefined) return []
    const latencyMs = Math.max(0, stamp.timeMs - asked.askedMs)
    return [{ type: 'inference.completed', site: stamp.site, timeMs: stamp.timeMs, source: SOURCE, id: request, succeeded, latencyMs }]
  }
  const ended = ({ name, told, now, isReplaced }: PodChange, stamp: Stamp): TwinEvent[] => {
    const last = now ?? told
    if (last === null) return []
    const { spec, end } = last
    const slot = slotOf(spec)
    if (slot?.pod === name) setSlot(spec, { ...slot, pod: null })
    const asked = open.get(spec.request)
    if (asked === undefined) return []
    const pods = new Set([...asked.pods].filter((pod) => pod !== name))
    open.set(spec.request, { ...asked, pods, idleSinceMs: pods.size === 0 ? stamp.timeMs : null })
    const at = end === null ? stamp : { ...stamp, timeMs: end.timeMs }
    if (end?.type === 'finished' && isLastStage(spec)) return done(spec.request, true, at)
    return end?.type === 'failed' && !isReplaced ? done(spec.request, false, at) : []
  }
  for (const [name, facts] of told) {
    const { spec, end } = facts
    if (end === null) opened(name, facts)
    else if ((slotOf(spec)?.iteration ?? -1) < spec.iteration) setSlot(spec, { pod: null, iteration: spec.iteration })
  }
  for (const { id, mode, reported } of known.values()) {
    if (mode === 'completed' || mode === 'failed') done(id, false, { site: '', timeMs: 0 })
    else if (!open.has(id) && reported.source === SOURCE && mode !== 'expected') {
      open.set(id, { pods: new Set(), askedMs: reported.requestedMs ?? reported.timeMs, idleSinceMs: reported.timeMs })
    }
  }

  return {
    specFor(read) {
      for (let number = 1; ; number++) {
        const request = number === 1 ? read.request : `${read.request}--${number}`
        const slot = slotOf({ ...read, request })
        const isFree = slot === undefined ? number > (doneUpTo.get(read.request) ?? 0) || open.has(request) : slot.pod === null
        if (isFree) return { ...read, request, iteration: slot === undefined ? 0 : slot.iteration + 1 }
      }
    },
    note(change, stamp) {
      const { name, told, now } = change
      if (told === null && now !== null) opened(name, now)
      const isOver = now === null || now.end !== null
      return told?.end == null && isOver ? ended(change, stamp) : []
    },
    giveUp(stamp) {
      const idle = [...open].filter(([, { idleSinceMs }]) => idleSinceMs !== null && stamp.timeMs - idleSinceMs >= GIVE_UP_MS)
      return idle.flatMap(([request]) => done(request, false, stamp))
    },
  }
}

/** Of an application that nobody knows, any stage may be the last. */
function isLastStage({ application, stage }: PodSpec): boolean {
  const last = applicationNamed(application)?.stages.at(-1)?.name
  return last === undefined || last === stage
}
