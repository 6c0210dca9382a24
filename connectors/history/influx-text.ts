/**
 * Every InfluxQL text of the history. The client's own escaping cannot be trusted, so a text holds names of our fixed
 * sets and nothing else: what is asked for travels as bound parameters.
 */
import type { SeriesKind } from '../../models/contracts/history.ts'
import { columnsOf, fieldsOf } from './columns.ts'
import type { SeriesFilter } from './history-store.ts'
import type { Tier } from './tiers.ts'

export type Parameters = Readonly<Record<string, string | number>>

export interface Question {
  readonly text: string
  readonly parameters: Parameters
}

export function readQuestion(
  tier: Tier,
  filter: SeriesFilter & { readonly site: string; readonly fromMs: number; readonly toMs: number },
): Question {
  return {
    text: `${select(tier, filter)} AND time < $until GROUP BY "name" ORDER BY time`,
    parameters: { ...parametersOf(filter), until: timeText(filter.toMs) },
  }
}

export function endQuestion(
  tier: Tier,
  which: 'oldest' | 'newest',
  filter: SeriesFilter & { readonly site: string; readonly fromMs: number },
): Question {
  const order = which === 'oldest' ? 'ASC' : 'DESC'
  return { text: `${select(tier, filter)} ORDER BY time ${order} LIMIT 1`, parameters: parametersOf(filter) }
}

export function transitionQuestion(options: {
  readonly site: string
  readonly kind: string
  readonly name: string
  readonly fromMs: number
  readonly toMs: number
  readonly order: 'ASC' | 'DESC'
  readonly countMax: number
}): Question {
  const { site, kind, name, fromMs, toMs, order, countMax } = options
  return {
    text: `SELECT "fromMode", "toMode", "reason" FROM "h1"."transition" WHERE "site" = $site AND "kind" = $kind AND "name" = $name AND time >= $from AND time < $until ORDER BY time ${order} LIMIT ${Math.trunc(countMax)}`,
    parameters: { site, kind, name, from: timeText(fromMs), until: timeText(toMs) },
  }
}

function select(tier: Tier, filter: SeriesFilter): string {
  const columns = fieldsOf(filter).flatMap((field) => columnsOf(tier, field))
  const list = columns.map((column) => `"${column}"`).join(', ')
  const ofName = filter.only === undefined ? '' : ' AND "name" = $name'
  const measurement: SeriesKind = filter.kind
  return `SELECT ${list} FROM "${tier}"."${measurement}" WHERE "site" = $site${ofName} AND time >= $from`
}

function parametersOf({ site, fromMs, only }: SeriesFilter & { readonly site: string; readonly fromMs: number }): Parameters {
  return { site, from: timeText(fromMs), ...(only === undefined ? {} : { name: only.name }) }
}

/** InfluxDB counts in nanoseconds from 1677 to 2262, which no number of ours holds exactly. */
function timeText(timeMs: number): string {
  return new Date(Math.min(Math.max(timeMs, 0), Date.UTC(2262, 0, 1))).toISOString()
}
