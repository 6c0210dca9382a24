/** Scrapes exporters into the event log: the site's, and one for this machine that is started as a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { hostname } from 'node:os'
import { fileURLToPath } from 'node:url'
import { loadProfile } from '../connectors/metrics/profile.ts'
import type { PrometheusSettings } from '../connectors/metrics/prometheus-api.ts'
import { type PrometheusSource, runPrometheusSource } from '../connectors/metrics/prometheus-source.ts'
import { nothingTold, type ToldState, toScrapeEvents } from '../connectors/metrics/scrape-events.ts'
import { runScraper, type ScraperOptions } from '../connectors/metrics/scraper.ts'
import type { TwinEvent } from '../models/events/events.ts'
import type { Clock, Logger, Stop } from '../models/ports.ts'

export interface ScrapeSource {
  readonly name: string
  readonly url: string
  readonly profile: string
  /** A machine that the cluster does not list. */
  readonly isObserver: boolean
}

export interface ScrapesOptions {
  readonly site: string
  readonly sources: readonly ScrapeSource[]
  readonly intervalMs: number
  /** Read them through this Prometheus instead of scraping them. */
  readonly prometheus?: PrometheusSettings | undefined
  readonly publish: (events: readonly TwinEvent[]) => Promise<unknown>
  readonly random: () => number
  readonly clock: Clock
  readonly log: Logger
}

/** Stop, and checks of what stands between us and the exporters; directly, that is nothing. */
export function runScrapes({ site, sources, intervalMs, prometheus, publish, random, clock, log }: ScrapesOptions): PrometheusSource {
  const told = new Map<string, ToldState>()
  const observers = new Set(sources.filter(({ isObserver }) => isObserver).map(({ name }) => name))
  const targets = sources.map(({ name, url, profile }) => ({ name, url, profile: loadProfile(profile), intervalMs }))
  const options: ScraperOptions = {
    targets,
    now: clock,
    random,
    log,
    onScrape: (result) => {
      const { name } = result.target
      const step = toScrapeEvents(told.get(name) ?? nothingTold, result, { site, isObserver: observers.has(name) })
      told.set(name, step.told)
      publish(step.events).catch((error: unknown) => log.error({ node: name, error: String(error) }, 'scrape not published'))
    },
  }
  if (prometheus !== undefined) return runPrometheusSource({ ...options, prometheus })
  return Object.assign(runScraper(options), { checks: () => [] })
}

/** The real exporter for the real machine we run on, ended with us. @throws when it does not come up */
export async function runOwnExporter(log: Logger): Promise<{ readonly source: ScrapeSource; readonly stop: Stop }> {
  const name = nodeName(hostname())
  const script = fileURLToPath(new URL('./exporter/exporter.ts', import.meta.url))
  // The channel tells the exporter of our end even when we are killed.
  const child = spawn(process.execPath, [script, '--port', '0', '--node', name], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
  const exited = once(child, 'exit')
  const url = await Promise.race([
    exporterUrl(child),
    exited.then(([code]) => Promise.reject(new Error(`the exporter ended with ${code}`))),
  ])
  let isStopping = false
  child.once('exit', (code, signal) => {
    if (!isStopping) log.warn({ code, signal }, 'exporter of this machine ended; the machine is shown as not answering')
  })
  return {
    source: { name, url, profile: 'ha-exporter', isObserver: true },
    stop: async () => {
      isStopping = true
      child.kill('SIGTERM')
      await exited
    },
  }
}

async function exporterUrl(child: ChildProcess): Promise<string> {
  let said = ''
  for await (const chunk of child.stdout?.setEncoding('utf8') ?? []) {
    said += String(chunk)
    const url = / at (http:\S+)/.exec(said)?.[1]
    if (url !== undefined) return url
  }
  throw new Error(`the exporter did not say where it listens: ${said}`)
}

/** What a Kubernetes node of this host name would be called. */
function nodeName(host: string): string {
  const name = host
    .toLowerCase()
    .replaceAll(/[^-a-z0-9.]/g, '-')
    .replaceAll(/^[-.]+|[-.]+$/g, '')
  return `this-${name === '' ? 'machine' : name}`.slice(0, 63).replace(/[-.]+$/, '')
}
