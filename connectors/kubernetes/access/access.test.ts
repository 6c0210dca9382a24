/** Access by the cluster's word, against a stand-in of the two reviews; infra/real has the same on a real API server. */
import { beforeEach, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { parseAllDocuments } from 'yaml'
import { RIGHTS, type Right } from '../../../models/contracts/access.ts'
import type { KubeRequest } from '../kube-client.ts'
import { KubeFailure } from '../kube-failure.ts'
import { createKubeAccess, type KubeAccess } from './access.ts'
import { grantYaml, roleYaml } from './access-grant.ts'
import { expiryOf, reviewOf } from './access-review.ts'

const START_MS = 1_800_000_000_000
let nowMs: number
let asked: string[]
let isUp: boolean
let granted: Set<string>
let known: Set<string>
/** What the cluster lists; null: it does not show us. */
let namespaces: string[] | null
let access: KubeAccess

beforeEach(() => {
  nowMs = START_MS
  asked = []
  isUp = true
  namespaces = ['a', 'b', 'shop']
  granted = new Set(['alice get twins', 'alice watch twins', 'alice create placements/apply'])
  known = new Set([tokenOf('alice'), tokenOf('bob')])
  access = createKubeAccess({ client: { server: 'https://api', request }, audiences: ['edgetwin'], clock: () => nowMs })
})

function tokenOf(name: string, expiresMs = START_MS + 3_600_000): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'RS256' })}.${part({ sub: name, exp: expiresMs / 1_000 })}.signature`
}

async function request<T>({ path, body }: KubeRequest): Promise<T> {
  asked.push(path.split('/').at(-1)!)
  await Promise.resolve()
  if (!isUp) throw new KubeFailure('unreachable', 'connect ECONNREFUSED')
  if (path.startsWith('/api/v1/namespaces')) {
    if (namespaces === null) throw new KubeFailure('forbidden', 'cannot list resource "namespaces"', { status: 403 })
    return { items: namespaces.slice(0, 100).map((name) => ({ metadata: { name } })) } as T
  }
  const { spec } = body as { spec: { token: string; user: string; resourceAttributes: Record<string, string> } }
  if (path.endsWith('tokenreviews')) {
    const { token } = spec
    const name = Object(JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString() || '{}')).sub
    const status = known.has(token)
      ? { authenticated: true, audiences: ['edgetwin'], user: { username: name, uid: 'u', groups: ['people'] } }
      : { error: '[invalid bearer token]' }
    return { status } as T
  }
  const { verb, resource, subresource, namespace } = spec.resourceAttributes
  const allowed = granted.has(
    `${spec.user} ${verb} ${resource}${subresource === '' ? '' : `/${subresource}`}${namespace === undefined ? '' : ` in ${namespace}`}`,
  )
  return { status: { allowed } } as T
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'in',
    (error: { code?: string }) => error.code,
  )
const alice = tokenOf('alice')

describe('access by the cluster', () => {
  it('lets in who is known and may, and says who it is', async () => {
    expect(await access.admit(alice, 'get twins')).toEqual({
      user: 'alice',
      groups: ['people'],
      namespaces: 'all',
      expiresMs: START_MS + 3_600_000,
    })
    expect(await codeOf(access.admit(tokenOf('bob'), 'get twins'))).toBe('FORBIDDEN')
    expect(await codeOf(access.admit(tokenOf('bob'), 'signed-in'))).toBe('in')
    expect(await codeOf(access.admit(tokenOf('eve'), 'signed-in'))).toBe('UNAUTHORIZED')
    for (const token of [null, '', 'two words', 'x'.repeat(20_000), 'ümlaut', 'line\nline'])
      expect(await codeOf(access.admit(token, 'signed-in'))).toBe('UNAUTHORIZED')
  })

  it('names what is missing and the YAML that grants it', async () => {
    const error = await access.admit(tokenOf('bob'), 'create whatifs').catch((caught) => caught)
    expect(error.message).toMatch(/^bob may not ask what would happen \(create whatifs\); /)
    expect(parseAllDocuments(error.details.grant).map((one) => one.toJS())).toMatchObject([
      { kind: 'ClusterRole', rules: [{ apiGroups: ['edgetwin.dev'], resources: ['whatifs'], verbs: ['create'] }] },
      { kind: 'ClusterRoleBinding', roleRef: { name: 'edgetwin-create-whatifs' }, subjects: [{ kind: 'User', name: 'bob' }] },
    ])
  })

  it('keeps a yes for 10 s and a no for 5 s', async () => {
    await access.admit(alice, 'get twins')
    granted.clear()
    known.delete(alice)
    nowMs += 9_999
    expect(await codeOf(access.admit(alice, 'get twins'))).toBe('in')
    expect(asked).toHaveLength(2)
    nowMs += 1
    expect(await codeOf(access.admit(alice, 'get twins'))).toBe('UNAUTHORIZED')
    known.add(alice)
    nowMs += 4_999
    expect(await codeOf(access.admit(alice, 'get twins'))).toBe('UNAUTHORIZED')
    nowMs += 1
    expect(await codeOf(access.admit(alice, 'get twins'))).toBe('FORBIDDEN')
  })

  it('asks anew before anything is decided', async () => {
    await access.admit(alice, 'create placements/apply')
    granted.delete('alice create placements/apply')
    expect(await codeOf(access.admit(alice, 'create placements/apply'))).toBe('FORBIDDEN')
    expect(asked).toHaveLength(4)
  })

  it('keeps nothing beyond the end of the token', async () => {
    const short = tokenOf('alice', START_MS + 3_000)
    known.add(short)
    expect(await codeOf(access.admit(short, 'get twins'))).toBe('in')
    nowMs += 3_000
    expect(await codeOf(access.admit(short, 'get twins'))).toBe('UNAUTHORIZED')
  })

  it('asks the same question once at a time, and so many questions at most', async () => {
    await Promise.all(Array.from({ length: 50 }, () => access.admit(alice, 'get twins')))
    expect(asked).toEqual(['tokenreviews', 'subjectaccessreviews'])
    const flood = await Promise.all(Array.from({ length: 100 }, (_, index) => codeOf(access.admit(`guess${index}`, 'signed-in'))))
    expect(flood.filter((code) => code === 'OVERLOADED')).toHaveLength(36)
    expect(await codeOf(access.admit(alice, 'get twins'))).toBe('in')
  })
})

describe('a right in some namespaces only', () => {
  const bob = tokenOf('bob')
  const rows = { scope: 'rows' } as const
  beforeEach(() => {
    granted = new Set(['bob get twins in shop', 'bob get twins in a'])
  })

  it('lets in where an answer is told row by row, and nowhere else', async () => {
    expect(await access.admit(bob, 'get twins', rows)).toMatchObject({ user: 'bob', namespaces: ['a', 'shop'] })
    const error = await access.admit(bob, 'get twins').catch((caught) => caught)
    expect(error).toMatchObject({ code: 'FORBIDDEN', message: expect.stringContaining('needs the right in all of them') })
    expect(await codeOf(access.admit(bob, 'watch twins', rows))).toBe('FORBIDDEN')
    granted.add('alice get twins')
    expect((await access.admit(alice, 'get twins', rows)).namespaces).toBe('all')
  })

  it('is kept for 10 s, and its lack for 5 s', async () => {
    await access.admit(bob, 'get twins', rows)
    granted.delete('bob get twins in a')
    nowMs += 9_999
    expect((await access.admit(bob, 'get twins', rows)).namespaces).toEqual(['a', 'shop'])
    nowMs += 1
    expect((await access.admit(bob, 'get twins', rows)).namespaces).toEqual(['shop'])
    granted.clear()
    nowMs += 10_000
    expect(await codeOf(access.admit(bob, 'get twins', rows))).toBe('FORBIDDEN')
    granted.add('bob get twins in b')
    nowMs += 4_999
    expect(await codeOf(access.admit(bob, 'get twins', rows))).toBe('FORBIDDEN')
    nowMs += 1
    expect((await access.admit(bob, 'get twins', rows)).namespaces).toEqual(['b'])
  })

  it('is asked anew before anything is decided', async () => {
    granted.add('bob create placements/apply in a')
    expect((await access.admit(bob, 'create placements/apply', rows)).namespaces).toEqual(['a'])
    granted.clear()
    expect(await codeOf(access.admit(bob, 'create placements/apply', rows))).toBe('FORBIDDEN')
  })

  it('is asked of a hundred namespaces at most, those in which something runs first', async () => {
    namespaces = Array.from({ length: 300 }, (_, index) => `n${index}`)
    const busy = createKubeAccess({
      client: { server: 'https://api', request },
      audiences: ['edgetwin'],
      clock: () => nowMs,
      busyNamespaces: () => ['shop'],
    })
    asked = []
    expect((await busy.admit(bob, 'get twins', rows)).namespaces).toEqual(['shop'])
    expect(asked.filter((kind) => kind === 'subjectaccessreviews')).toHaveLength(101)
  })

  it('of a service account is asked in its own namespace, also where edgetwin may not list them', async () => {
    namespaces = null
    const user = 'system:serviceaccount:shop:viewer'
    const token = tokenOf(user)
    known.add(token)
    granted.add(`${user} get twins in shop`)
    expect((await access.admit(token, 'get twins', rows)).namespaces).toEqual(['shop'])
    expect(await codeOf(access.admit(bob, 'get twins', rows))).toBe('FORBIDDEN')
  })

  it('is not known while the API server is away, but to those whose reading is open', async () => {
    await access.admit(bob, 'get twins', rows)
    isUp = false
    nowMs += 10_000
    expect(await codeOf(access.admit(bob, 'get twins', rows))).toBe('ACCESS_UNAVAILABLE')
    expect((await access.admit(bob, 'get twins', { ...rows, isOpen: true })).namespaces).toEqual(['a', 'shop'])
    nowMs += 60_000
    expect(await codeOf(access.admit(bob, 'get twins', { ...rows, isOpen: true }))).toBe('ACCESS_UNAVAILABLE')
  })
})

describe('while the API server is away', () => {
  it('nobody new gets in, nothing is decided, and the cause is shown', async () => {
    expect(access.checks()[0]!.ok).toBe(true)
    isUp = false
    expect(await codeOf(access.admit(alice, 'get twins'))).toBe('ACCESS_UNAVAILABLE')
    expect(access.checks()[0]).toMatchObject({ ok: false, detail: expect.stringContaining('ECONNREFUSED') })
    isUp = true
    await access.admit(alice, 'create placements/apply')
    expect(access.checks()[0]!.ok).toBe(true)
    isUp = false
    expect(await codeOf(access.admit(alice, 'create placements/apply', { isOpen: true }))).toBe('ACCESS_UNAVAILABLE')
  })

  it('open reading goes on for a minute more, and no longer', async () => {
    await access.admit(alice, 'watch twins')
    isUp = false
    nowMs += 10_000
    expect(await codeOf(access.admit(alice, 'watch twins'))).toBe('ACCESS_UNAVAILABLE')
    expect(await access.admit(alice, 'watch twins', { isOpen: true })).toMatchObject({ user: 'alice', expiresMs: START_MS + 70_000 })
    expect(await codeOf(access.admit(alice, 'create whatifs', { isOpen: true }))).toBe('ACCESS_UNAVAILABLE')
    nowMs += 59_999
    expect(await codeOf(access.admit(alice, 'watch twins', { isOpen: true }))).toBe('in')
    nowMs += 1
    expect(await codeOf(access.admit(alice, 'watch twins', { isOpen: true }))).toBe('ACCESS_UNAVAILABLE')
  })

  it('says what edgetwin itself lacks when it may not ask', async () => {
    const refuse = () => Promise.reject(new KubeFailure('forbidden', 'cannot create resource "tokenreviews"', { status: 403 }))
    const blind = createKubeAccess({ client: { server: 'https://api', request: refuse }, audiences: ['edgetwin'], clock: () => nowMs })
    const error = await blind.admit(alice, 'get twins').catch((caught) => caught)
    expect(error).toMatchObject({
      code: 'ACCESS_UNAVAILABLE',
      message: expect.stringMatching(/may not ask.*grant it:\n[\s\S]*tokenreviews/),
    })
  })
})

it('a review counts only for our audience and a named user', () => {
  const user = { username: 'alice' }
  expect(reviewOf({ authenticated: true, audiences: ['edgetwin'], user }, ['edgetwin']).user).toMatchObject({ user: 'alice', groups: [] })
  for (const status of [
    {},
    { authenticated: false, user },
    { authenticated: true, user },
    { authenticated: true, audiences: ['other'], user },
    { authenticated: true, audiences: ['edgetwin'] },
    { authenticated: true, audiences: ['edgetwin'], user: { username: 'system:anonymous' } },
  ])
    expect(reviewOf(status, ['edgetwin']).user).toBeNull()
})

it('reads the end of a token of any text without failing', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const expiresMs = expiryOf(text)
      return expiresMs === null || Number.isFinite(expiresMs)
    }),
  )
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const expiresMs = expiryOf(`h.${Buffer.from(JSON.stringify(value)).toString('base64url')}.s`)
      return expiresMs === null || Number.isFinite(expiresMs)
    }),
  )
})

it('writes YAML that says the same as the right, whatever the user is called', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), fc.constantFrom(...(Object.keys(RIGHTS) as Right[])), (user, right) => {
      const [role, binding] = parseAllDocuments(grantYaml(user, right)).map((one) => one.toJS())
      expect(roleYaml(role.metadata.name, [right])).toBe(grantYaml(user, right).split('---\n')[0])
      expect(binding.subjects[0].name).toBe(user)
      expect(binding.metadata.name).toMatch(/^[a-z0-9-]+[0-9a-f]{8}$/)
    }),
  )
  const account = parseAllDocuments(grantYaml('system:serviceaccount:site-a:alice', 'get twins'))[1]!.toJS()
  expect(account.subjects).toEqual([{ kind: 'ServiceAccount', namespace: 'site-a', name: 'alice' }])
})
