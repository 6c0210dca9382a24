/** Placements on a real API server with its own scheduler and controllers: released by the gate, bound, moved by eviction, let go. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals'
import { act, listAll, readCluster, readFor, readPod } from '../../connectors/kubernetes/act/act.ts'
import type { PlaceAction } from '../../connectors/kubernetes/act/actions.ts'
import { budgetFor } from '../../connectors/kubernetes/act/ledger-state.ts'
import { createKubernetesSink, type KubernetesSinkOptions } from '../../connectors/kubernetes/act/placement-sink.ts'
import { prepareAction } from '../../connectors/kubernetes/act/prepare-action.ts'
import { type Actuation, runActuation } from '../../connectors/kubernetes/act/run-actuation.ts'
import { gatesOf } from '../../connectors/kubernetes/act/scheduler-view.ts'
import { createKubeClient, type KubeClient, type KubeRequest } from '../../connectors/kubernetes/kube-client.ts'
import { loadKubeConfig } from '../../connectors/kubernetes/kube-config.ts'
import type { WatchedPod } from '../../connectors/kubernetes/watched.ts'
import type { Placement } from '../../models/contracts/decision.ts'
import type { Logger, PlacementResult } from '../../models/ports.ts'
import { type KubernetesLab, readAudit, startKubernetes } from '../lab/kubernetes.ts'
import { startToxiproxy, type ToxicProxy, type Toxiproxy } from '../lab/toxiproxy.ts'
import { gateIsGiven } from '../testing/edgetwin-home.ts'
import { eventually } from '../testing/eventually.ts'

const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const NODES = ['edge-1', 'edge-2', 'edge-3', 'edge-4']
const AMOUNTS = { cpu: '4', memory: '8Gi', pods: '20' }

let lab: KubernetesLab
let toxiproxy: Toxiproxy
let proxy: ToxicProxy
let client: KubeClient
let behindProxy: KubeClient
/** Stands between the actuator and the server where a test wants something to happen there. */
let meddler: KubeClient | null = null
let actuation: Actuation

beforeAll(async () => {
  lab = await startKubernetes({ identities: ['ungate=ungate-job'], progress: (line) => process.stderr.write(`${line}\n`) })
  client = createKubeClient(() => loadKubeConfig({ kubeconfig: lab.kubeconfig }))
  toxiproxy = await startToxiproxy()
  proxy = await toxiproxy.proxy({ name: 'api', upstream: new URL(lab.url).host })
  const detour = join(lab.dir, 'detour.kubeconfig')
  writeFileSync(detour, readFileSync(lab.kubeconfig, 'utf8').replace(lab.url, `https://${proxy.address}`))
  behindProxy = createKubeClient(() => loadKubeConfig({ kubeconfig: detour }))
  await apply(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'edgetwin-system' } },
    ...NODES.map(aNode),
    ...GATE_POLICY,
    ...UNGATE_RIGHTS,
  )
  await eventually('all nodes ready', async () => {
    const listed = await lab.kubectl([
      'get',
      'nodes',
      '-o',
      'jsonpath={range .items[*]}{.status.conditions[?(@.type=="Ready")].status}{.spec.taints}{"\\n"}{end}',
    ])
    return listed.match(/^True$/gm)?.length === NODES.length
  })
  actuation = actuator({})
  await gateIsGiven(client, { labels: PLACEABLE, spec: podSpec() })
}, 1_500_000)
beforeEach(async () => {
  meddler = null
  // A machine that stood still for a while has lost the lead for a moment.
  await eventually('somebody leads', async () => actuation.leader.mayAct())
})
afterAll(async () => {
  await actuation?.stop()
  client?.close()
  behindProxy?.close()
  await toxiproxy?.stop()
  await lab?.stop()
})

const actuator = (over: Partial<Parameters<typeof runActuation>[0]>): Actuation =>
  runActuation({
    client: { ...client, request: (wanted) => (meddler ?? client).request(wanted) },
    log: silent,
    clock: Date.now,
    random: Math.random,
    identity: 'test',
    budget: () => ({ ...budgetFor(1_000), movesPerNodeMax: 1_000, coolDownMs: 0 }),
    ...over,
  })
const apply = (...objects: readonly object[]) => lab.kubectl(['apply'], objects.map((each) => JSON.stringify(each)).join('\n---\n'))

/** The controller takes its taint away a moment later. */
async function uncordon(node: string): Promise<void> {
  await lab.kubectl(['uncordon', node])
  await eventually(
    'no taint',
    async () => !(await lab.kubectl(['get', 'node', node, '-o', 'jsonpath={.spec.taints}'])).includes('unschedulable'),
  )
}

const PLACEABLE = { 'edgetwin.dev/placement': 'twin' }
const podSpec = (more: object = {}, requests: object = { cpu: '100m' }) => ({
  containers: [{ name: 'c', image: 'example.com/x:1', resources: { requests } }],
  terminationGracePeriodSeconds: 0,
  ...more,
})
const aNode = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Node',
  // As on clouds, the label need not be the name.
  metadata: { name, labels: { type: 'kwok', 'kubernetes.io/hostname': `host-of-${name}`, 'kubernetes.io/os': 'linux' } },
  status: { capacity: AMOUNTS, allocatable: AMOUNTS },
})
const aPod = (name: string, spec: object = {}, requests?: object) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', labels: { ...PLACEABLE, app: name } },
  spec: podSpec(spec, requests),
})
const aDeployment = (
  name: string,
  { replicas = 1, spec = {}, cpu = '100m' }: { readonly replicas?: number; readonly spec?: object; readonly cpu?: string } = {},
) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'default' },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name, ...PLACEABLE, 'edgetwin.dev/request': `req-${name}` } }, spec: podSpec(spec, { cpu }) },
  },
})
const GATE_POLICY = [
  {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingAdmissionPolicy',
    metadata: { name: 'edgetwin-gate' },
    spec: {
      failurePolicy: 'Ignore',
      reinvocationPolicy: 'Never',
      matchConstraints: {
        objectSelector: { matchLabels: PLACEABLE },
        resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'], scope: 'Namespaced' }],
      },
      matchConditions: [
        { name: 'not-yet-bound', expression: "object.spec.?nodeName.orValue('') == ''" },
        {
          name: 'not-gated-yet',
          expression: "!object.spec.?schedulingGates.orValue([]).exists(g, g.name == 'edgetwin.dev/placement')",
        },
      ],
      mutations: [
        {
          patchType: 'ApplyConfiguration',
          applyConfiguration: {
            expression: 'Object{spec: Object.spec{schedulingGates: [Object.spec.schedulingGates{name: "edgetwin.dev/placement"}]}}',
          },
        },
      ],
    },
  },
  {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingAdmissionPolicyBinding',
    metadata: { name: 'edgetwin-gate' },
    spec: { policyName: 'edgetwin-gate' },
  },
]

const UNGATE_RIGHTS = [
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'ungate' },
    rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['list', 'patch'] }],
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'ungate' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'ungate' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'ungate-job' }],
  },
]

const podOf = (name: string) => readPod(client, { namespace: 'default', name, uid: null })
async function podsOf(app: string): Promise<WatchedPod[]> {
  const pods = await listAll<WatchedPod>(client, '/api/v1/namespaces/default/pods', { labelSelector: `app=${app}` })
  return pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
}
const running = (app: string, count = 1) =>
  eventually(`${count} running of ${app}`, async () => {
    const pods = (await podsOf(app)).filter(({ status }) => status?.phase === 'Running')
    return pods.length === count ? pods : null
  })
const gated = (app: string, count = 1) =>
  eventually(`${count} gated of ${app}`, async () => {
    const pods = (await podsOf(app)).filter((pod) => gatesOf(pod).length > 0)
    return pods.length === count ? pods : null
  })

interface Wish extends Partial<KubernetesSinkOptions> {
  readonly from?: string
  readonly nodes: readonly string[]
  readonly decision?: string
}
/** Places it as a decision would. */
function place(pod: string, { from, nodes, decision = `d-${pod}`, ...options }: Wish): Promise<PlacementResult> {
  const placement: Placement = {
    pod: `${pod}.default`,
    request: 'r',
    camera: 'c',
    application: 'a',
    stage: 's',
    from: from === undefined ? null : `${from}/cpu`,
    to: `${nodes[0]}/cpu`,
    image: 'example.com/x:1',
    predictedStartMs: 0,
    predictedFinishMs: 1,
  }
  const { carryOut } = actuation
  const sink = createKubernetesSink({ client, log: silent, strategy: 'gate', topK: 3, rank: () => nodes, carryOut, ...options })
  return sink.apply(placement, { decisionId: decision })
}
/** What took effect. A release is the patch that drops the gate. */
const audited = (verb: string, pod: string, subresource?: string) =>
  readAudit(lab).filter((entry) => {
    const { objectRef, responseStatus, requestURI, requestObject } = Object(entry)
    if (String(requestURI).includes('dryRun') || Object(responseStatus).code >= 300) return false
    if (verb === 'patch' && Object(requestObject).spec?.schedulingGates === undefined) return false
    return entry.verb === verb && objectRef.name === pod && objectRef.subresource === subresource
  })

/** One that lets a request of a kind through and loses its answer, once. */
function losingOneAnswer(method: string, path: RegExp): KubeClient {
  let isLost = false
  return {
    ...behindProxy,
    async request<T>(wanted: KubeRequest): Promise<T> {
      if (isLost || wanted.method !== method || !path.test(wanted.path) || wanted.query?.dryRun !== undefined)
        return behindProxy.request<T>(wanted)
      isLost = true
      await proxy.add({ type: 'timeout', timeoutMs: 1_500 })
      return behindProxy.request<T>(wanted).finally(() => proxy.clear())
    },
  }
}

it('places the pods of a gated Deployment where it is told, in its order', async () => {
  await apply(aDeployment('web', { replicas: 3 }))
  const pods = await gated('web', 3)
  const wanted = ['edge-3', 'edge-1', 'edge-3']
  for (const [index, pod] of pods.entries()) {
    const others = NODES.filter((node) => node !== wanted[index])
    expect(await place(pod.metadata.name, { nodes: [wanted[index]!, ...others] })).toMatchObject({ ok: true })
  }
  const placed = await running('web', 3)
  expect(pods.map(({ metadata }) => placed.find((pod) => pod.metadata.uid === metadata.uid)?.spec.nodeName)).toEqual(wanted)
  expect(placed[0]?.metadata.annotations).toHaveProperty(['edgetwin.dev/decision'])
  expect(await place(pods[0]!.metadata.name, { nodes: ['edge-3'] })).toMatchObject({ ok: true, replacement: null })
  expect(audited('patch', pods[0]!.metadata.name)).toHaveLength(1)
})

it('gets the first node also for the tenth pod of an owner, whom the scheduler would rather spread', async () => {
  await apply(aDeployment('many', { replicas: 10 }))
  for (const pod of await gated('many', 10)) await place(pod.metadata.name, { nodes: ['edge-2', 'edge-1', 'edge-4'] })
  expect(new Set((await running('many', 10)).map(({ spec }) => spec.nodeName))).toEqual(new Set(['edge-2']))
  await lab.kubectl(['delete', 'deployment', 'many', '--wait=true'])
})

it('takes the second node when the first is full, and none when all are', async () => {
  await apply(aPod('big', { nodeName: 'edge-1' }, { cpu: '3700m' }), aPod('second', {}, { cpu: '1' }), aPod('none', {}, { cpu: '1' }))
  expect(await place('second', { nodes: ['edge-1', 'edge-2'] })).toMatchObject({ ok: true })
  expect((await podOf('second'))?.spec.nodeName).toBe('edge-2')
  expect(await place('none', { nodes: ['edge-1'] })).toEqual({
    ok: false,
    pod: 'none.default',
    reason: expect.stringMatching(/edge-1: Insufficient cpu/),
  })
  expect(gatesOf((await podOf('none'))!)).toEqual(['edgetwin.dev/placement'])
  await lab.kubectl(['delete', 'pod', 'big', 'second', 'none', '--now'])
})

it('leaves the second choice to the scheduler when the first filled up unseen, and makes a pod anew that found no room at all', async () => {
  const before = await readCluster(client)
  const late = actuator({ identity: 'late', namespace: 'default', view: () => before })
  await eventually('the late one leads', async () => late.leader.mayAct())
  await apply(
    aPod('filler', { nodeName: 'edge-1' }, { cpu: '3700m' }),
    aPod('unlucky', {}, { cpu: '1' }),
    aDeployment('stuck', { cpu: '1' }),
  )
  expect(await place('unlucky', { nodes: ['edge-1', 'edge-2'], carryOut: late.carryOut })).toMatchObject({ ok: true })
  expect((await podOf('unlucky'))?.spec.nodeName).toBe('edge-2')
  const [pod] = await gated('stuck')
  const refusal = { ok: false, reason: expect.stringMatching(/released to edge-1, and the scheduler finds no room: .*Insufficient cpu/) }
  expect(await place(pod!.metadata.name, { nodes: ['edge-1'], carryOut: late.carryOut })).toMatchObject(refusal)
  await late.stop()
  expect(await place(pod!.metadata.name, { nodes: ['edge-4'], decision: 'd-again' })).toMatchObject({ ok: true })
  expect((await running('stuck'))[0]!.spec.nodeName).toBe('edge-4')
  await lab.kubectl(['delete', 'pod', 'filler', 'unlucky', '--now'])
})

it('never sends a pod to a node that is cordoned, tainted or silent', async () => {
  await lab.kubectl(['cordon', 'edge-1'])
  await lab.kubectl(['taint', 'node', 'edge-2', 'edge=a:NoSchedule'])
  await apply(aPod('careful'))
  expect(await place('careful', { nodes: ['edge-1', 'edge-2'] })).toMatchObject({
    ok: false,
    reason: expect.stringMatching(/cordoned.*edge=a/),
  })
  expect(await place('careful', { nodes: ['edge-1', 'edge-2', 'edge-4'] })).toMatchObject({ ok: true })
  expect((await podOf('careful'))?.spec.nodeName).toBe('edge-4')
  await uncordon('edge-1')
  await lab.kubectl(['taint', 'node', 'edge-2', 'edge-'])
})

it('prepares anew when the pod changed since it was read, and not on another pod of that name', async () => {
  await apply(aPod('busy'))
  const action: PlaceAction = {
    kind: 'gate',
    pod: { namespace: 'default', name: 'busy', uid: null },
    decision: 'd1',
    nodes: ['edge-1'],
    topK: 1,
  }
  const old = prepareAction(action, await readFor(client, action))
  await lab.kubectl(['label', 'pod', 'busy', 'touched=yes'])
  expect(await act(client, old.ok ? old.request : { path: '/' })).toMatchObject({ outcome: 'refused', why: 'changed' })
  await lab.kubectl(['delete', 'pod', 'busy', '--now'])
  await apply(aPod('busy'))
  expect(await act(client, old.ok ? old.request : { path: '/' })).toMatchObject({ outcome: 'refused', why: 'changed' })
  let touched = 0
  meddler = {
    ...client,
    async request<T>(wanted: KubeRequest): Promise<T> {
      if (wanted.method === 'PATCH' && touched++ < 2) await lab.kubectl(['label', 'pod', 'busy', '--overwrite', `touched=t${touched}`])
      return client.request<T>(wanted)
    },
  }
  expect(await place('busy', { nodes: ['edge-1'] })).toMatchObject({ ok: true })
  expect(touched).toBe(3)
})

it('keeps what the owner asked for, and waits for gates of others', async () => {
  const required = (values: string[]) => ({
    nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/os', operator: 'In', values }] }],
  })
  const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required(['linux', 'other']) } }
  await apply(aPod('picky', { affinity, schedulingGates: [{ name: 'example.com/quota' }] }))
  expect(await place('picky', { nodes: ['edge-2'] })).toMatchObject({ ok: false, reason: expect.stringContaining('example.com/quota') })
  await lab.kubectl(['patch', 'pod', 'picky', '--type=json', '-p', '[{"op":"remove","path":"/spec/schedulingGates/0"}]'])
  expect(await place('picky', { nodes: ['edge-2', 'edge-3'] })).toMatchObject({ ok: true })
  const pod = await podOf('picky')
  expect(pod?.spec.nodeName).toBe('edge-2')
  expect(pod?.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms).toEqual([
    {
      matchExpressions: [
        { key: 'kubernetes.io/os', operator: 'In', values: ['linux', 'other'] },
        { key: 'kubernetes.io/hostname', operator: 'In', values: ['host-of-edge-2', 'host-of-edge-3'] },
      ],
    },
  ])
})

it('finds out what became of a release whose answer was lost, and does it once', async () => {
  await apply(aPod('lost'))
  meddler = losingOneAnswer('PATCH', /lost$/)
  expect(await place('lost', { nodes: ['edge-1'] })).toMatchObject({ ok: true })
  expect((await podOf('lost'))?.spec.nodeName).toBe('edge-1')
  expect(audited('patch', 'lost')).toHaveLength(1)
})

it('changes nothing when told that it is a dry run', async () => {
  await apply(aPod('dry'))
  const rehearsal = actuator({ isDryRun: true, identity: 'rehearsal' })
  const refusal = { ok: false, reason: expect.stringMatching(/^dry run: .*edge-1/) }
  await eventually('the rehearsal leads', async () => rehearsal.leader.mayAct())
  expect(await place('dry', { nodes: ['edge-1'], carryOut: rehearsal.carryOut })).toMatchObject(refusal)
  await rehearsal.stop()
  expect(gatesOf((await podOf('dry'))!)).toEqual(['edgetwin.dev/placement'])
})

it('binds past the scheduler only what may be bound', async () => {
  const own = { schedulerName: 'edgetwin' }
  const claims = [{ name: 'gpu', resourceClaimTemplateName: 'gpu' }]
  await apply(
    aPod('bound', own),
    aPod('stock'),
    aPod('claiming', { ...own, resourceClaims: claims }),
    aPod('large', own, { cpu: '40' }),
    aPod('again', own),
  )
  const binding = { strategy: 'binding', nodes: ['edge-2'] } as const
  expect(await place('bound', binding)).toMatchObject({ ok: true })
  expect(await podOf('bound')).toMatchObject({
    spec: { nodeName: 'edge-2' },
    metadata: { annotations: { 'edgetwin.dev/decision': 'd-bound' } },
  })
  // A pod of the stock scheduler goes its way.
  expect(await place('stock', binding)).toMatchObject({ ok: true })
  expect(audited('create', 'stock', 'binding')).toHaveLength(1)
  expect(await place('claiming', binding)).toMatchObject({ ok: false, reason: expect.stringContaining('claims devices') })
  expect(gatesOf((await podOf('claiming'))!)).toEqual(['edgetwin.dev/placement'])
  expect(await place('large', binding)).toMatchObject({ ok: false, reason: expect.stringContaining('Insufficient cpu') })
  await lab.kubectl(['cordon', 'edge-2'])
  expect(await place('again', binding)).toMatchObject({ ok: false, reason: expect.stringContaining('cordoned') })
  await uncordon('edge-2')
  meddler = losingOneAnswer('POST', /again\/binding$/)
  expect(await place('again', binding)).toMatchObject({ ok: true })
  expect(audited('create', 'again', 'binding')).toHaveLength(1)
})

it('moves a running pod by eviction, and names what took its place', async () => {
  await apply(aDeployment('mover'))
  const [first] = await gated('mover')
  await place(first!.metadata.name, { nodes: ['edge-1', 'edge-2'] })
  await running('mover')
  const moved = await place(first!.metadata.name, { from: 'edge-1', nodes: ['edge-4', 'edge-2'], decision: 'd-move' })
  const [second] = await running('mover')
  expect(moved).toEqual({ ok: true, pod: `${first!.metadata.name}.default`, replacement: `${second!.metadata.name}.default` })
  expect(second!.spec.nodeName).toBe('edge-4')
  expect(second!.metadata.uid).not.toBe(first!.metadata.uid)
  // Again by a decision that finds out too late: the pod is gone.
  expect(await place(first!.metadata.name, { from: 'edge-1', nodes: ['edge-4'] })).toMatchObject({ ok: false })
  meddler = losingOneAnswer('POST', /eviction$/)
  expect(await place(second!.metadata.name, { from: 'edge-4', nodes: ['edge-3'], decision: 'd-back' })).toMatchObject({
    ok: true,
  })
  expect((await running('mover'))[0]!.spec.nodeName).toBe('edge-3')
  expect(audited('create', second!.metadata.name, 'eviction')).toHaveLength(1)
})

it('moves a pod off a node that no longer answers, though the pod never says that it ended', async () => {
  await apply(aDeployment('orphan', { spec: { terminationGracePeriodSeconds: 30 } }))
  const [pod] = await gated('orphan')
  await place(pod!.metadata.name, { nodes: ['edge-3'] })
  await running('orphan')
  await lab.kubectl(['label', 'node', 'edge-3', 'type-'])
  const moved = await place(pod!.metadata.name, { from: 'edge-3', nodes: ['edge-1'], decision: 'd-orphan' })
  expect(moved).toMatchObject({ ok: true, replacement: expect.stringMatching(/^orphan-.*default$/) })
  expect((await running('orphan'))[0]!.spec.nodeName).toBe('edge-1')
  expect((await podOf(pod!.metadata.name))?.metadata.deletionTimestamp).toBeDefined()
  await lab.kubectl(['label', 'node', 'edge-3', 'type=kwok'])
  await eventually('it is gone', async () => (await podOf(pod!.metadata.name)) === null)
})

it('leaves a pod where it is that nobody would make anew, or for whom there is no room elsewhere', async () => {
  await apply(aPod('bare'), aDeployment('stay', { spec: { nodeSelector: { 'kubernetes.io/hostname': 'host-of-edge-1' } } }))
  await place('bare', { nodes: ['edge-1'] })
  await running('bare')
  expect(await place('bare', { from: 'edge-1', nodes: ['edge-2'] })).toMatchObject({
    ok: false,
    reason: expect.stringContaining('no owner'),
  })
  const [pod] = await gated('stay')
  await place(pod!.metadata.name, { nodes: ['edge-1'] })
  await running('stay')
  const refusal = expect.stringContaining("does not match the pod's node selector")
  expect(await place(pod!.metadata.name, { from: 'edge-1', nodes: ['edge-2'] })).toMatchObject({ ok: false, reason: refusal })
  expect((await running('stay'))[0]!.metadata.uid).toBe(pod!.metadata.uid)
})

it('keeps to what is set for a pod, and touches none that is not to be touched', async () => {
  await apply(aPod('ruled'))
  const objection = 'policy default/calm is paused'
  expect(await place('ruled', { nodes: ['edge-1'], rulesFor: () => ({ objection }) })).toMatchObject({ ok: false, reason: objection })
  const rulesFor = (pod: WatchedPod, { isMove }: { readonly isMove: boolean }) => ({
    topK: isMove || pod.metadata.name !== 'ruled' ? 3 : 1,
    objection: null,
  })
  expect(await place('ruled', { nodes: ['edge-1', 'edge-2'], rulesFor })).toEqual({ ok: true, pod: 'ruled.default', replacement: null })
  const required = (await podOf('ruled'))?.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  expect(required?.nodeSelectorTerms[0]?.matchExpressions?.[0]?.values).toEqual(['host-of-edge-1'])
})

it('leaves no gap where none may be: another must be ready where the pod would go', async () => {
  await apply(aDeployment('steady'))
  const [first] = await gated('steady')
  await place(first!.metadata.name, { nodes: ['edge-1'] })
  await running('steady')
  const away = { from: 'edge-1', nodes: ['edge-4'], mayLeaveGap: false, decision: 'd-steady' }
  expect(await place(first!.metadata.name, away)).toMatchObject({ ok: false, reason: expect.stringContaining('may leave no gap') })
  await lab.kubectl(['scale', 'deployment', 'steady', '--replicas=2'])
  const [spare] = await gated('steady')
  await place(spare!.metadata.name, { nodes: ['edge-4'] })
  await running('steady', 2)
  expect(await place(first!.metadata.name, away)).toMatchObject({ ok: true })
  expect((await running('steady', 2)).map(({ metadata }) => metadata.uid)).not.toContain(first!.metadata.uid)
})

it('respects a disruption budget, and spends none on an eviction that would be refused', async () => {
  const budget = (minAvailable: number) => ({
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'guarded', namespace: 'default' },
    spec: { minAvailable, selector: { matchLabels: { app: 'guarded' } } },
  })
  await apply(aDeployment('guarded', { replicas: 2 }), budget(2))
  for (const pod of await gated('guarded', 2)) await place(pod.metadata.name, { nodes: ['edge-1', 'edge-2'] })
  const [pod] = await running('guarded', 2)
  const allowed = async () =>
    Number(
      await lab
        .kubectl(['get', 'pdb', 'guarded', '-o', 'jsonpath={.status.disruptionsAllowed}:{.status.currentHealthy}'])
        .then((text) => text.replace(/:2$/, '')),
    )
  await eventually('the budget is counted', async () => (await allowed()) === 0)
  const to = { from: pod!.spec.nodeName!, nodes: ['edge-3'] }
  expect(await place(pod!.metadata.name, to)).toMatchObject({
    ok: false,
    reason: expect.stringMatching(/disruption budget guarded needs 2/),
  })
  await apply(budget(1))
  await eventually('the budget grew', async () => (await allowed()) === 1)
  const action: PlaceAction = {
    kind: 'evict',
    pod: { namespace: 'default', name: pod!.metadata.name, uid: null },
    decision: 'd',
    nodes: ['edge-3'],
  }
  const old = prepareAction(action, await readFor(client, action))
  await lab.kubectl(['label', 'pod', pod!.metadata.name, 'touched=yes'])
  expect(await act(client, old.ok ? old.request : { path: '/' })).toMatchObject({ outcome: 'refused', why: 'changed' })
  expect(await allowed()).toBe(1)
  expect(await place(pod!.metadata.name, to)).toMatchObject({ ok: true })
  expect((await running('guarded', 2)).map(({ spec }) => spec.nodeName)).toContain('edge-3')
})

/** The process itself, as somebody who may list and patch pods and nothing else. */
async function ungate(...args: string[]): Promise<{ readonly code: number; readonly said: string }> {
  const command = [join(import.meta.dirname, '../ungate.ts'), '--kubeconfig', lab.kubeconfigOf('ungate'), ...args]
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'pipe'] })
  const said = Promise.all([child.stdout.toArray(), child.stderr.toArray()])
  const [code] = await once(child, 'close')
  return { code, said: (await said).flat().join('') }
}

it('lets go of what was held too long, while no edgetwin lives', async () => {
  await lab.kubectl(['delete', 'pod', '--all', '--now', '--wait=true'])
  await apply(aPod('late'), aPod('quota', { schedulingGates: [{ name: 'example.com/quota' }] }))
  expect(await ungate('--ttl-seconds', '3600')).toMatchObject({ code: 0, said: expect.stringContaining('0 let go') })
  expect((await ungate('--ttl-seconds', '0', '--dry-run')).said).toContain('late.default: would be let go')
  expect((await podOf('late'))?.spec.nodeName).toBeUndefined()
  await sleep(1_100)
  expect(await ungate('--ttl-seconds', '1')).toMatchObject({ code: 0, said: expect.stringContaining('late.default: let go') })
  expect((await running('late'))[0]!.metadata.annotations).toHaveProperty(['edgetwin.dev/ungated'], 'no decision within 1 s')
  // Nothing is gained by taking ours from a pod that another holds too.
  expect(gatesOf((await podOf('quota'))!)).toEqual(['example.com/quota', 'edgetwin.dev/placement'])
  expect(await ungate('quota.default', 'late.default')).toMatchObject({ code: 1, said: expect.stringContaining('late.default: not held') })
  expect(gatesOf((await podOf('quota'))!)).toEqual(['example.com/quota'])
})

it('lets go of all when a person says so, again and again while it runs, and says what it was refused', async () => {
  await apply(aPod('one'), aPod('two'))
  expect(await ungate('--all', '-n', 'default')).toMatchObject({
    code: 0,
    said: expect.stringMatching(/one.default: let go\ntwo.default: let go/),
  })
  await running('two')
  const standing = spawn(process.execPath, [
    join(import.meta.dirname, '../ungate.ts'),
    ...['--kubeconfig', lab.kubeconfigOf('ungate'), '--every-seconds', '1', '--ttl-seconds', '1'],
  ])
  await apply(aPod('three'))
  await running('three')
  standing.kill('SIGTERM')
  expect(await once(standing, 'close')).toEqual([0, null])
  expect(await ungate('--all', 'one.default')).toMatchObject({ code: 2, said: expect.stringContaining('either --all or names') })
  expect(await ungate('one')).toMatchObject({ code: 2, said: expect.stringContaining('pod.namespace') })
  await lab.kubectl(['delete', 'clusterrolebinding', 'ungate'])
  await eventually('the right is gone', async () => (await ungate('--all')).code === 1)
  expect((await ungate('--all')).said).toContain('cannot list resource "pods"')
})
