/** The job store on a real PostgreSQL: the contract, then everything that breaks. */
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import pg from 'pg'
import { aJob, describeJobStore } from '../../connectors/jobs/job-store.contract.ts'
import { openPostgresJobs, type PostgresJobsOptions } from '../../connectors/jobs/postgres-jobs.ts'
import { toClientConfig, toPlace } from '../../connectors/jobs/postgres-pool.ts'
import { JOB_STAGES, type JobStore } from '../../models/contracts/jobs.ts'
import { TwinError } from '../../models/errors.ts'
import type { Logger } from '../../models/ports.ts'
import { type PostgresLab, startPostgres } from '../lab/postgres.ts'
import { openJobs } from '../open-jobs.ts'
import { runJobs } from '../run-jobs.ts'
import { type JournaledSite, startSite } from '../testing/journaled-site.ts'

const logged: string[] = []
const note = (fields: object, message: string) => void logged.push(`${message} ${JSON.stringify(fields)}`)
const log: Logger = { debug: note, info: note, warn: note, error: note }

let lab = {} as PostgresLab
let dir = ''
let siteCount = 0
const stores: JobStore[] = []
beforeAll(async () => {
  lab = await startPostgres()
  dir = mkdtempSync(join(tmpdir(), 'edgetwin-real-jobs-'))
})
afterAll(async () => {
  await Promise.all(stores.map((store) => store.close()))
  await lab.stop?.()
  rmSync(dir, { recursive: true, force: true })
})

/** Each on a site of its own, so empty. */
function aStore(over: Partial<PostgresJobsOptions> = {}): JobStore {
  const { url, passwordFile } = lab
  const store = openPostgresJobs({ url, passwordFile, site: `site-${++siteCount}`, random: () => 0, log, ...over })
  stores.push(store)
  return store
}
async function until(isSo: () => unknown, withinMs = 20_000): Promise<void> {
  const endMs = Date.now() + withinMs
  while (!(await isSo())) {
    if (Date.now() > endMs) throw new Error('it never came to that')
    await sleep(20)
  }
}

/** A wire to the database that can swallow what passes, as a firewall does. */
async function aWire(toPort: number) {
  let swallows = false
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(toPort, '127.0.0.1')
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('data', (bytes) => swallows || to.write(bytes))
      from.on('close', () => swallows || to.destroy())
      from.on('error', () => {})
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    swallow: (isOn: boolean) => {
      swallows = isOn
    },
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

describeJobStore('PostgreSQL', {
  async create({ startMs, waitingJobsMax }) {
    let nowMs = startMs
    const { url, passwordFile } = lab
    const store = openPostgresJobs({
      url,
      passwordFile,
      site: `site-${++siteCount}`,
      clock: () => nowMs,
      random: () => 0,
      log,
      waitingJobsMax,
    })
    return {
      store,
      wait: (ms) => {
        nowMs += ms
      },
      dispose: () => store.close(),
    }
  },
  runs: 30,
  concurrentJobs: 500,
})

describe('PostgreSQL killed in the middle of the work', () => {
  it('keeps what was committed; workers go on by themselves, and no stage of any job counts twice', async () => {
    const site = 'killed'
    const jobCount = 200
    const store = aStore({ site })
    const counted: string[] = []
    let refusedCount = 0
    let isOver = false
    const insist = async <T>(work: () => Promise<T>): Promise<T> => {
      for (;;) {
        try {
          return await work()
        } catch (error) {
          expect(error).toMatchObject({ code: 'JOBS_UNREACHABLE' })
          refusedCount += 1
          await sleep(20)
        }
      }
    }
    const work = async (worker: string) => {
      while (!isOver) {
        for (const stage of JOB_STAGES) {
          const claimed = await insist(() => store.claim({ stage, worker, leaseMs: 1_500 }))
          if (claimed === null) continue
          const { job, leaseId } = claimed
          const answer = await insist(() => store.complete({ id: job.id, worker, leaseId }))
          if (answer.ok) counted.push(`${stage} ${job.id}`)
        }
        await sleep(5)
      }
    }
    const workers = Array.from({ length: 8 }, (_, n) => work(`w-${n}`))
    for (let n = 0; n < jobCount; n++) {
      await insist(() => store.create(aJob(`job-${n}`, { iterationLimit: 50 })))
      if (n === 50 || n === 120) {
        await lab.kill()
        await until(() => !store.checks()[0]!.ok)
        await lab.start()
      }
    }
    await until(async () => (await insist(() => store.counts())).Exit === jobCount, 40_000)
    isOver = true
    await Promise.all(workers)
    expect(refusedCount).toBeGreaterThan(0)
    expect(new Set(counted).size).toBe(counted.length)
    expect(counted.length).toBe(jobCount * JOB_STAGES.length)
    const changes = await store.changes({ after: 0, limit: 100_000 })
    expect(changes.map(({ change }) => change)).toEqual(changes.map((_, index) => index + 1))
    const finals = changes.filter(({ status }) => status === 'Exit').map(({ job }) => job.id)
    expect([finals.length, new Set(finals).size]).toEqual([jobCount, jobCount])
    expect(store.checks()).toMatchObject([{ ok: true }])
    expect(logged.filter((line) => line.startsWith('job database back')).length).toBeGreaterThanOrEqual(2)
  })

  it('is noticed when the network swallows everything; what waited is refused, and then all goes on', async () => {
    const wire = await aWire(Number(new URL(lab.url).port))
    const store = aStore({ url: lab.url.replace(/:\d+\//, `:${wire.port}/`), answerWithinMs: 500 })
    await store.create(aJob('a'))
    await until(() => store.checks()[0]!.ok)
    wire.swallow(true)
    const waiting = [store.get('a'), store.claim({ stage: 'preprocessing', worker: 'w', leaseMs: 1_000 })]
    for (const refused of await Promise.allSettled(waiting))
      expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'JOBS_UNREACHABLE' } })
    await until(() => /does not answer: .*timeout/i.test(store.checks()[0]!.detail))
    wire.swallow(false)
    await until(() => store.checks()[0]!.ok)
    expect(await store.claim({ stage: 'preprocessing', worker: 'w', leaseMs: 1_000 })).toMatchObject({ job: { id: 'a' } })
    wire.swallow(true)
    await store.close()
    wire.close()
  })
})

describe('the twin of a site', () => {
  it('shows every job of PostgreSQL, each change once, though the database dies and the twin restarts', async () => {
    const { url: postgresUrl, passwordFile: postgresPasswordFile } = lab
    const config = { jobs: 'postgres', postgresUrl, postgresPasswordFile, dataDir: dir } as const
    const store = (await openJobs({ site: 'dhs', config, clock: Date.now, random: () => 0, log }))!
    stores.push(store)
    const path = join(dir, 'journal.db')
    const lastChange = (site: JournaledSite) => [...site.ingest.state().jobFeeds.values()][0] ?? 0
    let site = await startSite({ path, synchronous: 'off' })
    for (const round of [0, 1, 2]) {
      const { publish } = site.log
      const telling = runJobs({ site: 'dhs', store, state: site.ingest.state, publish, periodMs: 50, clock: Date.now, log })
      for (let n = 0; n < 20; n++) await store.create(aJob(`job-${round}-${n}`))
      await lab.kill()
      await until(() => telling.checks().some(({ ok }) => !ok))
      await lab.start()
      await until(() => lastChange(site) === (round + 1) * 20)
      await telling.stop()
      await site.stop()
      site = await startSite({ path, synchronous: 'off' })
    }
    const { counts, entities } = site.ingest.state()
    expect([counts, entities.job.size]).toEqual([{ applied: 60, superseded: 0, divergent: 0 }, 60])
    await site.stop()
  })
})

describe('two processes on one database', () => {
  it('share the jobs, hear of each other, and make the tables once', async () => {
    const [one, two] = [aStore({ site: 'shared' }), aStore({ site: 'shared' })]
    await Promise.all([one.create(aJob('a')), two.create(aJob('a')), two.create(aJob('b'))])
    expect((await one.list({ limit: 9 })).map(({ number }) => number)).toEqual([1, 2])
    expect(await one.feedId()).toBe(await two.feedId())
    await until(() => one.checks()[0]!.ok && two.checks()[0]!.ok)
    const { promise: isHeard, resolve } = Promise.withResolvers<void>()
    two.onChange(resolve)
    const claims = await Promise.all([one, two].map((store) => store.claim({ stage: 'preprocessing', worker: 'w', leaseMs: 60_000 })))
    await isHeard
    expect(claims.map((claim) => claim?.job.id).sort()).toEqual(['a', 'b'])
    expect(await one.claim({ stage: 'preprocessing', worker: 'w', leaseMs: 1_000 })).toBeNull()
    // The clock of the database.
    expect(Math.abs((await one.get('a'))!.createdMs - Date.now())).toBeLessThan(60_000)
  })
})

describe('what is wrong is named, with the remedy and without the password', () => {
  const secret = 'no-such-secret-42'
  const withPassword = (text: string) => {
    const file = join(dir, 'password')
    writeFileSync(file, text)
    return file
  }
  const closedPort = 1
  const cases: [string, () => Partial<PostgresJobsOptions>, RegExp][] = [
    [
      'wrong password',
      () => ({ passwordFile: withPassword(secret) }),
      /refuses the password of user edgetwin; correct the file .*password/,
    ],
    ['no password', () => ({ passwordFile: undefined }), /postgresPasswordFile/],
    ['no such file', () => ({ passwordFile: join(dir, 'none') }), /there is no file .*none/],
    ['wrong host', () => ({ url: 'postgres://edgetwin@no-such-host.invalid/edgetwin' }), /no-such-host\.invalid/],
    [
      'nothing listens',
      () => ({ url: `postgres://edgetwin@127.0.0.1:${closedPort}/edgetwin` }),
      /127\.0\.0\.1:1 is not reached: nothing listens/,
    ],
    [
      'missing database',
      () => ({ url: lab.url.replace(/edgetwin$/, 'missing') }),
      /no database missing; make it \(`createdb --owner edgetwin missing`\)/,
    ],
    ['unencrypted server', () => ({ url: `${lab.url}?sslmode=require` }), /SSL/],
  ]
  it.each(cases)('%s', async (_, options, told) => {
    const store = aStore(options())
    const refused = await store.list({ limit: 1 }).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(TwinError)
    expect(refused).toMatchObject({ code: 'JOBS_UNREACHABLE', message: expect.stringMatching(told) })
    await until(() => told.test(store.checks()[0]!.detail))
    expect(store.checks()).toMatchObject([{ name: 'jobs', ok: false }])
    expect(JSON.stringify([refused, String(refused), store.checks(), logged])).not.toContain(secret)
  })

  it('a wrong password that is corrected is used by itself', async () => {
    const passwordFile = withPassword(secret)
    const store = aStore({ passwordFile })
    await until(() => /refuses the password/.test(store.checks()[0]!.detail))
    copyFileSync(lab.passwordFile, passwordFile)
    await until(() => store.checks()[0]!.ok)
  })

  it('a newer schema is left alone', async () => {
    const client = new pg.Client(toClientConfig(toPlace(lab)))
    await client.connect()
    await client.query("insert into edgetwin_job_steps values ('0099-later', '2030-01-01')")
    try {
      await expect(aStore().counts()).rejects.toMatchObject({
        code: 'JOBS_UNREADABLE',
        message: expect.stringMatching(/0099-later.*upgrade/),
      })
    } finally {
      await client.query("delete from edgetwin_job_steps where name = '0099-later'")
      await client.end()
    }
  })

  it('a scheme of encryption that is not known is refused at once', () => {
    expect(() => aStore({ url: `${lab.url}?sslmode=maybe` })).toThrow(/sslmode=maybe/)
  })
})
