import { describe, expect, it } from '@jest/globals'
import type { RegretLedger } from '../contracts/regret.ts'
import { aRegretDropped, aRegretScored } from '../testing/events.ts'
import { applyRegretEvent, RECENT_ROUNDS, type RegretEvent, regretTable } from './regret-ledger.ts'

const fold = (...events: RegretEvent[]): RegretLedger | null =>
  events.reduce<RegretLedger | null>((ledger, event) => applyRegretEvent(ledger, event).entity, null)

// Predicted: heft, peft and dhs 4,000, cpop 4,200, local 9,000, spread 6,000, edge none; done in 5,500, predicted 5,000.
const first = aRegretScored({ id: 'a' })
const second = aRegretScored({
  id: 'b',
  predictedMakespanMs: { heft: 2_000, cpop: 1_000, peft: null, dhs: 1_000, local: null, edge: 3_000, spread: 1_500 },
  applied: 'edgetwin:dhs',
  appliedPredictedMs: 1_000,
  realisedMakespanMs: 800,
})
const third = aRegretScored({ ...first, id: 'c', appliedPredictedMs: null, realisedMakespanMs: 3_500 })

describe('the table', () => {
  it('of three rounds, reckoned by hand', () => {
    const { roundCount, policies, applied } = regretTable(fold(first, second, third))
    expect(roundCount).toBe(3)
    expect(policies).toEqual([
      { policy: 'peft', roundCount: 2, winCount: 2, meanPredictedMs: 4_000, meanRegretMs: 0 },
      { policy: 'dhs', roundCount: 3, winCount: 3, meanPredictedMs: 3_000, meanRegretMs: 0 },
      { policy: 'cpop', roundCount: 3, winCount: 1, meanPredictedMs: 9_400 / 3, meanRegretMs: 400 / 3 },
      { policy: 'heft', roundCount: 3, winCount: 2, meanPredictedMs: 10_000 / 3, meanRegretMs: 1_000 / 3 },
      { policy: 'spread', roundCount: 3, winCount: 0, meanPredictedMs: 4_500, meanRegretMs: 1_500 },
      { policy: 'edge', roundCount: 1, winCount: 0, meanPredictedMs: 3_000, meanRegretMs: 2_000 },
      { policy: 'local', roundCount: 2, winCount: 0, meanPredictedMs: 9_000, meanRegretMs: 5_000 },
    ])
    expect(applied).toEqual([
      {
        applied: 'edgetwin:dhs',
        roundCount: 1,
        meanRealisedMs: 800,
        meanRegretMs: -200,
        predictedCount: 1,
        meanPredictedMs: 1_000,
        meanErrorRatio: 0.25,
        meanBiasRatio: 0.25,
      },
      {
        applied: 'site-scheduler',
        roundCount: 2,
        meanRealisedMs: 4_500,
        meanRegretMs: 500,
        predictedCount: 1,
        meanPredictedMs: 5_000,
        meanErrorRatio: 500 / 5_500,
        meanBiasRatio: -500 / 5_500,
      },
    ])
  })

  it('of nothing says nothing', () => {
    const { roundCount, policies, applied, dropped } = regretTable(null)
    expect([roundCount, applied, dropped]).toEqual([0, [], []])
    expect(policies.map(({ meanRegretMs, meanPredictedMs }) => [meanRegretMs, meanPredictedMs])).toEqual(Array(7).fill([null, null]))
  })
})

it('counts what was not scored, by reason', () => {
  const ledger = fold(aRegretDropped({ reason: 'overdue' }), aRegretDropped(), aRegretDropped({ reason: 'overdue' }))
  expect(ledger?.dropped).toEqual([
    { reason: 'failed', roundCount: 1 },
    { reason: 'overdue', roundCount: 2 },
  ])
  expect(ledger?.roundCount).toBe(0)
})

it('counts a round once, however often it is told', () => {
  const ledger = fold(first, second)
  const again = applyRegretEvent(ledger, first)
  expect(again).toEqual({ entity: ledger, superseded: true, expected: true })
  expect(again.entity).toBe(ledger)
})

it('keeps the newest rounds, and the sums of all', () => {
  const ids = Array.from({ length: RECENT_ROUNDS + 5 }, (_, index) => `r-${index}`)
  const ledger = fold(...ids.map((id) => aRegretScored({ id })))
  expect(ledger?.recent.map(({ id }) => id)).toEqual(ids.slice(5))
  expect(ledger?.roundCount).toBe(RECENT_ROUNDS + 5)
})
