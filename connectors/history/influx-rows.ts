/** What InfluxDB answers, read strictly: anything unexpected is left out or an error, never a number of ours. */
import { z } from 'zod'
import type { SeriesPoint } from '../../models/contracts/history.ts'
import type { Series } from './history-store.ts'
import { CELL_PARTS } from './influx-text.ts'
import type { Tier } from './tiers.ts'

const answerShape = z.object({
  results: z
    .array(
      z.object({
        error: z.string().optional(),
        partial: z.boolean().optional(),
        series: z
          .array(
            z.object({
              tags: z.record(z.string(), z.string()).optional(),
              columns: z.array(z.string()),
              values: z.array(z.array(z.union([z.number(), z.string(), z.boolean(), z.null()]))),
            }),
          )
          .optional(),
      }),
    )
    .min(1),
})
export type InfluxSeries = NonNullable<z.infer<typeof answerShape>['results'][number]['series']>[number]

/** @throws Error with InfluxDB's own message. */
export function seriesOf(answer: unknown): readonly InfluxSeries[] {
  const parsed = answerShape.safeParse(answer)
  if (!parsed.success) throw new Error('InfluxDB gave an answer that is none of InfluxDB 1.x')
  const { error, partial, series } = parsed.data.results[0]!
  if (error !== undefined) throw new Error(error)
  if (partial === true) throw new Error('InfluxDB cut its answer short (max-row-limit)')
  return series ?? []
}

/** @param only The name, when the question was about one. */
export function toSeries(tier: Tier, found: readonly InfluxSeries[], fields: readonly string[]): Series[] {
  return found.flatMap(({ tags, columns, values }) =>
    fields.flatMap((field) => {
      const parts = tier === 'raw' ? [field, field, field] : CELL_PARTS.map((part) => `${field}_${part}`)
      const at = parts.map((part) => columns.indexOf(part))
      const points = values.flatMap((row) => toPoint(row, at) ?? [])
      return points.length === 0 ? [] : [{ name: tags?.name ?? '', field, points }]
    }),
  )
}

type Row = InfluxSeries['values'][number]

/** @param at The columns of mean, min, max and, but for samples, count; the first column is the time. */
function toPoint(row: Row, at: readonly number[]): SeriesPoint | null {
  const [mean, min, max, count = 1] = at.map((column) => row[column])
  const timeMs = row[0]
  const numbers = [timeMs, mean, min, max, count]
  if (!numbers.every((value) => typeof value === 'number')) return null
  return { timeMs: Number(timeMs), mean: Number(mean), min: Number(min), max: Number(max), count: Number(count) }
}
