/** Scrapes exporters into the event log: the site's, and one for this machine that is started as a process of its own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { hostname } from 'node:os'
import { fileURLToPath } from 'node:url'
import { loadProfile } from '../connectors/metrics/profile.ts'
import { nothingTold, type ToldState, toScrapeEvents } from '../connectors/metrics/scrape-events.ts'
import { runScraper } from '../connectors/metrics/scraper.ts'
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
  readonly publish: (events: readonly TwinEvent[]) => Promise<void>
  readonly random: () => number
  readonly clock: Clock
  readonly log: Logger
}

export function runScrapes({ site, sources, intervalMs, publish, random, clock, log }: ScrapesOptions): Stop {
  const told = new Map<string, ToldState>()
  const observers = new Set(sources.filter(({ isObserver }) => isObserver).map(({ name }) => name))
  const targets = sources.map(({ name, url, profile }) => ({ name, url, profile: loadProfile(profile), intervalMs }))
  return runScraper({
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
  })
}

/** The real exporter for the real machine we run on, ended with us. */
export async function runOwnExporter(log: Logger): Promise<{ readonly source: ScrapeSource; readonly stop: Stop }> {
  const port = await freePort()
  const name = nodeName(hostname())
  const script = fileURLToPath(new URL('./exporter/exporter.ts', import.meta.url))
  const child = spawn(process.execPath, [script, '--port', String(port), '--node', name], { stdio: ['ignore', 'ignore', 'inherit'] })
  child.on('exit', (code, signal) => {
    if (signal === null && code !== 0) log.warn({ code }, 'exporter of this machine ended; the machine is shown as not answering')
  })
  return {
    source: { name, url: `http://127.0.0.1:${port}/metrics`, profile: 'ha-exporter', isObserver: true },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    },
  }
}

/** What a Kubernetes node of this host name would be called. */
function nodeName(host: string): string {
  const name = host
    .toLowerCase()
    .replaceAll(/[^-a-z0-9.]/g, '-')
    .replaceAll(/^[-.]+|[-.]+$/g, '')
  return `this-${name === '' ? 'machine' : name}`.slice(0, 63).replace(/[-.]+$/, '')
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}
