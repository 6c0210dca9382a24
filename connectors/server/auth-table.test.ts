/** The table of access against what is really served, and against every kind of user. */
import { afterEach, describe, expect, it } from '@jest/globals'
import { io } from 'socket.io-client'
import { type Access, accessAnswerShape, type Need, RIGHTS, type Right, ROLES, type Role } from '../../models/contracts/access.ts'
import { TwinError } from '../../models/errors.ts'
import { openSqliteJobs } from '../jobs/sqlite-jobs.ts'
import { aGateApi } from './a-gate-api.ts'
import { aHistoryApi } from './a-history-api.ts'
import { aLogAdmin } from './a-log-admin.ts'
import { aTwinApi } from './a-twin-api.ts'
import { createApp } from './app.ts'
import { REQUEST_LIMITS } from './app-options.ts'
import { needOf, ROUTE_NEEDS } from './auth-table.ts'
import { runServer } from './server.ts'

const log = { debug() {}, info() {}, warn() {}, error() {} }
const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** A token is the name of a role. */
const byRole: Access = {
  admit: async (token, need) => {
    if (token === null || !Object.hasOwn(ROLES, token)) throw new TwinError('UNAUTHORIZED', 'the token is missing or wrong; send one')
    const rights: readonly Need[] = [...ROLES[token as Role], 'signed-in']
    if (rights.includes(need)) return { user: `user-${token}`, groups: ['people'], namespaces: 'all', expiresMs: null }
    throw new TwinError('FORBIDDEN', `user-${token} may not ${need}`, { details: { grant: 'kind: ClusterRole\n' } })
  },
}

async function options(access: Access) {
  const jobs = await openSqliteJobs({ path: ':memory:', site: 'lab', clock: () => 0 })
  cleanUps.push(() => jobs.close())
  const limits = { ...REQUEST_LIMITS, perSubjectPerSecond: 1e6, totalPerSecond: 1e6 }
  const standIn = aTwinApi()
  const ports = { history: aHistoryApi([]), jobs, logAdmin: aLogAdmin(), gates: aGateApi() }
  const given = { api: standIn.api, ...ports, access, metrics: async () => '', log, limits }
  return { ...given, host: '127.0.0.1', viewerDir: import.meta.dirname, clock: () => 0, calls: standIn.calls }
}

async function anApp(access: Access) {
  const { calls, ...given } = await options(access)
  const app = await createApp(given)
  cleanUps.push(() => app.close())
  await app.ready()
  return { app, calls }
}

const someUrl = (path: string) => path.replace(':kind', 'node').replace(/:\w+/g, 'some').replace('*', 'some')

describe('the table of access', () => {
  it('has a row for every route that is served, and none for what is not', async () => {
    const { app } = await anApp(byRole)
    const rows = new Set<string>()
    for (const route of app.served) {
      const [method = '', path = ''] = route.split(' ')
      expect([route, needOf(method, path)]).not.toEqual([route, null])
      rows.add(`${method === 'HEAD' ? 'GET' : method} ${path}`)
    }
    const elsewhere = ['GET /api/v1/sites', '* /sites/:site', '* /sites/:site/*']
    expect(
      Object.keys(ROUTE_NEEDS)
        .filter((row) => !elsewhere.includes(row))
        .sort(),
    ).toEqual([...rows].sort())
  })

  it('lets nobody use a route without a row', async () => {
    const { calls: _, ...given } = await options({ admit: async () => ({ user: null, groups: [], namespaces: 'all', expiresMs: null }) })
    const app = await createApp(given)
    cleanUps.push(() => app.close())
    app.get('/api/v1/new', async () => 'secret')
    expect((await app.inject('/api/v1/new')).json()).toMatchObject({ status: 403, code: 'FORBIDDEN' })
  })

  const roles: readonly (Role | null)[] = [null, ...(Object.keys(ROLES) as Role[])]
  it.each(roles)('is what %s is held to, route by route', async (role) => {
    const { app } = await anApp(byRole)
    for (const route of app.served) {
      const [method = '', path = ''] = route.split(' ')
      const need = needOf(method, path)
      const may = need === 'anyone' || (role !== null && (need === 'signed-in' || (ROLES[role] as readonly Need[]).includes(need!)))
      const { statusCode, headers, body } = await app.inject({
        method: method as 'GET',
        url: someUrl(path),
        headers: role === null ? {} : { authorization: `Bearer ${role}` },
      })
      const expected = may ? 'let in' : role === null ? 401 : 403
      expect([route, [401, 403].includes(statusCode) ? statusCode : 'let in']).toEqual([route, expected])
      if (statusCode === 401) expect(headers['www-authenticate']).toBe('Bearer')
      if (statusCode === 403 && method !== 'HEAD') expect(JSON.parse(body)).toMatchObject({ code: 'FORBIDDEN', details: { grant: /kind/ } })
    }
  })

  it('names each right somewhere', () => {
    const named: readonly (Need | 'watch twins')[] = [...Object.values(ROUTE_NEEDS), 'watch twins']
    for (const right of Object.keys(RIGHTS) as Right[]) expect(named).toContain(right)
  })
})

it('tells a user who it is and what it may do', async () => {
  const { app } = await anApp(byRole)
  const answer = accessAnswerShape.parse((await app.inject({ url: '/api/v1/access', headers: { authorization: 'Bearer planner' } })).json())
  expect(answer).toMatchObject({ user: 'user-planner', groups: ['people'] })
  expect(answer.rights.filter(({ allowed }) => allowed).map(({ right }) => right)).toEqual([...ROLES.planner])
  expect(answer.rights.find(({ right }) => right === 'update policies')).toEqual({
    right: 'update policies',
    allowed: false,
    reason: 'user-planner may not update policies',
    grant: 'kind: ClusterRole\n',
  })
})

it('writes down the name of who decided', async () => {
  const { app, calls } = await anApp(byRole)
  await app.inject({ method: 'POST', url: '/api/v1/plans/plan-1/approve', headers: { authorization: 'Bearer operator' } })
  expect(calls).toContain('approve plan-1 user-operator ')
})

describe('a socket', () => {
  const refusalOf = (url: string, auth: object, query = {}) =>
    new Promise((resolve) => {
      const socket = io(`${url}/twin`, { transports: ['websocket'], auth, query, reconnection: false, forceNew: true })
      cleanUps.push(() => socket.disconnect())
      socket.on('connect', () => resolve(null))
      socket.on('connect_error', (error) => resolve(Reflect.get(Object(Reflect.get(error, 'data')), 'code')))
    })

  it('is let in by the token in its handshake and by no other', async () => {
    const noWatching: Access = {
      admit: async (token, need) => {
        if (token === 'reader' && need === 'watch twins') throw new TwinError('FORBIDDEN', 'reader may not watch twins')
        return byRole.admit(token, need)
      },
    }
    const server = await runServer({ ...(await options(noWatching)), port: 0 })
    cleanUps.push(server.stop)
    expect(await refusalOf(server.url, {})).toBe('UNAUTHORIZED')
    expect(await refusalOf(server.url, {}, { token: 'viewer' })).toBe('UNAUTHORIZED')
    expect(await refusalOf(server.url, { token: { viewer: 1 } })).toBe('UNAUTHORIZED')
    expect(await refusalOf(server.url, { token: 'reader' })).toBe('FORBIDDEN')
    expect(await refusalOf(server.url, { token: 'viewer' })).toBe(null)
  })

  it('is one of a bounded number of its user', async () => {
    const { limits, ...given } = await options(byRole)
    const server = await runServer({ ...given, port: 0, limits: { ...limits, socketsPerUserMax: 2 } })
    cleanUps.push(server.stop)
    const codes = []
    for (const token of ['viewer', 'viewer', 'viewer', 'admin']) codes.push(await refusalOf(server.url, { token }))
    expect(codes).toEqual([null, null, 'OVERLOADED', null])
  })

  it.each(['the period', 'the end of the token'])('is cut when its user may no longer follow: noticed by %s', async (by) => {
    let isGone = false
    const access: Access = {
      admit: async () => {
        if (isGone) throw new TwinError('UNAUTHORIZED', 'the token has ended; get another')
        return { user: 'u', groups: [], namespaces: 'all', expiresMs: by === 'the period' ? null : 50 }
      },
    }
    const { limits, ...given } = await options(access)
    const recheckMs = by === 'the period' ? 50 : 60_000
    const server = await runServer({ ...given, port: 0, limits: { ...limits, recheckMs } })
    cleanUps.push(server.stop)
    const socket = io(`${server.url}/twin`, { transports: ['websocket'], reconnection: false, forceNew: true })
    cleanUps.push(() => socket.disconnect())
    const closing = new Promise((resolve) => socket.on('closing', resolve))
    const left = new Promise((resolve) => socket.on('disconnect', resolve))
    await new Promise((resolve) => socket.on('connect', () => resolve(null)))
    isGone = true
    expect(await closing).toEqual({ code: 'UNAUTHORIZED', detail: 'the token has ended; get another' })
    await left
  })
})

const FOREIGN = [
  'http://evil.example',
  'https://evil.example',
  'null',
  'file://',
  'http://127.0.0.1:1',
  'http://localhost.evil.example',
  'http://127.0.0.1.evil.example',
  'http://evil.example/127.0.0.1',
  'chrome-extension://abcdefgh',
  'not a url',
]
it.each(FOREIGN)('a page of %s can neither upgrade nor poll', async (origin) => {
  const server = await runServer({ ...(await options(byRole)), port: 0 })
  cleanUps.push(server.stop)
  const polled = await fetch(`${server.url}/socket.io/?EIO=4&transport=polling`, { headers: { origin } })
  expect(polled.status).toBeGreaterThanOrEqual(400)
  expect(await polled.text()).not.toContain('sid')
  const upgraded = await new Promise((resolve) => {
    const socket = io(`${server.url}/twin`, {
      transports: ['websocket'],
      auth: { token: 'admin' },
      extraHeaders: { origin },
      reconnection: false,
      forceNew: true,
    })
    cleanUps.push(() => socket.disconnect())
    socket.on('connect', () => resolve('let in'))
    socket.on('connect_error', () => resolve('refused'))
  })
  expect(upgraded).toBe('refused')
})
