/**
 * The site that a process hosts: an emulated one, or a real cluster. It alone knows how the site is reached.
 *
 * An emulated site lives in this process and goes on whoever owns its twin; a real cluster is there without us, and only the owner of its twin talks to it.
 */
import { drawsOf } from '../connectors/simulated-site/random.ts'
import { type LeftOver, runSimulatedSite } from '../connectors/simulated-site/simulated-site.ts'
import { loadSite } from '../connectors/simulated-site/site.ts'
import type { SiteDescription } from '../connectors/simulated-site/site-description.ts'
import type { ImageRegistry } from '../models/applications/registry.ts'
import { isEnded } from '../models/entities/pod.ts'
import type { EventLog, Logger, Stop } from '../models/ports.ts'
import type { TwinState } from '../twin/twin-state.ts'
import type { Config } from './config.ts'
import { tellPrometheus } from './prometheus-targets.ts'
import { runOwnExporter, runScrapes, type ScrapeSource } from './run-scrapes.ts'
import type { Connected, ConnectMeans } from './run-site-twin.ts'

export interface HostedSite {
  readonly name: string
  /** It runs in this process, also while its twin is another's. */
  readonly isEmulated: boolean
  /** @param initial what the twin held when it was recovered. */
  readonly connect: (initial: TwinState, means: ConnectMeans) => Promise<Connected>
}

interface HostOptions {
  readonly config: Config
  readonly registry: ImageRegistry
  readonly log: Logger
}

/** @throws TwinError SITE_UNKNOWN or SITE_INVALID for a description that cannot be loaded. */
export function hostedSite(options: HostOptions): HostedSite {
  const { config, registry, log } = options
  if (config.cluster === 'kubernetes') {
    const site = config.site ?? 'cluster'
    const connect: HostedSite['connect'] = async (_, means) => {
      // The client of Kubernetes is large: who has no real cluster does not wait for it.
      const { connectRealSite } = await import('./run-real-site.ts')
      return connectRealSite({ ...means, config, site, registry, clock: Date.now, log })
    }
    return { name: site, isEmulated: false, connect }
  }
  const description = loadSite(config.site ?? 'dhs')
  const connect: HostedSite['connect'] = (initial, { publish }) => connectSimulatedSite(description, options, { initial, publish })
  return { name: description.name, isEmulated: true, connect }
}

/** The simulated site and the scrapes of its exporters, and of this machine when it is watched. */
async function connectSimulatedSite(
  description: SiteDescription,
  { config, log }: HostOptions,
  { initial, publish }: { readonly initial: TwinState; readonly publish: EventLog['publish'] },
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
