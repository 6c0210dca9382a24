import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from '@jest/globals'
import { openSqliteJobs } from '../connectors/jobs/sqlite-jobs.ts'
import { JOB_STAGES, type JobStore } from '../models/contracts/jobs.ts'
import { TwinError } from '../models/errors.ts'
import type { TwinEvent } from '../models/events/events.ts'
import type { EventLog } from '../models/ports.ts'
import { runJobs } from './run-jobs.ts'
import { type JournaledSite, silent, startSite } from './testing/journaled-site.ts'

const dir = mkdtempSync(join(tmpdir(), 'edgetwin-run-jobs-'))
const cleanUps: (() => Promise<unknown> | undefined)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
  rmSync(dir, { recursive: true, force: true })
})

const aStore = async (name = 'jobs.db'): Promise<JobStore> => {
  const store = await openSqliteJobs({ path: join(dir, name), site: 'lab', clock: Date.now, synchronous: 'off' })
  cleanUps.push(store.close)
  return store
}
const aSite = async (): Promise<JournaledSite> => {
  const site = await startSite({ path: join(dir, 'journal.db'), synchronous: 'off' })
  return site
}
const tellJobs = (site: JournaledSite, store: JobStore, publish: EventLog['publish'] = site.log.publish) =>
  runJobs({ site: 'lab', store, state: site.ingest.state, publish, periodMs: 20, clock: Date.now, log: silent })

async function until(isSo: () => boolean): Promise<void> {
  const endMs = Date.now() + 10_000
  while (!isSo()) {
    if (Date.now() > endMs) throw new Error('it never came to that')
    await sleep(5)
  }
}
async function doJobs(store: JobStore, ids: readonly string[]): Promise<void> {
  for (const id of ids) await store.create({ id, user: 'ana', path: `/${id}.mp4`, type: 'mp4', iterationLimit: 3 })
  for (const stage of JOB_STAGES) {
    for (let claimed = await store.claim({ stage, worker: 'w', leaseMs: 60_000 }); claimed !== null; ) {
      await store.complete({ id: claimed.job.id, worker: 'w', leaseId: claimed.leaseId })
      claimed = await store.claim({ stage, worker: 'w', leaseMs: 60_000 })
    }
  }
}
const names = (count: number, prefix: string) => Array.from({ length: count }, (_, n) => `${prefix}-${n}`)
/** What the journal holds of jobs, and what the twin made of it. */
function told({ journal, ingest }: JournaledSite) {
  const events = [...journal.read({ after: 0 })].map(({ event }) => event).filter((event) => event.type === 'job.statusChanged')
  const { jobFeeds, counts, entities } = ingest.state()
  return { changes: events.map(({ change }) => change), last: [...jobFeeds.values()], counts, jobs: [...entities.job.values()] }
}
const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1)

describe('jobs in the twin', () => {
  it('are all there, every change once, across restarts of the twin and of the jobs', async () => {
    const store = await aStore()
    const first = await aSite()
    const running = tellJobs(first, store)
    await doJobs(store, names(80, 'a'))
    await until(() => first.ingest.state().jobFeeds.size > 0 && told(first).last[0] === 640)
    await running.stop()
    await first.stop()
    // Nobody tells meanwhile.
    await doJobs(store, names(5, 'b'))
    const second = await aSite()
    cleanUps.push(second.stop)
    const again = tellJobs(second, store)
    await until(() => told(second).last[0] === 680)
    await again.stop()
    const { changes, counts, jobs } = told(second)
    expect(changes).toEqual(upTo(680))
    expect(counts).toEqual({ applied: 680, superseded: 0, divergent: 0 })
    expect([jobs.length, new Set(jobs.map(({ mode }) => mode))]).toEqual([85, new Set(['Exit'])])
    expect([again.publishedChange(), again.counts()]).toMatchObject([680, { Exit: 85, Enqueue: 0 }])
    expect(again.checks()).toMatchObject([{ ok: true }])
  })

  it('are told again when the log does not say whether it took them, and taken once', async () => {
    const store = await aStore()
    const site = await aSite()
    cleanUps.push(site.stop)
    let turn = 0
    const running = tellJobs(site, store, async (events) => {
      turn += 1
      if (turn % 3 === 1) throw new TwinError('LOG_UNREACHABLE', 'the log is away')
      const positions = await site.log.publish(events)
      if (turn % 3 === 2) throw new TwinError('LOG_UNREACHABLE', 'the answer was lost')
      return positions
    })
    for (const id of names(10, 'a')) await doJobs(store, [id])
    await until(() => running.publishedChange() === 80)
    await running.stop()
    const { changes, counts, last } = told(site)
    expect(new Set(changes).size).toBe(80)
    expect([last, counts.applied, counts.divergent]).toEqual([[80], 80, 0])
    expect(counts.superseded).toBe(changes.length - 80)
  })

  it('are told once to a log that accepts at once and is heard later', async () => {
    const store = await aStore()
    const site = await aSite()
    cleanUps.push(site.stop)
    const accepted: TwinEvent[] = []
    const running = tellJobs(site, store, async (events) => {
      accepted.push(...events)
      return []
    })
    for (const id of names(5, 'a')) await doJobs(store, [id])
    await until(() => running.publishedChange() === 40)
    await running.stop()
    expect(accepted.map((event) => (event.type === 'job.statusChanged' ? event.change : null))).toEqual(upTo(40))
    await site.log.publish(accepted)
    expect(told(site)).toMatchObject({ last: [40], counts: { applied: 40, superseded: 0 } })
  })

  it('of a database made anew are told from its beginning', async () => {
    const site = await aSite()
    cleanUps.push(site.stop)
    for (const name of ['one.db', 'two.db']) {
      const store = await aStore(name)
      const running = tellJobs(site, store)
      await doJobs(store, [`in-${name}`])
      await until(() => running.publishedChange() === 8)
      await running.stop()
    }
    expect(told(site)).toMatchObject({ last: [8, 8], counts: { applied: 16, superseded: 0 } })
  })

  it('whose worker died are given back though nobody asks for them, by the owner of the site only', async () => {
    const store = await aStore()
    const site = await aSite()
    cleanUps.push(site.stop)
    let isOwner = false
    const running = runJobs({
      site: 'lab',
      store,
      state: site.ingest.state,
      publish: site.log.publish,
      mayAct: () => isOwner,
      periodMs: 10,
      clock: Date.now,
      log: silent,
    })
    await store.create({ id: 'a', user: '', path: '/a', type: 'mp4', iterationLimit: 3 })
    await store.claim({ stage: 'preprocessing', worker: 'dead', leaseMs: 1 })
    await until(() => running.counts()?.Preprocessing === 1)
    expect(told(site).changes).toEqual([])
    isOwner = true
    await until(() => told(site).last[0] === 3)
    await running.stop()
    expect(told(site).jobs).toMatchObject([{ id: 'a', mode: 'Enqueue', reported: { iteration: 1 } }])
  })
})
