/** Answers a question about a series from the tiers: the coarse one as far as it is complete, then finer ones up to now. */
import {
  HISTORY_LIMITS,
  type HistoryQuery,
  type HistorySeries,
  type HistoryTransitions,
  type SeriesPoint,
  type TransitionQuery,
  unitOf,
} from '../../models/contracts/history.ts'
import { cleanText } from './clean.ts'
import type { DownSampling } from './down-sampling.ts'
import type { HistoryStore, SeriesFilter } from './history-store.ts'
import { floorTo, mergeInto, stepFor, TIER_NAMES, TIERS, type Tier, TRANSITIONS_KEPT_MS, tierFor } from './tiers.ts'

export interface Answering {
  readonly store: HistoryStore
  readonly downSampling: DownSampling
  readonly nowMs: number
}

export async function answerSeries(query: HistoryQuery, { store, downSampling, nowMs }: Answering): Promise<HistorySeries> {
  const series: SeriesFilter = { kind: query.kind, only: { name: cleanText(query.name), field: query.field } }
  const unit = unitOf(query.kind, query.field)
  const keptFrom = (tier: Tier): number => nowMs - TIERS[tier].keptMs
  const ends = await Promise.all(TIER_NAMES.map((tier) => store.end(tier, 'oldest', { ...series, fromMs: keptFrom(tier) })))
  const oldestMs = ends.reduce((a, b) => (a === null || b === null ? (a ?? b) : Math.min(a, b)), null)
  if (unit === null || oldestMs === null) {
    return { unit: unit ?? 'count', resolutionMs: stepFor(query, tierFor(query, nowMs)), points: [], source: store.source, oldestMs: null }
  }
  const tier = await coarserIfForgotten(tierFor(query, nowMs), query, { store, series, ends })
  const resolutionMs = stepFor(query, tier)
  const toMs = Math.ceil(query.toMs / resolutionMs) * resolutionMs

  const points: SeriesPoint[] = []
  let fromMs = Math.max(floorTo(query.fromMs, resolutionMs), floorTo(keptFrom(tier), TIERS[tier].intervalMs))
  for (const each of TIER_NAMES.slice(0, TIER_NAMES.indexOf(tier) + 1).reverse()) {
    const untilMs = each === 'raw' ? toMs : Math.min(toMs, await downSampling.completeUntilMs(each, query.kind))
    if (untilMs <= fromMs) continue
    const [found] = await store.read(each, { ...series, fromMs, toMs: untilMs })
    points.push(...(found?.points ?? []))
    fromMs = untilMs
  }
  return { unit, resolutionMs, points: mergeInto(resolutionMs, points), source: store.source, oldestMs }
}

interface Kept {
  readonly store: HistoryStore
  readonly series: SeriesFilter
  /** The oldest time by tier. */
  readonly ends: readonly (number | null)[]
}

/** A store that ran out of room forgot the fine numbers first: then a coarser tier may still have the start of the span. */
async function coarserIfForgotten(tier: Tier, query: HistoryQuery, { store, series, ends }: Kept): Promise<Tier> {
  const at = TIER_NAMES.indexOf(tier)
  const coarser = TIER_NAMES[at + 1]
  if (coarser === undefined) return tier
  // What is not yet in a tier is answered from the finer ones.
  const reachMs = Math.min(...ends.slice(0, at + 1).map((each) => each ?? Number.POSITIVE_INFINITY))
  if (reachMs <= query.fromMs) return tier
  const { intervalMs } = TIERS[coarser]
  const foundMs = await store.end(coarser, 'oldest', { ...series, fromMs: floorTo(query.fromMs, intervalMs) })
  const isForgotten = foundMs !== null && foundMs + intervalMs <= Math.min(reachMs, query.toMs)
  return isForgotten ? coarserIfForgotten(coarser, query, { store, series, ends }) : tier
}

export async function answerTransitions(query: TransitionQuery, { store, nowMs }: Answering): Promise<HistoryTransitions> {
  const keptFromMs = nowMs - TRANSITIONS_KEPT_MS
  const ofThing = { ...query, name: cleanText(query.name), fromMs: Math.max(query.fromMs, keptFromMs) }
  const newest = await store.transitions(ofThing, HISTORY_LIMITS.transitions)
  const oldestMs = await store.oldestTransition({ ...ofThing, fromMs: keptFromMs })
  return { transitions: newest.toReversed(), source: store.source, oldestMs }
}
