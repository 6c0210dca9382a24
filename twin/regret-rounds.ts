/**
 * Rounds of real requests, from events alone: which requests came together, and what became of each. The same fold live
 * and after a restart, so a round that was under way is taken up again from the journal.
 */
import { APPLIED_POLICIES, type AppliedPolicy } from '../models/contracts/regret.ts'
import type { Pod } from '../models/entities/pod.ts'
import type { EventOf, JournaledEvent } from '../models/events/events.ts'
import type { StagePlace } from './regret.ts'
import type { TwinState } from './twin-state.ts'

/** Requests raised so close together are one round. */
export const ROUND_WINDOW_MS = 300
/** A round that has not ended by then is given up. */
export const ROUND_MS_MAX = 600_000
/** The limit of one what-if. */
const REQUESTS_MAX = 500

export interface RoundRequest {
  readonly id: string
  readonly camera: string
  readonly application: string
  readonly frames: number
  /** null while it is under way. */
  readonly ended: {
    readonly succeeded: boolean
    readonly timeMs: number
    readonly places: readonly StagePlace[]
    /** When edgetwin last placed any of it, and how; null when it never did. */
    readonly planned: { readonly boundMs: number; readonly applied: AppliedPolicy } | null
  } | null
}

export interface Round {
  readonly id: string
  /** Of its first request. */
  readonly arrivedMs: number
  /** Journal sequence of the twin that its first request came upon. */
  readonly baseSequence: number
  /** In the order in which they were heard of. */
  readonly requests: readonly RoundRequest[]
}

/** @param rounds Open ones, oldest first. @param state The twin with the event, or a later one: it knows where the pods ran. */
export function hearOfRounds(rounds: readonly Round[], { sequence, event }: JournaledEvent, state: TwinState): readonly Round[] {
  switch (event.type) {
    case 'inference.requested':
      return withRequest(rounds, event, sequence - 1)
    case 'inference.completed':
      return withEnd(rounds, event, state)
    case 'regret.scored':
    case 'regret.dropped':
      return rounds.filter(({ id }) => id !== event.id)
    default:
      return rounds
  }
}

/** Nobody can join it any more, and all of it has ended. */
export function isOver({ arrivedMs, requests }: Round, clockMs: number): boolean {
  return clockMs - arrivedMs > ROUND_WINDOW_MS && requests.every(({ ended }) => ended !== null)
}

export function isOverdue({ arrivedMs }: Round, clockMs: number): boolean {
  return clockMs - arrivedMs > ROUND_MS_MAX
}

/** Of a round that is over, until its last request was done. */
export function realisedMakespanMs({ arrivedMs, requests }: Round): number {
  return Math.max(0, ...requests.map(({ ended }) => (ended?.timeMs ?? 0) - arrivedMs))
}

/** The newest plan that placed any of it, or the site itself. */
export function appliedTo({ requests }: Round): AppliedPolicy {
  const planned = requests.flatMap(({ ended }) => ended?.planned ?? []).sort((a, b) => a.boundMs - b.boundMs)
  return planned.at(-1)?.applied ?? 'site-scheduler'
}

function withRequest(rounds: readonly Round[], event: EventOf<'inference.requested'>, baseSequence: number): readonly Round[] {
  const { id, camera, application, frames, timeMs } = event
  if (rounds.some(({ requests }) => requests.some((request) => request.id === id))) return rounds
  const request: RoundRequest = { id, camera, application, frames, ended: null }
  const last = rounds.at(-1)
  if (last !== undefined && Math.abs(timeMs - last.arrivedMs) <= ROUND_WINDOW_MS && last.requests.length < REQUESTS_MAX) {
    return [...rounds.slice(0, -1), { ...last, requests: [...last.requests, request] }]
  }
  return [...rounds, { id: `regret-${id}`.slice(0, 253), arrivedMs: timeMs, baseSequence, requests: [request] }]
}

function withEnd(rounds: readonly Round[], { id, succeeded, timeMs }: EventOf<'inference.completed'>, state: TwinState): readonly Round[] {
  const at = rounds.findIndex(({ requests }) => requests.some((request) => request.id === id && request.ended === null))
  const round = rounds[at]
  if (round === undefined) return rounds
  const pods = newestPods(state, id)
  const places = pods.map(({ stage, accelerator, boundMs }) => ({ stage, accelerator, boundMs }))
  const planned = pods.flatMap(({ applied, boundMs }) => (applied === null ? [] : { applied, boundMs }))
  const ended = { succeeded, timeMs, places, planned: planned.sort((a, b) => a.boundMs - b.boundMs).at(-1) ?? null }
  const requests = round.requests.map((request) => (request.id === id ? { ...request, ended } : request))
  return rounds.with(at, { ...round, requests })
}

/** For each stage the pod that ran it last, by stage. */
function newestPods(state: TwinState, request: string): (StagePlace & { readonly applied: AppliedPolicy | null })[] {
  const newest = new Map<string, Pod>()
  for (const pod of state.entities.pod.values()) {
    if (pod.spec?.request !== request || pod.reported.place === null) continue
    const known = newest.get(pod.spec.stage)
    if (known === undefined || pod.spec.iteration > (known.spec?.iteration ?? 0)) newest.set(pod.spec.stage, pod)
  }
  return [...newest]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([stage, { desired, reported }]) => {
      const { place, boundMs } = reported
      if (place === null) return []
      const plan = state.entities.decision.get(desired.decision ?? '')
      const applied = plan === undefined && place.by !== 'edgetwin' ? null : edgetwinBy(plan?.desired?.algorithm)
      return [{ stage, accelerator: place.accelerator, boundMs: boundMs ?? 0, applied }]
    })
}

function edgetwinBy(algorithm: string | undefined): AppliedPolicy {
  return APPLIED_POLICIES.find((name) => name === `edgetwin:${algorithm}`) ?? 'edgetwin:other'
}
