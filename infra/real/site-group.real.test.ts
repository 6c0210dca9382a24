/**
 * Six sites, three processes, one group: one process is killed, one stopped beyond its session and continued, one comes
 * back with its old journals, while a producer writes. Every site's owner ends with every event once and in order, and
 * nobody acts for a site after somebody else has begun to.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { openJournal } from '../../connectors/journal/journal.ts'
import { createKafkaLog } from '../../connectors/kafka/kafka-log.ts'
import { createPlatformaticClient } from '../../connectors/kafka/platformatic-client.ts'
import { wantedTopics } from '../../connectors/kafka/topics.ts'
import type { EventOf, TwinEvent } from '../../models/events/events.ts'
import { TOPICS, topicOf } from '../../models/events/topics.ts'
import { applyEvents } from '../../twin/fold.ts'
import { emptyTwin } from '../../twin/twin-state.ts'
import { type KafkaLab, startKafka } from '../lab/kafka.ts'
import { stateHash } from '../state-hash.ts'
import { silent } from '../testing/journaled-site.ts'
import { seededEvents, takeEvents } from '../testing/seeded-events.ts'

const SITES = ['north', 'south', 'east', 'west', 'yard', 'dock']
const EVENTS_PER_SITE_MIN = 3_500
const BATCH = 20
const BATCH_MS = 100
/** Beyond the members' session of 6 s. */
const STOPPED_MS = 8_000

type Act = EventOf<'loop.modeChanged'>
interface SiteReport {
  readonly site: string
  readonly isActing: boolean
  readonly counts: { readonly applied: number; readonly superseded: number; readonly dead: number }
  readonly hash: string
}
interface Member {
  readonly child: ChildProcess
  readonly dataDir: string
  readonly report: () => Promise<readonly SiteReport[]>
}

const folder = mkdtempSync(join(tmpdir(), 'edgetwin-sites-'))
const script = fileURLToPath(new URL('../testing/sites-child.ts', import.meta.url))
const children: ChildProcess[] = []
let lab: KafkaLab

beforeAll(async () => {
  lab = await startKafka()
  const admin = await client().connectAdmin()
  await admin.createTopics(wantedTopics({ prefix: '', partitionCount: 6, brokerCount: 1 }))
  await admin.close()
})
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await lab?.stop()
  rmSync(folder, { recursive: true })
})

const settings = () => ({ brokers: lab.brokers, clientId: 'ledger', group: 'ledger', topicPrefix: '' })
const client = () => createPlatformaticClient(settings())
const kafkaLog = () => createKafkaLog({ client: client(), settings: settings(), clock: Date.now, random: Math.random, logger: silent })

function startMember(name: string, dataDir = join(folder, name)): Member {
  mkdirSync(dataDir, { recursive: true })
  const child = spawn(process.execPath, [script, name, dataDir, lab.brokers.join(',')], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  children.push(child)
  const report = async (): Promise<readonly SiteReport[]> => {
    child.send('report')
    const [answer] = await once(child, 'message')
    return answer.sites
  }
  return { child, dataDir, report }
}

/** Publishes each site's events in order until it is told to end, and 20,000 at least. */
function publishLedger() {
  const log = kafkaLog()
  const startMs = Date.now() - 3_600_000
  const generators = SITES.map((_, index) => seededEvents({ seed: index + 1, startMs }))
  const ledger = new Map(SITES.map((site) => [site, [] as TwinEvent[]]))
  let isEnding = false
  const publish = async (): Promise<void> => {
    for (let count = 0; !isEnding || count < EVENTS_PER_SITE_MIN; count += BATCH) {
      const batch = SITES.flatMap((site, index) => takeEvents(generators[index]!, BATCH).map((event) => ({ ...event, site })))
      await log.publish(batch)
      for (const event of batch) ledger.get(event.site)!.push(event)
      await sleep(BATCH_MS)
    }
    await log.close()
  }
  const published = publish()
  return {
    async end(): Promise<ReadonlyMap<string, readonly TwinEvent[]>> {
      isEnding = true
      await published
      return ledger
    },
  }
}

/** All acts in the order of the log, by site; `timeMs` is when it was begun. */
async function readActs(): Promise<ReadonlyMap<string, readonly Act[]>> {
  const admin = await client().connectAdmin()
  const ranges = await admin.partitionRanges([TOPICS.decisions])
  await admin.close()
  const reader = await client().connectReader(
    ranges.map(({ topic, partition, beginOffset }) => ({ topic, partition, offset: beginOffset })),
  )
  const left = new Map(ranges.map(({ partition, endOffset }) => [partition, endOffset]))
  const acts: Act[] = []
  while ([...left.values()].some((endOffset) => endOffset > 0)) {
    for (const { partition, records, nextOffset } of await reader.poll()) {
      acts.push(...records.map(({ value }) => JSON.parse(new TextDecoder().decode(value))))
      if (nextOffset >= left.get(partition)!) left.set(partition, 0)
    }
  }
  await reader.close()
  return Map.groupBy(acts, ({ site }) => site)
}

interface Owned {
  readonly owner: Member
  readonly report: SiteReport
}

/** Until every site is acted for by one of the members, which has all of its events. */
async function untilOwned(
  members: readonly Member[],
  wanted: ReadonlyMap<string, number> = new Map(),
): Promise<ReadonlyMap<string, Owned>> {
  for (;;) {
    const owned = new Map<string, Owned>()
    for (const owner of members) {
      for (const report of await owner.report()) if (report.isActing) owned.set(report.site, { owner, report })
    }
    const isWhole = [...owned].every(
      ([
        site,
        {
          report: { counts },
        },
      ]) => counts.applied + counts.superseded >= (wanted.get(site) ?? 0),
    )
    if (owned.size === SITES.length && isWhole) return owned
    await sleep(200)
  }
}

it('hands sites over with nothing lost, repeated or acted on twice', async () => {
  const first = startMember('first')
  const second = startMember('second')
  const third = startMember('third')
  const publishing = publishLedger()
  await untilOwned([first, second, third])
  await sleep(1_000)
  first.child.kill('SIGKILL')
  await untilOwned([second, third])
  await sleep(500)
  second.child.kill('SIGSTOP')
  await sleep(STOPPED_MS)
  second.child.kill('SIGCONT')
  // In the folder of the one that was killed, with the journals that it left.
  const fourth = startMember('fourth', first.dataDir)
  const members = [second, third, fourth]
  while (!(await fourth.report()).some(({ isActing }) => isActing)) await sleep(200)
  await untilOwned(members)
  await sleep(2_000)
  const ledger = await publishing.end()

  for (const { child } of members) child.send('rest')
  await sleep(1_000)
  const acts = await readActs()
  expect([...ledger.values()].flat().length).toBeGreaterThanOrEqual(20_000)
  const known = new Map(SITES.map((site) => [site, [...ledger.get(site)!, ...(acts.get(site) ?? [])]]))
  const owners = await untilOwned(members, new Map([...known].map(([site, events]) => [site, events.length])))
  for (const { child } of members) {
    child.send('stop')
    if (child.exitCode === null) await once(child, 'exit')
  }

  for (const site of SITES) {
    const { owner, report } = owners.get(site)!
    const journal = openJournal({ path: join(owner.dataDir, `${site}.journal.db`) })
    const events = [...journal.read({ after: 0 })].map(({ event }) => event)
    expect(journal.counts()).toMatchObject({ accepted: known.get(site)!.length, dead: 0 })
    for (const topic of Object.values(TOPICS)) {
      const isOfTopic = ({ type }: TwinEvent) => topicOf(type) === topic
      expect(events.filter(isOfTopic)).toEqual(known.get(site)!.filter(isOfTopic))
    }
    expect(report.hash).toBe(stateHash(applyEvents(emptyTwin, journal.read({ after: 0 }))))
    journal.close()

    // Each generation has one actor, which begins nothing more once the next one has begun.
    const byGeneration = Map.groupBy(acts.get(site)!, ({ source }) => Number(source.split('@')[1]))
    const turns = [...byGeneration].sort(([a], [b]) => a - b).map(([, own]) => own)
    expect(turns.map((own) => new Set(own.map(({ by }) => by)).size)).toEqual(turns.map(() => 1))
    const spans = turns.flatMap((own) => [Math.min(...own.map(({ timeMs }) => timeMs)), Math.max(...own.map(({ timeMs }) => timeMs))])
    expect(spans).toEqual([...spans].sort((a, b) => a - b))
  }
  const names = [...acts.values()].flat().map(({ by }) => by)
  expect([...new Set(names)].sort()).toEqual(['first', 'fourth', 'second', 'third'])
})
