import { afterAll, beforeAll, expect, it } from '@jest/globals'
import type { SharedSite } from '../../models/contracts/sites.ts'
import { runSitesServer } from './sites-server.ts'

const aSite = (site: string, more: Partial<SharedSite> = {}): SharedSite => ({
  site,
  partition: 0,
  owner: 'http://127.0.0.1:1',
  url: 'http://127.0.0.1:2',
  isHere: true,
  isActing: true,
  ...more,
})
const there = aSite('yard', { url: 'http://10.0.0.9:3', isHere: false })
const log = { debug() {}, info() {}, warn() {}, error() {} }
let silentOwners: string[] = []
let isWell = true
let server: Awaited<ReturnType<typeof runSitesServer>>
const start = (token?: string) =>
  runSitesServer({
    host: '127.0.0.1',
    port: 0,
    token,
    sitesHere: () => [aSite('lab')],
    allSites: async () => ({ items: [aSite('lab'), there], silentOwners }),
    checks: () => [{ name: 'site-group', ok: isWell, detail: 'joining', remedy: 'wait' }],
    log,
  })
beforeAll(async () => {
  server = await start()
})
afterAll(() => server.stop())
const ask = (path: string, init: RequestInit = {}) => fetch(`${server.url}${path}`, { redirect: 'manual', ...init })

it('lists all sites, and those of this process alone', async () => {
  expect(await (await ask('/api/v1/sites')).json()).toEqual({ items: [aSite('lab'), there], silentOwners: [] })
  expect(await (await ask('/api/v1/sites?here')).json()).toEqual({ items: [aSite('lab')], silentOwners: [] })
})

it('sends on to the twin of a site, wherever it is, with path, query, method and body', async () => {
  for (const [path, target] of [
    ['/sites/lab', 'http://127.0.0.1:2/'],
    ['/sites/lab/api/v1/state?at=7', 'http://127.0.0.1:2/api/v1/state?at=7'],
    ['/sites/yard/api/v1/entities/accelerator/a%2Fgpu0', 'http://10.0.0.9:3/api/v1/entities/accelerator/a%2Fgpu0'],
  ] as const) {
    const answer = await ask(path, { method: 'POST' })
    expect([answer.status, answer.headers.get('location')]).toEqual([307, target])
  }
})

it('names what it does not know, and what nobody would say', async () => {
  const unknown = await ask('/sites/lap/x')
  expect([unknown.status, await unknown.json()]).toMatchObject([404, { code: 'ENTITY_UNKNOWN', details: { near: ['lab'] } }])
  silentOwners = ['http://10.0.0.8:1']
  const perhaps = await ask('/sites/lap')
  expect([perhaps.status, (await perhaps.json()).detail]).toEqual([421, expect.stringContaining('http://10.0.0.8:1')])
  silentOwners = []
  expect((await ask('/api/v1/state')).status).toBe(404)
})

it('is ready when its checks are well', async () => {
  expect((await ask('/readyz')).status).toBe(200)
  isWell = false
  const answer = await ask('/readyz')
  expect([answer.status, await answer.text()]).toEqual([503, '[-] site-group: joining; wait\n'])
  isWell = true
})

it('answers nobody without the token, nor a page of another host', async () => {
  const guarded = await start('a-token-of-many-letters')
  const get = (path: string, headers = {}) => fetch(`${guarded.url}${path}`, { headers, redirect: 'manual' }).then(({ status }) => status)
  expect(await get('/livez')).toBe(200)
  expect(await get('/api/v1/sites')).toBe(401)
  expect(await get('/sites/lab')).toBe(401)
  expect(await get('/sites/lab', { authorization: 'Bearer a-token-of-many-letters' })).toBe(307)
  await guarded.stop()
  expect((await ask('/sites/lab', { method: 'POST', headers: { origin: 'http://evil.example' } })).status).toBe(403)
})
