/**
 * Reads the exporters through a Prometheus that scrapes them already, instead of scraping them a second time.
 *
 * What Prometheus cannot say is not said: while it does not answer, nothing is told of any exporter, and what is known of them ages.
 */
import type { Check } from '../../models/contracts/api.ts'
import type { Stop } from '../../models/ports.ts'
import { pause } from '../pause.ts'
import { createPrometheusApi, type PrometheusSettings } from './prometheus-api.ts'
import { type PrometheusView, prometheusChecks } from './prometheus-checks.ts'
import { createPrometheusReader } from './prometheus-reader.ts'
import { jitteredMs, type ScraperOptions } from './scraper.ts'

/** Results have the times of Prometheus' scrapes. */
export interface PrometheusSourceOptions extends ScraperOptions {
  readonly prometheus: PrometheusSettings
}

/** Stops like a scraper. */
export type PrometheusSource = Stop & {
  /** As last known. */
  readonly checks: () => readonly Check[]
}

const TIMEOUT_MS = 5_000
const BACK_OFF_MS_MAX = 10_000

/** Stop resolves when nothing is asked any more. */
export function runPrometheusSource(options: PrometheusSourceOptions): PrometheusSource {
  const { prometheus, targets, timeoutMs = TIMEOUT_MS, fetch = globalThis.fetch } = options
  const stopping = new AbortController()
  const api = createPrometheusApi(prometheus, { stopping: stopping.signal, timeoutMs, fetch })
  const reader = createPrometheusReader(api, {
    targets,
    now: options.now,
    onScrape: (result) => {
      if (!stopping.signal.aborted) options.onScrape(result)
    },
  })
  let view: PrometheusView = { url: prometheus.url, failure: undefined, ...reader.seen() }
  const readForever = async (): Promise<void> => {
    const intervalMs = Math.min(...targets.map((target) => target.intervalMs))
    let failureCount = 0
    while (!stopping.signal.aborted) {
      const startMs = options.now()
      const failure = await reader.read()
      if (stopping.signal.aborted) return
      failureCount = failure === undefined ? 0 : failureCount + 1
      const next = { url: prometheus.url, failure, ...reader.seen() }
      logChanges(view, next, options)
      view = next
      const waitMs = Math.max(intervalMs, Math.min(BACK_OFF_MS_MAX, (intervalMs * 2 ** failureCount) / 2))
      await pause(Math.max(0, jitteredMs(waitMs, options.random()) - (options.now() - startMs)), stopping.signal)
    }
  }
  const reading = targets.length === 0 ? Promise.resolve() : readForever()
  const stop = async (): Promise<void> => {
    stopping.abort()
    await reading
  }
  return Object.assign(stop, { checks: () => prometheusChecks(view) })
}

/** Each fault is said when it comes and when it goes. */
function logChanges(before: PrometheusView, after: PrometheusView, { log }: PrometheusSourceOptions): void {
  const checksBefore = prometheusChecks(before)
  for (const [i, { name, ok, detail, remedy }] of prometheusChecks(after).entries()) {
    if (ok === checksBefore[i]?.ok) continue
    if (ok) log.info({ check: name, detail }, 'prometheus is well again')
    else log.warn({ check: name, detail, remedy }, 'prometheus is not well')
  }
}
