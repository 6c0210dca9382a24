/**
 * Whoever may see namespace `a` only is told of nobody else, by no route and no message. Every text of others' work is the canary,
 * made from the shapes themselves, so that a field that is new is watched too.
 */
import { afterEach, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { io } from 'socket.io-client'
import { z } from 'zod'
import type { Access } from '../../models/contracts/access.ts'
import type { TwinApi } from '../../models/contracts/api.ts'
import type { WhyPending } from '../../models/contracts/gates.ts'
import { type StreamChange, type StreamStatus, streamStatusShape } from '../../models/contracts/stream.ts'
import type { StudyApi } from '../../models/contracts/study-api.ts'
import { ENTITY_KINDS, ENTITY_SHAPES, type Entity, type EntityKind, type EntityOfKind, entityName } from '../../models/entities/entities.ts'
import { TwinError } from '../../models/errors.ts'
import { openSqliteJobs } from '../jobs/sqlite-jobs.ts'
import { twinPodName } from '../kubernetes/names.ts'
import { aGateApi } from './a-gate-api.ts'
import { aLogAdmin } from './a-log-admin.ts'
import { aTwinApi } from './a-twin-api.ts'
import { createApp } from './app.ts'
import { REQUEST_LIMITS } from './app-options.ts'
import { scopeOf } from './auth-table.ts'
import { createBoard } from './conflation.ts'
import { runServer } from './server.ts'
import { podSight, sightOf, visibleOf } from './visible.ts'

const CANARY = 'canary'
const log = { debug() {}, info() {}, warn() {}, error() {} }
const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** A value of a shape with this text wherever there is one. */
function filled(shape: unknown, text: string): unknown {
  if (shape instanceof z.ZodObject) return Object.fromEntries(Object.entries(shape.shape).map(([key, part]) => [key, filled(part, text)]))
  if (shape instanceof z.ZodArray) return [filled(shape.element, text)]
  if (shape instanceof z.ZodTuple) return shape.def.items.map((part) => filled(part, text))
  if (shape instanceof z.ZodNullable || shape instanceof z.ZodOptional || shape instanceof z.ZodDefault) return filled(shape.unwrap(), text)
  if (shape instanceof z.ZodUnion) return filled(shape.options[0], text)
  if (shape instanceof z.ZodEnum) return shape.options[0]
  if (shape instanceof z.ZodLiteral) return shape.value
  if (shape instanceof z.ZodRecord) return { [text]: filled(shape.valueType, text) }
  if (shape instanceof z.ZodBoolean) return true
  if (shape instanceof z.ZodNumber) return 1
  if (shape instanceof z.ZodString) return text
  if (shape instanceof z.ZodNull) return null
  throw new Error(`no value of ${Object(shape).constructor.name} is known here`)
}
const filledEntity = <K extends EntityKind>(kind: K, text: string) => filled(ENTITY_SHAPES[kind], text) as EntityOfKind[K]

const ownPod = (index: number) => `web-${index}.a`
const otherPod = (index: number) => `${CANARY}-${index}.b`
const OWN = fc.nat(2).map(ownPod)
const OTHER = fc.nat(2).map(otherPod)
const ANY = fc.oneof(OWN, OTHER)
const textOf = (pod: string) => (pod.endsWith('.a') ? 'own' : CANARY)

const aPod = fc.record({ name: ANY, request: fc.nat(2) }).map(({ name, request }): Entity => {
  const pod = filledEntity('pod', textOf(name))
  return { ...pod, name, spec: { ...pod.spec!, request: textOf(name) === 'own' ? `own-${request}` : `${CANARY}-${request}` } }
})
/** Of another namespace, and labelled as if it worked for a request of ours. */
const anIntruder = fc.nat(2).map((request): Entity => {
  const pod = filledEntity('pod', CANARY)
  return { ...pod, name: otherPod(9), spec: { ...pod.spec!, request: `own-${request}` } }
})
const aRequest = fc.record({ isOwn: fc.boolean(), index: fc.nat(2), pod: fc.option(ANY) }).map(({ isOwn, index, pod }): Entity => {
  // What our pod works for is ours.
  const text = isOwn || (pod !== null && textOf(pod) === 'own') ? 'own' : CANARY
  const request = filledEntity('request', text)
  return { ...request, id: `${text}-${index}`, reported: { ...request.reported, pod } }
})
const anAccelerator = fc.record({
  index: fc.nat(2),
  pods: fc.array(ANY),
  desired: fc.array(ANY),
  heldBy: fc.constantFrom('', 'pod canary-7.b'),
})
const accelerators = anAccelerator.map(({ index, pods, desired, heldBy }): Entity => {
  const { reported, ...accelerator } = filledEntity('accelerator', 'device')
  const health = { ...reported.health!, value: { ...reported.health!.value, heldBy } }
  return { ...accelerator, name: `edge-1/gpu${index}`, desired: { pods: desired }, reported: { ...reported, health, pods } }
})
const aPlan = fc
  .record({ index: fc.nat(2), pods: fc.array(ANY, { maxLength: 3 }), isMade: fc.boolean() })
  .map(({ index, pods, isMade }): Entity => {
    const { desired, reported, ...plan } = filledEntity('decision', CANARY)
    const [placement] = desired!.placements
    const placements = pods.map((pod) => ({ ...ownText(placement!, pod), pod }))
    const alternatives = [{ algorithm: 'heft', makespanMs: 1, moveCount: 1 }]
    return {
      ...plan,
      id: `plan-${index}`,
      desired: isMade ? { ...desired!, id: `plan-${index}`, algorithm: 'dhs', className: 'U-H', alternatives, placements } : null,
      reported: {
        ...reported,
        applied: pods.map((pod) => ({ pod, runsAs: pod, timeMs: 1 })),
        refused: pods.map((pod) => ({ pod, reason: CANARY, timeMs: 1 })),
        steps: [...reported.steps, { timeMs: 1, what: 'made', by: CANARY, detail: CANARY }],
      },
    }
  })
function ownText<T extends object>(placement: T, pod: string): T {
  return Object.fromEntries(Object.entries(placement).map(([key, value]) => [key, typeof value === 'string' ? textOf(pod) : value])) as T
}
const aJob = fc.nat(2).map((index): Entity => ({ ...filledEntity('job', CANARY), id: `job-${index}` }))
const aPlace = fc.constantFrom('node', 'camera', 'link').map((kind): Entity => ({ ...filledEntity(kind, 'place'), name: `${kind}-1` }))
const anEntity = fc.oneof(
  { weight: 3, arbitrary: aPod },
  anIntruder,
  { weight: 2, arbitrary: aRequest },
  accelerators,
  { weight: 2, arbitrary: aPlan },
  aJob,
  aPlace,
)
const aTwin = fc.uniqueArray(anEntity, { minLength: 1, maxLength: 20, selector: (entity) => `${entity.kind} ${entityName(entity)}` })

const status: StreamStatus = { ...(filled(streamStatusShape, CANARY) as StreamStatus), site: 'lab' }
const divergences: StreamStatus['divergences'] = [
  { timeMs: 1, kind: 'pod', name: otherPod(0), mode: CANARY, event: CANARY },
  { timeMs: 1, kind: 'request', name: CANARY, mode: CANARY, event: CANARY },
  { timeMs: 1, kind: 'decision', name: 'plan-1', mode: CANARY, event: CANARY },
  { timeMs: 1, kind: 'pod', name: ownPod(0), mode: 'pending', event: 'pod.started' },
  { timeMs: 1, kind: 'node', name: 'edge-1', mode: 'ready', event: 'node.gone' },
]
const fullStatus: StreamStatus = { ...status, divergences }

/** As the cluster lets somebody in whose rights are of namespace `a`. */
const onlyInA: Access = {
  admit: async (_, need, { scope = 'cluster' } = {}) => {
    const subject = { user: 'alice', groups: [], expiresMs: null }
    if (need === 'signed-in') return { ...subject, namespaces: [] }
    if (scope === 'cluster') throw new TwinError('FORBIDDEN', 'alice needs the right in all namespaces')
    return { ...subject, namespaces: ['a'] }
  },
}

/** A twin whose every answer but those of `aTwinApi` is the canary, failures included. */
function tellingApi(entities: readonly Entity[]): TwinApi & StudyApi {
  const { api } = aTwinApi(entities)
  const tell = async () => ({ text: CANARY }) as never
  const tellMany = async () => [{ text: CANARY }] as never
  const fail = async () => {
    throw new TwinError('DECISION_STALE', CANARY, { details: { near: [CANARY] } })
  }
  const answers = { whatIf: tell, scenario: tell, sweep: tell, compare: tell, flips: tell, standing: tell, regret: tell }
  const lists = {
    events: tellMany,
    deadLetters: tellMany,
    faults: tellMany,
    checks: async () => [{ name: CANARY, ok: false, detail: CANARY, remedy: CANARY }],
  }
  return {
    ...api,
    ...answers,
    ...lists,
    addFault: tell,
    propose: async () => CANARY,
    approve: fail,
    reject: fail,
    status: () => fullStatus,
    state: async (at) => {
      const { state, hash } = await api.state(at).catch(() => {
        throw new TwinError('POSITION_UNKNOWN', CANARY)
      })
      return { hash, state: { ...state, ...fullStatus, version: 1, loopModeBy: CANARY, jobFeeds: [[CANARY, 1]], regret: tellRegret() } }
    },
  }
}
const tellRegret = () => ({ recent: [{ id: CANARY }] }) as never

async function options(entities: readonly Entity[], access: Access = onlyInA) {
  const jobs = await openSqliteJobs({ path: ':memory:', site: 'lab', clock: () => 0 })
  cleanUps.push(() => jobs.close())
  await jobs.create({ id: 'some', user: CANARY, path: CANARY, type: CANARY, iterationLimit: 1 })
  const why: WhyPending = { cause: 'accelerator-taken', text: CANARY, nodes: { 'edge-1': 'Insufficient cpu' }, idle: [] }
  const transition = { timeMs: 1, from: 'ready', to: 'notReady', reason: CANARY }
  const history = {
    series: async () => ({ unit: 'ratio', resolutionMs: 1, points: [], source: 'sqlite', oldestMs: null }) as never,
    transitions: async () => ({ transitions: [transition], source: 'sqlite', oldestMs: 1 }) as never,
  }
  const logAdmin = { ...aLogAdmin(), deadLetter: async () => ({ text: CANARY }) as never }
  const limits = { ...REQUEST_LIMITS, perSubjectPerSecond: 1e6, totalPerSecond: 1e6 }
  const gates = { ...aGateApi(), whyPending: async () => why }
  const ports = { api: tellingApi(entities), history, jobs, logAdmin, gates, metrics: async () => CANARY }
  return { ...ports, access, log, limits, host: '127.0.0.1', viewerDir: null, clock: () => 1e9 }
}

async function anApp(given: Awaited<ReturnType<typeof options>>) {
  const app = await createApp(given)
  cleanUps.push(() => app.close())
  await app.ready()
  return app
}
type App = Awaited<ReturnType<typeof anApp>>

/** Each route with everything that can be put in its place: what is ours, what is others', nearly so that it does not say the canary, and nothing. */
function urlsOf(method: string, path: string): string[] {
  const isRows = scopeOf(method, path) === 'rows' && method !== 'HEAD'
  const kinds = !path.includes(':kind') ? [''] : isRows ? [...ENTITY_KINDS, 'plan'] : ['pod']
  const names = isRows ? [ownPod(0), 'canar-0.b', 'plan-0', 'edge-1/gpu0', 'some'] : ['some']
  const hasName = /:(?!kind)|\*/.test(path)
  const ats = !isRows || !/state|entities/.test(path) ? [''] : hasName ? ['?at=10'] : ['', '?at=%235000', '?at=10', '?at=x']
  const paths = kinds.map((kind) => path.replace(':kind', kind))
  const filledIn = (to: string) => names.map((name) => to.replace(/:\w+|\*/, encodeURIComponent(name)))
  return (hasName ? paths.flatMap(filledIn) : paths).flatMap((url) => ats.map((at) => url + at))
}

async function answersOf(app: App, route: string) {
  const [method = '', path = ''] = route.split(' ')
  const bodies: Record<string, object> = {
    'POST /api/v1/ungate': { pods: 'all' },
    'POST /api/v1/plans': { whatIfId: 'what-if-1', algorithm: 'dhs' },
    'PUT /api/v1/loop': { mode: 'auto' },
    'POST /api/v1/faults': { kind: 'camera-off', camera: 'camera-1' },
  }
  const headers = method === 'GET' && /kind/.test(path) ? [{}, { accept: 'text/csv' }] : [{}]
  const asked = urlsOf(method, path).flatMap((url) => headers.map((sent) => ({ url, sent })))
  return Promise.all(
    asked.map(({ url, sent }) => {
      const body = method === 'GET' || method === 'HEAD' || method === 'DELETE' ? {} : { payload: bodies[route] ?? {} }
      return app.inject({ method: method as 'GET', url, headers: { authorization: 'Bearer t', ...sent }, ...body })
    }),
  )
}

it('a pod is of the namespace that its name in the twin says', () => {
  const seesPod = podSight(['shop'])
  expect(['web-1', 'web.1', 'shop'].map((name) => seesPod(twinPodName({ name, namespace: 'shop' })))).toEqual([true, true, true])
  expect([twinPodName({ name: 'web.shop', namespace: 'bank' }), 'shop', '.shop', 'web.', 'shop.web'].filter(seesPod)).toEqual([])
})

it('a request is of those whose pods work for it, and of nobody when they are of several namespaces', () => {
  const aWorker = (name: string) => {
    const pod = filledEntity('pod', 'text')
    return { ...pod, name, spec: { ...pod.spec!, request: 'job' } }
  }
  const isSeen = (pods: readonly string[], pod: string | null) => {
    const request = filledEntity('request', 'text')
    return visibleOf([{ ...request, id: 'job', reported: { ...request.reported, pod } }], sightOf(['a'], pods.map(aWorker))).length === 1
  }
  const own = ownPod(0)
  const other = otherPod(0)
  expect([isSeen([own], own), isSeen([own], null), isSeen([], own)]).toEqual([true, true, true])
  expect([isSeen([own, other], own), isSeen([own], other), isSeen([other], null), isSeen([], null)]).toEqual([false, false, false, false])
})

describe('somebody who may see one namespace only', () => {
  it('is told of nobody else by any route, whatever the twin is', async () => {
    const given = await options([])
    const app = await anApp(given)
    await fc.assert(
      fc.asyncProperty(aTwin, async (entities) => {
        Object.assign(given.api, tellingApi(entities))
        const told = []
        for (const route of app.served) {
          for (const { body, headers, statusCode } of await answersOf(app, route)) {
            told.push(route)
            expect([route, statusCode, `${body} ${JSON.stringify(headers)}`.match(/.{0,60}canary.{0,20}/)?.[0] ?? null]).toEqual([
              route,
              statusCode,
              null,
            ])
          }
        }
        expect(told.length).toBeGreaterThan(200)
      }),
      { seed: 20_261_121, numRuns: 8 },
    )
  }, 60_000)

  it('is refused wherever an answer is not told row by row, and let in where it is', async () => {
    const app = await anApp(await options([]))
    for (const route of app.served) {
      const [method = '', path = ''] = route.split(' ')
      const isOpen = /^\/(\*|errors|livez|readyz|healthz)$|openapi|access$/.test(path)
      const refusals = (await answersOf(app, route)).filter(({ statusCode }) => statusCode === 403)
      expect([route, refusals.length > 0]).toEqual([route, !isOpen && scopeOf(method, path) === 'cluster'])
    }
  })

  it('sees its own, the hardware, and how much is taken', async () => {
    const pods = [ownPod(1), otherPod(1), otherPod(2)].map((name): Entity => ({ ...filledEntity('pod', textOf(name)), name }))
    const device = filledEntity('accelerator', 'device')
    const reported = { ...device.reported, pods: pods.map(entityName) }
    const app = await anApp(
      await options([...pods, { ...device, name: 'edge-1/gpu0', reported }, { ...filledEntity('node', 'place'), name: 'edge-1' }]),
    )
    const ask = async (path: string) => (await app.inject({ url: `/api/v1/${path}`, headers: { authorization: 'Bearer t' } })).json()
    expect((await ask('entities/pod')).items).toEqual([pods[0]])
    expect((await ask('entities/node')).items).toHaveLength(1)
    expect((await ask('entities/accelerator/edge-1%2Fgpu0')).item.reported.pods).toEqual([ownPod(1), 'taken-1', 'taken-2'])
    expect((await ask('pending/web-1.a')).item).toEqual({
      cause: 'accelerator-taken',
      text: 'Every accelerator that it asks for is taken.',
      nodes: { 'edge-1': 'Insufficient cpu' },
      idle: [],
    })
    expect((await ask('pending/x.b')).item).toBe(null)
    expect((await ask('status')).divergences.map(({ name }: { name: string }) => name)).toEqual([ownPod(0), 'edge-1'])
    // Of what is others' it is told as of what is not there.
    const [there, nowhere] = await Promise.all([ask(`entities/pod/${otherPod(1)}`), ask('entities/pod/absent-1.b')])
    expect({ ...there, detail: '', details: '', instance: '' }).toEqual({ ...nowhere, detail: '', details: '', instance: '' })
    expect(there.details.near).toEqual(nowhere.details.near)
  })

  it('decides on plans that move nobody else, and on no others', async () => {
    const plan = (id: string, pods: readonly string[]): Entity => {
      const decision = filledEntity('decision', 'own')
      const placements = pods.map((pod) => ({ ...decision.desired!.placements[0]!, pod }))
      return { ...decision, id, desired: { ...decision.desired!, placements } }
    }
    const { api, calls } = aTwinApi([plan('ours', [ownPod(0)]), plan('both', [ownPod(0), otherPod(0)]), plan('theirs', [otherPod(0)])])
    const app = await anApp({ ...(await options([])), api })
    const codes = []
    for (const id of ['ours', 'both', 'theirs', 'none']) {
      const { statusCode } = await app.inject({
        method: 'POST',
        url: `/api/v1/plans/${id}/approve`,
        headers: { authorization: 'Bearer t' },
      })
      codes.push(statusCode)
    }
    expect(codes).toEqual([200, 403, 404, 404])
    expect(calls).toEqual(['approve ours alice '])
    const { json } = await app.inject({ url: '/api/v1/plans/both', headers: { authorization: 'Bearer t' } })
    expect(json().item.desired).toMatchObject({
      placements: [{ pod: ownPod(0) }],
      summary: '1 placement of yours, and 1 of other namespaces',
    })
  })
})

const toChange = (value: Entity): StreamChange => ({ kind: value.kind, name: entityName(value), value })
const aChange = fc.oneof(
  { weight: 3, arbitrary: anEntity.map(toChange) },
  anEntity.map((entity): StreamChange => ({ ...toChange(entity), value: null })),
)
type Step = readonly StreamChange[] | 'take' | 'snapshot'
const aStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.array(aChange, { maxLength: 4 }) },
  { weight: 3, arbitrary: fc.constant('take' as const) },
  fc.constant('snapshot' as const),
)

describe('the stream of somebody who may see one namespace only', () => {
  it('names nobody else, and ends at what a fresh look shows', () => {
    fc.assert(
      fc.property(fc.array(aStep, { maxLength: 40 }), (steps) => {
        const board = createBoard('epoch', fullStatus)
        const follower = board.follow(['a'])
        const truth = new Map<string, Entity>()
        const view = new Map<string, Entity | null>()
        let revision = -1
        const put = ({ kind, name, value }: StreamChange) =>
          value === null ? view.delete(`${kind} ${name}`) : view.set(`${kind} ${name}`, value)
        const adopt = () => {
          const snapshot = follower.snapshot()
          expect(JSON.stringify(snapshot)).not.toContain(CANARY)
          view.clear()
          snapshot.changes.forEach(put)
          revision = snapshot.revision
        }
        const take = () => {
          const patch = follower.patch(1)
          if (patch === null) return
          expect(JSON.stringify(patch)).not.toContain(CANARY)
          if (patch.from !== revision) return adopt()
          patch.changes.forEach(put)
          revision = patch.to
        }
        for (const step of steps) {
          if (step === 'take') take()
          else if (step === 'snapshot') adopt()
          else {
            for (const { kind, name, value } of step) {
              if (value === null) truth.delete(`${kind} ${name}`)
              else truth.set(`${kind} ${name}`, value)
            }
            board.publish({ status: fullStatus, entities: step })
          }
        }
        if (revision < 0) adopt()
        take()
        const pods = [...truth.values()].filter((entity) => entity.kind === 'pod')
        const seen = visibleOf([...truth.values()], sightOf(['a'], pods))
        expect(view).toEqual(new Map(seen.map((entity) => [`${entity.kind} ${entityName(entity)}`, entity])))
      }),
      { seed: 20_261_121, numRuns: 500 },
    )
  })

  it('goes through the socket as such, and ends when the namespaces are others', async () => {
    let namespaces = ['a']
    const access: Access = { admit: async () => ({ user: 'alice', groups: [], namespaces, expiresMs: null }) }
    const standIn = aTwinApi([])
    const server = await runServer({
      ...(await options([], access)),
      api: { ...standIn.api, status: () => fullStatus },
      port: 0,
      limits: { recheckMs: 50 },
      viewerDir: undefined,
    })
    cleanUps.push(server.stop)
    const socket = io(`${server.url}/twin`, { transports: ['websocket'], auth: { token: 't' }, reconnection: false, forceNew: true })
    cleanUps.push(() => socket.disconnect())
    const heard: unknown[] = []
    const seesOwn = new Promise<void>((resolve) => {
      socket.on('patch', (patch: { changes: readonly StreamChange[] }, ack: () => void) => {
        heard.push(patch)
        ack()
        if (patch.changes.some(({ name }) => name === ownPod(1))) resolve()
      })
    })
    const closing = new Promise((resolve) => socket.on('closing', resolve))
    heard.push(await new Promise((resolve) => socket.on('connect', () => socket.emit('subscribe', resolve))))
    for (const name of [otherPod(1), ownPod(1)]) standIn.change([toChange({ ...filledEntity('pod', textOf(name)), name })])
    await seesOwn
    expect(JSON.stringify(heard)).not.toContain(CANARY)
    namespaces = ['b']
    expect(await closing).toMatchObject({ code: 'FORBIDDEN', detail: 'the namespaces that you may see are others now; connect again' })
  })
})
