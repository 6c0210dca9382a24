import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { Logger } from '../../../models/ports.ts'
import type { KubeClient, KubeRequest } from '../kube-client.ts'
import { KubeFailure } from '../kube-failure.ts'
import { runActuations } from '../testing/actuation-run.ts'
import { anApiModel } from '../testing/api-model.ts'
import { type ActuatorOptions, createActuator } from './actuation.ts'
import type { Leader } from './leader.ts'
import { openLedger } from './ledger.ts'
import { budgetFor, EMPTY_LEDGER, takeOver } from './ledger-state.ts'

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} }

it('two edgetwins, killed, stopped and cut off wherever it hurts: no pod touched twice, no budget exceeded, all settled in the end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      expect((await runActuations(seed)).violations).toEqual([])
    }),
    { seed: 6, numRuns: 60, endOnFailure: true },
  )
}, 30_000)

it('a story is the same whenever it is told', async () => {
  expect(await runActuations(7)).toEqual(await runActuations(7))
})

describe('one actuation', () => {
  const leader: Leader = {
    identity: 'me',
    mayAct: () => true,
    waitsFor: () => null,
    lead: () => 1,
    transitions: () => 0,
    serverNowMs: () => 1_000,
    status: () => ({ identity: 'me', holder: 'me', leads: true, failure: null }),
    stop: async () => {},
  }
  const setting = (some: Partial<ActuatorOptions> = {}, answer: (wanted: KubeRequest) => void = () => {}) => {
    const requests: KubeRequest[] = []
    const later: (() => void)[] = []
    const api = anApiModel({ nowMs: () => 1_000, later: (step) => later.push(step), podCount: 2, onTaken: () => {} })
    const client: KubeClient = {
      server: 'https://model',
      async request<T>(wanted: KubeRequest): Promise<T> {
        requests.push(wanted)
        const value = structuredClone(api.handle(wanted))
        answer(wanted)
        return value as T
      },
      watch: () => Promise.reject(new Error('not part of the model')),
      close: () => {},
    }
    // What the cluster does by itself is done while nobody waits for it.
    const wait = async () => {
      for (const step of later.splice(0)) step()
    }
    const ledger = openLedger({ client, wait, random: () => 0, isDryRun: some.isDryRun ?? false })
    const view = () => ({ nodes: api.nodes, pods: [...api.pods.values()], namespaces: [] })
    const time = { clock: () => 1_000, monotonic: () => performance.now(), wait }
    const actuator = createActuator({ client, ledger, leader, log: silent, ...time, view, budget: () => budgetFor(10), ...some })
    const pod = () => [...api.pods.values()][0]!
    const gate = () => {
      const { name, namespace = '', uid } = pod().metadata
      const action = { kind: 'gate', pod: { name, namespace, uid }, decision: 'd-1', nodes: ['edge-2', 'edge-1'], topK: 2 } as const
      return { action, until: 'placed' } as const
    }
    const evict = () => ({ action: { ...gate().action, kind: 'evict', nodes: ['edge-3'], decision: 'd-2' }, until: 'gone' }) as const
    return { actuator, api, requests, ledger, gate, evict, pod }
  }
  const writes = (requests: readonly KubeRequest[]) =>
    requests
      .filter(({ method = 'GET', path }) => method !== 'GET' && !path.includes('/events'))
      .map(({ method, path, auditId = '' }) => `${method} ${path.split('/').slice(-2).join('/')} ${auditId.split('.').slice(1).join('.')}`)

  it('reserves, acts, notes, confirms and releases, in this order, each write with the id of the intent', async () => {
    const { actuator, gate, requests, ledger, pod } = setting()
    const steps: string[] = []
    const told = setting({ onStep: (step) => steps.push(step) })
    await told.actuator.carryOut(told.gate())
    expect(steps).toEqual(['revalidated', 'read', 'reserved', 'answered', 'marked', 'confirmed', 'released'])
    expect(await actuator.carryOut(gate())).toEqual({ ok: true, nodes: ['edge-2'] })
    expect(writes(requests)).toEqual([
      'POST edgetwin-system/configmaps ',
      'PUT configmaps/edgetwin-ledger reserve',
      'PATCH pods/pod-1 1',
      'PUT configmaps/edgetwin-ledger acted',
      'PUT configmaps/edgetwin-ledger release',
    ])
    expect(pod().spec.nodeName).toBe('edge-2')
    expect((await ledger.read()).intents).toEqual([])
    const event = requests.find(({ path }) => path.includes('/events'))?.body
    expect(event).toMatchObject({
      reason: 'TwinPlaced',
      note: 'released to edge-2, edge-1: decision d-1',
      regarding: { name: 'pod-1', uid: 'uid-1' },
    })
  })

  it('is not begun when it no longer is the thing to do, and tells why on the pod', async () => {
    const { actuator, gate, requests } = setting({ revalidate: async () => 'edge-2 has failed since' })
    expect(await actuator.carryOut(gate())).toEqual({ ok: false, reason: 'edge-2 has failed since' })
    expect(writes(requests)).toEqual(['POST edgetwin-system/configmaps '])
    expect(requests.at(-1)?.body).toMatchObject({ type: 'Warning', reason: 'TwinRefused', note: 'not placed: edge-2 has failed since' })
  })

  it('is looked at once more before each try: what became wrong between two is not tried again', async () => {
    const asked: string[] = []
    const revalidate = async ({ pod }: { readonly pod: { readonly name: string } }) =>
      asked.push(pod.name) === 1 ? null : 'edge-2 has failed since'
    const changed = ({ contentType }: KubeRequest) => {
      if (contentType === 'application/strategic-merge-patch+json') throw new KubeFailure('conflict', 'somebody was faster')
    }
    const { actuator, gate, requests, ledger } = setting({ revalidate }, changed)
    expect(await actuator.carryOut(gate())).toEqual({ ok: false, reason: 'edge-2 has failed since' })
    expect(asked).toEqual(['pod-1', 'pod-1'])
    expect(requests.filter(({ contentType }) => contentType === 'application/strategic-merge-patch+json')).toHaveLength(1)
    expect((await ledger.read()).intents).toEqual([])
  })

  it('whose answer is lost is found out by changing the pod, never sent again', async () => {
    const lost = (wanted: KubeRequest) => {
      if (wanted.contentType === 'application/strategic-merge-patch+json') throw new KubeFailure('timeout', 'no answer')
    }
    const { actuator, gate, requests } = setting({}, lost)
    expect(await actuator.carryOut(gate())).toEqual({ ok: true, nodes: ['edge-2'] })
    expect(writes(requests).filter((write) => write.includes('pods/'))).toEqual(['PATCH pods/pod-1 1', 'PATCH pods/pod-1 fence'])
  })

  it('of a move spends the budget once, and leaves the work alone for a while', async () => {
    const { actuator, gate, evict, requests, api } = setting()
    await actuator.carryOut(gate())
    expect(await actuator.carryOut(evict())).toEqual({ ok: true, nodes: ['edge-3'] })
    const evictions = requests.filter(({ path }) => path.endsWith('/eviction'))
    expect(evictions.map(({ query }) => query?.dryRun ?? 'real')).toEqual(['All', 'real'])
    expect(api.ledger().moves).toMatchObject([{ workload: 'shop/request-0/', from: 'edge-2', namespace: 'shop' }])
  })

  it('goes all the way in a dry run, and changes nothing', async () => {
    const { actuator, gate, requests, pod, api } = setting({ isDryRun: true })
    const before = structuredClone(pod())
    const effect = await actuator.carryOut(gate())
    expect(effect).toEqual({ ok: false, reason: 'dry run: the server would gate pod pod-1: edge-2, edge-1' })
    for (const { method = 'GET', query } of requests) if (method !== 'GET') expect(query).toMatchObject({ dryRun: 'All' })
    expect(pod()).toEqual(before)
    expect(api.ledger()).toBeNull()
  })

  it('is not begun on a ledger that makes no sense', async () => {
    const { actuator, gate, api } = setting()
    api.handle({
      method: 'POST',
      path: '/api/v1/namespaces/edgetwin-system/configmaps',
      body: { metadata: { name: 'edgetwin-ledger' }, data: { 'ledger.json': '{"epoch":-1}' } },
    })
    expect(await actuator.carryOut(gate())).toMatchObject({
      ok: false,
      reason: expect.stringMatching(/edgetwin-ledger holds no ledger: epoch: .*Nothing is moved/),
    })
  })

  it('finds out what the one before left undone before it begins anything', async () => {
    const { actuator, gate, ledger, requests, api } = setting()
    await ledger.change((now) => takeOver(now, { holder: 'dead', epochMin: 0 }))
    const wish = {
      id: 'x',
      attempt: 0,
      kind: 'evict',
      namespace: 'shop',
      pod: 'pod-1',
      uid: 'uid-1',
      workload: 'w',
      from: 'edge-9',
    } as const
    const rest = { target: 'edge-1', decision: 'd-0', isRescue: false, serial: 1, epoch: 1, state: 'reserved', atMs: 900 } as const
    await ledger.change((now) => ({
      ok: true,
      ledger: {
        ...now,
        serial: 1,
        intents: [{ ...wish, ...rest }],
        moves: [{ serial: 1, namespace: 'shop', workload: 'w', from: null, isRescue: false, atMs: 900 }],
      },
    }))
    requests.length = 0
    expect(await actuator.carryOut(gate())).toEqual({ ok: true, nodes: ['edge-2'] })
    expect(writes(requests).slice(0, 3)).toEqual([
      'PUT configmaps/edgetwin-ledger ',
      'PATCH pods/pod-1 fence',
      'PUT configmaps/edgetwin-ledger release',
    ])
    expect(api.ledger()).toMatchObject({ holder: 'me', epoch: 2, intents: [], moves: [] })
  })

  it('is not held up by another whose pod may not be changed any more', async () => {
    const refuse = (wanted: KubeRequest) => {
      if (wanted.auditId?.endsWith('.fence')) throw new KubeFailure('forbidden', 'denied by policy', { status: 403 })
    }
    const { actuator, gate, ledger, api } = setting({}, refuse)
    const wish = { id: 'x', attempt: 0, kind: 'gate', namespace: 'yard', pod: 'pod-2', uid: 'uid-2', workload: 'w', from: null } as const
    const rest = { target: 'edge-1', decision: 'd-0', isRescue: false, serial: 1, epoch: 1, state: 'reserved', atMs: 900 } as const
    await ledger.change((now) => ({ ok: true, ledger: { ...now, holder: 'dead', epoch: 1, serial: 1, intents: [{ ...wish, ...rest }] } }))
    expect(await actuator.carryOut(gate())).toMatchObject({ ok: true })
    expect(api.ledger().intents).toMatchObject([{ id: 'x', state: 'reserved' }])
  })

  it('finds out what an earlier try left undone as soon as the pod is wanted again, not when its turn comes', async () => {
    const { actuator, gate, ledger, requests } = setting()
    await actuator.tidyUp()
    const wish = { id: 'x', attempt: 7, kind: 'gate', namespace: 'shop', pod: 'pod-1', uid: 'uid-1', workload: 'w', from: null } as const
    const rest = { target: 'edge-1', decision: 'd-0', isRescue: false, serial: 1, epoch: 1, state: 'reserved', atMs: 900 } as const
    await ledger.change((now) => ({ ok: true, ledger: { ...now, serial: 1, intents: [{ ...wish, ...rest }] } }))
    expect(await actuator.carryOut(gate())).toEqual({ ok: true, nodes: ['edge-2'] })
    expect(writes(requests).filter((write) => write.includes('pods/'))).toEqual(['PATCH pods/pod-1 fence', 'PATCH pods/pod-1 2'])
    expect((await ledger.read()).intents).toEqual([])
  })

  it('is not sent when by then another may lead, and its reservation is given back', async () => {
    let leads = true
    const onStep = (step: string) => {
      if (step === 'reserved') leads = false
    }
    const { actuator, gate, requests, api } = setting({ leader: { ...leader, mayAct: () => leads }, onStep })
    expect(await actuator.carryOut(gate())).toEqual({ ok: false, reason: 'another edgetwin may lead by now' })
    expect(writes(requests).some((write) => write.includes('pods/'))).toBe(false)
    expect(api.ledger().intents).toEqual([])
  })

  it('is not sent when its reservation took so long that it counts for another time', async () => {
    let nowMs = 1_000
    const slow = (wanted: KubeRequest) => {
      if (wanted.auditId?.endsWith('.reserve')) nowMs += 5_001
    }
    const { actuator, gate, requests } = setting({ leader: { ...leader, serverNowMs: () => nowMs } }, slow)
    expect(await actuator.carryOut(gate())).toEqual({ ok: false, reason: 'the ledger took too long to answer' })
    expect(writes(requests).some((write) => write.includes('pods/'))).toBe(false)
  })

  it('is not tried again while its reservation cannot be given back', async () => {
    const busy = (wanted: KubeRequest) => {
      if (wanted.auditId?.endsWith('.release')) throw new KubeFailure('forbidden', 'no more')
    }
    const { actuator, gate, requests, api, pod } = setting(
      {
        onStep: (step) => {
          // Somebody changes the pod between our read and our request.
          if (step === 'reserved')
            api.handle({
              method: 'PATCH',
              path: `/api/v1/namespaces/shop/pods/${pod().metadata.name}`,
              body: { metadata: { annotations: { other: 'x' } } },
            })
        },
      },
      busy,
    )
    expect(await actuator.carryOut(gate())).toMatchObject({ ok: false, reason: 'the object has been modified' })
    expect(writes(requests).filter((write) => write.includes('pods/'))).toHaveLength(1)
  })

  it.each(['pods/pod-1', 'configmaps/edgetwin-ledger'])(
    'changes no pod any more to find something out once another has taken over, be it stopped after it has read %s',
    async (read) => {
      const [path, at] = ['/api/v1/namespaces/shop/pods/pod-1', '/api/v1/namespaces/edgetwin-system/configmaps/edgetwin-ledger']
      const seen: string[] = []
      // Whoever takes over meanwhile changes the pod itself.
      const late = ({ method = 'GET', path: asked }: KubeRequest): void => {
        if (method === 'GET') seen.push(asked)
        const isNow = seen.includes(path) && asked.endsWith(read)
        if (method !== 'GET' || !isNow || seen.includes('over')) return
        seen.push('over')
        api.handle({ method: 'PATCH', path, body: { metadata: { annotations: { 'edgetwin.dev/fence': 'other' } } } })
        const { metadata } = api.handle({ path: at }) as { metadata: object }
        const data = { 'ledger.json': JSON.stringify({ ...EMPTY_LEDGER, holder: 'other', epoch: 9 }) }
        api.handle({ method: 'PUT', path: at, body: { metadata, data } })
      }
      const { actuator, gate, ledger, api, pod } = setting({}, late)
      const wish = { id: 'x', attempt: 0, kind: 'gate', namespace: 'shop', pod: 'pod-1', uid: 'uid-1', workload: 'w', from: null } as const
      const rest = { target: 'edge-1', decision: 'd-0', isRescue: false, serial: 1, epoch: 1, state: 'reserved', atMs: 900 } as const
      await ledger.change((now) => ({ ok: true, ledger: { ...now, holder: 'dead', epoch: 1, serial: 1, intents: [{ ...wish, ...rest }] } }))
      expect(await actuator.carryOut(gate())).toMatchObject({ ok: false, reason: expect.stringContaining('other took over meanwhile') })
      expect(pod().metadata.annotations).toEqual({ 'edgetwin.dev/fence': 'other' })
    },
  )

  it('does not take the ledger from another that took it since it was read: who was stopped in between is the older one', async () => {
    const path = '/api/v1/namespaces/edgetwin-system/configmaps/edgetwin-ledger'
    let isStopped = false
    const overtake = (wanted: KubeRequest) => {
      if (!isStopped || wanted.path !== path) return
      isStopped = false
      const { metadata } = api.handle({ path }) as { metadata: object }
      const data = { 'ledger.json': JSON.stringify({ ...EMPTY_LEDGER, holder: 'other', epoch: 2 }) }
      api.handle({ method: 'PUT', path, body: { metadata, data } })
    }
    const { actuator, gate, ledger, api } = setting({}, overtake)
    await ledger.change((now) => takeOver(now, { holder: 'dead', epochMin: 0 }))
    isStopped = true
    expect(await actuator.carryOut(gate())).toEqual({ ok: false, reason: 'other took over meanwhile' })
    expect(await actuator.carryOut(gate())).toEqual({ ok: false, reason: 'another edgetwin has just taken over' })
    expect(api.ledger()).toMatchObject({ holder: 'other', epoch: 2 })
  })

  it('leaves the ledger to another that has just taken over, until the lease has had time to tell', async () => {
    const { actuator, gate, ledger, requests } = setting()
    expect(await actuator.carryOut(gate())).toMatchObject({ ok: true })
    await ledger.change((now) => takeOver(now, { holder: 'other', epochMin: 0 }))
    const next = { ...gate(), action: { ...gate().action, kind: 'evict', nodes: ['edge-3'], decision: 'd-3' }, until: 'gone' } as const
    expect(await actuator.carryOut(next)).toMatchObject({
      ok: false,
      reason: expect.stringContaining('other holds the ledger with epoch 2'),
    })
    requests.length = 0
    expect(await actuator.carryOut(next)).toEqual({ ok: false, reason: 'another edgetwin has just taken over' })
    expect(writes(requests)).toEqual([])
  })

  it('of a move off a node that is lost costs no budget and waits for no cool-down; off one that lives it does', async () => {
    const none = { ...budgetFor(10), movesMax: 0 }
    for (const status of ['True', 'Unknown']) {
      const { actuator, gate, evict, api } = setting({ budget: () => none })
      await actuator.carryOut(gate())
      const node = api.nodes.find(({ metadata }) => metadata.name === 'edge-2')
      Object.assign(node?.status?.conditions?.[0] ?? {}, { status })
      const effect = await actuator.carryOut(evict())
      expect(effect).toEqual(
        status === 'True' ? { ok: false, reason: '0 moves in all within 300 s, and 0 are allowed' } : { ok: true, nodes: ['edge-3'] },
      )
    }
  })
})
