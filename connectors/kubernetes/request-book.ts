/**
 * Which request a pod works for: the first free one of its owner, so that a replacement takes over from the pod that is gone.
 *
 * A request is done when a pod of its last stage succeeds. One that nobody takes up within a minute of its pod's end has failed.
 */
import { applicationNamed } from '../../models/applications/applications.ts'
import type { InferenceRequest } from '../../models/entities/request.ts'
import type { TwinEvent } from '../../models/events/events.ts'
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

export function createRequestBook(told: ReadonlyMap<string, PodFacts>, known: ReadonlyMap<string, InferenceRequest>): RequestBook {
  const slots = new Map<string, Slot>()
  const open = new Map<string, OpenRequest>()
  /** Numbers of an owner's requests up to which all are done. */
  const doneUpTo = new Map<string, number>()
  const slotKey = ({ request, stage }: Pick<PodSpec, 'request' | 'stage'>): string => `${request}\n${stage}`

  const opened = (name: string, { spec, createdMs }: PodFacts): void => {
    slots.set(slotKey(spec), { pod: name, iteration: spec.iteration })
    const before = open.get(spec.request)
    const pods = new Set([...(before?.pods ?? []), name])
    open.set(spec.request, { pods, askedMs: before?.askedMs ?? createdMs, idleSinceMs: null })
  }
  const done = (request: string, succeeded: boolean, stamp: Stamp): TwinEvent[] => {
    const asked = open.get(request)
    open.delete(request)
    for (const key of slots.keys()) if (key.startsWith(`${request}\n`)) slots.delete(key)
    if (asked === undefined) return []
    const latencyMs = Math.max(0, stamp.timeMs - asked.askedMs)
    return [{ type: 'inference.completed', site: stamp.site, timeMs: stamp.timeMs, source: SOURCE, id: request, succeeded, latencyMs }]
  }
  const ended = ({ name, told, now, isReplaced }: PodChange, stamp: Stamp): TwinEvent[] => {
    const last = now ?? told
    if (last === null) return []
    const { spec, end } = last
    const slot = slots.get(slotKey(spec))
    if (slot?.pod === name) slots.set(slotKey(spec), { ...slot, pod: null })
    const asked = open.get(spec.request)
    if (asked === undefined) return []
    const pods = new Set([...asked.pods].filter((pod) => pod !== name))
    open.set(spec.request, { ...asked, pods, idleSinceMs: pods.size === 0 ? stamp.timeMs : null })
    const at = end === null ? stamp : { ...stamp, timeMs: end.timeMs }
    if (end?.type === 'finished' && isLastStage(spec)) {
      retire(spec)
      return done(spec.request, true, at)
    }
    return end?.type === 'failed' && !isReplaced ? done(spec.request, false, at) : []
  }
  /** So that the next pod of the owner does not take the number of what is done. */
  const retire = ({ request, stage }: PodSpec): void => {
    const [, base = request, number = '1'] = /^(.*?)(?:--(\d+))?$/.exec(request) ?? []
    const key = slotKey({ request: base, stage })
    doneUpTo.set(key, Math.max(doneUpTo.get(key) ?? 0, Number(number)))
  }

  for (const [name, facts] of told) {
    if (facts.end === null) opened(name, facts)
    else {
      const key = slotKey(facts.spec)
      if (facts.end.type === 'finished') retire(facts.spec)
      else if ((slots.get(key)?.iteration ?? -1) < facts.spec.iteration) slots.set(key, { pod: null, iteration: facts.spec.iteration })
    }
  }
  for (const { id, mode, reported } of known.values()) {
    if (open.has(id) || reported.source !== SOURCE || (mode !== 'waiting' && mode !== 'assigned')) continue
    open.set(id, { pods: new Set(), askedMs: reported.requestedMs ?? reported.timeMs, idleSinceMs: reported.timeMs })
  }

  return {
    specFor(read) {
      for (let number = 1 + (doneUpTo.get(slotKey(read)) ?? 0); ; number++) {
        const request = number === 1 ? read.request : `${read.request}--${number}`
        const slot = slots.get(slotKey({ ...read, request }))
        if (slot === undefined || slot.pod === null) return { ...read, request, iteration: slot === undefined ? 0 : slot.iteration + 1 }
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
