/** The exporter on each node of a real cluster, scraped for as long as the node is there; addresses are the nodes' own. */
import type { Cluster } from '../connectors/kubernetes/watch/cluster.ts'
import type { WatchedNode } from '../connectors/kubernetes/watched.ts'
import type { Check } from '../models/contracts/api.ts'
import type { Clock, EventLog, Logger, Stop } from '../models/ports.ts'
import type { Config } from './config.ts'
import { runScrapes } from './run-scrapes.ts'

export interface NodeScrapesOptions {
  readonly cluster: Pick<Cluster, 'objects'>
  readonly config: Pick<Config, 'exporterPort' | 'scrapeMs' | 'prometheusUrl' | 'prometheusUsername' | 'prometheusPasswordFile'>
  readonly site: string
  readonly publish: EventLog['publish']
  readonly clock: Clock
  readonly log: Logger
}

const LOOK_MS = 2_000

export function runNodeScrapes(options: NodeScrapesOptions): { readonly checks: () => readonly Check[]; readonly stop: Stop } {
  const { cluster, config, site, publish, clock, log } = options
  const { exporterPort, prometheusUrl, prometheusUsername: username, prometheusPasswordFile: passwordFile } = config
  const prometheus = prometheusUrl === undefined ? undefined : { url: prometheusUrl, username, passwordFile }
  const running = new Map<string, { readonly url: string; readonly scrapes: ReturnType<typeof runScrapes> }>()
  const ending = new Set<Promise<void>>()

  const end = (name: string): void => {
    const stopped = running.get(name)?.scrapes()
    running.delete(name)
    if (stopped === undefined) return
    ending.add(stopped)
    void stopped.finally(() => ending.delete(stopped))
  }
  const look = (): void => {
    const wanted = new Map([...cluster.objects('node').values()].flatMap((node) => exporterOf(node, exporterPort)))
    for (const [name, { url }] of running) if (wanted.get(name) !== url) end(name)
    for (const [name, url] of wanted) {
      if (running.has(name)) continue
      const sources = [{ name, url, profile: 'ha-exporter', isObserver: false }]
      const scrapes = runScrapes({ site, sources, intervalMs: config.scrapeMs, prometheus, publish, random: Math.random, clock, log })
      running.set(name, { url, scrapes })
    }
  }
  const timer = exporterPort === undefined ? undefined : setInterval(look, LOOK_MS)
  return {
    checks: () => [...running.values()].flatMap(({ scrapes }) => scrapes.checks()),
    async stop() {
      clearInterval(timer)
      for (const name of [...running.keys()]) end(name)
      await Promise.all(ending)
    },
  }
}

function exporterOf(node: WatchedNode, port: number | undefined): [string, string][] {
  const address = node.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address
  if (address === undefined || port === undefined) return []
  return [[node.metadata.name, `http://${address.includes(':') ? `[${address}]` : address}:${port}/metrics`]]
}
