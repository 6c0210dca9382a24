/**
 * The sites of one partition, while it is ours: read once, given out by site, each with a journal of its own.
 *
 * A site is whoever is told of. The journals of all sites of a batch exist before any of them remembers that it was
 * read: so reading may always go on where the last of them stands, and no site's first event is passed over.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Check } from '../models/contracts/api.ts'
import { TwinError } from '../models/errors.ts'
import { lastPositions, type Position } from '../models/events/topics.ts'
import type { Clock, EventLog, Logger, RawRecord, Stop } from '../models/ports.ts'
import type { Taker } from './ingest.ts'
import { baseOf, resumePoints } from './resume-points.ts'
import { type ReadRecord, readRecord } from './sort-records.ts'

/** The twin of a site, running here. */
export interface SiteHere {
  readonly site: string
  readonly url: string
  readonly take: Taker['take']
  /** Of its journal. */
  readonly positions: () => readonly Position[]
  /** Rejects when something that must not fail did. */
  readonly failed: Promise<never>
  readonly stop: Stop
}

export interface PartitionOptions {
  readonly partition: number
  /** Delivers this partition of every topic. What is published through it is published by the owner of the sites. */
  readonly openLog: () => EventLog
  /** Of the last record of each topic that holds any now. */
  readonly endPositions: () => Promise<readonly Position[]>
  /** Those of the partition that have a journal here, or must have a twin. */
  readonly knownSites: readonly string[]
  readonly startSite: (site: string, publish: EventLog['publish']) => Promise<SiteHere>
  readonly clock: Clock
  readonly log: Logger
}

export interface RunningPartition {
  readonly sites: () => readonly SiteHere[]
  /** Whether all is read that stood in the log when we took over. */
  readonly isCaughtUp: () => boolean
  readonly checks: () => readonly Check[]
  /** Snapshots, and closes the journals. */
  readonly stop: Stop
}

const RETRY_MS = 500
/** Who hands a journal over in the same folder needs time for its snapshot. */
const LOCKED_RETRIES = 40

export function runPartition(options: PartitionOptions): RunningPartition {
  const { partition, clock, log } = options
  const unread = trackUnread()
  let isStopped = false
  let stopReading: Stop = async () => {}
  const eventLog = options.openLog()
  const hosts = hostSites(options, { publish: eventLog.publish, isStopped: () => isStopped })

  const onRecords = async (records: readonly RawRecord[]): Promise<void> => {
    const receivedMs = clock()
    const read = records.map((record) => readRecord(record, receivedMs))
    for (const one of read) if (one.kind === 'event') await hosts.open(one.site)
    if (isStopped) throw new Error('the partition was handed over')
    const last = lastPositions(records.map(({ position }) => position))
    hosts.giveOut(read, last)
    unread.read(last)
  }
  const start = async (): Promise<void> => {
    const ends = await untilAnswered(options.endPositions, { log, isStopped: () => isStopped })
    for (const site of options.knownSites) await hosts.open(site)
    if (isStopped || ends === null) return
    const resumeAfter = resumePoints(hosts.all().map(({ positions }) => positions()))
    unread.begin(ends)
    unread.read(resumeAfter)
    stopReading = await eventLog.subscribe({ resumeAfter, onRecords })
  }
  const starting = start().catch((error: unknown) => log.error({ partition, error: String(error) }, 'partition not taken over'))

  return {
    sites: hosts.all,
    isCaughtUp: unread.isNone,
    checks: hosts.checks,
    async stop() {
      isStopped = true
      await starting
      await stopReading()
      await hosts.stop()
      await eventLog.close()
    },
  }
}

function hostSites(
  { partition, startSite, log }: PartitionOptions,
  { publish, isStopped }: { readonly publish: EventLog['publish']; readonly isStopped: () => boolean },
) {
  const sites = new Map<string, SiteHere>()
  const refused = new Map<string, string>()
  let strayCount = 0

  /** One site that cannot go on does not stop the others; its journal waits where it is. */
  const refuse = (site: string, error: unknown): void => {
    if (isStopped()) return
    const reason = error instanceof Error ? error.message : String(error)
    refused.set(site, reason)
    log.error({ site, partition, reason }, 'site not served')
    sites
      .get(site)
      ?.stop()
      .catch(() => {})
    sites.delete(site)
  }
  return {
    all: () => [...sites.values()],
    async open(site: string): Promise<void> {
      if (sites.has(site) || refused.has(site) || isStopped()) return
      try {
        const here = await whenUnlocked(() => startSite(site, publish), isStopped)
        sites.set(site, here)
        here.failed.catch((error: unknown) => refuse(site, error))
      } catch (error) {
        refuse(site, error)
      }
    },
    giveOut(read: readonly ReadRecord[], passed: readonly Position[]): void {
      const bySite = Map.groupBy(read, ({ site }) => site)
      let failure: unknown = null
      for (const { site, take } of sites.values()) {
        const own = bySite.get(site) ?? []
        const events = own.filter((one) => one.kind === 'event')
        const deadLetters = own.flatMap((one) => (one.kind === 'dead' ? [one.letter] : []))
        try {
          take({ events, deadLetters, passed })
        } catch (error) {
          // A bug ends this one site, by `failed`; a full disk is for all to wait for.
          if (error instanceof TwinError) failure = error
        }
      }
      const strays = read.filter((one) => one.kind === 'dead' && (one.site === null || !(sites.has(one.site) || refused.has(one.site))))
      strayCount += strays.length
      if (strays.length > 0) log.warn({ partition, strayCount, first: strays[0] }, 'records of no site cannot be read')
      if (failure !== null) throw failure
    },
    checks: (): Check[] => [
      ...[...refused].map(([site, reason]) => ({
        name: `site-${site}`,
        ok: false,
        detail: reason,
        remedy: 'do what it says; the site is taken up again at the next start',
      })),
    ],
    async stop(): Promise<void> {
      for (const { site, stop } of sites.values()) {
        await stop().catch((error: unknown) => log.error({ site, error: String(error) }, 'site not stopped as it should be'))
      }
    },
  }
}

/** Per topic, up to where we must have read; null until that is known. */
function trackUnread() {
  let ends: Map<string, number> | null = null
  return {
    begin(positions: readonly Position[]): void {
      ends = new Map(positions.map(({ topic, offset }) => [baseOf(topic), offset]))
    },
    read(positions: readonly Position[]): void {
      for (const { topic, offset } of positions)
        if (offset >= (ends?.get(baseOf(topic)) ?? Number.POSITIVE_INFINITY)) ends?.delete(baseOf(topic))
    },
    isNone: () => ends !== null && ends.size === 0,
  }
}

async function whenUnlocked<T>(start: () => Promise<T>, isStopped: () => boolean): Promise<T> {
  for (let retries = 0; ; retries++) {
    try {
      return await start()
    } catch (error) {
      const isLocked = error instanceof TwinError && error.code === 'JOURNAL_LOCKED'
      if (!isLocked || retries === LOCKED_RETRIES || isStopped()) throw error
      await sleep(RETRY_MS)
    }
  }
}

/** @returns null when it was stopped before. */
async function untilAnswered<T>(
  ask: () => Promise<T>,
  { log, isStopped }: { readonly log: Logger; readonly isStopped: () => boolean },
): Promise<T | null> {
  while (!isStopped()) {
    try {
      return await ask()
    } catch (error) {
      log.warn({ reason: error instanceof Error ? error.message : String(error) }, 'end of the log not known yet')
      await sleep(RETRY_MS)
    }
  }
  return null
}
