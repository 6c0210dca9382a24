import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import { whatIfQueryShape } from '../../models/contracts/what-if.ts'
import { ERROR_CODES, TwinError } from '../../models/errors.ts'
import { aNode, aPlan, aTwinApi, type TwinStandIn } from './a-twin-api.ts'
import { problemShape, STATUS_OF_CODE } from './problem-details.ts'
import { runServer, type ServerOptions } from './server.ts'
import { OPENAPI_PATH, openapiDocument } from './write-openapi.ts'

const errors: object[] = []
const log = { debug() {}, info() {}, warn() {}, error: (fields: object) => errors.push(fields) }
const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

const unhurried = { perSubjectPerSecond: 1e6, totalPerSecond: 1e6 }

async function aServer(options: Partial<ServerOptions> & { readonly standIn?: TwinStandIn } = {}) {
  const { standIn = aTwinApi(), ...rest } = options
  const { url, stop } = await runServer({
    api: standIn.api,
    host: '127.0.0.1',
    port: 0,
    metrics: async () => 'edgetwin_up 1\n',
    log,
    clock: () => 1_800_000_000_000,
    limits: unhurried,
    ...rest,
  })
  cleanUps.push(stop)
  return {
    url,
    stop,
    standIn,
    get: (path: string, headers: Record<string, string> = {}) => fetch(url + path, { headers }),
    send: (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
      fetch(url + path, {
        method,
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
        headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
      }),
  }
}

/** The problem of an answer, after the checks that hold for every one. */
async function problemOf(response: Response) {
  expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/)
  const problem = problemShape.strict().parse(await response.json())
  expect(problem.status).toBe(response.status)
  expect(problem.type).toBe(`/errors#${problem.code}`)
  expect(JSON.stringify(problem)).not.toMatch(/\.ts:\d|node_modules/)
  return problem
}

describe('reading', () => {
  it('answers the state with its hash, sequence and time travel', async () => {
    const { get, standIn } = await aServer()
    standIn.change([])
    const answer: unknown = await (await get('/api/v1/state')).json()
    expect(answer).toMatchObject({ sequence: 1, hash: expect.stringMatching(/^[0-9a-f]{64}$/), state: { site: 'lab', sequence: 1 } })
    await get('/api/v1/state?at=%237')
    await get('/api/v1/state?at=-10m')
    expect(standIn.calls.slice(-2)).toEqual(['state {"kind":"sequence","sequence":7}', 'state {"kind":"time","timeMs":1799999400000}'])
  })

  it('answers lists in pages, and names with slashes', async () => {
    const { get } = await aServer({ standIn: aTwinApi([aNode('a'), aNode('b'), aNode('c'), aPlan('plan-1')]) })
    const first: { continue: string } = await (await get('/api/v1/entities/node?limit=2')).json()
    expect(first).toMatchObject({ sequence: 0, items: [{ name: 'a' }, { name: 'b' }] })
    expect(await (await get('/api/v1/entities/node?at=10m')).json()).toMatchObject({ items: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] })
    const last = await (await get(`/api/v1/entities/node?limit=2&continue=${first.continue}`)).json()
    expect(last).toMatchObject({ items: [{ name: 'c' }], continue: null })
    expect(await (await get('/api/v1/plans/plan-1')).json()).toMatchObject({ item: { id: 'plan-1', mode: 'expected' } })
    const accelerators = await aServer()
    for (const name of ['pi-1/cpu0', 'pi-1%2Fcpu0']) {
      const one = await (await accelerators.get(`/api/v1/entities/accelerator/${name}`)).json()
      expect(one).toMatchObject({ sequence: 0, item: { name: 'pi-1/cpu0' } })
    }
  })

  it('answers entities as CSV on demand', async () => {
    const { get } = await aServer()
    const response = await get('/api/v1/entities/node', { accept: 'text/csv' })
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8')
    expect((await response.text()).split('\r\n')[1]).toMatch(/^node,pi-1,expected,true/)
  })

  it('answers events in pages, and dead letters', async () => {
    const { get } = await aServer()
    const sequences: number[] = []
    let next: string | null = ''
    while (next !== null) {
      const page: { items: { sequence: number }[]; continue: string | null } = await (
        await get(`/api/v1/events?after=2&limit=3&continue=${next}`)
      ).json()
      sequences.push(...page.items.map(({ sequence }) => sequence))
      next = page.continue
    }
    expect(sequences).toEqual([3, 4, 5, 6, 7, 8, 9, 10])
    expect(await (await get('/api/v1/dead-letters')).json()).toMatchObject({ items: [{ reason: 'json' }] })
  })

  it('answers the probes, with the remedy of what is not well', async () => {
    const well = await aServer()
    expect(await (await well.get('/livez')).text()).toBe('ok\n')
    expect(await (await well.get('/readyz')).text()).toBe('ok\n')
    expect(await (await well.get('/readyz?verbose')).text()).toBe('[+] journal: writes\nready\n')
    expect(await (await well.get('/metrics')).text()).toBe('edgetwin_up 1\n')
    const standIn = aTwinApi()
    const checks = async () => [{ name: 'journal', ok: false, detail: 'disk full', remedy: 'make room' }]
    const ill = await aServer({ standIn: { ...standIn, api: { ...standIn.api, checks } } })
    const response = await ill.get('/healthz')
    expect([response.status, await response.text()]).toEqual([503, '[-] journal: disk full; make room\nnot ready\n'])
    expect((await ill.get('/livez')).status).toBe(200)
  })
})

describe('asking and deciding', () => {
  it('fills in the defaults of a what-if and says who asked', async () => {
    const { send, standIn } = await aServer()
    const answer: { query: unknown } = await (await send('POST', '/api/v1/what-if', { workload: 'waiting' })).json()
    expect(answer.query).toEqual(whatIfQueryShape.parse({ workload: 'waiting' }))
    expect(standIn.calls).toContain('whatIf operator@127.0.0.1')
  })

  it('makes, approves and rejects plans, with and without a reason', async () => {
    const { send, standIn } = await aServer()
    const made = await send('POST', '/api/v1/plans', { whatIfId: 'w', algorithm: 'heft' })
    expect([made.status, made.headers.get('location'), await made.json()]).toEqual([
      201,
      '/api/v1/plans/plan-1',
      { sequence: 0, id: 'plan-1' },
    ])
    expect((await send('POST', '/api/v1/plans/plan-1/approve')).status).toBe(200)
    expect((await send('POST', '/api/v1/plans/plan-1/reject', { reason: 'not now' })).status).toBe(200)
    expect(standIn.calls.slice(-2)).toEqual(['approve plan-1 operator@127.0.0.1 ', 'reject plan-1 operator@127.0.0.1 not now'])
  })

  it('switches the loop and puts faults on and off', async () => {
    const { get, send } = await aServer()
    expect(await (await send('PUT', '/api/v1/loop', { mode: 'auto' })).json()).toMatchObject({ mode: 'auto' })
    expect(await (await get('/api/v1/loop')).json()).toEqual({ sequence: 0, mode: 'auto', status: 'nothing to do' })
    const added = await send('POST', '/api/v1/faults', { kind: 'kill-node', node: 'pi-1' })
    expect([added.status, await added.json()]).toMatchObject([201, { id: 'fault-1', fault: { node: 'pi-1' } }])
    expect(await (await get('/api/v1/faults')).json()).toMatchObject({ items: [{ id: 'fault-1' }] })
    const cleared = await send('DELETE', '/api/v1/faults/fault-1')
    expect([cleared.status, await cleared.text()]).toEqual([204, ''])
  })
})

describe('a bad request', () => {
  it('of any kind is a problem that names the value, the place and the remedy', async () => {
    const { get, send } = await aServer()
    const post = (body: unknown, headers = {}) => send('POST', '/api/v1/what-if', body, headers)
    const cases: [Promise<Response>, number, string, RegExp][] = [
      [get('/api/v1/nothing?x=1'), 404, 'ROUTE_UNKNOWN', /GET \/api\/v1\/nothing; GET \/api\/v1\/openapi\.json lists/],
      [send('POST', '/api/v1/state', {}), 404, 'ROUTE_UNKNOWN', /POST \/api\/v1\/state/],
      [get('/api/v1/%zz'), 400, 'QUERY_INVALID', /%zz/],
      [get('/api/v1/entities/nodes'), 400, 'QUERY_INVALID', /params\/kind: .*"node"\|"camera"/],
      [get('/api/v1/entities/node/pi-2'), 404, 'ENTITY_UNKNOWN', /no node pi-2; did you mean pi-1/],
      [get('/api/v1/entities/node/'), 400, 'QUERY_INVALID', /params/],
      [get('/api/v1/entities/node?limit=0'), 400, 'QUERY_INVALID', /query\/limit: /],
      [get('/api/v1/entities/node?continue=x'), 400, 'QUERY_INVALID', /continue="x"/],
      [get('/api/v1/state?at=noon'), 400, 'QUERY_INVALID', /at="noon"/],
      [get('/api/v1/state?at=%239999'), 404, 'POSITION_UNKNOWN', /9999/],
      [get('/api/v1/events?type=node.exploded'), 400, 'QUERY_INVALID', /query\/type/],
      [get('/api/v1/events?after=-1'), 400, 'QUERY_INVALID', /query\/after: .*, got "?-1/],
      [post('{"edits": ['), 400, 'QUERY_INVALID', /not valid JSON/],
      [post(''), 400, 'QUERY_INVALID', /empty/],
      [post('{"__proto__": {"x": 1}}'), 400, 'QUERY_INVALID', /JSON/],
      [post('{}', { 'content-type': 'text/plain' }), 415, 'QUERY_INVALID', /send `Content-Type: application\/json`/],
      [post('{}', { 'content-type': 'application/xml' }), 415, 'QUERY_INVALID', /send `Content-Type: application\/json`/],
      [post(' '.repeat(257 * 1024)), 413, 'QUERY_INVALID', /256 KiB/],
      [post([]), 400, 'QUERY_INVALID', /body: .*object/],
      [post({ algorithms: ['magic'] }), 400, 'QUERY_INVALID', /body\/algorithms\/0: .*"heft"/],
      [post({ workload: 'none' }), 400, 'QUERY_INVALID', /body\/workload: give "waiting".*, got "none"/],
      [send('POST', '/api/v1/scenarios', {}), 400, 'QUERY_INVALID', /body\/scenario: give a scenario as text/],
      [post({ delta2: null }), 400, 'QUERY_INVALID', /body\/delta2/],
      [send('PUT', '/api/v1/loop', { mode: 'wild' }), 400, 'QUERY_INVALID', /body\/mode: .*"observe".*, got "wild"/],
      [send('POST', '/api/v1/plans/stale/approve', {}), 409, 'DECISION_STALE', /node pi-1 is lost/],
      [send('POST', '/api/v1/plans', { whatIfId: 'w' }), 400, 'QUERY_INVALID', /body\/algorithm/],
      [send('POST', '/api/v1/faults', { kind: 'flood' }), 400, 'QUERY_INVALID', /body\/kind/],
      [send('DELETE', '/api/v1/faults/none'), 422, 'FAULT_INVALID', /no fault none/],
    ]
    for (const [response, status, code, detail] of cases) {
      expect(await problemOf(await response)).toMatchObject({ status, code, detail: expect.stringMatching(detail) })
    }
  })

  it('lists every fault of the input with its path', async () => {
    const { send } = await aServer()
    const body = { edits: [{ kind: 'lose-node' }, { kind: 'explode' }], delta1Seconds: -1 }
    const problem = await problemOf(await send('POST', '/api/v1/what-if', body))
    expect(problem).toMatchObject({ instance: '/api/v1/what-if', title: ERROR_CODES.QUERY_INVALID })
    expect(problem.errors.map(({ in: place, path }) => place + path)).toEqual([
      'body/edits/0/node',
      'body/edits/1/kind',
      'body/delta1Seconds',
    ])
  })

  it('that meets a bug says nothing of our inside, and the log does', async () => {
    const standIn = aTwinApi()
    const deadLetters = () => Promise.reject(new Error('secret /etc/passwd'))
    const { get } = await aServer({ standIn: { ...standIn, api: { ...standIn.api, deadLetters } } })
    const problem = await problemOf(await get('/api/v1/dead-letters'))
    expect(problem).toMatchObject({ status: 500, code: 'INTERNAL' })
    expect(problem.detail).not.toMatch(/secret/)
    expect(errors.at(-1)).toMatchObject({
      requestId: problem.details.requestId,
      error: expect.objectContaining({ message: 'secret /etc/passwd' }),
    })
  })

  it('that takes too long ends as overload', async () => {
    const standIn = aTwinApi()
    const checks = () => new Promise<never>(() => {})
    const { get } = await aServer({
      standIn: { ...standIn, api: { ...standIn.api, checks } },
      limits: { ...unhurried, handlerTimeoutMs: 50 },
    })
    const response = await get('/api/v1/checks')
    expect(response.headers.get('retry-after')).toBe('1')
    expect(await problemOf(response)).toMatchObject({ status: 503, code: 'OVERLOADED' })
  })
})

it('every error code has a status', () => {
  expect(Object.keys(STATUS_OF_CODE).sort()).toEqual(Object.keys(ERROR_CODES).sort())
})

describe('who may ask', () => {
  it('nobody from another machine without a token', async () => {
    for (const host of ['0.0.0.0', '::', '192.0.2.7', 'example.com']) {
      await expect(aServer({ host })).rejects.toMatchObject({ code: 'BIND_REFUSED', message: expect.stringContaining(host) })
    }
    await expect(aServer({ host: '0.0.0.0', token: '' })).rejects.toMatchObject({
      code: 'BIND_REFUSED',
      message: expect.stringContaining('--token'),
    })
  })

  it('with a token: only who has it, but for /livez and the files of the page', async () => {
    const viewerDir = aViewerDir()
    const { get, send, url } = await aServer({ host: '0.0.0.0', token: 'secret', viewerDir })
    expect(url).toMatch(/^http:\/\//)
    for (const authorization of ['', 'secret', 'Basic secret', 'Bearer', 'Bearer secre', 'Bearer secrets', 'Bearer SECRET']) {
      for (const path of ['/api/v1/state', '/metrics', '/api/v1/access', '/api/v1/openapi.json']) {
        const response = await get(path, { authorization })
        expect(response.headers.get('www-authenticate')).toBe('Bearer')
        expect(await problemOf(response)).toMatchObject({ status: 401, code: 'UNAUTHORIZED' })
      }
    }
    expect((await send('PUT', '/api/v1/loop', { mode: 'auto' })).status).toBe(401)
    for (const path of ['/livez', '/readyz', '/', '/page.js']) expect((await get(path)).status).toBe(200)
    expect(await (await get('/readyz?verbose')).text()).toBe('ok\n')
    expect((await get('/api/v1/state', { authorization: 'Bearer secret' })).status).toBe(200)
  })

  it('no page of another site: Host on everything, Origin on what changes something', async () => {
    const { url, send, get } = await aServer()
    const statusFor = (headers: Record<string, string>, path = '/api/v1/state') =>
      new Promise<number | undefined>((resolve, reject) => {
        const request = httpRequest(url + path, { headers }, (response) => {
          response.resume()
          resolve(response.statusCode)
        })
        request.on('error', reject).end()
      })
    const { port } = new URL(url)
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, 'localhost', '[::1]:80', 'twin.localhost'])
      expect(await statusFor({ host })).toBe(200)
    for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', '127.0.0.1@evil', '10.0.0.1']) {
      expect(await statusFor({ host })).toBe(403)
      expect(await statusFor({ host }, '/livez')).toBe(403)
    }
    const changed = (origin: string) => send('PUT', '/api/v1/loop', { mode: 'advise' }, { origin })
    expect((await changed(url)).status).toBe(200)
    for (const origin of ['http://evil.example', 'null', `http://localhost:${port}`, 'http://127.0.0.1:1']) {
      expect(await problemOf(await changed(origin))).toMatchObject({ status: 403, code: 'ORIGIN_REFUSED' })
    }
    expect((await get('/api/v1/state', { origin: 'http://evil.example' })).headers.get('access-control-allow-origin')).toBeNull()
  })
})

describe('the page', () => {
  it('is served with a policy that allows only our own scripts', async () => {
    const { get } = await aServer({ viewerDir: aViewerDir() })
    const response = await get('/')
    expect(await response.text()).toBe('<p>twin</p>')
    const policy = response.headers.get('content-security-policy')
    expect(policy).toContain("default-src 'self'; script-src 'self'")
    expect(policy).not.toContain('unsafe')
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect((await get('/page.js')).headers.get('content-type')).toMatch(/javascript/)
    for (const path of ['/../package.json', '/..%2f..%2fetc/passwd', '/%2e%2e/x', '/.env'])
      expect((await get(path)).status).toBeGreaterThanOrEqual(400)
    expect(await problemOf(await get('/nothing.js'))).toMatchObject({ code: 'ROUTE_UNKNOWN' })
  })

  it('of the errors explains each code where problems point to', async () => {
    const { get } = await aServer()
    const text = await (await get('/errors')).text()
    for (const code of Object.keys(ERROR_CODES)) expect(text).toContain(`id="${code}"`)
  })
})

describe('too much', () => {
  it('of one caller is refused with the time to wait, while reading goes on', async () => {
    const { get, send } = await aServer({ limits: { perSubjectPerSecond: 5 } })
    const responses = await Promise.all(Array.from({ length: 12 }, () => send('POST', '/api/v1/what-if', {})))
    const refused = responses.filter(({ status }) => status === 429)
    expect(refused.length).toBeGreaterThanOrEqual(2)
    expect(responses.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(5)
    expect(Number(refused[0]!.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await problemOf(refused[0]!)).toMatchObject({ code: 'RATE_LIMITED', detail: expect.stringContaining('5 requests in a second') })
    expect((await get('/api/v1/status')).status).toBe(200)
  })

  it('of everybody is refused, but probes answer', async () => {
    const { get } = await aServer({ limits: { totalPerSecond: 10 } })
    const statuses = (await Promise.all(Array.from({ length: 30 }, () => get('/api/v1/status')))).map(({ status }) => status)
    expect(statuses).toContain(429)
    expect((await get('/livez')).status).toBe(200)
    expect((await get('/metrics')).status).toBe(200)
  })

  it('guessing of tokens is slowed down', async () => {
    const { get } = await aServer({ token: 'secret', limits: { perSubjectPerSecond: 5 } })
    const guesses = await Promise.all(Array.from({ length: 15 }, (_, n) => get('/api/v1/status', { authorization: `Bearer ${n}` })))
    expect(new Set(guesses.map(({ status }) => status))).toEqual(new Set([401, 429]))
  })

  it('of what-ifs at once is refused until one is done', async () => {
    const standIn = aTwinApi()
    const release: (() => void)[] = []
    const whatIf: typeof standIn.api.whatIf = async (query, by) => {
      await new Promise<void>((resolve) => release.push(resolve))
      return standIn.api.whatIf(query, by)
    }
    const { send } = await aServer({ standIn: { ...standIn, api: { ...standIn.api, whatIf } }, limits: { ...unhurried, whatIfsAtOnce: 3 } })
    const ask = () => send('POST', '/api/v1/what-if', {})
    const underWay = [ask(), ask(), ask()]
    const reached = async (count: number) => {
      for (let turn = 0; turn < 400 && release.length < count; turn++) await new Promise((resolve) => setTimeout(resolve, 5))
      expect(release).toHaveLength(count)
    }
    await reached(3)
    const refused = await ask()
    expect(refused.headers.get('retry-after')).toBe('1')
    expect(await problemOf(refused)).toMatchObject({ status: 503, code: 'OVERLOADED' })
    for (const done of release) done()
    for (const answer of underWay) expect((await answer).status).toBe(200)
    const again = ask()
    await reached(4)
    release[3]!()
    expect((await again).status).toBe(200)
  })
})

describe('listening', () => {
  it('on a port that is taken names it and the remedy', async () => {
    const { url } = await aServer()
    const port = Number(new URL(url).port)
    const failure = await aServer({ port }).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(TwinError)
    expect(failure).toMatchObject({
      code: 'PORT_IN_USE',
      message: expect.stringMatching(new RegExp(`127\\.0\\.0\\.1:${port} is in use.*--port`)),
    })
  })

  it('on an address that is not ours says so', async () => {
    await expect(aServer({ host: '192.0.2.7', token: 'x' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })

  it('stops, and lets the port go', async () => {
    const { url, stop } = await aServer()
    await stop()
    cleanUps.pop()
    await expect(fetch(`${url}/livez`)).rejects.toThrow()
    await aServer({ port: Number(new URL(url).port) })
  })
})

it('the committed OpenAPI document is the one of the routes (if not: node connectors/server/write-openapi.ts)', async () => {
  const committed: unknown = JSON.parse(readFileSync(OPENAPI_PATH, 'utf8'))
  expect(JSON.parse(JSON.stringify(await openapiDocument()))).toEqual(committed)
})

function aViewerDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'viewer-'))
  cleanUps.push(() => rmSync(dir, { recursive: true }))
  writeFileSync(join(dir, 'index.html'), '<p>twin</p>')
  writeFileSync(join(dir, 'page.js'), '1')
  return dir
}
