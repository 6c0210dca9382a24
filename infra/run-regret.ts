/**
 * Keeps the regret ledger: waits until a round of real requests is done, has the pool place it by every policy on the twin
 * as it was at its arrival, and publishes the scores. One round at a time, behind everything else; every round that is
 * not scored is counted with the reason.
 */
import type { RegretDropReason } from '../models/contracts/regret.ts'
import { TwinError } from '../models/errors.ts'
import type { JournaledEvent, TwinEvent } from '../models/events/events.ts'
import type { Clock, Journal, Logger, Stop } from '../models/ports.ts'
import { applyEvents } from '../twin/fold.ts'
import type { RegretOptions } from '../twin/regret.ts'
import { appliedTo, hearOfRounds, isOver, isOverdue, ROUND_MS_MAX, type Round, realisedMakespanMs } from '../twin/regret-rounds.ts'
import type { TwinState } from '../twin/twin-state.ts'
import type { TwinHistory } from './twin-history.ts'
import type { WhatIfPool } from './what-if-pool.ts'

export interface RegretLoopOptions {
  readonly state: () => TwinState
  readonly journal: Journal
  /** For rounds that arrived before this process did. */
  readonly stateAt: TwinHistory['stateAt']
  readonly publish: (events: readonly TwinEvent[]) => Promise<unknown>
  readonly pool: Pick<WhatIfPool, 'run'>
  readonly settings: Pick<RegretOptions, 'delta1Seconds' | 'delta2'>
  readonly clock: Clock
  readonly log: Logger
}

export interface RunningRegret {
  /** To be called with every batch that the fold has taken. */
  readonly onApplied: (before: TwinState, after: TwinState, events: readonly JournaledEvent[]) => void
  readonly stop: Stop
}

/** Each open round keeps the twin of its arrival. */
const OPEN_ROUNDS_MAX = 64
/** Looked through at start for rounds under way; what lies before is not taken up. */
const EVENTS_LOOKED_BACK = 50_000

export function runRegret(options: RegretLoopOptions): RunningRegret {
  const { publish, clock, log } = options
  let rounds = roundsUnderWay(options)
  const bases = new Map<string, TwinState>()
  const taken = new Set<string>()
  let isStopped = false
  let chain = Promise.resolve()

  const forget = ({ id }: Round): void => {
    rounds = rounds.filter((round) => round.id !== id)
    bases.delete(id)
    taken.delete(id)
  }
  /** The event, when it comes back, closes the round; if it cannot be published, the next start takes it up again. */
  const settle = (round: Round, score: () => Promise<TwinEvent>): void => {
    taken.add(round.id)
    chain = chain.then(async () => {
      if (isStopped) return
      try {
        const event = await score()
        if (!isStopped) await publish([event])
      } catch (error) {
        forget(round)
        log.warn({ round: round.id, error: String(error) }, 'round not scored')
      }
    })
  }
  const drop = (round: Round, reason: RegretDropReason): void => settle(round, async () => dropped(round, reason, common()))
  const common = () => ({ site: options.state().site ?? 'site', timeMs: clock(), source: 'regret' })

  const look = (clockMs: number): void => {
    const open = rounds.filter(({ id }) => !taken.has(id))
    for (const [index, round] of open.entries()) {
      if (round.requests.some(({ ended }) => ended?.succeeded === false)) drop(round, 'failed')
      else if (isOver(round, clockMs)) settle(round, () => scored(round, { ...options, base: bases.get(round.id), common }))
      else if (isOverdue(round, clockMs)) drop(round, 'overdue')
      else if (open.length - index > OPEN_ROUNDS_MAX) drop(round, 'overloaded')
    }
  }
  return {
    onApplied(before, after, events) {
      for (const [index, journaled] of events.entries()) {
        const known = rounds
        rounds = hearOfRounds(rounds, journaled, after)
        const opened = rounds.length > known.length ? rounds.at(-1) : undefined
        if (opened !== undefined) bases.set(opened.id, applyEvents(before, events.slice(0, index)))
        for (const round of known) if (rounds.length < known.length && !rounds.includes(round)) forget(round)
      }
      if (rounds.length > 0) look(after.clockMs)
    },
    async stop() {
      isStopped = true
      await chain
    },
  }
}

function roundsUnderWay({ state, journal }: RegretLoopOptions): readonly Round[] {
  const { entities, clockMs } = state()
  if (entities.request.size === 0) return []
  const last = journal.lastSequence()
  const after = Math.max(last - EVENTS_LOOKED_BACK, journal.firstSequence() - 1, journal.sequenceAt(clockMs - ROUND_MS_MAX), 0)
  let rounds: readonly Round[] = []
  for (const journaled of journal.read({ after })) rounds = hearOfRounds(rounds, journaled, state())
  return rounds
}

type Common = { readonly site: string; readonly timeMs: number; readonly source: string }

async function scored(
  round: Round,
  { stateAt, pool, settings, base, common }: RegretLoopOptions & { readonly base: TwinState | undefined; readonly common: () => Common },
): Promise<TwinEvent> {
  const { id, arrivedMs, baseSequence } = round
  try {
    const state = base ?? (await stateAt({ kind: 'sequence', sequence: baseSequence }))
    const requests = round.requests.map(({ ended, ...request }) => ({ ...request, places: ended?.places ?? [] }))
    const { delta1Seconds, delta2 } = settings
    const scores = await pool.run('regret', state, { input: { delta1Seconds, delta2, arrival: { arrivedMs, requests } } })
    const realised = { realisedMakespanMs: realisedMakespanMs(round), applied: appliedTo(round) }
    return { type: 'regret.scored', ...common(), id, arrivedMs, requests: requests.map((request) => request.id), ...scores, ...realised }
  } catch (error) {
    const reason = error instanceof TwinError ? REASONS[error.code] : undefined
    if (reason === undefined) throw error
    return dropped(round, reason, common())
  }
}

const REASONS: Partial<Record<TwinError['code'], RegretDropReason>> = {
  OVERLOADED: 'overloaded',
  QUERY_TIMEOUT: 'overloaded',
  POSITION_UNKNOWN: 'past-forgotten',
  ENTITY_UNKNOWN: 'unplaceable',
  APPLICATION_UNKNOWN: 'unplaceable',
  PROBLEM_INFEASIBLE: 'unplaceable',
  PROBLEM_TOO_LARGE: 'unplaceable',
}

function dropped({ id, arrivedMs, requests }: Round, reason: RegretDropReason, common: Common): TwinEvent {
  return { type: 'regret.dropped', ...common, id, arrivedMs, requests: requests.map((request) => request.id), reason }
}
