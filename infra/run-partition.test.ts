import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from '@jest/globals'
import { openJournal } from '../connectors/journal/journal.ts'
import { TwinError } from '../models/errors.ts'
import { encodeEvent } from '../models/events/codec.ts'
import type { Position } from '../models/events/topics.ts'
import type { EventLog, RawRecord } from '../models/ports.ts'
import { startTaking } from './ingest.ts'
import { recoverTwin } from './recovery.ts'
import { runPartition, type SiteHere } from './run-partition.ts'
import { silent } from './testing/journaled-site.ts'
import { seededEvents, takeEvents } from './testing/seeded-events.ts'

const START_MS = 1_750_000_000_000
const clock = () => START_MS
const folder = mkdtempSync(join(tmpdir(), 'edgetwin-partition-'))
afterAll(() => rmSync(folder, { recursive: true }))
let folderCount = 0

const [event] = takeEvents(seededEvents({ seed: 1, startMs: START_MS }), 1)
const at = (offset: number, topic = 'a'): Position => ({ topic, partition: 2, offset })
const of = (offset: number, site: string): RawRecord => ({
  position: at(offset),
  ...encodeEvent({ ...event!, site, timeMs: START_MS + offset }, 'id'),
})

/** A partition on a log that delivers what a test says, with a journal per site in a folder that outlives it. */
async function startPartition({
  dataDir = join(folder, `${++folderCount}`),
  knownSites = [] as readonly string[],
  ends = [] as readonly Position[],
  onTake = (_site: string): unknown => undefined,
} = {}) {
  let deliver: (records: readonly RawRecord[]) => Promise<void> = async () => {}
  let resumeAfter: readonly Position[] = []
  const { promise: isSubscribed, resolve } = Promise.withResolvers<void>()
  const log: EventLog = {
    publish: async () => [],
    async subscribe(options) {
      deliver = options.onRecords
      resumeAfter = options.resumeAfter
      resolve()
      return async () => {}
    },
    close: async () => {},
  }
  const startSite = async (site: string): Promise<SiteHere> => {
    if (site === 'broken') throw new TwinError('JOURNAL_UNREADABLE', 'the journal of broken is damaged')
    const journal = openJournal({ path: join(dataDir, `${site}.db`), synchronous: 'off' })
    const taker = startTaking({ journal, initial: recoverTwin(journal).state, clock, onApplied: () => onTake(site), logger: silent })
    return {
      site,
      url: `http://${site}`,
      take: taker.take,
      positions: journal.positions,
      failed: taker.finished.then(() => new Promise<never>(() => {})),
      async stop() {
        await taker.stop()
        journal.close()
      },
    }
  }
  const partition = runPartition({
    partition: 2,
    openLog: () => log,
    endPositions: async () => ends,
    knownSites,
    startSite,
    clock,
    log: silent,
  })
  await isSubscribed
  return { ...partition, dataDir, deliver: (records: readonly RawRecord[]) => deliver(records), resumeAfter: () => resumeAfter }
}

function journaled(dataDir: string, site: string) {
  const journal = openJournal({ path: join(dataDir, `${site}.db`), synchronous: 'off' })
  const offsets = [...journal.read({ after: 0 })].map(({ position }) => position.offset)
  const told = { offsets, positions: journal.positions(), counts: journal.counts() }
  journal.close()
  return told
}

it('gives every site its own events, and all of them the news that the others were read', async () => {
  const partition = await startPartition()
  await partition.deliver([of(0, 'lab'), of(1, 'yard'), of(2, 'lab')])
  await partition.deliver([of(3, 'dock'), of(4, 'yard')])
  expect(partition.sites().map(({ site }) => site)).toEqual(['lab', 'yard', 'dock'])
  await partition.stop()
  const counts = (count: number) => ({ received: count, accepted: count, duplicate: 0, dead: 0 })
  expect(journaled(partition.dataDir, 'lab')).toEqual({ offsets: [0, 2], positions: [at(4)], counts: counts(2) })
  expect(journaled(partition.dataDir, 'yard')).toEqual({ offsets: [1, 4], positions: [at(4)], counts: counts(2) })
  expect(journaled(partition.dataDir, 'dock')).toEqual({ offsets: [3], positions: [at(4)], counts: counts(1) })
})

it('goes on where the one stands that has read least, and repeats nothing for the others', async () => {
  const first = await startPartition()
  await first.deliver([of(0, 'lab'), of(1, 'yard')])
  await first.stop()
  const alone = await startPartition({ dataDir: first.dataDir, knownSites: ['lab'] })
  await alone.deliver([of(2, 'lab')])
  await alone.stop()
  const both = await startPartition({ dataDir: first.dataDir, knownSites: ['lab', 'yard'] })
  expect(both.resumeAfter()).toEqual([at(1)])
  await both.deliver([of(2, 'lab'), of(3, 'yard'), of(4, 'lab')])
  await both.stop()
  expect(journaled(first.dataDir, 'lab').offsets).toEqual([0, 2, 4])
  expect(journaled(first.dataDir, 'yard').offsets).toEqual([1, 3])
})

it('has the journals of all sites of a batch before any of them takes it, so that a crash in between loses none', async () => {
  const dataDir = join(folder, 'crash')
  const seen: string[][] = []
  const partition = await startPartition({
    dataDir,
    onTake: () => seen.push(readdirSync(dataDir).filter((name) => name.endsWith('.db'))),
  })
  await partition.deliver([of(0, 'lab'), of(1, 'yard'), of(2, 'dock')])
  expect(seen.map((names) => names.sort())).toEqual(seen.map(() => ['dock.db', 'lab.db', 'yard.db']))
  expect(seen).toHaveLength(3)
  await partition.stop()
})

it('has caught up when all is read that stood in the log at the take-over', async () => {
  const partition = await startPartition({ ends: [at(2), at(0, 'b')] })
  expect(partition.isCaughtUp()).toBe(false)
  await partition.deliver([of(0, 'lab'), of(1, 'lab'), { ...of(0, 'lab'), position: at(0, 'b') }])
  expect(partition.isCaughtUp()).toBe(false)
  await partition.deliver([of(2, 'lab')])
  expect(partition.isCaughtUp()).toBe(true)
  await partition.stop()
  const again = await startPartition({ dataDir: partition.dataDir, knownSites: ['lab'], ends: [at(2), at(0, 'b')] })
  expect(again.isCaughtUp()).toBe(true)
  await again.stop()
  const empty = await startPartition()
  expect(empty.isCaughtUp()).toBe(true)
  await empty.stop()
})

it('serves the other sites when one cannot be served, and says which', async () => {
  const partition = await startPartition({
    onTake: (site) => {
      if (site === 'yard') throw new Error('a bug')
    },
  })
  await partition.deliver([of(0, 'broken'), of(1, 'lab'), of(2, 'yard')])
  await new Promise(setImmediate)
  await partition.deliver([of(3, 'broken'), of(4, 'lab'), of(5, 'yard')])
  expect(partition.sites().map(({ site }) => site)).toEqual(['lab'])
  expect(partition.checks()).toMatchObject([
    { name: 'site-broken', ok: false, detail: 'the journal of broken is damaged' },
    { name: 'site-yard', ok: false, detail: 'a bug' },
  ])
  await partition.stop()
  expect(journaled(partition.dataDir, 'lab').offsets).toEqual([1, 4])
})

it('takes nothing more once it is handed over', async () => {
  const partition = await startPartition()
  await partition.deliver([of(0, 'lab')])
  await partition.stop()
  await expect(partition.deliver([of(1, 'lab')])).rejects.toThrow('handed over')
  expect(journaled(partition.dataDir, 'lab').offsets).toEqual([0])
})
