/**
 * One process with the twin of one site: the log, a simulated site with its exporters, and the twin on top.
 * What was started is stopped in reverse order, also when a later start fails.
 */
import { createEmbeddedLog } from '../connectors/journal/embedded-log.ts'
import { drawsOf } from '../connectors/simulated-site/random.ts'
import { type LeftOver, runSimulatedSite } from '../connectors/simulated-site/simulated-site.ts'
import { loadSite } from '../connectors/simulated-site/site.ts'
import type { SiteDescription } from '../connectors/simulated-site/site-description.ts'
import { defaultRegistry } from '../models/applications/registry.ts'
import { isEnded } from '../models/entities/pod.ts'
import type { EventLog, Logger, Stop } from '../models/ports.ts'
import type { TwinState } from '../twin/twin-state.ts'
import type { Config } from './config.ts'
import { runIngest } from './ingest.ts'
import { tellPrometheus } from './prometheus-targets.ts'
import { runOwnExporter, runScrapes, type ScrapeSource } from './run-scrapes.ts'
import { type Connected, runSiteTwin } from './run-site-twin.ts'
import { createWhatIfPool } from './what-if-pool.ts'

export interface RunningTwin {
  readonly site: string
  readonly url: string
  /** Rejects when something that must not fail did. */
  readonly failed: Promise<never>
  readonly stop: Stop
}

export interface TwinOptions {
  readonly config: Config
  readonly log: Logger
  readonly viewerDir: string | undefined
}

export async function runTwin({ config, log, viewerDir }: TwinOptions): Promise<RunningTwin> {
  const clock = Date.now
  const description = loadSite(config.site)
  const eventLog = createEmbeddedLog()
  const registry = defaultRegistry()
  const pool = createWhatIfPool({ registry })
  const site = description.name
  const stopRest = async (): Promise<void> => {
    await pool.stop()
    await eventLog.close()
  }
  try {
    const twin = await runSiteTwin({
      site,
      config,
      port: config.port,
      viewerDir,
      registry,
      pool,
      publish: eventLog.publish,
      startIngest: (options) => runIngest({ ...options, log: eventLog, site }),
      connect: (initial, publish) => connectSimulatedSite(description, { initial, publish, config, log }),
      clock,
      log,
    })
    const stop = async (): Promise<void> => {
      await twin.stop()
      await stopRest()
    }
    return { site, url: twin.url, failed: twin.failed, stop }
  } catch (error) {
    await stopRest()
    throw error
  }
}

export interface SimulatedSiteNeeds {
  /** What the twin held when it was recovered. */
  readonly initial: TwinState
  readonly publish: EventLog['publish']
  readonly config: Config
  readonly log: Logger
}

/** The simulated site and the scrapes of its exporters, and of this machine when it is watched. */
export async function connectSimulatedSite(
  description: SiteDescription,
  { initial, publish, config, log }: SimulatedSiteNeeds,
): Promise<Connected> {
  const clock = Date.now
  const site = await runSimulatedSite({ site: description, publish, clock, seed: config.seed, log, leftOver: leftOverOf(initial) })
  const stops: Stop[] = [site.stop]
  const stop = async (): Promise<void> => {
    for (const stopOne of stops.splice(0).reverse()) await stopOne()
  }
  try {
    const sources: ScrapeSource[] = site.exporterTargets.map((target) => ({ ...target, isObserver: false }))
    if (config.thisMachine) {
      const own = await runOwnExporter(log)
      stops.push(own.stop)
      sources.push({ ...own.source, isObserver: true })
    }
    if (config.prometheusTargetsFile !== undefined) tellPrometheus(config.prometheusTargetsFile, sources)
    const random = drawsOf(config.seed, 'scrape-jitter').uniform
    stops.push(runScrapes({ site: site.name, sources, intervalMs: config.scrapeMs, publish, random, clock, log }))
    return { sink: site.sink, faults: site.faults, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** An emulated site dies with the process: what it ran then is lost, and the site has to say so. */
function leftOverOf({ entities, clockMs }: TwinState): LeftOver {
  const requests = [...entities.request.values()].filter(({ mode }) => mode === 'waiting' || mode === 'assigned')
  return {
    pods: [...entities.pod.values()].filter((pod) => !isEnded(pod)).map(({ name }) => name),
    requests: requests.map(({ id, reported }) => ({ id, requestedMs: reported.requestedMs ?? clockMs })),
  }
}
