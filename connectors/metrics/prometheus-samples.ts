/**
 * The samples of one target as Prometheus gives them, made again what the exporter wrote.
 *
 * Prometheus puts labels of its own on each series and renames the exporter's where both have one. Its own series `up` carries
 * exactly those labels, those of federation included.
 */
import { timeMsShape } from '../../models/events/shapes.ts'
import type { Labels, Sample } from '../../models/exposition/format.ts'

export interface PrometheusScrape {
  /** When Prometheus scraped the target. */
  readonly timeMs: number
  readonly isUp: boolean
  readonly durationMs: number
  /** What the exporter wrote. */
  readonly samples: readonly Sample[]
}

/** Series that Prometheus writes itself about each scrape. */
export const SCRAPE_SERIES = ['up', 'scrape_duration_seconds'] as const

/** @returns undefined when Prometheus has no scrape of the target, or none at a time that can be. */
export function toPrometheusScrape(samples: readonly Sample[]): PrometheusScrape | undefined {
  const up = samples.find(({ name }) => name === 'up')
  if (up?.timestampMs === undefined || !timeMsShape.safeParse(up.timestampMs).success) return undefined
  const durationSeconds = samples.find(({ name }) => name === 'scrape_duration_seconds')?.value ?? 0
  const own: readonly string[] = SCRAPE_SERIES
  return {
    timeMs: up.timestampMs,
    isUp: up.value === 1,
    durationMs: durationSeconds > 0 && durationSeconds < Infinity ? durationSeconds * 1000 : 0,
    samples: samples
      .filter(({ name }) => !own.includes(name))
      .map((sample) => ({ ...sample, labels: withoutAdded(sample.labels, up.labels) })),
  }
}

/**
 * A label of the exporter that has the name of an added one is called `exported_…`, with more of that prefix while the name is taken.
 * With `honor_labels` the exporter's stays and the added one is left out: then the values differ, as a rule.
 */
function withoutAdded(labels: Labels, added: Labels): Labels {
  const original = new Map(labels)
  for (const [name, value] of added) {
    let renamed = name
    while (labels.has(`exported_${renamed}`)) renamed = `exported_${renamed}`
    if (original.get(name) === value) original.delete(name)
    if (renamed === name) continue
    original.set(name, labels.get(renamed) ?? '')
    original.delete(renamed)
  }
  return original
}
