/**
 * One process with the twin of one site, or of its share of all sites: the log that the settings want, the site, and the twin on top.
 * What was started is stopped in reverse order, also when a later start fails.
 */
import { createEmbeddedLog } from '../connectors/journal/embedded-log.ts'
import { drawsOf } from '../connectors/simulated-site/random.ts'
import { type LeftOver, runSimulatedSite } from '../connectors/simulated-site/simulated-site.ts'
import { loadSite } from '../connectors/simulated-site/site.ts'
import type { SiteDescription } from '../connectors/simulated-site/site-description.ts'
import { defaultRegistry } from '../models/applications/registry.ts'
import { isEnded } from '../models/entities/pod.ts'
import { TwinError } from '../models/errors.ts'
import type { EventLog, Logger, Stop } from '../models/ports.ts'
import type { TwinState } from '../twin/twin-state.ts'
import type { Config } from './config.ts'
import { runIngest } from './ingest.ts'
import { tellPrometheus } from './prometheus-targets.ts'
import { ingestOf, openKafka, outsideLogOf } from './run-kafka.ts'
import { runOwnExporter, runScrapes, type ScrapeSource } from './run-scrapes.ts'
import { type Connected, runSiteTwin, type SiteTwinOptions } from './run-site-twin.ts'
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

export async function runTwin(options: TwinOptions): Promise<RunningTwin> {
  const { config } = options
  const site = siteOf(config)
  if (config.eventLog === 'embedded') return runOnEmbeddedLog(options, site)
  return config.kafkaGroup === undefined ? runOnKafka(options, site) : runInGroup(options, site)
}

/** A site by its name, and what becomes of it here. */
interface Site {
  readonly name: string
  /** null: a real cluster. */
  readonly description: SiteDescription | null
}

function siteOf({ cluster, site }: Config): Site {
  if (cluster === 'kubernetes') return { name: site ?? 'cluster', description: null }
  const description = loadSite(site ?? 'dhs')
  return { name: description.name, description }
}

async function runOnEmbeddedLog(options: TwinOptions, site: Site): Promise<RunningTwin> {
  const eventLog = createEmbeddedLog()
  return runAlone(options, site, {
    publish: eventLog.publish,
    startIngest: (given) => runIngest({ ...given, log: eventLog, site: site.name }),
    stopLog: eventLog.close,
  })
}

/** This process alone reads the site's events: it starts from its journal even while Kafka is away. */
async function runOnKafka(options: TwinOptions, site: Site): Promise<RunningTwin> {
  const { config, log } = options
  const kafka = await openKafka({ site: site.name, config, clock: Date.now, log })
  const ingest = ingestOf(kafka, site.name)
  return runAlone(options, site, {
    publish: kafka.publish,
    startIngest: ingest.start,
    outsideLog: outsideLogOf(kafka, ingest.reader),
    stopLog: kafka.stop,
  })
}

async function runInGroup({ config, log, viewerDir }: TwinOptions, { name, description: hosted }: Site): Promise<RunningTwin> {
  if (hosted === null) {
    const message = 'a real cluster cannot be shared by a Kafka group yet: leave kafkaGroup out, or set cluster to simulated'
    throw new TwinError('CONFIG_INVALID', message)
  }
  const kafka = await openKafka({ site: name, config, clock: Date.now, log })
  const { client, settings } = kafka
  const { runSharedTwins } = await import('./run-shared-twins.ts')
  const twins = await runSharedTwins({ config, client, settings, kafka, hosted, publicUrl: config.publicUrl, viewerDir, log })
  const stop = async (): Promise<void> => {
    await twins.stop()
    await kafka.stop()
  }
  return { site: name, url: twins.url, failed: new Promise<never>(() => {}), stop }
}

type LogMeans = Pick<SiteTwinOptions, 'publish' | 'startIngest' | 'outsideLog'> & { readonly stopLog: Stop }

async function runAlone({ config, log, viewerDir }: TwinOptions, { name: site, description }: Site, means: LogMeans): Promise<RunningTwin> {
  const { stopLog, ...logMeans } = means
  const registry = defaultRegistry()
  const pool = createWhatIfPool({ registry })
  const stopRest = async (): Promise<void> => {
    await pool.stop()
    await stopLog()
  }
  try {
    const twin = await runSiteTwin({
      ...logMeans,
      site,
      config,
      port: config.port,
      viewerDir,
      registry,
      pool,
      connect: async (initial, { publish, state, judge }) => {
        if (description !== null) return connectSimulatedSite(description, { initial, publish, config, log })
        // The client of Kubernetes is large: who has no real cluster does not wait for it.
        const { connectRealSite } = await import('./run-real-site.ts')
        return connectRealSite({ config, site, state, registry, publish, judge, clock: Date.now, log })
      },
      clock: Date.now,
      log,
    })
    const stop = async (): Promise<void> => {
      await twin.stop()
      await stopRest()
    }
    return { site: twin.site, url: twin.url, failed: twin.failed, stop }
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
    const { prometheusUrl: url, prometheusUsername: username, prometheusPasswordFile: passwordFile } = config
    const prometheus = url === undefined ? undefined : { url, username, passwordFile }
    const scrapes = runScrapes({ site: site.name, sources, intervalMs: config.scrapeMs, prometheus, publish, random, clock, log })
    stops.push(scrapes)
    return { sink: site.sink, faults: site.faults, checks: scrapes.checks, stop }
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
