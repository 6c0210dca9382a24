/**
 * The process that infra/real/site-group.real.test.ts kills and stops: a member of the group with a lean twin per site,
 * a journal, a fold and an act every 50 ms, which is an event that says who acted in which generation of the group.
 *
 * Arguments: name, data folder, brokers. Asked over IPC `report`, it tells its sites; at `rest` it acts no more; at `stop` it ends.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { openJournal } from '../../connectors/journal/journal.ts'
import { fencedClient } from '../../connectors/kafka/fenced-client.ts'
import { createKafkaLog } from '../../connectors/kafka/kafka-log.ts'
import { partitionOf } from '../../connectors/kafka/partitioner.ts'
import { createPlatformaticClient } from '../../connectors/kafka/platformatic-client.ts'
import { joinSiteGroup } from '../../connectors/kafka/site-group.ts'
import { INPUT_TOPICS } from '../../connectors/kafka/topics.ts'
import { startTaking } from '../ingest.ts'
import { recoverTwin } from '../recovery.ts'
import type { SiteHere } from '../run-partition.ts'
import { runSites, type SiteMeans } from '../run-sites.ts'
import { stateHash } from '../state-hash.ts'
import { silent } from './journaled-site.ts'

const PARTITIONS = 6
const ACT_MS = 50

const [name = '', dataDir = '', brokers = ''] = process.argv.slice(2)
const settings = { brokers: brokers.split(','), clientId: name, group: 'suite', topicPrefix: '' }
const tell = (fields: object, message: string) => void process.stderr.write(`${name}: ${message} ${JSON.stringify(fields)}\n`)
const log = process.env.SITES_LOG === undefined ? silent : { debug() {}, info: tell, warn: tell, error: tell }
const client = createPlatformaticClient(settings)
const common = { settings, clock: Date.now, random: Math.random, logger: log }
const reports = new Map<string, () => object>()
let isResting = false
let generation = () => -1

async function startSite(site: string, { gate, publish }: SiteMeans): Promise<SiteHere> {
  const journal = openJournal({ path: join(dataDir, `${site}.journal.db`), synchronous: 'off' })
  const { state: initial } = recoverTwin(journal)
  const taker = startTaking({ journal, initial, clock: Date.now, onApplied() {}, logger: log, snapshotEvery: 2_000 })
  const act = async (): Promise<void> => {
    if (isResting) return
    const source = `member:${name}@${generation()}`
    const event = { type: 'loop.modeChanged', site, timeMs: Date.now(), source, mode: 'observe', by: name } as const
    await gate.pass(() => publish([event])).catch(() => {})
  }
  const timer = setInterval(() => void act(), ACT_MS)
  reports.set(site, () => ({ counts: taker.counts(), hash: stateHash(taker.state()) }))
  return {
    site,
    url: '',
    take: taker.take,
    positions: journal.positions,
    failed: taker.finished.then(() => new Promise<never>(() => {})),
    async stop() {
      clearInterval(timer)
      await taker.stop()
      journal.close()
    },
  }
}

const sites = runSites({
  joinGroup: (hooks) => {
    const group = joinSiteGroup({
      settings,
      topics: INPUT_TOPICS,
      url: `http://${name}`,
      ...hooks,
      limits: { sessionMs: 6_000, heartbeatMs: 500, rebalanceMs: 8_000 },
      log,
    })
    generation = group.generation
    return group
  },
  openLog: (partition, mayWrite) => createKafkaLog({ ...common, client: fencedClient(client, mayWrite), partitions: [partition] }),
  endPositions: async (partition) => {
    const admin = await client.connectAdmin()
    try {
      const ranges = await admin.partitionRanges(INPUT_TOPICS)
      return ranges
        .filter((range) => range.partition === partition && range.beginOffset < range.endOffset)
        .map(({ topic, endOffset }) => ({ topic, partition, offset: endOffset - 1 }))
    } finally {
      await admin.close()
    }
  },
  partitionOf: (site) => partitionOf(site, PARTITIONS),
  knownSites: () => readdirSync(dataDir).flatMap((file) => /^(.+)\.journal\.db$/.exec(file)?.[1] ?? []),
  startSite,
  clock: Date.now,
  log,
})

process.on('message', async (asked) => {
  if (asked === 'report') process.send?.({ name, sites: sites.sites().map((one) => ({ ...one, ...reports.get(one.site)?.() })) })
  if (asked === 'rest') isResting = true
  if (asked === 'stop') {
    await sites.stop()
    process.exit(0)
  }
})
process.on('disconnect', () => process.exit(0))
