/**
 * What the loop moved and proposed lately, read from the decisions in the twin. It keeps one pod from being moved to
 * and fro, and the loop from proposing again and again what is refused again and again.
 */
import type { Placement } from '../models/contracts/decision.ts'
import type { DecisionRecord } from '../models/entities/decision-record.ts'
import type { LoopSettings } from './loop-settings.ts'
import { policyOf } from './pod-rules.ts'
import type { TwinState } from './twin-state.ts'

export interface Move extends Pick<Placement, 'request' | 'stage' | 'from' | 'to'> {
  readonly timeMs: number
}

/** No way back to where it came from for so many cool-downs. */
const RETURN_COOL_DOWNS = 3
const RETRY_MS = { first: 500, max: 30_000 } as const

/** A pod gets another name with each move; its request and stage stay. */
export function movesOf(state: TwinState): Move[] {
  return [...state.entities.decision.values()].flatMap(({ desired, reported }) =>
    reported.applied.flatMap(({ pod, timeMs }) => {
      const placement = desired?.placements.find((each) => each.pod === pod)
      return placement === undefined ? [] : [{ ...placement, timeMs }]
    }),
  )
}

/** Once a cool-down, and not back to where it came from within three. A pod that is no longer where the last move put it lost its place. */
export function mayMove(
  moves: readonly Move[],
  { request, stage, from: isAt, to }: Placement,
  { clockMs, coolDownMs }: { clockMs: number; coolDownMs: number },
): boolean {
  const own = moves.filter((move) => move.request === request && move.stage === stage).sort((a, b) => a.timeMs - b.timeMs)
  if (own.at(-1)?.to !== isAt) return true
  return own.every(({ from, timeMs }) => clockMs - timeMs >= coolDownMs * (from === to ? RETURN_COOL_DOWNS : 1))
}

export interface Pause {
  /** ms left; 0 or less: none. */
  readonly leftMs: number
  readonly why: string
}

/** After a placement, and after a proposal, nothing but urgent work is looked at for a cool-down. */
export function coolDown(state: TwinState, { coolDownMs }: LoopSettings): Pause {
  const records = [...state.entities.decision.values()]
  const times = records.flatMap(({ desired, reported }) => [desired?.madeAtMs ?? 0, ...reported.applied.map(({ timeMs }) => timeMs)])
  return { leftMs: times.length === 0 ? 0 : Math.max(...times) + coolDownMs - state.clockMs, why: 'cooling down' }
}

/** Somebody said no: only urgent work is worth asking them again before a proposal would have expired. @param policy Whose plans are meant. */
export function rejectionPause(state: TwinState, { expiryMs }: LoopSettings, policy = ''): Pause {
  const rejected = recordsOf(state, policy).filter(({ mode }) => mode === 'rejected')
  const endedMs = Math.max(Number.NEGATIVE_INFINITY, ...rejected.map(({ reported }) => reported.steps.at(-1)?.timeMs ?? 0))
  return { leftMs: endedMs + expiryMs - state.clockMs, why: 'the last plan was rejected' }
}

/** The more plans of a policy in a row failed, the longer its next one waits, however urgent: 0.5 s, 1 s, 2 s … 30 s. */
export function retryPause(state: TwinState, policy = ''): Pause {
  const records = recordsOf(state, policy)
  const lastWellMs = Math.max(0, ...records.filter((record) => !hasFailed(record)).map(madeMs))
  const failures = records.filter((record) => hasFailed(record) && madeMs(record) >= lastWellMs)
  const endedMs = Math.max(0, ...failures.map(({ reported }) => reported.steps.at(-1)?.timeMs ?? 0))
  const pauseMs = Math.min(RETRY_MS.max, RETRY_MS.first * 2 ** (failures.length - 1))
  return { leftMs: failures.length === 0 ? 0 : endedMs + pauseMs - state.clockMs, why: `${failures.length} plan(s) in a row failed` }
}

/** The time at which somebody said no to the very same placements, if that was not long ago. */
export function rejectedMs(state: TwinState, placements: readonly Placement[], { expiryMs }: LoopSettings): number | null {
  const key = keyOf(placements)
  for (const { mode, desired, reported } of state.entities.decision.values()) {
    const endedMs = reported.steps.at(-1)?.timeMs ?? 0
    if (mode === 'rejected' && desired && state.clockMs - endedMs < expiryMs && keyOf(desired.placements) === key) return endedMs
  }
  return null
}

/** It came to nothing, or not all of it could be done. */
function hasFailed({ mode, reported }: DecisionRecord): boolean {
  return reported.refused.length > 0 || mode === 'refused' || (mode === 'expired' && reported.applied.length === 0)
}

function recordsOf(state: TwinState, policy: string): DecisionRecord[] {
  return [...state.entities.decision.values()].filter((record) => policyOf(record) === policy)
}

const madeMs = ({ desired }: DecisionRecord): number => desired?.madeAtMs ?? 0

function keyOf(placements: readonly Placement[]): string {
  return placements
    .map(({ request, stage, to }) => `${request} ${stage} ${to}`)
    .sort()
    .join('\n')
}
