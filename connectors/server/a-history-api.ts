/** For tests: a history in memory, and nothing forgotten. Intervals are as short as `maxPoints` allows, of whole seconds. */
import type { HistoryPoint, NumbersPoint, SeriesPoint, TransitionPoint } from '../../models/contracts/history.ts'
import { unitOf } from '../../models/contracts/history.ts'
import type { HistoryApi } from './app-options.ts'

/** @param points Oldest first. */
export function aHistoryApi(points: readonly HistoryPoint[]): HistoryApi {
  return {
    series: async ({ kind, name, field, fromMs, toMs, maxPoints }) => {
      const samples = points
        .filter((point): point is NumbersPoint => point.kind === kind && point.name === name)
        .flatMap(({ timeMs, values }) => (values[field] === undefined ? [] : [{ timeMs, value: values[field] }]))
      const resolutionMs = Math.max(1, Math.ceil((toMs - fromMs) / maxPoints / 1_000)) * 1_000
      const inSpan = samples.filter(({ timeMs }) => timeMs >= fromMs && timeMs < toMs)
      const intervals = Map.groupBy(inSpan, ({ timeMs }) => Math.floor(timeMs / resolutionMs) * resolutionMs)
      return {
        unit: unitOf(kind, field)!,
        resolutionMs,
        points: [...intervals].map(([timeMs, given]): SeriesPoint => {
          const values = given.map(({ value }) => value)
          const mean = values.reduce((sum, value) => sum + value, 0) / values.length
          return { timeMs, mean, min: Math.min(...values), max: Math.max(...values), count: values.length }
        }),
        source: 'sqlite',
        oldestMs: samples[0]?.timeMs ?? null,
      }
    },
    transitions: async ({ kind, name, fromMs, toMs }) => {
      const kept = points.filter(
        (point): point is TransitionPoint => point.kind === 'transition' && point.of === kind && point.name === name,
      )
      return {
        transitions: kept
          .filter(({ timeMs }) => timeMs >= fromMs && timeMs < toMs)
          .map(({ timeMs, from, to, reason }) => ({ timeMs, from, to, reason })),
        source: 'sqlite',
        oldestMs: kept[0]?.timeMs ?? null,
      }
    },
  }
}
