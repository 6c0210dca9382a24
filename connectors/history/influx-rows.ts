/** What InfluxDB answers, read strictly: anything unexpected is left out or an error, never a number of ours. */
import { z } from 'zod'
import { columnsOf, toPoint } from './columns.ts'
import type { Series } from './history-store.ts'
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

/** Of each name and field; the columns are those of `fields`, in this order, after the time. */
export function toSeries(tier: Tier, found: readonly InfluxSeries[], fields: readonly string[]): Series[] {
  return found.flatMap(({ tags, values }) =>
    fields.flatMap((field, n) => {
      const at = 1 + n * columnsOf(tier, field).length
      const points = values.flatMap((row) => toPoint(tier, row[0], row, at) ?? [])
      return points.length === 0 ? [] : [{ name: tags?.name ?? '', field, points }]
    }),
  )
}
