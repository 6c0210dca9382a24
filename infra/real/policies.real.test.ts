/** Placement policies on a real API server: every field does what it says, their status tells, and a plan that a person is asked about stands. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createKubernetesSink } from '../../connectors/kubernetes/act/placement-sink.ts'
import { type Actuation, runActuation } from '../../connectors/kubernetes/act/run-actuation.ts'
import { createKubeClient, type KubeClient } from '../../connectors/kubernetes/kube-client.ts'
import { loadKubeConfig } from '../../connectors/kubernetes/kube-config.ts'
import { type CustomResources, runCustomResources } from '../../connectors/kubernetes/resources/custom-resources.ts'
import type { WatchedPolicy } from '../../connectors/kubernetes/resources/placement-policy.ts'
import { type Cluster, runCluster } from '../../connectors/kubernetes/watch/cluster.ts'
import type { WatchedPod } from '../../connectors/kubernetes/watched.ts'
import { defaultRegistry } from '../../models/applications/registry.ts'
import type { DecisionRecord } from '../../models/entities/decision-record.ts'
import { NO_ENTITIES } from '../../models/entities/entity-maps.ts'
import type { TwinEvent } from '../../models/events/events.ts'
import type { Logger, PlacementResult } from '../../models/ports.ts'
import { aPlacement } from '../../models/testing/events.ts'
import { applyEvents } from '../../twin/fold.ts'
import { nextLoopStep } from '../../twin/loop.ts'
import { emptyTwin, type TwinState } from '../../twin/twin-state.ts'
import { readConfig } from '../config.ts'
import { type EdgetwinProcess, freshDataDir, startEdgetwin } from '../e2e/edgetwin-process.ts'
import { CHART_DIR } from '../kustomize/render.ts'
import { type KubernetesLab, startKubernetes } from '../lab/kubernetes.ts'
import { applyNodes } from '../lab/nodes.ts'
import { createPodPolicies } from '../pod-policies.ts'
import { connectRealSite } from '../run-real-site.ts'
import { eventually } from '../testing/eventually.ts'

const HOME = 'edgetwin-system'
const TWINCTL = join(import.meta.dirname, '../../ui/cli/twinctl.ts')
const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

let lab: KubernetesLab
let client: KubeClient
beforeAll(async () => {
  lab = await startKubernetes({ progress: (line) => process.stderr.write(`${line}\n`) })
  client = createKubeClient(() => loadKubeConfig({ kubeconfig: lab.kubeconfig }))
  await applyNodes(lab, 'dhs')
  await lab.kubectl(['apply', '--server-side', '-f', join(CHART_DIR, 'crds')])
  const namespaces = [HOME, 'free', 'asked', 'watched', 'advised', 'edge', 'gain', 'moves', 'bound', 'rechecked']
  await apply(...namespaces.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })))
  await apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'edgetwin-ledger', namespace: HOME } })
  await eventually('all nodes are ready', async () => (await lab.kubectl(['get', 'nodes'])).match(/ Ready /g)?.length === 5)
  await eventually('policies are served', () =>
    lab.kubectl(['get', 'ppol', '-A']).then(
      () => true,
      () => false,
    ),
  )
}, 1_500_000)
afterAll(async () => {
  client?.close()
  await lab?.stop()
})

const apply = (...objects: readonly object[]) => lab.kubectl(['apply'], objects.map((each) => JSON.stringify(each)).join('\n---\n'))
const aPolicy = (namespace: string, spec: object, name = 'p') => ({
  apiVersion: 'edgetwin.dev/v1alpha1',
  kind: 'PlacementPolicy',
  metadata: { name, namespace },
  spec,
})
const auto = { mode: 'auto', budget: { movesPerHour: 10 } }
const template = (app: string, spec: object) => ({
  metadata: {
    labels: { app, 'edgetwin.dev/placement': 'twin' },
    annotations: { 'edgetwin.dev/application': 'resnet50', 'edgetwin.dev/frames': '300', 'edgetwin.dev/camera': 'cam-2' },
  },
  spec: {
    schedulingGates: [{ name: 'edgetwin.dev/placement' }],
    tolerations: [{ key: 'edgetwin.dev/camera', operator: 'Exists' }],
    containers: [{ name: 'infer', image: 'example.com/resnet50:1', resources: { requests: { cpu: '100m' } } }],
    terminationGracePeriodSeconds: 0,
    ...spec,
  },
})
const aDeployment = (namespace: string, app: string, { replicas = 1, spec = {} }: { replicas?: number; spec?: object } = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: app, namespace },
  spec: { replicas, selector: { matchLabels: { app } }, template: template(app, spec) },
})
async function podsOf(namespace: string, app = ''): Promise<readonly WatchedPod[]> {
  const listed = await lab.kubectl(['get', 'pods', '-n', namespace, ...(app === '' ? [] : ['-l', `app=${app}`]), '-o', 'json'])
  return (JSON.parse(listed).items as WatchedPod[]).filter(({ metadata }) => metadata.deletionTimestamp === undefined)
}
const placedIn = async (namespace: string) => (await podsOf(namespace)).filter(({ spec }) => spec.nodeName !== undefined)
const policyText = (namespace: string, path: string, name = 'p') =>
  lab.kubectl(['get', 'ppol', name, '-n', namespace, '-o', `jsonpath=${path}`])

interface ShownPlan {
  readonly metadata: { readonly name: string }
  readonly spec: { readonly decision: string; readonly policy?: string; readonly algorithm: string; readonly placements: { pod: string }[] }
  readonly status?: { readonly state: string }
}
const plansFor = async (policy: string): Promise<readonly ShownPlan[]> => {
  const { items } = JSON.parse(await lab.kubectl(['get', 'placementplans', '-n', HOME, '-o', 'json'])) as {
    items: ShownPlan[]
  }
  return items.filter(({ spec }) => spec.policy === policy)
}

describe('edgetwin in mode auto', () => {
  let edgetwin: EdgetwinProcess
  beforeAll(async () => {
    await apply(
      aPolicy('free', { ...auto, algorithm: 'heft' }),
      aPolicy('edge', { ...auto, algorithm: 'edge' }),
      aPolicy('watched', { mode: 'observe' }),
      aPolicy('advised', { mode: 'advise' }),
      aPolicy('asked', { mode: 'approve' }),
      aPolicy('asked', { mode: 'auto', budget: { movesPerHour: 1 }, selector: { matchLabels: { app: 'first' } } }, 'younger'),
    )
    await apply(...['free', 'edge', 'watched', 'advised'].map((namespace) => aDeployment(namespace, 'web')), aDeployment('asked', 'first'))
    const site = ['--cluster', 'kubernetes', '--kubeconfig', lab.kubeconfig, '--site', 'lab', '--mode', 'auto']
    edgetwin = await startEdgetwin([...site, '--data-dir', freshDataDir(), '--no-this-machine', '--log-level', 'error'])
  }, 60_000)
  afterAll(() => edgetwin?.kill('SIGTERM'))

  it('does with each pod what its own policy says, by the algorithm that it names', async () => {
    await eventually('those that may be are placed', async () => (await placedIn('free')).length + (await placedIn('edge')).length === 2)
    await eventually('one asks, one advises', async () => (await plansFor('asked/p')).length * (await plansFor('advised/p')).length > 0)
    for (const namespace of ['asked', 'advised', 'watched']) expect(await placedIn(namespace)).toEqual([])
    expect((await plansFor('free/p')).map(({ spec }) => spec.algorithm.split(' ')[0])).toEqual(['heft'])
    expect((await plansFor('edge/p')).map(({ spec }) => spec.algorithm.split(' ')[0])).toEqual(['edge'])
    expect((await placedIn('edge'))[0]?.spec.nodeName).toBe('edge-1')
    expect(await plansFor('watched/p')).toEqual([])
    const [advice] = await plansFor('advised/p')
    const said = await edgetwin.send<{ detail: string }>('POST', `/api/v1/plans/${advice?.spec.decision}/approve`, { reason: '' })
    expect([said.status, said.body.detail]).toEqual([409, expect.stringContaining('policy advised/p is in mode advise')])
  })

  it('tells in columns and conditions what became of each', async () => {
    await eventually('all are acknowledged', async () => !(await lab.kubectl(['get', 'ppol', '-A'])).includes('<none>'))
    const line = async (namespace: string, name: string) =>
      (await lab.kubectl(['get', 'ppol', name, '-n', namespace, '--no-headers'])).trim().split(/ +/).slice(0, 7)
    await eventually('counted', async () => (await policyText('asked', '{.status.matchedPods}', 'younger')) === '1')
    expect(await lab.kubectl(['get', 'ppol', '-n', 'free'])).toMatch(/^NAME +MODE +ALGORITHM +PAUSED +READY +PODS +CONFLICT +AGE/)
    expect(await line('free', 'p')).toEqual(['p', 'auto', 'heft', 'false', 'True', '1', 'False'])
    expect(await line('asked', 'p')).toEqual(['p', 'approve', 'portfolio', 'false', 'True', '1', 'False'])
    expect(await line('asked', 'younger')).toEqual(['younger', 'auto', 'portfolio', 'false', 'True', '0', 'True'])
    expect(await policyText('asked', '{.status.conditions[?(@.type=="Conflict")].message}', 'younger')).toMatch(
      /spoken for 1 by p: the oldest/,
    )
    expect(await policyText('free', '{.status.observedGeneration} {.status.lastPlan}')).toBe(
      `1 ${(await plansFor('free/p'))[0]?.metadata.name}`,
    )
    await apply(aPolicy('free', { ...auto, algorithm: 'heft', paused: true, strategy: 'binding' }))
    await eventually('the change is seen', async () => (await policyText('free', '{.status.observedGeneration}')) === '2')
    expect(await policyText('free', '{.status.conditions[?(@.type=="Ready")].reason}')).toBe('BindingNotGranted')
  })

  it('keeps the plan that a person is asked about, the same wherever they look, while others come beside it', async () => {
    const [first] = await plansFor('asked/p')
    const { decision } = first!.spec
    await apply(aDeployment('asked', 'second', { replicas: 2 }))
    const second = await eventually('the others have a plan of their own', async () =>
      (await plansFor('asked/p')).find(({ spec }) => spec.placements.length === 2),
    )
    const listed = async () =>
      JSON.parse((await promisify(execFile)(process.execPath, [TWINCTL, 'plan', 'list', '-o', 'json', '--server', edgetwin.url])).stdout)
    const waiting = (records: readonly DecisionRecord[]) =>
      records.flatMap(({ id, mode, desired }) => (mode === 'proposed' && desired?.policy === 'asked/p' ? [id] : [])).sort()
    const both = [decision, second.spec.decision].sort()
    for (const untilMs = performance.now() + 3_000; performance.now() < untilMs; ) {
      const { items } = await edgetwin.get<{ items: DecisionRecord[] }>('/api/v1/plans')
      expect(waiting(items)).toEqual(both)
      expect(waiting(await listed())).toEqual(both)
      const shown = (await plansFor('asked/p')).filter(({ status }) => status?.state === 'proposed')
      expect(shown.map(({ spec }) => spec.decision).sort()).toEqual(both)
    }
    await lab.kubectl(['patch', 'plan', first!.metadata.name, '-n', HOME, '--type=merge', '-p', '{"spec":{"approve":true}}'])
    const [pod] = await eventually('it is carried out', async () => {
      const placed = (await placedIn('asked')).filter(({ metadata }) => metadata.labels?.app === 'first')
      return placed.length === 1 ? placed : null
    })
    expect(pod?.metadata.annotations?.['edgetwin.dev/decision']).toBe(decision)
    await promisify(execFile)(process.execPath, [TWINCTL, 'plan', 'approve', second.spec.decision, '--server', edgetwin.url])
    await eventually('the other one too', async () => (await placedIn('asked')).length === 3)
    await eventually(
      'kubectl tells who said so',
      async () =>
        (await lab.kubectl(['get', 'plan', second.metadata.name, '-n', HOME, '-o', 'jsonpath={.status.conditions[0].status}'])) === 'True',
    )
  })

  it('moves nothing for less than the gain that is asked for', async () => {
    // Bound to a kubelet that starts nothing: that work waits in a queue, and could be moved.
    await apply(aPolicy('gain', { mode: 'advise', disruption: { minGainPercent: 100 } }))
    await lab.kubectl(['label', 'node', 'pi-1', 'type-'])
    await apply(aDeployment('gain', 'queue', { replicas: 4, spec: { nodeName: 'pi-1', schedulingGates: [] } }))
    await eventually('all four wait', async () => (await placedIn('gain')).length === 4)
    const rests = await eventually('why nothing is done', async () => {
      const { loopStatus } = await edgetwin.get<{ loopStatus: string }>('/api/v1/status')
      return /gains [\d.]+ % .*must bring 100.0 %/.test(loopStatus) ? loopStatus : null
    })
    expect(await plansFor('gain/p')).toEqual([])
    expect(rests).toBeTruthy()
    await apply(aPolicy('gain', { mode: 'advise', disruption: { minGainPercent: 1 } }))
    await eventually('a plan', async () => (await plansFor('gain/p')).length > 0)
    await lab.kubectl(['label', 'node', 'pi-1', 'type=kwok'])
    await lab.kubectl(['delete', 'deployment', 'queue', '-n', 'gain', '--wait=true'])
  })
})

describe('a single placement', () => {
  let cluster: Cluster
  let own: CustomResources
  let acting: Actuation
  let mayBind = true
  beforeAll(async () => {
    const parts = { client, clock: Date.now, random: Math.random, log: silent }
    cluster = runCluster({ ...parts, onChange: () => {} })
    const allowed = createPodPolicies({ ...options(), mayBind: true })
    acting = runActuation({ ...parts, identity: 'test', namespace: 'default', budget: allowed.budget })
    const entities = () => NO_ENTITIES
    own = runCustomResources({ ...parts, site: 'other', namespace: HOME, entities, mayWrite: () => false, onVerdict: async () => {} })
    sinkOf = (nodes) =>
      createKubernetesSink({
        ...parts,
        strategy: 'gate',
        topK: 3,
        rank: () => nodes,
        carryOut: acting.carryOut,
        rulesFor: mayBind ? allowed.forSink : createPodPolicies({ ...options(), mayBind: false }).forSink,
      })
    await eventually('somebody leads', () => acting.leader.mayAct())
  })
  afterAll(async () => {
    await own?.stop()
    await acting?.stop()
    await cluster?.stop()
  })
  let sinkOf: (nodes: readonly string[]) => ReturnType<typeof createKubernetesSink>
  const options = () => ({
    pods: () => cluster.objects('pod'),
    nodes: () => cluster.objects('node'),
    areKnown: () => own.arePoliciesKnown(),
    rulesFor: (pod: Parameters<CustomResources['rulesFor']>[0]) => own.rulesFor(pod),
    policies: () => own.policies(),
    budget: { movesRatio: 1, coolDownMs: 0 },
    clock: Date.now,
  })

  let decisions = 0
  const place = (namespace: string, pod: string, nodes: readonly string[], from: string | null = null): Promise<PlacementResult> => {
    const placement = { pod: `${pod}.${namespace}`, from: from === null ? null : `${from}/cpu0`, to: `${nodes[0]}/cpu0` }
    return sinkOf(nodes).apply(aPlacement({ ...placement, image: 'example.com/resnet50:1' }), { decisionId: `d-${decisions++}` })
  }
  /** As the watch has it. */
  async function policy(namespace: string, spec: object, name = 'p'): Promise<void> {
    await apply(aPolicy(namespace, spec, name))
    const generation = Number(await policyText(namespace, '{.metadata.generation}', name))
    const isSeen = ({ metadata }: WatchedPolicy) =>
      metadata.namespace === namespace && metadata.name === name && metadata.generation === generation
    await eventually('the policy is seen', () => [...own.policies()].some(isSeen))
  }
  /** Running pods of one Deployment, all on one node. */
  async function running(namespace: string, app: string, { replicas = 1, node = 'edge-1' } = {}): Promise<readonly string[]> {
    await apply(aDeployment(namespace, app, { replicas }))
    const pods = await eventually('made', async () => {
      const made = await podsOf(namespace, app)
      return made.length === replicas && made.every(({ metadata }) => cluster.objects('pod').has(`${namespace}/${metadata.name}`))
        ? made
        : null
    })
    for (const { metadata } of pods) expect(await place(namespace, metadata.name, [node])).toMatchObject({ ok: true })
    return pods.map(({ metadata }) => metadata.name)
  }
  const refusedFor = (reason: RegExp) => ({ ok: false, reason: expect.stringMatching(reason) })
  const clock = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString().slice(11, 16)
  const moving = (over: object = {}, budget: object = { movesPerHour: 100 }) => ({ mode: 'auto', budget, ...over })

  it('is not made in a mode that touches nothing, nor while the policy is paused', async () => {
    await policy('moves', moving({ mode: 'observe' }))
    await apply(aDeployment('moves', 'still'))
    const [pod] = await eventually('made', async () => ((await podsOf('moves', 'still')).length === 1 ? podsOf('moves', 'still') : null))
    const name = pod!.metadata.name
    expect(await place('moves', name, ['edge-1'])).toEqual({ pod: `${name}.moves`, ...refusedFor(/policy moves\/p is in mode observe/) })
    await policy('moves', moving({ paused: true }))
    expect(await place('moves', name, ['edge-1'])).toMatchObject(refusedFor(/policy moves\/p is paused; set spec.paused to false/))
    await policy('moves', moving())
    expect(await place('moves', name, ['edge-1'])).toMatchObject({ ok: true })
  })

  it('of a running pod is made only within the windows', async () => {
    await policy('moves', moving({ disruption: { windows: [{ from: clock(2), to: clock(3) }] } }))
    const [pod] = await running('moves', 'windowed')
    expect(await place('moves', pod!, ['tx2-1'], 'edge-1')).toMatchObject(
      refusedFor(/lets running pods be moved only \d\d:\d\d–\d\d:\d\d UTC/),
    )
    await policy('moves', moving({ disruption: { windows: [{ from: clock(-1), to: clock(1) }] } }))
    expect(await place('moves', pod!, ['tx2-1'], 'edge-1')).toMatchObject({ ok: true })
  })

  it('of a running pod is made as often as the budget lets it: of the policy, off a node, of the same work', async () => {
    await policy('moves', moving({ selector: { matchLabels: { app: 'often' } } }, { movesPerHour: 1 }), 'a')
    await lab.kubectl(['delete', 'ppol', 'p', '-n', 'moves'])
    const [one, two] = await running('moves', 'often', { replicas: 2 })
    expect(await place('moves', one!, ['tx2-1'], 'edge-1')).toMatchObject({ ok: true })
    const spent = /^1 moves under policy moves\/a within 3600 s, and 1 are allowed/
    expect(await place('moves', two!, ['tx2-1'], 'edge-1')).toMatchObject(refusedFor(spent))
    await policy('moves', moving({ selector: { matchLabels: { app: 'often' } } }, { movesPerHour: 9, movesPerNodePerHour: 1 }), 'a')
    const offNode = /^1 moves under policy moves\/a off node edge-1 within 3600 s, and 1 are allowed/
    expect(await place('moves', two!, ['tx2-1'], 'edge-1')).toMatchObject(refusedFor(offNode))
    await policy('moves', moving({ selector: { matchLabels: { app: 'often' } } }, { movesPerHour: 0 }), 'a')
    expect(await place('moves', two!, ['tx2-1'], 'edge-1')).toMatchObject(refusedFor(/allows no moves/))

    await policy('moves', moving({ selector: { matchLabels: { app: 'rests' } } }, { movesPerHour: 9, coolDownSeconds: 600 }), 'b')
    const [first] = await running('moves', 'rests')
    const moved = await place('moves', first!, ['tx2-1'], 'edge-1')
    const next = (moved.ok ? moved.replacement : null)?.replace('.moves', '')
    await eventually('its replacement is seen', () => cluster.objects('pod').get(`moves/${next}`)?.spec.nodeName === 'tx2-1')
    expect(await place('moves', next!, ['edge-1'], 'tx2-1')).toMatchObject(
      refusedFor(/was moved a short while ago and is left alone for \d+ s more/),
    )
  })

  it('of a running pod leaves no gap where none may be', async () => {
    await policy('moves', moving({ selector: { matchLabels: { app: 'gapless' } }, disruption: { mayLeaveGap: false } }), 'c')
    const [pod] = await running('moves', 'gapless')
    expect(await place('moves', pod!, ['tx2-1'], 'edge-1')).toMatchObject(refusedFor(/may leave no gap/))
  })

  it('leaves the scheduler as many nodes as topK says, or none when it is bound', async () => {
    const hosts = async (namespace: string, pod: string) => {
      const { spec } = (await podsOf(namespace)).find(({ metadata }) => metadata.name === pod)!
      const [term] = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []
      return term?.matchExpressions?.flatMap(({ values = [] }) => values).sort()
    }
    const wanted = ['tx2-1', 'tx2-2', 'tx2-3', 'edge-1']
    for (const [topK, expected] of [
      [1, ['tx2-1']],
      [2, ['tx2-1', 'tx2-2']],
    ] as const) {
      await policy('bound', moving({ topK }))
      await apply(aDeployment('bound', `top-${topK}`))
      const [pod] = await eventually('made', async () => {
        const made = await podsOf('bound', `top-${topK}`)
        return made.length === 1 ? made : null
      })
      expect(await place('bound', pod!.metadata.name, wanted)).toMatchObject({ ok: true })
      expect(await hosts('bound', pod!.metadata.name)).toEqual(expected)
    }
    await policy('bound', moving({ strategy: 'binding' }))
    await apply(aDeployment('bound', 'past', { spec: { schedulerName: 'edgetwin' } }))
    const [pod] = await eventually('made', async () => {
      const made = await podsOf('bound', 'past')
      return made.length === 1 ? made : null
    })
    mayBind = false
    expect(await place('bound', pod!.metadata.name, ['tx2-3'])).toMatchObject(
      refusedFor(/asks for strategy binding, and edgetwin may not bind/),
    )
    mayBind = true
    expect(await place('bound', pod!.metadata.name, ['tx2-3', 'edge-1'])).toMatchObject({ ok: true })
    expect((await podsOf('bound', 'past'))[0]?.spec.nodeName).toBe('tx2-3')
  })

  it('is refused for a pod that is gone, and evicts none that nobody would make anew', async () => {
    const pod = { apiVersion: 'v1', kind: 'Pod', ...template('bare', {}) }
    await apply({ ...pod, metadata: { ...pod.metadata, name: 'bare', namespace: 'free' } })
    await apply(aPolicy('free', moving()))
    await eventually(
      'seen',
      () => cluster.objects('pod').has('free/bare') && own.rulesFor({ namespace: 'free', labels: {} })?.isPaused === false,
    )
    expect(await place('free', 'bare', ['edge-1'])).toMatchObject({ ok: true })
    const bare = refusedFor(/^pod bare has no owner that would make another, so it is not moved$/)
    expect(await place('free', 'bare', ['tx2-1'], 'edge-1')).toMatchObject(bare)
    expect((await podsOf('free', 'bare'))[0]?.spec.nodeName).toBe('edge-1')
    const forLoop = createPodPolicies({ ...options(), mayBind: true }).forLoop('bare.free')
    expect(forLoop).toMatchObject({ policy: 'free/p', stays: expect.stringContaining('no owner') })
    await lab.kubectl(['delete', 'pod', 'bare', '-n', 'free', '--now'])
    expect(await place('free', 'bare', ['tx2-1'], 'edge-1')).toMatchObject(refusedFor(/^there is no pod bare in free$/))
  })
})

it('looks at a plan once more before it acts: one that became wrong meanwhile is not carried out', async () => {
  let state: TwinState = emptyTwin
  const publish = async (events: readonly TwinEvent[]) => {
    state = applyEvents(
      state,
      events.map((event, index) => {
        const sequence = state.sequence + 1 + index
        return { sequence, position: { topic: 'cluster', partition: 0, offset: sequence }, event }
      }),
    )
    return []
  }
  const config = readConfig({ flags: { cluster: 'kubernetes', kubeconfig: lab.kubeconfig, kubeNamespace: HOME }, environment: {} })
  const registry = defaultRegistry()
  const common = () => ({ site: 'again', timeMs: Date.now(), source: 'test' })
  const site = await connectRealSite({
    config,
    site: 'again',
    state: () => state,
    registry,
    publish,
    judge: async () => {},
    clock: Date.now,
    log: silent,
  })
  try {
    await apply(aPolicy('rechecked', auto))
    await eventually('it leads', () => site.checks?.().some(({ name, ok, detail }) => name === 'leader' && ok && detail.endsWith(' leads')))
    await publish([{ type: 'loop.modeChanged', ...common(), mode: 'auto', by: 'test' }])
    await apply(aDeployment('rechecked', 'web'))
    const pod = await eventually('the twin knows of the pod', () =>
      [...state.entities.pod.keys()].find((name) => name.endsWith('.rechecked')),
    )
    const wanted = async () => {
      await publish([{ type: 'clock.ticked', ...common() }])
      const id = `d-${state.sequence}`
      const step = nextLoopStep(state, { id, registry, settings: config, rulesFor: site.rulesFor! })
      if (step.kind !== 'propose') return null
      const { decision } = step.decided
      const placement = decision.placements.find((each) => each.pod === pod)
      if (placement === undefined) {
        // Of the pods of other policies, which are only advised about.
        await publish([{ type: 'decision.made', ...common(), decision }])
        return null
      }
      await publish([
        { type: 'decision.made', ...common(), decision },
        { type: 'decision.approved', ...common(), id, by: 'loop', reason: '' },
      ])
      return { id, placement }
    }
    const first = await eventually('a plan', wanted)
    const node = first.placement.to.split('/')[0]!
    await lab.kubectl(['cordon', node])
    await eventually('the twin knows', () => state.entities.node.get(node)?.reported.conditions?.value.cordoned)
    expect(await site.sink.apply(first.placement, { decisionId: first.id })).toMatchObject({
      ok: false,
      reason: expect.stringMatching(new RegExp(`${first.placement.to} takes no work: .*cordoned`)),
    })
    await lab.kubectl(['uncordon', node])
    await publish([{ type: 'decision.expired', ...common(), id: first.id, reason: 'test' }])
    const second = await eventually('another plan', wanted)
    await apply(aPolicy('rechecked', { mode: 'approve' }))
    await eventually('the policy is seen', () => site.rulesFor?.(pod).mode === 'approve')
    expect(await site.sink.apply(second.placement, { decisionId: second.id })).toMatchObject({
      ok: false,
      reason: 'policy rechecked/p wants plans approved by a person, and this one was not',
    })
    expect(await site.sink.apply(second.placement, { decisionId: 'd-unheard-of' })).toMatchObject({
      ok: false,
      reason: 'there is no plan d-unheard-of any more',
    })
    expect(await placedIn('rechecked')).toEqual([])
    await apply(aPolicy('rechecked', auto))
    await eventually('the policy is seen', () => site.rulesFor?.(pod).mode === 'auto')
    expect(await site.sink.apply(second.placement, { decisionId: second.id })).toMatchObject({ ok: true })
  } finally {
    await site.stop()
  }
})
