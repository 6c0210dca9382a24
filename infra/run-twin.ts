/**
 * One process with the twin of one site, or of its share of all sites: the log that the settings want, the site, and the twin on top.
 * What was started is stopped in reverse order, also when a later start fails.
 */
import { createEmbeddedLog } from '../connectors/journal/embedded-log.ts'
import { defaultRegistry } from '../models/applications/registry.ts'
import type { Logger, Stop } from '../models/ports.ts'
import type { Config } from './config.ts'
import { type HostedSite, hostedSite } from './hosted-site.ts'
import { runIngest } from './ingest.ts'
import { ingestOf, openKafka, outsideLogOf } from './run-kafka.ts'
import { runSiteTwin, type SiteTwinOptions } from './run-site-twin.ts'
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
  const site = hostedSite({ config, registry: defaultRegistry(), log: options.log })
  if (config.eventLog === 'embedded') return runOnEmbeddedLog(options, site)
  return config.kafkaGroup === undefined ? runOnKafka(options, site) : runInGroup(options, site)
}

async function runOnEmbeddedLog(options: TwinOptions, site: HostedSite): Promise<RunningTwin> {
  const eventLog = createEmbeddedLog()
  return runAlone(options, site, {
    publish: eventLog.publish,
    startIngest: (given) => runIngest({ ...given, log: eventLog, site: site.name }),
    stopLog: eventLog.close,
  })
}

/** This process alone reads the site's events: it starts from its journal even while Kafka is away. */
async function runOnKafka(options: TwinOptions, site: HostedSite): Promise<RunningTwin> {
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

async function runInGroup({ config, log, viewerDir }: TwinOptions, hosted: HostedSite): Promise<RunningTwin> {
  const { name } = hosted
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

async function runAlone(
  { config, log, viewerDir }: TwinOptions,
  { name: site, connect }: HostedSite,
  means: LogMeans,
): Promise<RunningTwin> {
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
      connect,
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
