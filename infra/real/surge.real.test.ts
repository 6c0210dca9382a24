/**
 * Moves without a gap on a real API server, as the account that the chart makes and under its confinement: a pod more, then the old one
 * less; undone when the new one does not serve; ended by whoever leads next, wherever the one before was killed.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals'
import { parse, parseAllDocuments } from 'yaml'
import { listAll } from '../../connectors/kubernetes/act/act.ts'
import { budgetFor } from '../../connectors/kubernetes/act/ledger-state.ts'
import { createKubernetesSink } from '../../connectors/kubernetes/act/placement-sink.ts'
import { type Actuation, runActuation } from '../../connectors/kubernetes/act/run-actuation.ts'
import { gatesOf } from '../../connectors/kubernetes/act/scheduler-view.ts'
import type { Deployment } from '../../connectors/kubernetes/act/surge-state.ts'
import { createKubeClient, type KubeClient, type KubeRequest } from '../../connectors/kubernetes/kube-client.ts'
import { loadKubeConfig } from '../../connectors/kubernetes/kube-config.ts'
import { KubeFailure } from '../../connectors/kubernetes/kube-failure.ts'
import { isReady, type WatchedPod } from '../../connectors/kubernetes/watched.ts'
import type { Logger, PlacementResult } from '../../models/ports.ts'
import { renderChart } from '../kustomize/render.ts'
import { helmDist } from '../lab/helm-dist.ts'
import { type KubernetesLab, readAudit, startKubernetes } from '../lab/kubernetes.ts'
import { gateIsGiven } from '../testing/edgetwin-home.ts'
import { eventually } from '../testing/eventually.ts'

const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const HOME = 'edgetwin-system'
/** Nobody makes pods run on the last. */
const NODES = ['edge-1', 'edge-2', 'edge-3', 'dead']
const COST = 'controller.kubernetes.io/pod-deletion-cost'

let lab: KubernetesLab
let admin: KubeClient
let actuator: KubeClient
/** Stands between the actuator and the server where a test wants something to happen there. */
let meddler: ((wanted: KubeRequest) => Promise<unknown>) | null = null
let actuation: Actuation
const readiness = new Map<string, WatchedPod>()
/** By app: how few were ready since it was last asked. */
const fewest = new Map<string, number>()
const over = new AbortController()

beforeAll(async () => {
  const progress = (line: string) => void process.stderr.write(`${line}\n`)
  const helm = await helmDist(progress)
  lab = await startKubernetes({ progress })
  admin = createKubeClient(() => loadKubeConfig({ kubeconfig: lab.kubeconfig }))
  const rendered = parseAllDocuments(await renderChart({ helm, set: ['mode=auto', 'surge=true'] })).map((each) => each.toJS())
  const isRun = ({ kind }: { readonly kind: string }) =>
    /^(ServiceAccount|ClusterRole|ClusterRoleBinding|Role|RoleBinding|Lease|ConfigMap|.*AdmissionPolicy(Binding)?)$/.test(kind)
  const rights = rendered
    .filter((each) => each !== null && isRun(each))
    .map((each) => JSON.stringify(each))
    .join('\n---\n')
  await apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: HOME } }, ...NODES.map(aNode))
  await lab.kubectl(['apply'], rights)
  const token = (await lab.kubectl(['create', 'token', 'edgetwin-actuator', '-n', HOME, '--duration=1h'])).trim()
  const config = parse(readFileSync(lab.kubeconfig, 'utf8'))
  config.users[0].user = { token }
  const file = join(lab.dir, 'actuator.kubeconfig')
  writeFileSync(file, JSON.stringify(config))
  actuator = createKubeClient(() => loadKubeConfig({ kubeconfig: file }))
  await eventually('all nodes ready', async () => {
    const nodes = await listAll<{ status?: WatchedPod['status'] }>(admin, '/api/v1/nodes')
    return nodes.every(({ status }) => status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True'))
  })
  const request: KubeClient['request'] = async (wanted) => {
    await meddler?.(wanted)
    return actuator.request(wanted)
  }
  actuation = anActuation({ client: { ...actuator, request }, surgeWithinMs: 3_000 })
  await eventually('somebody leads', async () => actuation.leader.mayAct())
  await gateIsGiven(admin, { labels: PLACEABLE, spec: podSpec })
  void watchReadiness()
}, 1_500_000)
beforeEach(async () => {
  meddler = null
  await eventually('somebody leads', async () => actuation.leader.mayAct())
})
afterAll(async () => {
  over.abort()
  await Promise.all(actuations.map((each) => each.stop()))
  actuator?.close()
  admin?.close()
  await lab?.stop()
})

const apply = (...objects: readonly object[]) => lab.kubectl(['apply'], objects.map((each) => JSON.stringify(each)).join('\n---\n'))

async function watchReadiness(): Promise<void> {
  const onLine = (line: string) => {
    const { type, object } = JSON.parse(line)
    const app = object.metadata?.labels?.app
    if (app === undefined) return
    if (type === 'DELETED') readiness.delete(object.metadata.uid)
    else readiness.set(object.metadata.uid, object)
    const serving = [...readiness.values()].filter((pod) => pod.metadata.labels?.app === app && isReady(pod))
    const count = serving.filter(({ metadata }) => metadata.deletionTimestamp === undefined).length
    fewest.set(app, Math.min(fewest.get(app) ?? Number.POSITIVE_INFINITY, count))
  }
  const query = { allowWatchBookmarks: true }
  while (!over.signal.aborted)
    await admin
      .watch({ path: '/api/v1/pods', query, withinMs: 300_000, signal: over.signal, onOpen: () => {}, onLine })
      .catch(() => sleep(100))
}

interface Means {
  readonly client: KubeClient
  readonly namespace?: string
  readonly identity?: string
  readonly surgeWithinMs?: number
  readonly isDryRun?: boolean
}
/** Also those of a test that failed: nothing ends while one lives. */
const actuations: Actuation[] = []
function anActuation(means: Means): Actuation {
  const made = runActuation({
    identity: 'test',
    log: silent,
    clock: Date.now,
    random: Math.random,
    budget: () => ({ ...budgetFor(1_000), movesPerNodeMax: 1_000, coolDownMs: 0 }),
    leaseMs: 4_000,
    renewWithinMs: 3_000,
    retryMs: 300,
    tidyEveryMs: 500,
    ...means,
  })
  actuations.push(made)
  return made
}

const PLACEABLE = { 'edgetwin.dev/placement': 'twin' }
const podSpec = {
  containers: [{ name: 'c', image: 'example.com/x:1', resources: { requests: { cpu: '100m' } } }],
  terminationGracePeriodSeconds: 0,
}
const AMOUNTS = { cpu: '8', memory: '8Gi', pods: '50' }
const aNode = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels: { type: 'kwok', 'kubernetes.io/hostname': name } },
  status: { capacity: AMOUNTS, allocatable: AMOUNTS },
})
const aDeployment = (name: string, { allows = true, more = {} }: { readonly allows?: boolean; readonly more?: object } = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'default', annotations: allows ? { 'edgetwin.dev/surge': 'true' } : {} },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name, ...PLACEABLE, 'edgetwin.dev/request': `req-${name}` } }, spec: { ...podSpec, ...more } },
  },
})
async function podsOf(app: string): Promise<WatchedPod[]> {
  const pods = await listAll<WatchedPod>(admin, '/api/v1/namespaces/default/pods', { labelSelector: `app=${app}` })
  return pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
}
const deploymentOf = (name: string) => admin.request<Deployment>({ path: `/apis/apps/v1/namespaces/default/deployments/${name}` })

interface Wish {
  readonly nodes: readonly string[]
  readonly from?: string
  readonly by?: Actuation
  readonly client?: KubeClient
  readonly mayLeaveGap?: boolean
}
function place(pod: WatchedPod, { nodes, from, by = actuation, client = actuator, mayLeaveGap = false }: Wish): Promise<PlacementResult> {
  const about = {
    request: 'r',
    camera: 'c',
    application: 'a',
    stage: 's',
    image: 'example.com/x:1',
    predictedStartMs: 0,
    predictedFinishMs: 1,
  }
  const sink = createKubernetesSink({
    client,
    log: silent,
    strategy: 'gate',
    topK: 1,
    rank: () => nodes,
    carryOut: by.carryOut,
    mayLeaveGap,
  })
  const placement = {
    ...about,
    pod: `${pod.metadata.name}.default`,
    from: from === undefined ? null : `${from}/cpu`,
    to: `${nodes[0]}/cpu`,
  }
  return sink.apply(placement, { decisionId: `d-${pod.metadata.name}-${nodes[0]}` })
}
/** Both on the first node and ready. */
async function settled(name: string, options: Parameters<typeof aDeployment>[1] = {}): Promise<readonly [WatchedPod, WatchedPod]> {
  await apply(aDeployment(name, options))
  const gated = await eventually(`${name} is gated`, async () => {
    const pods = (await podsOf(name)).filter((pod) => gatesOf(pod).length > 0)
    return pods.length === 2 ? pods : null
  })
  for (const pod of gated) expect(await place(pod, { nodes: ['edge-1'] })).toMatchObject({ ok: true })
  const [first, second] = await eventually(`${name} is whole`, async () => {
    const { metadata, status } = await deploymentOf(name)
    const isWhole = status?.availableReplicas === 2 && status.observedGeneration === metadata.generation
    return isWhole ? (await podsOf(name)).filter(isReady) : null
  })
  await eventually(
    'it was seen',
    async () => [...readiness.values()].filter((pod) => pod.metadata.labels?.app === name && isReady(pod)).length === 2,
  )
  fewest.delete(name)
  return [first!, second!]
}
const move = { from: 'edge-1', nodes: ['edge-2'] }
/** That nothing of a surge is left: neither size, nor marks. */
async function atRest(name: string): Promise<readonly WatchedPod[]> {
  const pods = await eventually(`${name} is at rest`, async () => {
    const { spec, metadata, status } = await deploymentOf(name)
    const isOver = spec.replicas === 2 && status?.availableReplicas === 2 && status.replicas === 2
    const found = await podsOf(name)
    const isMarked = Object.keys(metadata.labels ?? {}).some((key) => key.startsWith('edgetwin.dev/surge'))
    return isOver && !isMarked && found.length === 2 && found.every((pod) => pod.metadata.annotations?.[COST] === undefined) ? found : null
  })
  return pods
}
const uidsOf = (pods: readonly WatchedPod[]) => pods.map(({ metadata }) => metadata.uid)
const evictionsOf = (name: string) =>
  readAudit(lab).filter((entry) => {
    const { objectRef } = Object(entry)
    return objectRef?.subresource === 'eviction' && String(objectRef.name).startsWith(`${name}-`)
  })

it('makes another first, and lets go of the old one when that is ready', async () => {
  const [old, other] = await settled('web')
  const moved = await place(old, move)
  const pods = await atRest('web')
  const next = pods.find(({ metadata }) => metadata.uid !== other.metadata.uid)
  expect(moved).toEqual({ ok: true, pod: `${old.metadata.name}.default`, replacement: `${next?.metadata.name}.default` })
  expect(next).toMatchObject({ spec: { nodeName: 'edge-2' }, metadata: { annotations: { 'edgetwin.dev/replaces': old.metadata.uid } } })
  expect(uidsOf(pods)).toContain(other.metadata.uid)
  // By itself the ReplicaSet would rather let go of one of two on a node.
  expect(await place(other, move)).toMatchObject({ ok: true })
  expect((await atRest('web')).map(({ spec }) => spec.nodeName)).toEqual(['edge-2', 'edge-2'])
  expect(fewest.get('web')).toBe(2)
  expect(evictionsOf('web')).toEqual([])
})

/** Before a request of that name is sent, once. */
function before(name: string, happen: () => Promise<unknown>): void {
  meddler = async ({ auditId = '' }) => {
    if (!auditId.endsWith(`.${name}`)) return
    meddler = null
    await happen()
  }
}
const scale = (name: string, replicas: number) => lab.kubectl(['scale', 'deployment', name, `--replicas=${replicas}`])

it('puts all back when the new one does not become ready, and says so on the pod', async () => {
  const pods = await settled('sick')
  await lab.kubectl(['label', 'node', 'dead', 'type-'])
  const reason = expect.stringMatching(/pod sick-.*, made in the place of sick-.*, was not ready within 3 s/)
  expect(await place(pods[0], { ...move, nodes: ['dead'] })).toMatchObject({ ok: false, reason })
  expect(uidsOf(await atRest('sick')).sort()).toEqual(uidsOf(pods).sort())
  expect(fewest.get('sick')).toBe(2)
  const told = await lab.kubectl([
    'get',
    'events',
    '-o',
    'jsonpath={range .items[*]}{.involvedObject.name} {.reason} {.message}{"\\n"}{end}',
  ])
  expect(told).toMatch(new RegExp(`${pods[0].metadata.name} TwinSurged goes when another is ready on dead`))
  expect(told).toMatch(new RegExp(`${pods[0].metadata.name} TwinRefused not moved: pod sick-`))
})

it('puts all back when edgetwin is to end, and does not wait for the new one', async () => {
  await apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ending' } })
  const pods = await settled('ending')
  const ending = anActuation({ client: admin, namespace: 'ending', identity: 'ending' })
  await eventually('it leads', async () => ending.leader.mayAct())
  const moving = place(pods[0], { from: 'edge-1', nodes: ['dead'], by: ending, client: admin })
  await eventually('the new one waits', async () => (await podsOf('ending')).some(({ spec }) => spec.nodeName === 'dead'))
  await ending.stop()
  expect(await moving).toMatchObject({ ok: false, reason: expect.stringContaining('edgetwin is stopping') })
  expect(uidsOf(await atRest('ending')).sort()).toEqual(uidsOf(pods).sort())
  expect(fewest.get('ending')).toBe(2)
})

it('puts all back when the new one can no longer be placed', async () => {
  const pods = await settled('late')
  before('acted', () => lab.kubectl(['cordon', 'edge-3']))
  expect(await place(pods[0], { ...move, nodes: ['edge-3'] })).toMatchObject({ ok: false, reason: expect.stringContaining('cordoned') })
  expect(uidsOf(await atRest('late')).sort()).toEqual(uidsOf(pods).sort())
  expect(fewest.get('late')).toBe(2)
  await lab.kubectl(['uncordon', 'edge-3'])
})

it('leaves the size to who else has set it meanwhile, and says so', async () => {
  const pods = await settled('theirs')
  before('acted', () => scale('theirs', 4))
  const reason = 'somebody else has scaled Deployment theirs meanwhile, and that stands'
  expect(await place(pods[0], move)).toMatchObject({ ok: false, reason })
  const { spec, metadata } = await deploymentOf('theirs')
  expect([spec.replicas, Object.keys(metadata.labels ?? {})]).toEqual([4, []])
  const now = await podsOf('theirs')
  expect(uidsOf(now)).toEqual(expect.arrayContaining(uidsOf(pods)))
  expect(now.filter((pod) => pod.metadata.annotations?.[COST] !== undefined)).toEqual([])
})

it('moves one of a Deployment at a time', async () => {
  const pods = await settled('both')
  const results = await Promise.all(pods.map((pod) => place(pod, move)))
  expect(results.map(({ ok }) => ok).sort()).toEqual([false, true])
  expect(results.find(({ ok }) => !ok)).toMatchObject({ reason: expect.stringMatching(/has a pod more already|is not whole/) })
  await atRest('both')
  expect(fewest.get('both')).toBe(2)
})

it('changes nothing when told that it is a dry run', async () => {
  const [pod] = await settled('dry')
  const rehearsal = anActuation({ client: actuator, isDryRun: true, identity: 'rehearsal' })
  await eventually('the rehearsal leads', async () => rehearsal.leader.mayAct())
  const versions = async () => [
    (await deploymentOf('dry')).metadata.resourceVersion,
    ...(await podsOf('dry')).map(({ metadata }) => metadata.resourceVersion),
  ]
  const was = await versions()
  const reason = 'dry run: Deployment dry would make another on edge-2 first'
  expect(await place(pod, { ...move, by: rehearsal })).toMatchObject({ ok: false, reason })
  await rehearsal.stop()
  expect(await versions()).toEqual(was)
})

it('undoes one that nobody knows of any more', async () => {
  const [pod] = await settled('stale')
  const labels = { 'edgetwin.dev/surge-of': 'nobody', 'edgetwin.dev/surge-from': '2' }
  const path = '/apis/apps/v1/namespaces/default/deployments/stale'
  const contentType = 'application/merge-patch+json' as const
  await admin.request({ method: 'PATCH', path, contentType, body: { metadata: { labels }, spec: { replicas: 3 } } })
  await place(pod, move)
  await atRest('stale')
  expect(fewest.get('stale')).toBe(2)
})

/** One whose process dies at a request: nothing that it sends from then on arrives. */
function dying(isLast: (wanted: KubeRequest) => boolean, { arrives }: { readonly arrives: 'never' | 'at once' | 'late' }) {
  const died = Promise.withResolvers<void>()
  let isDead = false
  let late = async (): Promise<unknown> => null
  const client: KubeClient = {
    ...admin,
    async request<T>(wanted: KubeRequest): Promise<T> {
      if (isDead) throw new KubeFailure('unreachable', 'it is dead')
      if (!isLast(wanted)) return admin.request<T>(wanted)
      isDead = true
      if (arrives === 'at once') await admin.request<T>(wanted)
      if (arrives === 'late') late = () => admin.request(wanted)
      died.resolve()
      throw new KubeFailure('unreachable', 'it is dead')
    },
  }
  return { client, died: died.promise, late: () => late() }
}

const named =
  (name: string) =>
  ({ auditId = '' }: KubeRequest) =>
    auditId.endsWith(`.${name}`)
const isRelease = ({ body }: KubeRequest) => Object(Object(body).spec).schedulingGates !== undefined
const isLowering = ({ body }: KubeRequest) => Object(Object(Object(body).metadata).labels)['edgetwin.dev/surge-of'] === null

it('is ended by whoever leads next, wherever the one before died', async () => {
  const deaths: readonly (readonly [
    string,
    (wanted: KubeRequest) => boolean,
    'never' | 'at once' | 'late',
    'stays' | 'went' | 'either',
  ])[] = [
    ['cost', named('cost'), 'at once', 'stays'],
    ['raised', named('raise'), 'at once', 'stays'],
    ['raising', named('raise'), 'late', 'stays'],
    ['acted', named('acted'), 'at once', 'stays'],
    ['placed', isRelease, 'at once', 'either'],
    ['ready', isLowering, 'never', 'went'],
    ['lowered', isLowering, 'at once', 'went'],
  ]
  const story = async ([at, isLast, arrives, end]: (typeof deaths)[number]) => {
    const name = `die-${at}`
    await apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
    const [old] = await settled(name)
    const { client, died, late } = dying(isLast, { arrives })
    const one = anActuation({ client, namespace: name, identity: 'one' })
    await eventually('one leads', async () => one.leader.mayAct())
    void place(old, { ...move, by: one, client })
    await died
    const next = anActuation({ client: admin, namespace: name, identity: 'next' })
    await eventually('the next leads', async () => next.leader.mayAct())
    const ledger = await eventually('the ledger is empty', async () => {
      const path = `/api/v1/namespaces/${name}/configmaps/edgetwin-ledger`
      const { data } = await admin.request<{ readonly data: Readonly<Record<string, string>> }>({ path })
      const { intents, moves } = JSON.parse(data['ledger.json'] ?? '')
      return intents.length === 0 ? { moves: moves.length } : null
    })
    // What the dead one sent arrives only now.
    const landed = await late().then(
      () => 'taken',
      (error: unknown) => (error instanceof KubeFailure ? error.kind : error),
    )
    const pods = await atRest(name)
    await Promise.all([one.stop(), next.stop()])
    const stays = uidsOf(pods).includes(old.metadata.uid) ? 'stays' : 'went'
    return { at, end: end === 'either' ? end : stays, fewest: fewest.get(name) ?? 2, ...ledger, landed: arrives === 'late' ? landed : '' }
  }
  const stories = await Promise.all(deaths.map(story))
  expect(stories).toEqual(
    deaths.map(([at, , arrives, end]) => ({
      at,
      end,
      fewest: 2,
      // What never happened costs nothing.
      moves: at === 'cost' || at === 'raising' ? 0 : 1,
      landed: arrives === 'late' ? 'conflict' : '',
    })),
  )
}, 90_000)

it('may change of a Deployment nothing else, and of one that does not allow it nothing', async () => {
  await settled('mine')
  await apply(aDeployment('closed', { allows: false }))
  const contentType = 'application/merge-patch+json' as const
  const patch = (name: string, body: object): KubeRequest => ({
    ...{ method: 'PATCH', path: `/apis/apps/v1/namespaces/default/deployments/${name}`, contentType, query: { dryRun: 'All' }, body },
  })
  const open = (from: string) => ({ labels: { 'edgetwin.dev/surge-of': 'x', 'edgetwin.dev/surge-from': from } })
  const answer = async (wanted: KubeRequest) =>
    actuator.request(wanted).then(
      () => 'taken',
      (error: unknown) => (error instanceof KubeFailure ? error.message : error),
    )
  expect(await answer(patch('mine', { metadata: open('2'), spec: { replicas: 3 } }))).toBe('taken')
  const [pod] = await podsOf('mine')
  const cost = (value: string): KubeRequest => ({
    ...patch('', { metadata: { annotations: { [COST]: value } } }),
    path: `/api/v1/namespaces/default/pods/${pod?.metadata.name}`,
  })
  expect(await answer(cost('-2147483647'))).toBe('taken')
  for (const [wanted, said] of [
    [patch('closed', { metadata: open('2'), spec: { replicas: 3 } }), 'only to a Deployment with the annotation'],
    [patch('mine', { spec: { replicas: 3 } }), 'one pod more, noting'],
    [patch('mine', { spec: { replicas: 1 } }), 'one pod more, noting'],
    [patch('mine', { metadata: open('2'), spec: { replicas: 4 } }), 'one pod more, noting'],
    [patch('mine', { metadata: open('7'), spec: { replicas: 3 } }), 'one pod more, noting'],
    [patch('mine', { metadata: { labels: { app: 'x' } } }), 'only its own labels'],
    [patch('mine', { metadata: { annotations: { 'edgetwin.dev/surge': 'false' } } }), 'only its own labels'],
    [patch('mine', { spec: { template: { metadata: { labels: { more: 'x' } } } } }), 'nothing but the size'],
    [patch('mine', { spec: { paused: true } }), 'nothing but the size'],
    [{ ...patch('mine', { spec: { replicas: 3 } }), path: '/apis/apps/v1/namespaces/default/deployments/mine/scale' }, 'forbidden'],
    [cost('-1'), 'pod-deletion-cost'],
  ] as const)
    expect([wanted, await answer(wanted)]).toEqual([wanted, expect.stringContaining(said)])
})

it('evicts where the owner does not allow it, or the cluster does not', async () => {
  const [plain] = await settled('plain', { allows: false })
  expect(await place(plain, { ...move, mayLeaveGap: true })).toMatchObject({ ok: true })
  expect(evictionsOf('plain').length).toBeGreaterThan(0)
  const [barred] = await settled('barred')
  const role = '/apis/rbac.authorization.k8s.io/v1/clusterroles/edgetwin-actuator'
  const { rules } = await admin.request<{ readonly rules: readonly { readonly resources: readonly string[] }[] }>({ path: role })
  const fewer = rules.filter(({ resources }) => !resources.includes('deployments'))
  await admin.request({ method: 'PATCH', path: role, contentType: 'application/merge-patch+json', body: { rules: fewer } })
  const path = '/apis/apps/v1/namespaces/default/deployments/barred'
  await eventually('the right is gone', () =>
    actuator.request({ path }).then(
      () => false,
      () => true,
    ),
  )
  expect(await place(barred, { ...move, mayLeaveGap: true })).toMatchObject({ ok: true })
  expect(evictionsOf('barred').length).toBeGreaterThan(0)
  for (const name of ['plain', 'barred']) expect((await deploymentOf(name)).metadata.generation).toBe(1)
})
