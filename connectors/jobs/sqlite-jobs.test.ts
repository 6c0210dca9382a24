import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, describe, expect, it } from '@jest/globals'
import { describeJobStore } from './job-store.contract.ts'
import { openSqliteJobs } from './sqlite-jobs.ts'

const dir = mkdtempSync(join(tmpdir(), 'edgetwin-jobs-'))
afterAll(() => rmSync(dir, { recursive: true }))
const clock = () => 1

describeJobStore('SQLite', {
  async create({ startMs, waitingJobsMax }) {
    let nowMs = startMs
    const store = await openSqliteJobs({ path: ':memory:', site: 'lab', clock: () => nowMs, waitingJobsMax })
    return {
      store,
      wait: (ms) => {
        nowMs += ms
      },
      dispose: () => store.close(),
    }
  },
  runs: 300,
  concurrentJobs: 500,
})

describe('a file of jobs', () => {
  const aFile = (name: string) => ({ path: join(dir, name), site: 'lab', clock, synchronous: 'off' as const })

  it('keeps the jobs of each site apart, and all of them across restarts', async () => {
    const job = { id: 'a', user: 'ana', path: '/a.mp4', type: 'mp4', iterationLimit: 3 }
    const one = await openSqliteJobs(aFile('kept.db'))
    await one.create(job)
    const feedId = await one.feedId()
    await one.close()
    const other = await openSqliteJobs({ ...aFile('kept.db'), site: 'other' })
    expect([await other.get('a'), await other.changes({ after: 0, limit: 9 })]).toEqual([null, []])
    expect(await other.feedId()).not.toBe(feedId)
    await other.close()
    const again = await openSqliteJobs(aFile('kept.db'))
    expect(await again.get('a')).toMatchObject({ id: 'a', number: 1 })
    expect([await again.feedId(), await again.changes({ after: 0, limit: 9 })]).toMatchObject([feedId, [{ change: 1 }]])
    await again.close()
  })

  it('is for one process, and only ours', async () => {
    const one = await openSqliteJobs(aFile('held.db'))
    await expect(openSqliteJobs(aFile('held.db'))).rejects.toMatchObject({
      code: 'JOBS_UNREADABLE',
      message: expect.stringMatching(/open in another process/),
    })
    await one.close()
    new DatabaseSync(join(dir, 'foreign.db')).exec('CREATE TABLE t (x)')
    await expect(openSqliteJobs(aFile('foreign.db'))).rejects.toMatchObject({
      code: 'JOBS_UNREADABLE',
      message: expect.stringMatching(/another program/),
    })
    writeFileSync(join(dir, 'text.db'), 'x'.repeat(5_000))
    await expect(openSqliteJobs(aFile('text.db'))).rejects.toMatchObject({
      code: 'JOBS_UNREADABLE',
      message: expect.stringMatching(/not a database/),
    })
    await expect(openSqliteJobs(aFile('text.db/below.db'))).rejects.toMatchObject({ code: 'JOBS_UNREADABLE' })
  })

  it('of a newer edgetwin is left alone', async () => {
    const one = await openSqliteJobs(aFile('newer.db'))
    await one.close()
    const file = new DatabaseSync(join(dir, 'newer.db'))
    file.exec("INSERT INTO edgetwin_job_steps VALUES ('0099-later', '2030-01-01')")
    file.close()
    await expect(openSqliteJobs(aFile('newer.db'))).rejects.toMatchObject({
      code: 'JOBS_UNREADABLE',
      message: expect.stringMatching(/0099-later.*upgrade/),
    })
  })
})
