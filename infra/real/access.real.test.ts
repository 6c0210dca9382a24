/** Who may do what, by the word of a real API server: every route for every role, bad tokens, tokens taken back, and no API server at all. */
import { createPrivateKey } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { io, type Socket } from 'socket.io-client'
import { stringify } from 'yaml'
import { openSqliteJobs } from '../../connectors/jobs/sqlite-jobs.ts'
import { createKubeAccess, type KubeAccess } from '../../connectors/kubernetes/access/access.ts'
import { OWN_RIGHTS_YAML, roleYaml } from '../../connectors/kubernetes/access/access-grant.ts'
import { createKubeClient } from '../../connectors/kubernetes/kube-client.ts'
import { loadKubeConfig } from '../../connectors/kubernetes/kube-config.ts'
import { aGateApi } from '../../connectors/server/a-gate-api.ts'
import { aHistoryApi } from '../../connectors/server/a-history-api.ts'
import { aLogAdmin } from '../../connectors/server/a-log-admin.ts'
import { aPod, aTwinApi } from '../../connectors/server/a-twin-api.ts'
import { ROUTE_NEEDS } from '../../connectors/server/auth-table.ts'
import { type RunningServer, runServer } from '../../connectors/server/server.ts'
import { type Need, ROLES, type Role } from '../../models/contracts/access.ts'
import { ACCESS_AUDIENCE } from '../../models/contracts/audience.ts'
import { type KubernetesLab, startKubernetes } from '../lab/kubernetes.ts'
import { startPrometheus } from '../lab/prometheus.ts'
import { eventually } from '../testing/eventually.ts'
import { badTokens, withClaims } from './bad-tokens.ts'

const NAMESPACE = 'people'
const ROLE_NAMES = Object.keys(ROLES) as Role[]
const log = { debug() {}, info() {}, warn() {}, error() {} }
const standIn = aTwinApi()
let lab: KubernetesLab
let access: KubeAccess
let server: RunningServer
/** Moves on the time of what is kept. */
let aheadMs = 0
const closers: (() => unknown)[] = []

const account = (name: string) => stringify({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: NAMESPACE } })
const binding = (name: string, role: string, subject: object) =>
  stringify({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [subject],
  })
const tokenFor = async (name: string, audience = ACCESS_AUDIENCE) =>
  (await lab.kubectl(['create', 'token', name, '-n', NAMESPACE, '--audience', audience, '--duration', '10m'])).trim()
const addUser = async (name: string, role: Role): Promise<string> => {
  const who = { kind: 'ServiceAccount', name, namespace: NAMESPACE }
  await lab.kubectl(['apply'], [account(name), binding(`person-${name}`, `edgetwin-${role}`, who)].join('---\n'))
  return tokenFor(name)
}

beforeAll(async () => {
  lab = await startKubernetes({
    components: ['etcd', 'kube-apiserver'],
    identities: ['edgetwin=edgetwin', 'blind=blind'],
    progress: (line) => process.stderr.write(`${line}\n`),
  })
  const self = { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'edgetwin' }
  const roles = ROLE_NAMES.map((role) => roleYaml(`edgetwin-${role}`, ROLES[role]))
  await lab.kubectl(['create', 'namespace', NAMESPACE])
  await lab.kubectl(['apply'], [OWN_RIGHTS_YAML, binding('edgetwin-access', 'edgetwin-access', self), ...roles].join('---\n'))
  await lab.kubectl(['apply'], account('nobody'))
  await lab.kubectl(['create', 'clusterrole', 'lists-namespaces', '--verb', 'list', '--resource', 'namespaces'])
  await lab.kubectl(['apply'], binding('lists-namespaces', 'lists-namespaces', self))
  const client = createKubeClient(() => loadKubeConfig({ kubeconfig: lab.kubeconfigOf('edgetwin') }))
  closers.push(client.close)
  const clock = () => Date.now() + aheadMs
  access = createKubeAccess({ client, audiences: [ACCESS_AUDIENCE], clock })
  const limits = { perSubjectPerSecond: 1e6, totalPerSecond: 1e6, recheckMs: 200 }
  const jobs = await openSqliteJobs({ path: ':memory:', site: 'lab', clock: Date.now })
  closers.push(jobs.close)
  const ports = {
    api: standIn.api,
    history: aHistoryApi([]),
    jobs,
    logAdmin: aLogAdmin(),
    gates: aGateApi(),
    viewerDir: import.meta.dirname,
  }
  server = await runServer({ ...ports, host: '127.0.0.1', port: 0, access, metrics: async () => 'up 1\n', log, clock, limits })
}, 1_500_000)
afterAll(async () => {
  await server?.stop()
  for (const close of closers.reverse()) await close()
  await lab?.stop()
})

async function send(route: string, token: string | null) {
  const [method = 'GET', path = ''] = route.split(' ')
  const url = server.url + path.replace(':kind', 'node').replace(/:\w+/g, 'some').replace('*', 'pi-1')
  const answer = await fetch(url, { method, headers: token === null ? {} : { authorization: `Bearer ${token}` } })
  const text = await answer.text()
  return { status: answer.status, problem: answer.headers.get('content-type')?.includes('problem') ? JSON.parse(text) : null }
}

function follow(
  token: string | undefined,
): Promise<{ readonly socket: Socket; readonly refusal: { code?: string; message?: string } | null }> {
  const socket = io(`${server.url}/twin`, {
    transports: ['websocket'],
    auth: token === undefined ? {} : { token },
    reconnection: false,
    forceNew: true,
  })
  closers.push(() => socket.disconnect())
  return new Promise((resolve) => {
    socket.on('connect', () => resolve({ socket, refusal: null }))
    socket.on('connect_error', (error) => {
      const { code } = Object(Reflect.get(error, 'data'))
      resolve({ socket, refusal: { code, message: error.message } })
    })
  })
}
const closingOf = (socket: Socket) => new Promise<{ code: string }>((resolve) => socket.on('closing', resolve))

describe('every route and the stream', () => {
  it.each([null, 'nobody', ...ROLE_NAMES] as const)('for %s', async (name) => {
    const isRole = name !== null && name !== 'nobody'
    const token = name === null ? null : isRole ? await addUser(name, name) : await tokenFor(name)
    const rights: readonly Need[] = isRole ? ROLES[name] : []
    for (const [route, need] of Object.entries(ROUTE_NEEDS).filter(([one]) => !/sites/.test(one))) {
      const { status, problem } = await send(route, token)
      const may = need === 'anyone' || (name !== null && need === 'signed-in') || rights.includes(need)
      expect([route, [401, 403].includes(status) ? status : 'in']).toEqual([route, may ? 'in' : name === null ? 401 : 403])
      if (status === 403)
        expect(problem).toMatchObject({ code: 'FORBIDDEN', details: { right: need, grant: expect.stringContaining('ClusterRole') } })
    }
    const { refusal, socket } = await follow(token ?? undefined)
    expect(refusal?.code).toBe(rights.includes('watch twins') ? undefined : name === null ? 'UNAUTHORIZED' : 'FORBIDDEN')
    socket.disconnect()
  })

  it('knows the planner may not approve, until the YAML of the refusal is applied; the audit has the name', async () => {
    const token = await addUser('paula', 'planner')
    const refused = await send('POST /api/v1/plans/:id/approve', token)
    expect(refused).toMatchObject({
      status: 403,
      problem: {
        detail: expect.stringMatching(/^system:serviceaccount:people:paula may not approve or reject a plan \(create placements\/apply\)/),
      },
    })
    await lab.kubectl(['apply'], refused.problem.details.grant)
    expect(await send('POST /api/v1/plans/:id/approve', token)).toMatchObject({ status: 200 })
    expect(standIn.calls.at(-1)).toBe('approve some system:serviceaccount:people:paula ')
  })
})

describe('a bad token', () => {
  it('is refused, whatever is wrong with it', async () => {
    const good = await addUser('gustav', 'viewer')
    const key = createPrivateKey(readFileSync(join(lab.dir, 'pki', 'sa.key')))
    const bad = {
      ...badTokens(good, key),
      'the one of kubectl, for the API server': await tokenFor('gustav', 'https://kubernetes.default.svc'),
      'one for another service': await tokenFor('gustav', 'vault'),
    }
    expect(Object.keys(bad).length).toBeGreaterThanOrEqual(30)
    for (const [what, token] of Object.entries(bad)) {
      const { status, problem } = await send('GET /api/v1/status', token)
      expect([what, status]).toEqual([what, 401])
      if (status === 401) expect(JSON.stringify(problem)).not.toContain(token.length > 20 ? token : '\u0000')
      const { refusal } = await follow(token)
      expect([what, refusal?.code]).toEqual([what, 'UNAUTHORIZED'])
    }
    expect((await send('GET /api/v1/status', good)).status).toBe(200)
  })

  it('is what a token becomes when its account is deleted, also in an open socket and when played again', async () => {
    const token = await addUser('rosa', 'viewer')
    const { socket } = await follow(token)
    const closing = closingOf(socket)
    await lab.kubectl(['delete', 'serviceaccount', 'rosa', '-n', NAMESPACE])
    const startMs = performance.now()
    expect(await closing).toMatchObject({ code: 'UNAUTHORIZED' })
    expect(performance.now() - startMs).toBeLessThan(60_000)
    expect((await send('GET /api/v1/status', token)).status).toBe(401)
    expect((await follow(token)).refusal?.code).toBe('UNAUTHORIZED')
    // Of the same name, but not the same.
    await lab.kubectl(['apply'], account('rosa'))
    aheadMs += 60_000
    expect((await send('GET /api/v1/status', token)).status).toBe(401)
    expect((await send('GET /api/v1/status', await tokenFor('rosa'))).status).toBe(200)
  })

  it('is what a token becomes when its time is over: what it opened is ended then, and it opens nothing more', async () => {
    const key = createPrivateKey(readFileSync(join(lab.dir, 'pki', 'sa.key')))
    const now = () => Date.now() + aheadMs
    const endMs = (Math.ceil(now() / 1_000) + 2) * 1_000
    const token = withClaims(await addUser('emil', 'viewer'), { exp: endMs / 1_000 }, key)
    const { socket } = await follow(token)
    expect(await closingOf(socket)).toMatchObject({ code: 'UNAUTHORIZED', detail: expect.stringContaining('the token ended at') })
    expect(now()).toBeGreaterThanOrEqual(endMs)
    expect((await follow(token)).refusal?.code).toBe('UNAUTHORIZED')
    expect(await send('GET /api/v1/status', token)).toMatchObject({ status: 401 })
    // The API server still takes it, as it takes any for a minute longer: it is we who look at the end.
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token, audiences: [ACCESS_AUDIENCE] } }
    expect(await lab.kubectl(['create', '-o', 'jsonpath={.status.authenticated}'], stringify(review))).toBe('true')
  })

  it('ends what was open when its right is taken', async () => {
    const { socket } = await follow(await addUser('rita', 'viewer'))
    const closing = closingOf(socket)
    await lab.kubectl(['delete', 'clusterrolebinding', 'person-rita'])
    expect(await closing).toMatchObject({ code: 'FORBIDDEN' })
  })
})

describe('rights in one namespace', () => {
  const roleIn = (namespace: string) =>
    stringify({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: 'sees-edgetwin', namespace },
      rules: [{ apiGroups: ['edgetwin.dev'], resources: ['twins'], verbs: ['get', 'watch'] }],
    })
  const bindingIn = (namespace: string, user: string) =>
    stringify({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'sees-edgetwin', namespace },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'sees-edgetwin' },
      subjects: [{ kind: 'ServiceAccount', name: user, namespace: NAMESPACE }],
    })
  const namesSeen = async (token: string): Promise<readonly string[] | number> => {
    const answer = await fetch(`${server.url}/api/v1/entities/pod`, { headers: { authorization: `Bearer ${token}` } })
    if (!answer.ok) return answer.status
    return Object((await answer.json()) as unknown).items.map(({ name }: { name: string }) => name)
  }

  it('show what is of it, follow the bindings, and are good for nothing else', async () => {
    for (const namespace of ['shop', 'bank']) await lab.kubectl(['create', 'namespace', namespace])
    standIn.change(['web-1.shop', 'vault-1.bank'].map((name) => ({ kind: 'pod', name, value: aPod(name) })))
    await lab.kubectl(['apply'], [account('tess'), roleIn('shop'), roleIn('bank'), bindingIn('shop', 'tess')].join('---\n'))
    // Which namespaces there are is kept for so long.
    aheadMs += 10_000
    const token = await tokenFor('tess')
    expect(await namesSeen(token)).toEqual(['web-1.shop'])
    expect(await send('GET /metrics', token)).toMatchObject({ status: 403, problem: { detail: expect.stringContaining('in all of them') } })
    const whoami = await fetch(`${server.url}/api/v1/access`, { headers: { authorization: `Bearer ${token}` } })
    expect(await whoami.json()).toMatchObject({
      rights: expect.arrayContaining([expect.objectContaining({ right: 'get twins', namespaces: ['shop'] })]),
    })

    const { socket } = await follow(token)
    const snapshot = await new Promise((resolve) => socket.emit('subscribe', resolve))
    expect(JSON.stringify(snapshot)).toContain('web-1.shop')
    expect(JSON.stringify(snapshot)).not.toContain('bank')

    // One namespace more, and one taken: an open page is ended and starts anew.
    const closing = closingOf(socket)
    await lab.kubectl(['apply'], bindingIn('bank', 'tess'))
    await lab.kubectl(['delete', 'rolebinding', 'sees-edgetwin', '-n', 'shop'])
    aheadMs += 10_000
    expect(await closing).toMatchObject({ code: 'FORBIDDEN', detail: expect.stringContaining('others now') })
    await eventually('bank alone is seen', async () => String(await namesSeen(token)) === 'vault-1.bank')
    await lab.kubectl(['delete', 'rolebinding', 'sees-edgetwin', '-n', 'bank'])
    aheadMs += 10_000
    await eventually('nothing is seen', async () => (await namesSeen(token)) === 403)
    expect((await follow(token)).refusal?.code).toBe('FORBIDDEN')
  })
})

it('Prometheus reads the metrics with the token of an account, and with one that was renewed', async () => {
  const dir = join(lab.dir, 'prometheus-settings')
  const file = join(dir, 'token')
  mkdirSync(dir, { recursive: true })
  const twin = {
    job_name: 'edgetwin',
    authorization: { credentials_file: file },
    static_configs: [{ targets: [new URL(server.url).host] }],
  }
  writeFileSync(join(dir, 'prometheus.yml'), stringify({ global: { scrape_interval: '1s', scrape_timeout: '1s' }, scrape_configs: [twin] }))
  const metricsOnly = stringify({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'reads-metrics' },
    rules: [{ apiGroups: ['edgetwin.dev'], resources: ['twins'], verbs: ['get'] }],
  })
  const who = { kind: 'ServiceAccount', name: 'prometheus', namespace: NAMESPACE }
  await lab.kubectl(['apply'], [account('prometheus'), metricsOnly, binding('prometheus', 'reads-metrics', who)].join('---\n'))
  // What every pod has mounted by itself is made out for the API server.
  writeFileSync(file, await tokenFor('prometheus', 'https://kubernetes.default.svc'))
  const prometheus = await startPrometheus({ configFile: join(dir, 'prometheus.yml') })
  closers.push(prometheus.stop)
  const target = async (): Promise<{ readonly health: string; readonly lastError: string }> => {
    const answer = await fetch(`${prometheus.url}/api/v1/targets?state=active`)
    return Object((await answer.json()) as unknown).data.activeTargets[0] ?? { health: '', lastError: '' }
  }
  await eventually('it is refused', async () => /401/.test((await target()).lastError))
  writeFileSync(file, await tokenFor('prometheus'))
  await eventually('it is let in', async () => (await target()).health === 'up')
})

it('says what edgetwin itself lacks when it may not ask', async () => {
  const client = createKubeClient(() => loadKubeConfig({ kubeconfig: lab.kubeconfigOf('blind') }))
  const blind = createKubeAccess({ client, audiences: [ACCESS_AUDIENCE], clock: Date.now })
  const error = await blind.admit(await tokenFor('nobody'), 'get twins').catch((caught: unknown) => caught)
  client.close()
  expect(error).toMatchObject({
    code: 'ACCESS_UNAVAILABLE',
    message: expect.stringMatching(/"blind" cannot create resource "tokenreviews"/),
  })
  await lab.kubectl(['apply', '--dry-run=server'], Object(error).message.split('grant it:\n')[1])
})

it('with the API server away lets nobody new in, applies nothing, and ends open reading after a minute', async () => {
  const operator = await addUser('olga', 'operator')
  const viewer = await addUser('vera', 'viewer')
  expect((await send('GET /api/v1/status', operator)).status).toBe(200)
  expect((await send('POST /api/v1/plans/:id/approve', operator)).status).toBe(200)
  const { socket } = await follow(operator)
  let isOpen = true
  const closing = closingOf(socket).then((reason) => {
    isOpen = false
    return reason
  })
  await lab.service('kube-apiserver').kill()
  const approvals = standIn.calls.filter((call) => call.startsWith('approve')).length
  expect(await send('POST /api/v1/plans/:id/approve', operator)).toMatchObject({ status: 503, problem: { code: 'ACCESS_UNAVAILABLE' } })
  expect(standIn.calls.filter((call) => call.startsWith('approve'))).toHaveLength(approvals)
  expect(await send('GET /api/v1/status', viewer)).toMatchObject({ status: 503 })
  expect((await follow(viewer)).refusal?.code).toBe('ACCESS_UNAVAILABLE')
  expect(access.checks()[0]!.ok).toBe(false)
  aheadMs += 30_000
  expect((await send('GET /api/v1/status', operator)).status).toBe(200)
  expect((await follow(operator)).refusal?.code).toBe('ACCESS_UNAVAILABLE')
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  expect(isOpen).toBe(true)
  aheadMs += 45_000
  expect(await closing).toMatchObject({ code: 'ACCESS_UNAVAILABLE' })
  expect((await send('GET /api/v1/status', operator)).status).toBe(503)
  await lab.service('kube-apiserver').start()
  expect((await send('GET /api/v1/status', viewer)).status).toBe(200)
  expect(access.checks()[0]!.ok).toBe(true)
})
