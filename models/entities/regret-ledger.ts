/** The regret ledger as the twin holds it: sums per policy, and the newest rounds. Events of one topic alone change it, so their order is kept. */
import { type PolicyMakespans, REGRET_POLICIES, type RegretDropReason, type RegretLedger, type RegretTable } from '../contracts/regret.ts'
import type { EventOf } from '../events/events.ts'
import { type Applied, adopted, superseded } from './applied.ts'

export type RegretEvent = EventOf<'regret.scored' | 'regret.dropped'>

/** Rounds shown one by one. */
export const RECENT_ROUNDS = 50

const EMPTY: RegretLedger = {
  roundCount: 0,
  policies: REGRET_POLICIES.map((policy) => ({ policy, roundCount: 0, winCount: 0, predictedMsSum: 0, regretMsSum: 0 })),
  applied: [],
  dropped: [],
  recent: [],
}

/** @param ledger null before the first round. */
export function applyRegretEvent(ledger: RegretLedger | null, event: RegretEvent): Applied<RegretLedger> {
  const before = ledger ?? EMPTY
  if (event.type === 'regret.dropped') return adopted({ ...before, dropped: withDrop(before.dropped, event.reason) })
  if (before.recent.some(({ id }) => id === event.id)) return superseded(before)
  const { id, arrivedMs, requests, predictedMakespanMs, applied, appliedPredictedMs, realisedMakespanMs } = event
  const score = { id, arrivedMs, predictedMakespanMs, applied, appliedPredictedMs, realisedMakespanMs, requestCount: requests.length }
  const bestMs = bestOf(predictedMakespanMs)
  return adopted({
    ...before,
    roundCount: before.roundCount + 1,
    policies: before.policies.map((sums) => {
      const ms = predictedMakespanMs[sums.policy]
      if (ms === null) return sums
      return {
        policy: sums.policy,
        roundCount: sums.roundCount + 1,
        winCount: sums.winCount + (isEqual(ms, bestMs) ? 1 : 0),
        predictedMsSum: sums.predictedMsSum + ms,
        regretMsSum: sums.regretMsSum + ms - bestMs,
      }
    }),
    applied: withApplied(before.applied, event, bestMs),
    recent: [...before.recent, score].slice(-RECENT_ROUNDS),
  })
}

export function regretTable(ledger: RegretLedger | null): RegretTable {
  const { roundCount, policies, applied, dropped, recent } = ledger ?? EMPTY
  const rows = policies.map(({ policy, roundCount, winCount, predictedMsSum, regretMsSum }) => {
    return { policy, roundCount, winCount, meanPredictedMs: mean(predictedMsSum, roundCount), meanRegretMs: mean(regretMsSum, roundCount) }
  })
  const rank = ({ meanRegretMs }: { readonly meanRegretMs: number | null }): number => meanRegretMs ?? Number.MAX_VALUE
  return {
    roundCount,
    policies: rows.sort((a, b) => rank(a) - rank(b)),
    applied: applied.map((sums) => ({
      applied: sums.applied,
      roundCount: sums.roundCount,
      meanRealisedMs: sums.realisedMsSum / sums.roundCount,
      meanRegretMs: sums.regretMsSum / sums.roundCount,
      predictedCount: sums.predictedCount,
      meanPredictedMs: mean(sums.predictedMsSum, sums.predictedCount),
      meanErrorRatio: mean(sums.errorRatioSum, sums.predictedCount),
      meanBiasRatio: mean(sums.biasRatioSum, sums.predictedCount),
    })),
    dropped,
    recent,
  }
}

const mean = (sum: number, count: number): number | null => (count === 0 ? null : sum / count)

/** Differences below a nanosecond are rounding. */
const isEqual = (aMs: number, bMs: number): boolean => Math.abs(aMs - bMs) < 1e-6

/** 0 when no policy found a schedule: nobody regrets that. */
function bestOf(predictedMakespanMs: PolicyMakespans): number {
  const found = REGRET_POLICIES.flatMap((policy) => predictedMakespanMs[policy] ?? [])
  return found.length === 0 ? 0 : Math.min(...found)
}

function withApplied(
  rows: RegretLedger['applied'],
  { applied, realisedMakespanMs: realisedMs, appliedPredictedMs: predictedMs }: EventOf<'regret.scored'>,
  bestMs: number,
): RegretLedger['applied'] {
  const nothing = {
    roundCount: 0,
    realisedMsSum: 0,
    regretMsSum: 0,
    predictedCount: 0,
    predictedMsSum: 0,
    errorRatioSum: 0,
    biasRatioSum: 0,
  }
  const sums = rows.find((row) => row.applied === applied) ?? nothing
  const bias = predictedMs === null ? 0 : (predictedMs - realisedMs) / Math.max(1, realisedMs)
  const row = {
    applied,
    roundCount: sums.roundCount + 1,
    realisedMsSum: sums.realisedMsSum + realisedMs,
    regretMsSum: sums.regretMsSum + realisedMs - bestMs,
    predictedCount: sums.predictedCount + (predictedMs === null ? 0 : 1),
    predictedMsSum: sums.predictedMsSum + (predictedMs ?? 0),
    errorRatioSum: sums.errorRatioSum + Math.abs(bias),
    biasRatioSum: sums.biasRatioSum + bias,
  }
  return [...rows.filter((each) => each.applied !== applied), row].sort((a, b) => (a.applied < b.applied ? -1 : 1))
}

function withDrop(rows: RegretLedger['dropped'], reason: RegretDropReason): RegretLedger['dropped'] {
  const roundCount = (rows.find((row) => row.reason === reason)?.roundCount ?? 0) + 1
  return [...rows.filter((row) => row.reason !== reason), { reason, roundCount }].sort((a, b) => (a.reason < b.reason ? -1 : 1))
}
