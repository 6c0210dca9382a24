/**
 * Time travel: the twin as it was after any event, or at any time, by replay from the nearest state at hand.
 *
 * The same fold as live, a piece at a time, so that a long way back does not stop the present.
 */
import type { At } from '../models/contracts/api.ts'
import { TwinError } from '../models/errors.ts'
import type { Clock, Journal } from '../models/ports.ts'
import { applyEvents } from '../twin/fold.ts'
import { emptyTwin, type TwinState } from '../twin/twin-state.ts'
import { trustedStates } from './recovery.ts'

type Past = Exclude<At, { kind: 'now' }>

export interface TwinHistory {
  /** At a time: with everything received until then. @throws TwinError POSITION_UNKNOWN */
  stateAt(at: Past): Promise<TwinState>
}

/** About 20 ms of folding. */
const EVENTS_PER_TURN = 2_000
/** Few, since each may be as large as the site. */
const STATES_KEPT = 8

export function createTwinHistory({ journal, clock }: { readonly journal: Journal; readonly clock: Clock }): TwinHistory {
  /** By sequence, the least recently used first. */
  const kept = new Map<number, TwinState>()

  function keep(state: TwinState): void {
    kept.delete(state.sequence)
    kept.set(state.sequence, state)
    for (const oldest of [...kept.keys()].slice(0, -STATES_KEPT)) kept.delete(oldest)
  }

  /** null when the events that lead there are forgotten. */
  function nearestBefore(sequence: number): TwinState | null {
    const first = journal.firstSequence()
    const near = nearest([emptyTwin, ...kept.values()], { first, sequence })
    if (near !== null && sequence - near.sequence <= EVENTS_PER_TURN) return near
    return nearest([near ?? emptyTwin, ...trustedStates(journal)], { first, sequence })
  }

  return {
    async stateAt(at) {
      const sequence = sequenceOf(at, { journal, clock })
      let state = nearestBefore(sequence)
      if (state === null) throw unknown(at, `the events before ${journal.firstSequence()} are forgotten; ask for a later one`)
      // States along the way, evenly spread, make the next question cheap.
      const stride = Math.max(EVENTS_PER_TURN, Math.ceil(journal.lastSequence() / STATES_KEPT))
      let keptSequence = state.sequence
      while (state.sequence < sequence) {
        const until = Math.min(sequence, state.sequence + EVENTS_PER_TURN)
        state = applyEvents(state, journal.read({ after: state.sequence, until }))
        if (state.sequence - keptSequence >= stride || state.sequence === sequence) {
          keptSequence = state.sequence
          keep(state)
        }
        if (state.sequence < sequence) await new Promise(setImmediate)
      }
      return state
    },
  }
}

/** The newest of `states` from which the events kept, the first one being `first`, lead to `sequence`. */
function nearest(
  states: readonly TwinState[],
  { first, sequence }: { readonly first: number; readonly sequence: number },
): TwinState | null {
  const fitting = states.filter((state) => state.sequence + 1 >= first && state.sequence <= sequence)
  return fitting.reduce<TwinState | null>((best, state) => (best !== null && best.sequence >= state.sequence ? best : state), null)
}

function sequenceOf(at: Past, { journal, clock }: { readonly journal: Journal; readonly clock: Clock }): number {
  if (at.kind === 'sequence') {
    const last = journal.lastSequence()
    if (Number.isInteger(at.sequence) && at.sequence >= 0 && at.sequence <= last) return at.sequence
    throw unknown(at, `the journal reaches from 0 to ${last}; ask for one of these`)
  }
  const nowMs = clock()
  if (!(at.timeMs <= nowMs)) throw unknown(at, `it is not before now, ${timeText(nowMs)}; ask for a past time`)
  const sequence = journal.sequenceAt(at.timeMs)
  if (sequence === 0) throw unknown(at, 'the journal holds nothing that old; ask for a later time')
  return sequence
}

function unknown(at: Past, why: string): TwinError {
  const asked = at.kind === 'sequence' ? `sequence ${at.sequence}` : timeText(at.timeMs)
  return new TwinError('POSITION_UNKNOWN', `There is no twin at ${asked}: ${why}.`, { details: { ...at } })
}

/** As people read it; what is no time at all as it was given. */
function timeText(timeMs: number): string {
  return Math.abs(timeMs) <= 8.64e15 ? new Date(timeMs).toISOString() : `time ${timeMs}`
}
