/** Which target of Prometheus is which of our exporters. */
import { SAMPLE_DEADLINES } from '../../models/entities/fact.ts'
import type { PrometheusTarget } from './prometheus-api.ts'
import type { ScrapeTarget } from './scraper.ts'

/**
 * The one that is scraped at our address; else, as Prometheus may see it under another one, the only one whose label `node` or `instance`
 * is the name of our node. Of several at our address, the first.
 */
export function findTarget(targets: readonly PrometheusTarget[], { url, name }: ScrapeTarget): PrometheusTarget | undefined {
  const address = new URL(url).href
  const atAddress = targets.find(({ scrapeUrl }) => URL.canParse(scrapeUrl) && new URL(scrapeUrl).href === address)
  if (atAddress !== undefined) return atAddress
  const named = targets.filter(({ labels }) => labels.node === name || labels.instance === name)
  return named.length === 1 ? named[0] : undefined
}

/** Whether it is scraped so seldom that its samples are late before the next ones come. */
export function isScrapedSeldom({ scrapeInterval }: PrometheusTarget): boolean {
  return durationMs(scrapeInterval) > SAMPLE_DEADLINES.lateMs
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

/** Of a duration as Prometheus writes it; a year is above all that matters here. */
function durationMs(text: string): number {
  return [...text.matchAll(/(\d+)(ms|[smhdwy])/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (UNIT_MS[unit ?? ''] ?? Infinity),
    0,
  )
}
