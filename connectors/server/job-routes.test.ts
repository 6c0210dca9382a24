import { afterEach, describe, expect, it } from '@jest/globals'
import { openSqliteJobs } from '../jobs/sqlite-jobs.ts'
import { aTwinApi } from './a-twin-api.ts'
import { runServer } from './server.ts'

const NOW_MS = 1_800_000_000_000
const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

async function aServer({ hasJobs = true } = {}) {
  const jobs = await openSqliteJobs({ path: ':memory:', site: 'lab', clock: () => NOW_MS, waitingJobsMax: 3 })
  const server = await runServer({
    api: aTwinApi().api,
    ...(hasJobs ? { jobs } : {}),
    host: '127.0.0.1',
    port: 0,
    metrics: async () => '',
    log,
    clock: () => NOW_MS,
    limits: { perSubjectPerSecond: 1e6, totalPerSecond: 1e6 },
  })
  stops.push(jobs.close, server.stop)
  return async (path: string, body?: unknown): Promise<readonly [number, unknown]> => {
    const sent = { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
    const response = await fetch(`${server.url}/api/v1/jobs${path}`, body === undefined ? {} : sent)
    const text = await response.text()
    return [response.status, text === '' ? null : JSON.parse(text)]
  }
}
const upload = (id?: string) => ({ ...(id === undefined ? {} : { id }), user: 'ana', path: '/videos/a.mp4', type: 'mp4' })
const claim = (stage: string) => ({ stage, worker: 'w-1', leaseMs: 1_000 })

describe('jobs over HTTP', () => {
  it('go from the upload through three workers to the end', async () => {
    const ask = await aServer()
    expect(await ask('', upload('a'))).toMatchObject([201, { item: { id: 'a', number: 1, status: 'Enqueue', iterationLimit: 3 } }])
    expect(await ask('', upload('a'))).toMatchObject([201, { item: { number: 1 } }])
    for (const stage of ['preprocessing', 'inference', 'postprocessing']) {
      const [status, claimed] = await ask('/claim', claim(stage))
      expect([status, claimed]).toMatchObject([200, { leaseId: expect.any(Number), job: { id: 'a', worker: 'w-1' } }])
      const lease = { worker: 'w-1', leaseId: Object(claimed).leaseId }
      expect(await ask('/a/renew', { ...lease, leaseMs: 9_000 })).toMatchObject([200, { item: { leaseUntilMs: NOW_MS + 9_000 } }])
      expect(await ask('/a/complete', lease)).toMatchObject([200, { item: { worker: null } }])
    }
    expect(await ask('/a')).toMatchObject([200, { item: { status: 'Exit', iteration: 0, endTimeMs: NOW_MS } }])
    expect(await ask('/claim', claim('inference'))).toEqual([204, null])
  })

  it('come in pages and by status; an upload without an id gets one', async () => {
    const ask = await aServer()
    for (const id of ['c', 'b', undefined]) await ask('', upload(id))
    const [, first] = await ask('?limit=2')
    expect(first).toMatchObject({ items: [{ id: 'c' }, { id: 'b' }] })
    expect(await ask(`?limit=2&continue=${Object(first).continue}`)).toMatchObject([
      200,
      { items: [{ number: 3, id: expect.stringMatching(/^[0-9a-f-]{36}$/) }], continue: null },
    ])
    await ask('/claim', claim('preprocessing'))
    expect(await ask('?status=Preprocessing')).toMatchObject([200, { items: [{ id: 'c' }] }])
  })

  it('that fail start again', async () => {
    const ask = await aServer()
    await ask('', upload('a'))
    const [, claimed] = await ask('/claim', claim('preprocessing'))
    const lease = { worker: 'w-1', leaseId: Object(claimed).leaseId }
    expect(await ask('/a/fail', { ...lease, reason: 'no such codec' })).toMatchObject([
      200,
      { item: { status: 'Enqueue', iteration: 1, failure: 'no such codec' } },
    ])
  })
})

describe('what is refused', () => {
  it('names the job and the remedy', async () => {
    const ask = await aServer()
    await ask('', upload('a'))
    const lease = { worker: 'w-1', leaseId: 99 }
    const cases: [Promise<readonly [number, unknown]>, number, string, RegExp][] = [
      [ask('/z'), 404, 'ENTITY_UNKNOWN', /no job z; GET/],
      [ask('/z/complete', lease), 404, 'ENTITY_UNKNOWN', /no job z/],
      [ask('/a/complete', lease), 409, 'JOB_REFUSED', /no longer holds job a.*claim the next/],
      [ask('/a/fail', { ...lease, reason: '' }), 409, 'JOB_REFUSED', /no longer holds/],
      [ask('', { ...upload('a'), path: '/other' }), 409, 'JOB_REFUSED', /another upload/],
      [ask('', { ...upload('b'), path: 'a\u0000b' }), 400, 'QUERY_INVALID', /path: .*control characters/],
      [ask('', { ...upload('B') }), 400, 'QUERY_INVALID', /lower-case/],
      [ask('/claim', claim('painting')), 400, 'QUERY_INVALID', /stage/],
      [ask('/claim', { ...claim('inference'), leaseMs: 0 }), 400, 'QUERY_INVALID', /leaseMs/],
      [ask('?status=Done'), 400, 'QUERY_INVALID', /status/],
      [ask('?continue=WyJ4Il0'), 400, 'QUERY_INVALID', /continue/],
    ]
    for (const [asked, status, code, detail] of cases) {
      expect(await asked).toMatchObject([status, { code, detail: expect.stringMatching(detail) }])
    }
    await Promise.all(['b', 'c'].map((id) => ask('', upload(id))))
    expect(await ask('', upload('d'))).toMatchObject([503, { code: 'OVERLOADED' }])
  })

  it('is everything, when there is no job database', async () => {
    const ask = await aServer({ hasJobs: false })
    expect(await ask('')).toMatchObject([404, { code: 'ROUTE_UNKNOWN' }])
  })
})
