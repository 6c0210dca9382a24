/**
 * One process of several that share the sites over Kafka: a twin with page and API for each site that it owns, an
 * address that knows where the others are, and the simulated site that it hosts, if any.
 *
 * Nothing here waits for Kafka to come up: until it does there is no site, and the checks say why.
 */
import { readdirSync } from 'node:fs'
import type { KafkaClient } from '../connectors/kafka/client.ts'
import { fencedClient } from '../connectors/kafka/fenced-client.ts'
import { createKafkaLog, type KafkaLog } from '../connectors/kafka/kafka-log.ts'
import { partitionOf } from '../connectors/kafka/partitioner.ts'
import type { KafkaSettings } from '../connectors/kafka/settings.ts'
import { joinSiteGroup, type SiteGroup } from '../connectors/kafka/site-group.ts'
import { surveyTopics } from '../connectors/kafka/survey.ts'
import { INPUT_TOPICS } from '../connectors/kafka/topics.ts'
import { pause } from '../connectors/pause.ts'
import { runSitesServer } from '../connectors/server/sites-server.ts'
import { defaultRegistry } from '../models/applications/registry.ts'
import type { Check } from '../models/contracts/api.ts'
import type { SharedSite } from '../models/contracts/sites.ts'
import type { Position } from '../models/events/topics.ts'
import type { Journal, Logger, PlacementSink, Stop } from '../models/ports.ts'
import type { Config } from './config.ts'
import { connectWhenOpen } from './connect-when-open.ts'
import type { HostedSite } from './hosted-site.ts'
import { startTaking, type Taker } from './ingest.ts'
import { openAccess, ownToken } from './open-access.ts'
import type { RunningKafka } from './run-kafka.ts'
import type { SiteHere } from './run-partition.ts'
import { type Connected, type ConnectMeans, runSiteTwin } from './run-site-twin.ts'
import { type RunningSites, runSites, type SiteMeans } from './run-sites.ts'
import { listSharedSites } from './shared-sites.ts'
import { takenBefore } from './was-taken.ts'
import { createWhatIfPool } from './what-if-pool.ts'

export interface SharedTwinsOptions {
  readonly config: Config
  readonly client: KafkaClient
  /** `group`: who names the same one shares the sites. */
  readonly settings: KafkaSettings
  /** Of this process: who waits to be heard, and the topics and dead letters. Absent: published is all there is to know. */
  readonly kafka?: Pick<RunningKafka, 'hearing' | 'admin'>
  /** Reached from this process, which therefore owns it whenever it can; of several that reach it, one. */
  readonly hosted: HostedSite
  /** Where others reach this process, when that is not where it listens. */
  readonly publicUrl?: string | undefined
  readonly viewerDir: string | undefined
  readonly log: Logger
}

export interface SharedTwins {
  readonly url: string
  readonly sitesHere: () => readonly SharedSite[]
  readonly checks: () => readonly Check[]
  readonly status: () => SharedStatus
  readonly stop: Stop
}

/** Plain numbers for gauges. */
export interface SharedStatus {
  readonly siteCount: number
  readonly actingCount: number
  readonly lagRecords: number
  /** Of the group; -1 while it has not taken us. */
  readonly generation: number
  readonly partitionCount: number
  readonly joinCount: number
  readonly restartCount: number
}

const RETRY_MS = 1_000
const JOURNAL_NAME = /^(.+)\.journal\.db$/

export async function runSharedTwins(options: SharedTwinsOptions): Promise<SharedTwins> {
  const { config, client, settings, hosted, log } = options
  const clock = Date.now
  const stopping = new AbortController()
  const registry = defaultRegistry()
  const pool = createWhatIfPool({ registry })
  const common = { settings, clock, random: Math.random, logger: log }
  const ownLog = createKafkaLog({ ...common, client })
  const partitionLogs = new Map<number, KafkaLog>()
  const takenBySite = new Map<string, ReturnType<typeof takenBefore>>()
  let hosting: Promise<Connected> | null = null
  let sites: RunningSites | null = null
  let group: SiteGroup | null = null

  const sitesHere = (): SharedSite[] =>
    (sites?.sites() ?? []).map(({ site, partition, url, isActing }) => ({ site, partition, url, isActing, owner: publicUrl, isHere: true }))
  const checks = (): readonly Check[] =>
    sites === null
      ? [
          { name: 'site-group', ok: false, detail: 'waits for Kafka and its topics', remedy: 'see the log for what is missing' },
          ...ownLog.checks(),
        ]
      : [...sites.checks(), ...ownLog.checks(), ...[...partitionLogs.values()].flatMap((one) => one.checks().filter(({ ok }) => !ok))]
  const access = openAccess(config, clock)
  const server = await runSitesServer({
    host: config.host,
    port: config.port,
    token: config.token,
    access: access?.access,
    sitesHere,
    allSites: () => listSharedSites({ sitesHere, owners: async () => (await group?.owners()) ?? [], token: ownToken(config) }),
    checks,
    log,
  })
  const publicUrl = options.publicUrl ?? server.url

  const startSite = async (site: string, { gate, publish }: SiteMeans): Promise<SiteHere> => {
    const { promise: taking, resolve: onTaking } = Promise.withResolvers<{ readonly taker: Taker; readonly journal: Journal }>()
    const twin = await runSiteTwin({
      site,
      config,
      port: 0,
      viewerDir: options.viewerDir,
      registry,
      pool,
      publish,
      outsideLog: options.kafka && {
        publishAndHear: (events) => options.kafka!.hearing.publishAndHear(events, publish),
        admin: options.kafka.admin,
        checks,
        status: ownLog.status,
      },
      gate,
      startIngest: async (given) => {
        const taker = startTaking(given)
        onTaking({ taker, journal: given.journal })
        return taker
      },
      connect: async (initial, means) => {
        if (site !== hosted.name) return notConnected(site)
        const guarded: ConnectMeans = { ...means, publish: (events) => gate.pass(() => publish(events)) }
        if (!hosted.isEmulated) return connectWhenOpen({ site, gate, connect: () => hosted.connect(initial, guarded), log })
        hosting ??= hosted.connect(initial, { ...means, publish: ownLog.publish })
        // It outlives the twin: its devices go on, whoever owns the site.
        return { ...(await hosting), stop: async () => {} }
      },
      clock,
      log,
    })
    const { taker, journal } = await taking
    takenBySite.set(site, takenBefore(journal))
    return {
      site,
      url: reachableAt(twin.url, publicUrl),
      take: taker.take,
      positions: journal.positions,
      failed: twin.failed,
      stop: twin.stop,
    }
  }

  const join = (partitionCount: number): void => {
    const partitionOfSite = (site: string): number => partitionOf(site, partitionCount)
    sites = runSites({
      joinGroup: (hooks) => {
        const topics = INPUT_TOPICS.map((topic) => `${settings.topicPrefix}${topic}`)
        // A group of its own: offsets for those who watch the lag are kept under the plain name.
        group = joinSiteGroup({
          settings: { ...settings, group: `${settings.group}.sites` },
          topics,
          url: publicUrl,
          hosts: [partitionOfSite(hosted.name)],
          ...hooks,
          log,
        })
        return group
      },
      openLog: (partition, mayWrite) => {
        const partitionLog = createKafkaLog({
          ...common,
          client: fencedClient(client, mayWrite),
          partitions: [partition],
          wasTaken: (record) => [...takenBySite.values()].map((wasTaken) => wasTaken(record)).find((answer) => answer !== undefined),
        })
        partitionLogs.set(partition, partitionLog)
        const subscribe = options.kafka?.hearing.listenIn(partitionLog.subscribe) ?? partitionLog.subscribe
        const close = (): Promise<void> => {
          if (partitionLogs.get(partition) === partitionLog) partitionLogs.delete(partition)
          return partitionLog.close()
        }
        return { ...partitionLog, subscribe, close }
      },
      endPositions: (partition) => endPositions(client, { prefix: settings.topicPrefix, partition }),
      partitionOf: partitionOfSite,
      knownSites: () => [...new Set([...journaledSites(config.dataDir), hosted.name])],
      startSite,
      clock,
      log,
    })
  }
  const joining = untilJoined({ options, signal: stopping.signal, join })

  return {
    url: publicUrl,
    sitesHere,
    checks,
    status: () => ({
      ...(group?.status() ?? { generation: -1, partitionCount: 0, joinCount: 0, restartCount: 0 }),
      siteCount: sitesHere().length,
      actingCount: sitesHere().filter(({ isActing }) => isActing).length,
      lagRecords: [...partitionLogs.values()].reduce((sum, one) => sum + sumOf(one.status().lagRecords), 0),
    }),
    async stop() {
      stopping.abort()
      await joining
      await server.stop()
      access?.stop()
      await sites?.stop()
      await (await hosting?.catch(() => null))?.stop()
      await pool.stop()
      await ownLog.close()
    },
  }
}

interface Joining {
  readonly options: SharedTwinsOptions
  readonly signal: AbortSignal
  readonly join: (partitionCount: number) => void
}

async function untilJoined({ options: { client, settings, log }, signal, join }: Joining): Promise<void> {
  let told = ''
  while (!signal.aborted) {
    try {
      const { partitionCount } = await surveyTopics(client, settings.topicPrefix)
      if (!signal.aborted) join(partitionCount)
      return
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      if (reason !== told) log.warn({ reason }, 'no sites yet: kafka cannot be used')
      told = reason
      await pause(RETRY_MS, signal)
    }
  }
}

/** Of the last records that stand in the log; a topic without any has none. */
async function endPositions(
  client: KafkaClient,
  { prefix, partition }: { readonly prefix: string; readonly partition: number },
): Promise<Position[]> {
  const admin = await client.connectAdmin()
  try {
    const ranges = await admin.partitionRanges(INPUT_TOPICS.map((topic) => `${prefix}${topic}`))
    return ranges
      .filter((range) => range.partition === partition && range.beginOffset < range.endOffset)
      .map(({ topic, endOffset }) => ({ topic: topic.slice(prefix.length), partition, offset: endOffset - 1 }))
  } finally {
    await admin.close().catch(() => {})
  }
}

function journaledSites(dataDir: string): string[] {
  try {
    return readdirSync(dataDir).flatMap((name) => JOURNAL_NAME.exec(name)?.[1] ?? [])
  } catch {
    // The first journal makes the folder.
    return []
  }
}

/** A twin without hands: it watches, and says why it does no more. */
function notConnected(site: string): Connected {
  const reason = `no process that owns site ${site} is connected to its cluster`
  const sink: PlacementSink = { apply: async ({ pod }) => ({ ok: false, pod, reason }) }
  return { sink, stop: async () => {} }
}

/** The twin listens where the process does, on a port of its own. */
function reachableAt(twinUrl: string, publicUrl: string): string {
  const url = new URL(publicUrl)
  url.port = new URL(twinUrl).port
  return url.origin
}

const sumOf = (records: Readonly<Record<string, number>>): number => Object.values(records).reduce((sum, count) => sum + count, 0)
