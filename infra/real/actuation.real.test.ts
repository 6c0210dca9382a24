/**
 * Two actuators on a real API server, killed and stopped at each of their own steps: by the server's own audit log no pod is touched
 * twice, no budget exceeded, and whoever was stopped writes nothing once another has taken over. The whole edgetwin, and the cluster
 * itself, are killed in `infra/e2e/actuation-kills.test.ts`.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { ACTUATION_STEPS } from '../../connectors/kubernetes/act/actuation.ts'
import { openLedger } from '../../connectors/kubernetes/act/ledger.ts'
import type { Ledger } from '../../connectors/kubernetes/act/ledger-state.ts'
import { runActuation } from '../../connectors/kubernetes/act/run-actuation.ts'
import { createKubeClient, type KubeClient } from '../../connectors/kubernetes/kube-client.ts'
import { loadKubeConfig } from '../../connectors/kubernetes/kube-config.ts'
import { type KubernetesLab, readAudit, startKubernetes } from '../lab/kubernetes.ts'
import { eventually } from '../testing/eventually.ts'
import { type Arm, type Moment, WORKER_BUDGET, WORKER_LEASE } from './actuation-worker.ts'

const NODES = ['edge-1', 'edge-2', 'edge-3', 'edge-4']
const USERS = ['twin-a', 'twin-b', 'twin-c']
const MOMENTS: readonly Moment[] = [...ACTUATION_STEPS, 'sending']
/** Set it for longer runs: each moment so often. */
const KILLS_EACH = Number(process.env.ACTUATION_KILLS_EACH ?? 3)
/** The short run stops it where most hangs on it; edgetwin as a whole is stopped at every step elsewhere. */
const STOPPED_AT: readonly Moment[] = KILLS_EACH > 1 ? MOMENTS : ['read', 'reserved', 'sending']

interface Worker {
  readonly user: string
  readonly identity: string
  readonly child: ChildProcess
}

let lab: KubernetesLab
let client: KubeClient
let made = 0
const workers = new Map<string, Worker>()

beforeAll(async () => {
  lab = await startKubernetes({
    identities: USERS.map((user) => `${user}=${user}/system:masters`),
    progress: (line) => process.stderr.write(`${line}\n`),
  })
  client = createKubeClient(() => loadKubeConfig({ kubeconfig: lab.kubeconfig }))
  const objects = [
    ...NODES.map(aNode),
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'edgetwin-system' } },
    ...[1, 2, 3, 4].map(aDeployment),
  ]
  await lab.kubectl(['apply'], objects.map((object) => JSON.stringify(object)).join('\n---\n'))
}, 1_500_000)
afterEach(() => {
  for (const { child } of workers.values()) child.kill('SIGKILL')
  workers.clear()
})
afterAll(async () => {
  client?.close()
  await lab?.stop()
})

const store = () => openLedger({ client, random: Math.random, wait: (ms) => sleep(ms) })
const ledger = (): Promise<Ledger> => store().read()

function start(user: string, plant = ''): Worker {
  const identity = `${user}-${++made}`
  const child = fork(new URL('./actuation-worker.ts', import.meta.url), [lab.kubeconfigOf(user), identity, plant], {
    stdio: 'inherit',
    execArgv: [],
  })
  const worker = { user, identity, child }
  workers.set(identity, worker)
  return worker
}

/** Whoever writes the ledger, once all that was left undone is found out. */
const writer = (but: string | null = null): Promise<Worker> =>
  eventually('somebody writes', async () => {
    const { holder } = await ledger().catch(() => ({ holder: '' }))
    return holder === but ? null : workers.get(holder)
  })
const arm = ({ child }: Worker, told: Arm): Promise<void> => new Promise((resolve) => child.send(told, () => resolve()))
const isStopped = ({ child }: Worker): boolean => / T /.test(readFileSync(`/proc/${child.pid}/stat`, 'utf8').replace(/\(.*\)/, ''))

interface Entry {
  readonly user: { readonly username: string }
  readonly verb: string
  readonly auditID: string
  readonly requestURI: string
  readonly requestReceivedTimestamp: string
  readonly objectRef?: { readonly resource: string; readonly subresource?: string; readonly name: string }
  readonly responseStatus?: { readonly code: number }
  // biome-ignore lint/suspicious/noExplicitAny: whatever was sent
  readonly requestObject?: any
  // biome-ignore lint/suspicious/noExplicitAny: whatever was answered
  readonly responseObject?: any
}
const audit = (): readonly Entry[] => readAudit(lab) as unknown as readonly Entry[]
const succeeded = ({ responseStatus, requestURI }: Entry): boolean =>
  (responseStatus?.code ?? 0) < 300 && !requestURI.includes('dryRun=All')
const atMs = ({ requestReceivedTimestamp }: Entry): number => Date.parse(requestReceivedTimestamp)

const evictions = (): readonly Entry[] => audit().filter((entry) => entry.objectRef?.subresource === 'eviction' && succeeded(entry))
const releases = (): readonly Entry[] =>
  audit().filter(({ verb, objectRef, requestObject, ...rest }) => {
    const isOfPod = verb === 'patch' && objectRef?.resource === 'pods' && objectRef.subresource === undefined
    return isOfPod && requestObject?.spec?.schedulingGates !== undefined && succeeded({ verb, ...rest })
  })

/** I5 and I7 of all that has happened so far. */
function checkAudit(): void {
  const evicted = evictions().map(({ requestObject }) => requestObject.deleteOptions.preconditions.uid)
  expect(new Set(evicted).size).toBe(evicted.length)
  const released = releases().map(({ requestObject }) => requestObject.metadata.uid)
  expect(new Set(released).size).toBe(released.length)
  // The server tells its time in whole seconds, and an eviction follows its reservation by a moment.
  const windowMs = WORKER_BUDGET.windowMs - 2_500
  const times = evictions().map(atMs)
  for (const fromMs of times)
    expect(times.filter((ms) => ms >= fromMs && ms < fromMs + windowMs).length).toBeLessThanOrEqual(WORKER_BUDGET.movesMax)
}

it('is ready: the nodes are', async () => {
  await eventually(
    'nodes ready',
    async () => (await lab.kubectl(['get', 'nodes', '--no-headers'])).match(/ Ready /g)?.length === NODES.length,
  )
})

describe('killed', () => {
  it('at each step, again and again: nothing twice, the budget kept, all found out', async () => {
    for (const user of ['twin-a', 'twin-b']) start(user)
    let kills = 0
    for (let round = 0; round < KILLS_EACH; round++) {
      for (const at of MOMENTS) {
        const victim = await writer()
        await arm(victim, { at, signal: 'SIGKILL' })
        await eventually(`killed at ${at}`, async () => victim.child.exitCode !== null || victim.child.signalCode !== null, 45_000)
        expect(victim.child.signalCode).toBe('SIGKILL')
        kills++
        workers.delete(victim.identity)
        start(victim.user)
        await writer(victim.identity)
      }
    }
    await eventually('all found out', async () => (await ledger()).intents.every(({ epoch }, _, all) => all.length < 8 && epoch > 0))
    checkAudit()
    process.stderr.write(
      `${kills} kills: ${releases().length} pods released, ${evictions().length} evicted, epoch ${(await ledger()).epoch}\n`,
    )
    expect(kills).toBeGreaterThanOrEqual(MOMENTS.length * KILLS_EACH)
    expect(evictions().length).toBeGreaterThan(0)
  }, 900_000)

  it('while it finds out what another left undone: a third does', async () => {
    start('twin-a')
    const first = await writer()
    const second = start('twin-b')
    await arm(second, { at: 'finding-out', signal: 'SIGKILL' })
    await arm(first, { at: 'reserved', signal: 'SIGKILL' })
    await once(first.child, 'exit')
    await once(second.child, 'exit')
    start('twin-c')
    const third = await writer(second.identity)
    await eventually('nothing of theirs is left', async () =>
      (await ledger()).intents.every(({ decision }) => decision.startsWith(third.identity)),
    )
    checkAudit()
  }, 120_000)
})

/** Stops the writer at a moment until another has taken over and written; continues it. @returns what it then wrote. */
async function lateWrites(at: Moment, plant = ''): Promise<readonly Entry[]> {
  const late = await writer()
  await arm(late, { at, signal: 'SIGSTOP' })
  await eventually(`stopped at ${at}`, async () => isStopped(late), 45_000)
  const other = start(late.user === 'twin-a' ? 'twin-b' : 'twin-a', plant)
  await writer(late.identity)
  await eventually('the other has written', async () =>
    audit().some((entry) => entry.user.username === other.user && entry.auditID.includes('.reserve') && succeeded(entry)),
  )
  const tookOverMs = Math.max(...audit().map(atMs))
  late.child.kill('SIGCONT')
  await sleep(1_500)
  const wrote = audit().filter(
    (entry) => entry.user.username === late.user && atMs(entry) >= tookOverMs && succeeded(entry) && entry.objectRef?.resource !== 'events',
  )
  late.child.kill('SIGKILL')
  workers.delete(late.identity)
  return wrote
}

describe('stopped at a step until another has taken over, and continued', () => {
  it.each(STOPPED_AT)(
    '%s: writes nothing any more',
    async (at) => {
      start('twin-a')
      expect(await lateWrites(at)).toEqual([])
      checkAudit()
    },
    120_000,
  )

  it('a planted fault is found: one that does not look at the fence writes', async () => {
    start('twin-a', 'no-fence')
    // What it was about to do may have been overtaken by then: so more than one gets the chance.
    const names: (string | undefined)[] = []
    for (let round = 0; round < 4 && !names.includes('edgetwin-ledger'); round++) {
      names.push(...(await lateWrites('read', 'no-fence')).map(({ objectRef }) => objectRef?.name))
    }
    expect(names).toContain('edgetwin-ledger')
  }, 240_000)
})

it('kubectl describe tells what was done to a pod and why', async () => {
  start('twin-a')
  await writer()
  const described = await eventually('an event of a pod', async () => {
    const [placed] = releases().slice(-1)
    const text = await lab.kubectl(['describe', 'pod', placed?.objectRef?.name ?? '']).catch(() => '')
    return /TwinPlaced/.test(text) ? text : null
  })
  expect(described).toMatch(/Normal +TwinPlaced .* edgetwin\.dev\/actuator +released to edge-\d, edge-\d: decision twin-[ab]-\d+-\d+/)
})

it('a dry run goes all the way by the server, and changes nothing', async () => {
  const before = await ledger()
  const { metadata } = await client.request<{ metadata: { resourceVersion: string } }>({
    path: '/apis/coordination.k8s.io/v1/namespaces/edgetwin-system/leases/edgetwin',
  })
  const pods = await client.request<{
    items: { metadata: { name: string; namespace: string; uid: string; resourceVersion: string }; spec: { schedulingGates?: unknown[] } }[]
  }>({ path: '/api/v1/namespaces/default/pods' })
  await lab.kubectl(['scale', 'deployment/work-1', '--replicas=9'])
  const pod = await eventually('a gated pod', async () =>
    (await client.request<typeof pods>({ path: '/api/v1/namespaces/default/pods' })).items.find(
      ({ spec }) => (spec.schedulingGates ?? []).length > 0,
    ),
  )
  const log = { debug() {}, info() {}, warn() {}, error() {} }
  const actuation = runActuation({
    client,
    identity: 'dry',
    ...WORKER_LEASE,
    isDryRun: true,
    log,
    clock: Date.now,
    random: Math.random,
    budget: () => WORKER_BUDGET,
  })
  await eventually('it may', async () => actuation.leader.mayAct())
  const { name, namespace, uid } = pod.metadata
  const effect = await actuation.carryOut({
    action: { kind: 'gate', pod: { name, namespace, uid }, decision: 'dry', nodes: ['edge-1'], topK: 1 },
    until: 'placed',
  })
  await actuation.stop()
  expect(effect).toEqual({ ok: false, reason: `dry run: the server would gate pod ${name}: edge-1` })
  expect(await ledger()).toEqual(before)
  const lease = await client.request<{ metadata: { resourceVersion: string } }>({
    path: '/apis/coordination.k8s.io/v1/namespaces/edgetwin-system/leases/edgetwin',
  })
  expect(lease.metadata.resourceVersion).toBe(metadata.resourceVersion)
})

function aNode(name: string) {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { type: 'kwok', 'kubernetes.io/hostname': name } },
    status: { capacity: AMOUNTS, allocatable: AMOUNTS },
  }
}
const AMOUNTS = { cpu: '32', memory: '64Gi', pods: '100' }

/** Its pods are born gated: no policy is needed for it. */
function aDeployment(index: number) {
  const labels = { app: `work-${index}`, 'edgetwin.dev/placement': 'twin' }
  const spec = {
    terminationGracePeriodSeconds: 0,
    schedulingGates: [{ name: 'edgetwin.dev/placement' }],
    containers: [{ name: 'c', image: 'example.org/c:1' }],
  }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: `work-${index}`, namespace: 'default' },
    spec: { replicas: 3, selector: { matchLabels: { app: `work-${index}` } }, template: { metadata: { labels }, spec } },
  }
}
