/** What is installed, on a real API server: every manifest is taken, each account may do exactly what it needs, people approve by kubectl. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { parse, parseAllDocuments } from 'yaml'
import { createKubeClient, type KubeClient, type KubeRequest } from '../../connectors/kubernetes/kube-client.ts'
import { loadKubeConfig } from '../../connectors/kubernetes/kube-config.ts'
import { KubeFailure } from '../../connectors/kubernetes/kube-failure.ts'
import { runCustomResources, type Verdict } from '../../connectors/kubernetes/resources/custom-resources.ts'
import { partsOf, ROLES } from '../../models/contracts/access.ts'
import { aNewCamera } from '../../models/entities/camera.ts'
import { aNewDecisionRecord, applyDecisionEvent, type DecisionEvent, type DecisionRecord } from '../../models/entities/decision-record.ts'
import { NO_ENTITIES } from '../../models/entities/entity-maps.ts'
import type { Logger } from '../../models/ports.ts'
import { AT_MS, aDecision } from '../../models/testing/events.ts'
import { readConfig } from '../config.ts'
import { CHART_DIR, OVERLAYS, renderChart, renderKustomize } from '../kustomize/render.ts'
import { helmDist } from '../lab/helm-dist.ts'
import { type KubernetesLab, readAudit, startKubernetes } from '../lab/kubernetes.ts'
import { runTool } from '../lab/tools.ts'
import { eventually } from '../testing/eventually.ts'

const NAMESPACE = 'edgetwin-system'
const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const KUSTOMIZE_DIR = join(import.meta.dirname, '../kustomize')

let lab: KubernetesLab
let helm: string
let admin: KubeClient
const clients: KubeClient[] = []

beforeAll(async () => {
  const progress = (line: string) => void process.stderr.write(`${line}\n`)
  helm = await helmDist(progress)
  lab = await startKubernetes({ identities: ['alice=alice', 'bob=bob'], progress })
  admin = clientOf(lab.kubeconfig)
  await lab.kubectl(['apply', '-f', join(KUSTOMIZE_DIR, 'base/namespace.yaml')])
  await lab.kubectl(['apply', '-f', join(CHART_DIR, 'crds')])
  await eventually('the definitions are served', async () => (await statusOf(admin, { path: `${PLANS}` })) === 200)
  await eventually(
    'a default account',
    async () => (await statusOf(admin, { path: '/api/v1/namespaces/default/serviceaccounts/default' })) === 200,
  )
}, 1_500_000)
afterAll(async () => {
  for (const client of clients) client.close()
  await lab?.stop()
})

const API = '/apis/edgetwin.dev/v1alpha1'
const PLANS = `${API}/namespaces/${NAMESPACE}/placementplans`
const PODS = '/api/v1/namespaces/default/pods'

function clientOf(kubeconfig: string): KubeClient {
  const client = createKubeClient(() => loadKubeConfig({ kubeconfig }))
  clients.push(client)
  return client
}
/** 200 when it was done; else what the server answered. */
const answerOf = (client: KubeClient, wanted: KubeRequest): Promise<{ readonly status: number; readonly message: string }> =>
  client.request(wanted).then(
    () => ({ status: 200, message: '' }),
    (error: unknown) => {
      if (error instanceof KubeFailure) return { status: error.status, message: error.message }
      throw error
    },
  )
const statusOf = async (client: KubeClient, wanted: KubeRequest): Promise<number> => (await answerOf(client, wanted)).status
const apply = (text: string, ...flags: readonly string[]) => lab.kubectl(['apply', ...flags], text)

interface Rendered {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly rules?: readonly {
    readonly apiGroups: readonly string[]
    readonly resources: readonly string[]
    readonly verbs: readonly string[]
  }[]
  readonly data?: Readonly<Record<string, string>>
  readonly spec?: { readonly template?: { readonly metadata: object; readonly spec: Readonly<Record<string, unknown>> } }
}
const render = (...set: readonly string[]): Promise<string> => renderChart({ helm, set })
const objectsOf = (text: string): readonly Rendered[] => parseAllDocuments(text).map((document) => document.toJS() as Rendered)

const KAFKA = ['settings.eventLog=kafkajs', 'settings.kafkaBrokers={kafka:9092}', 'settings.kafkaGroup=edgetwin']
const VARIANTS: readonly (readonly [string, readonly string[]])[] = [
  ['as it is', []],
  ['advise', ['mode=advise']],
  ['approve', ['mode=approve']],
  ['auto, in two namespaces', ['mode=auto', 'namespaces={default,kube-public}']],
  ['auto, by binding', ['mode=auto', 'placement=binding']],
  ['auto, with surges', ['mode=auto', 'surge=true']],
  [
    'two replicas over Kafka',
    [
      'mode=auto',
      'replicas=2',
      ...KAFKA,
      'secretFiles.kafkaPasswordFile.secret=kafka',
      'secretFiles.kafkaPasswordFile.key=password',
      'settings.kafkaUsername=edgetwin',
    ],
  ],
  ['without a volume of its own, with exporters', ['exporter.enabled=true', 'exporter.namespace=kube-public', 'persistence.enabled=false']],
  ['without network policies, outside', ['networkPolicy.enabled=false', 'service.type=NodePort']],
]

describe('the chart', () => {
  it('is well, by Helm', async () => {
    expect(await runTool(helm, ['lint', '--strict', CHART_DIR], { remedy: 'see what Helm says' })).toContain('0 chart(s) failed')
  })
  it.each(VARIANTS)('%s: every manifest is taken by the API server, and its settings by edgetwin', async (_, set) => {
    const rendered = await render(...set)
    const taken = await apply(rendered, '--dry-run=server')
    const objects = objectsOf(rendered).filter((object) => object?.kind !== undefined)
    expect(taken.match(/\(server dry run\)/g)).toHaveLength(objects.length)
    const settings = objects.find(({ kind, data }) => kind === 'ConfigMap' && data !== undefined)?.data?.['settings.yaml'] ?? ''
    const file = join(lab.dir, 'settings.yaml')
    writeFileSync(file, settings)
    const environment = { EDGETWIN_TOKEN: 'a-token-of-16-or-more' }
    expect(readConfig({ flags: {}, environment, file })).toMatchObject({ cluster: 'kubernetes', kubeNamespace: NAMESPACE, host: '0.0.0.0' })
  })
  it.each(VARIANTS)('%s: its pods are as the restricted standard asks, and one that is not is refused', async (_, set) => {
    const workloads = objectsOf(await render(...set)).filter(({ kind }) => kind === 'StatefulSet' || kind === 'Deployment')
    expect(workloads.length).toBeGreaterThan(0)
    for (const { spec } of workloads) {
      const { metadata, spec: pod = {} } = spec?.template ?? {}
      // Its account and its volume are made by others than us; the pod itself is what is judged.
      const body = (more: object) => ({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { ...metadata, name: 'judged' },
        spec: { ...pod, serviceAccountName: 'default', volumes: [...volumesOf(pod), { name: 'data', emptyDir: {} }], ...more },
      })
      const wanted = { method: 'POST', path: `/api/v1/namespaces/${NAMESPACE}/pods`, query: { dryRun: 'All' } } as const
      expect(await answerOf(admin, { ...wanted, body: body({}) })).toEqual({ status: 200, message: '' })
      for (const bad of [
        { hostNetwork: true },
        { securityContext: { runAsUser: 0 } },
        { volumes: [...volumesOf(pod), { name: 'data', hostPath: { path: '/' } }] },
      ])
        expect(await answerOf(admin, { ...wanted, body: body(bad) })).toMatchObject({
          status: 403,
          message: expect.stringContaining('PodSecurity'),
        })
    }
  })
  it.each([
    ['mode=sometimes', /mode/],
    ['replicas=2', /eventLog/],
    ['replicas=0', /replicas/],
    ['site=Not A Name', /site/],
    ['settings.mode=auto', /settings/],
    ['secretFiles.token.secret=a', /secretFiles/],
    ['image.tag=latest', /tag/],
    ['networkPolicy.apiServer.cidrs={everywhere}', /cidrs/],
    ['modes=auto', /modes/],
  ])('refuses %s', (set, said) => expect(render(set)).rejects.toThrow(said))
  it('grants people the rights of their roles, and what kubectl needs for them', async () => {
    const objects = objectsOf(await render())
    for (const [role, rights] of Object.entries(ROLES)) {
      const rules = objects.find(({ kind, metadata }) => kind === 'ClusterRole' && metadata.name === `edgetwin-${role}`)?.rules ?? []
      const granted = rules.flatMap(({ resources, verbs }) => resources.flatMap((path) => verbs.map((verb) => `${verb} ${path}`)))
      const stored = / (placementpolicies|placementplans|cameras)$/
      const wanted = rights.map((right) => {
        const { verb, resource, subresource } = partsOf(right)
        return `${verb} ${subresource === '' ? resource : `${resource}/${subresource}`}`
      })
      expect(granted.filter((right) => !stored.test(right)).sort()).toEqual([...wanted].sort())
      expect(granted.includes('patch placementplans')).toBe(wanted.includes('create placements/apply'))
      expect(granted.includes('update placementpolicies')).toBe(wanted.includes('update policies'))
    }
  })
  it('needs a token of its own only where RBAC does not decide who may do what', async () => {
    expect(await render()).not.toContain('optional: true')
    expect(await render('settings.access=kubernetes')).toMatch(/EDGETWIN_TOKEN\n +valueFrom: .*optional: true/)
  })
  it('adds the gate as the API server is able to, or tells people how', async () => {
    const old = await renderChart({ helm, set: ['mode=auto'], kubernetes: '1.34.0' })
    expect(old).not.toContain('MutatingAdmissionPolicy')
    expect(await render('mode=auto')).toContain('apiVersion: admissionregistration.k8s.io/v1\nkind: MutatingAdmissionPolicy')
    expect(await render()).not.toContain('name: edgetwin-gate')
    await expect(renderChart({ helm, kubernetes: '1.29.0' })).rejects.toThrow(/>=1.30/)
  })
})

const volumesOf = (pod: Readonly<Record<string, unknown>>): readonly { readonly name: string }[] =>
  ((pod.volumes as readonly { readonly name: string }[] | undefined) ?? []).filter(({ name }) => name !== 'data')

describe('kustomize', () => {
  it('has what the chart has', async () => {
    const files = await renderKustomize(helm)
    for (const [path, text] of files) expect([path, readFileSync(join(KUSTOMIZE_DIR, path), 'utf8')]).toEqual([path, text])
  })
  it.each(OVERLAYS)('%s is taken by the API server', async (mode) => {
    const text = await lab.kubectl(['kustomize', join(KUSTOMIZE_DIR, 'overlays', mode)])
    const count = objectsOf(text).length
    expect((await apply(text, '--dry-run=server')).match(/\(server dry run\)/g)).toHaveLength(count)
    expect(count).toBe(objectsOf(await render(`mode=${mode}`)).filter((object) => object?.kind !== undefined).length + 1)
  })
})

const aPolicy = (spec: object) => ({ apiVersion: 'edgetwin.dev/v1alpha1', kind: 'PlacementPolicy', metadata: { name: 'p' }, spec })
const planSpec = {
  decision: 'd-1',
  site: 'edge',
  madeAt: '2026-11-21T12:00:00Z',
  expiresAt: '2026-11-21T12:01:00Z',
  algorithm: 'heft',
  podCount: 1,
  predicted: { makespanMs: 1_000, gainPercent: 20 },
  placements: [{ pod: 'a.default', to: 'edge-1/gpu0' }],
}
const aPlan = (name: string, spec: object = {}) => ({
  apiVersion: 'edgetwin.dev/v1alpha1',
  kind: 'PlacementPlan',
  metadata: { name },
  spec: { ...planSpec, ...spec },
})
const change = (name: string, spec: object): KubeRequest => ({
  method: 'PATCH',
  path: `${PLANS}/${name}`,
  contentType: 'application/merge-patch+json',
  body: { spec },
})

describe('the definitions', () => {
  const selecting = (expression: object) => ({ selector: { matchExpressions: [expression] } })
  const within = (from: string, to: string) => ({ disruption: { windows: [{ from, to }] } })
  it.each([
    [{ mode: 'auto' }, 'mode auto needs a budget: say how many pods may be moved in an hour'],
    [{ strategy: 'binding', topK: 3 }, 'strategy binding puts a pod on one node'],
    [{ topK: 17 }, 'less than or equal to 16'],
    [{ mode: 'always' }, 'supported values: "observe", "advise", "approve", "auto"'],
    [{ algorithm: 'best' }, 'supported values: "heft"'],
    [{ budget: {} }, 'movesPerHour: Required value'],
    [{ budget: { movesPerHour: 1, movesPerNodePerHour: 2 } }, 'movesPerNodePerHour may not exceed movesPerHour'],
    [{ selector: { matchLabels: { 'not a name': 'x' } } }, "a label's name is made of letters"],
    [{ selector: { matchLabels: { app: 'not a value' } } }, 'should match'],
    [{ selector: { matchLabels: { 'edgetwin.dev/placement': 'mine' } } }, 'so this selector matches none'],
    [selecting({ key: 'app', operator: 'In' }), 'operator In needs values to compare with'],
    [selecting({ key: 'app', operator: 'Exists', values: ['a'] }), 'operator Exists compares with nothing: leave values out'],
    [selecting({ key: 'app', operator: 'Like', values: ['a'] }), 'supported values: "In", "NotIn", "Exists", "DoesNotExist"'],
    [within('10:00', '10:00'), 'is never open; leave windows out to allow any time'],
    [within('24:00', '10:00'), 'should match'],
  ])('a policy %j is refused with a sentence', async (spec, sentence) => {
    const path = `${API}/namespaces/default/placementpolicies`
    const answer = await answerOf(admin, { method: 'POST', path, query: { dryRun: 'All' }, body: aPolicy(spec) })
    expect(answer).toEqual({ status: 422, message: expect.stringContaining(sentence) })
  })
  it('a policy without anything is one that only observes', async () => {
    const path = `${API}/namespaces/default/placementpolicies`
    const made = await admin.request({ method: 'POST', path, query: { dryRun: 'All' }, body: aPolicy({}) })
    expect(made).toMatchObject({ spec: { mode: 'observe', paused: false, algorithm: 'portfolio', strategy: 'gate', selector: {} } })
  })
  it('a plan is approved or rejected once, and never changed', async () => {
    await admin.request({ method: 'POST', path: PLANS, body: aPlan('kept') })
    const changes = [
      { algorithm: 'cpop' },
      { podCount: 2 },
      { placements: [] },
      { placements: null },
      { trigger: 'mine' },
      { predicted: { gainPercent: 90 } },
    ]
    for (const spec of [...changes, { expiresAt: '2027-01-01T00:00:00Z' }])
      expect(await answerOf(admin, change('kept', spec))).toEqual({
        status: 422,
        message: expect.stringContaining('a plan is not changed, only approved'),
      })
    expect(await statusOf(admin, change('kept', { approve: false }))).toBe(200)
    for (const approve of [true, null])
      expect(await answerOf(admin, change('kept', { approve }))).toMatchObject({ message: expect.stringContaining('is not taken back') })
    const backwards = aPlan('backwards', { expiresAt: '2026-11-21T11:00:00Z' })
    expect(await answerOf(admin, { method: 'POST', path: PLANS, body: backwards })).toMatchObject({
      status: 422,
      message: expect.stringContaining('before it was made'),
    })
  })
  it('are listed in columns, by short names and together', async () => {
    expect(await lab.kubectl(['get', 'plan', '-n', NAMESPACE])).toMatch(
      /^NAME +PODS +ALGORITHM +GAIN% +APPROVE +STATE +EXPIRES +AGE\nkept +1 +heft +20 +false/,
    )
    await apply(JSON.stringify({ ...aPolicy({}), metadata: { name: 'shown', namespace: 'default' } }))
    expect(await lab.kubectl(['get', 'ppol', '-n', 'default'])).toMatch(/shown +observe +portfolio +false/)
    const all = await lab.kubectl(['get', 'edgetwin', '--all-namespaces'])
    expect(all).toMatch(/placementplan.edgetwin.dev\/kept[\s\S]*placementpolicy.edgetwin.dev\/shown/)
    await lab.kubectl(['delete', 'ppol', 'shown', '-n', 'default'])
    await lab.kubectl(['delete', 'plan', 'kept', '-n', NAMESPACE])
  })
})

/** One token for each account; a kubeconfig that shows it. */
async function clientAs(account: string, namespace = NAMESPACE): Promise<KubeClient> {
  const token = (await lab.kubectl(['create', 'token', account, '-n', namespace, '--duration=1h'])).trim()
  const config = parse(readFileSync(lab.kubeconfig, 'utf8'))
  config.users[0].user = { token }
  const file = join(lab.dir, `${account}.kubeconfig`)
  writeFileSync(file, JSON.stringify(config))
  return clientOf(file)
}

interface Review {
  readonly status: {
    readonly resourceRules: readonly {
      readonly verbs: readonly string[]
      readonly apiGroups?: readonly string[]
      readonly resources?: readonly string[]
      readonly resourceNames?: readonly string[]
    }[]
  }
}
/** "verb resource.group" or "verb resource.group/name", sorted. */
async function rightsOf(client: KubeClient, namespace: string): Promise<readonly string[]> {
  const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview', spec: { namespace } }
  const { status } = await client.request<Review>({ method: 'POST', path: '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', body })
  const rights = status.resourceRules.flatMap(({ verbs, apiGroups = [], resources = [], resourceNames = [''] }) =>
    verbs.flatMap((verb) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) =>
          resourceNames.map((name) => `${verb} ${resource}${group === '' ? '' : `.${group}`}${name === '' ? '' : `/${name}`}`),
        ),
      ),
    ),
  )
  return [...new Set(rights)].sort()
}
const each = (verbs: string, ...resources: readonly string[]): readonly string[] =>
  resources.flatMap((resource) => verbs.split(' ').map((verb) => `${verb} ${resource}`))

const OURS = ['placementpolicies.edgetwin.dev', 'placementplans.edgetwin.dev', 'cameras.edgetwin.dev']
const OBSERVER = [
  ...each('get list watch', 'nodes', 'pods', 'namespaces', 'events.events.k8s.io', 'poddisruptionbudgets.policy'),
  ...each('get list watch', 'resourceslices.resource.k8s.io', 'resourceclaims.resource.k8s.io', 'deviceclasses.resource.k8s.io', ...OURS),
  ...each('create', 'tokenreviews.authentication.k8s.io', 'subjectaccessreviews.authorization.k8s.io'),
]
const NODE_LEASES = each('get list watch', 'leases.coordination.k8s.io')
const WRITER = each('patch', 'placementpolicies/status.edgetwin.dev')
const WRITER_AT_HOME = [
  ...each('create patch delete', 'placementplans.edgetwin.dev', 'cameras.edgetwin.dev'),
  ...each('patch', 'placementplans/status.edgetwin.dev', 'cameras/status.edgetwin.dev'),
]
const ACTUATOR = ['patch pods', 'create pods/eviction', 'create events.events.k8s.io']
const ACTUATOR_AT_HOME = each('get update', 'leases.coordination.k8s.io/edgetwin', 'configmaps/edgetwin-ledger')

describe('in each mode the accounts', () => {
  const rights: readonly (readonly [mode: string, account: string, anywhere: readonly string[], atHome: readonly string[]])[] = [
    ['observe', 'edgetwin-observer', OBSERVER, []],
    ['observe', 'edgetwin-actuator', OBSERVER, []],
    ['advise', 'edgetwin-observer', OBSERVER, []],
    ['advise', 'edgetwin-actuator', [...OBSERVER, ...WRITER], WRITER_AT_HOME],
    ['auto', 'edgetwin-observer', OBSERVER, []],
    ['auto', 'edgetwin-actuator', [...OBSERVER, ...WRITER, ...ACTUATOR], [...WRITER_AT_HOME, ...ACTUATOR_AT_HOME]],
    ['auto', 'edgetwin-ungate', each('list patch', 'pods'), []],
    [
      'auto,surge=true',
      'edgetwin-actuator',
      [...OBSERVER, ...WRITER, ...ACTUATOR, ...each('get patch', 'deployments.apps')],
      [...WRITER_AT_HOME, ...ACTUATOR_AT_HOME],
    ],
    ['auto', 'edgetwin-actuator', [...OBSERVER, ...WRITER, ...ACTUATOR], [...WRITER_AT_HOME, ...ACTUATOR_AT_HOME]],
  ]
  let installed = ''
  it.each(rights)('%s: %s may do exactly what it needs', async (mode, account, anywhere, atHome) => {
    if (installed !== mode) await apply(await render(`mode=${mode}`))
    installed = mode
    const nobody = await clientAs('default', 'default')
    const client = await clientAs(account)
    const watches = account === 'edgetwin-ungate' ? [] : NODE_LEASES
    for (const [namespace, more] of [
      ['default', []],
      ['kube-system', []],
      [NAMESPACE, atHome],
      ['kube-node-lease', watches],
    ] as const) {
      const common = new Set(await rightsOf(nobody, namespace))
      const own = (await rightsOf(client, namespace)).filter((right) => !common.has(right))
      expect([namespace, own]).toEqual([namespace, [...new Set([...anywhere, ...more])].sort()])
    }
  })
})

describe('confined, in mode auto', () => {
  const merge = 'application/strategic-merge-patch+json' as const
  const patch = (name: string, body: object): KubeRequest => ({ method: 'PATCH', path: `${PODS}/${name}`, contentType: merge, body })
  const make = (path: string, body: object): KubeRequest => ({ method: 'POST', path, body })
  const podOf = (name: string, labels: object, more: object = {}) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels, annotations: { owner: 'team-a' } },
    spec: { containers: [{ name: 'c', image: 'example.com/x:1' }], ...more },
  })
  const required = (values: readonly string[]) => ({
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values }] }],
      },
    },
  })
  const lifted = { schedulingGates: [{ $patch: 'delete', name: 'edgetwin.dev/placement' }] }
  const decided = { annotations: { 'edgetwin.dev/decision': 'd-1' } }
  const eviction = (preconditions?: object) =>
    make(`${PODS}/ours/eviction`, {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: 'ours' },
      ...(preconditions === undefined ? {} : { deleteOptions: { preconditions } }),
    })
  const config = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } })
  const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'ours' }, target: { kind: 'Node', name: 'edge-1' } }
  const rbac = '/apis/rbac.authorization.k8s.io/v1'
  // The API server takes one more and no other change.
  const tolerating: KubeRequest = {
    ...patch('ours', [{ op: 'add', path: '/spec/tolerations/-', value: { key: 'mine', operator: 'Exists' } }]),
    contentType: 'application/json-patch+json',
  }
  let actuator: KubeClient
  let observer: KubeClient
  let ungate: KubeClient
  beforeAll(async () => {
    actuator = await clientAs('edgetwin-actuator')
    observer = await clientAs('edgetwin-observer')
    ungate = await clientAs('edgetwin-ungate')
    await eventually('the gate is given', async () => {
      const probe = podOf('probe', { 'edgetwin.dev/placement': 'twin' })
      const made = await admin.request<{ spec: { schedulingGates?: object[] } }>({ ...make(PODS, probe), query: { dryRun: 'All' } })
      return made.spec.schedulingGates
    })
    await admin.request(
      make(PODS, podOf('ours', { 'edgetwin.dev/placement': 'twin' }, { schedulingGates: [{ name: 'example.com/quota' }] })),
    )
    await admin.request(make(PODS, podOf('other', {}, { schedulingGates: [{ name: 'example.com/quota' }] })))
    await admin.request(make(PLANS, aPlan('waiting')))
    // Policies are taken up some time after they are made.
    await eventually('confined', async () => (await statusOf(actuator, patch('other', { metadata: decided }))) === 403)
  })

  const who = { actuator: () => actuator, observer: () => observer, ungate: () => ungate }
  const forbidden: readonly (readonly [what: string, who: keyof typeof who, call: KubeRequest])[] = [
    ['read secrets', 'actuator', { path: '/api/v1/secrets' }],
    ['make a pod', 'actuator', make(PODS, podOf('new', {}))],
    ['delete a pod', 'actuator', { method: 'DELETE', path: `${PODS}/ours` }],
    ['delete all pods', 'actuator', { method: 'DELETE', path: PODS }],
    ['write the status of a pod', 'actuator', { ...patch('ours', {}), path: `${PODS}/ours/status` }],
    ['resize a pod', 'actuator', { ...patch('ours', {}), path: `${PODS}/ours/resize` }],
    ['add a container to debug', 'actuator', { ...patch('ours', {}), path: `${PODS}/ours/ephemeralcontainers` }],
    ['run something in a pod', 'actuator', make(`${PODS}/ours/exec`, {})],
    ['read what a pod logs', 'actuator', { path: `${PODS}/ours/log` }],
    ['bind a pod past the scheduler', 'actuator', make(`${PODS}/ours/binding`, binding)],
    [
      'cordon a node',
      'actuator',
      { method: 'PATCH', path: '/api/v1/nodes/edge-1', contentType: merge, body: { spec: { unschedulable: true } } },
    ],
    ['delete a node', 'actuator', { method: 'DELETE', path: '/api/v1/nodes/edge-1' }],
    ['reach through a node', 'actuator', { path: '/api/v1/nodes/edge-1/proxy/metrics' }],
    ['delete a namespace', 'actuator', { method: 'DELETE', path: '/api/v1/namespaces/default' }],
    [
      'scale a Deployment',
      'actuator',
      { method: 'PATCH', path: '/apis/apps/v1/namespaces/default/deployments/web/scale', contentType: merge, body: {} },
    ],
    [
      'give a Deployment more pods',
      'actuator',
      { method: 'PATCH', path: '/apis/apps/v1/namespaces/default/deployments/web', contentType: merge, body: {} },
    ],
    ['make a ConfigMap', 'actuator', make(`/api/v1/namespaces/${NAMESPACE}/configmaps`, config('more'))],
    ['read another ConfigMap', 'actuator', { path: `/api/v1/namespaces/${NAMESPACE}/configmaps/edgetwin` }],
    ['list ConfigMaps', 'actuator', { path: `/api/v1/namespaces/${NAMESPACE}/configmaps` }],
    ['delete the ledger', 'actuator', { method: 'DELETE', path: `/api/v1/namespaces/${NAMESPACE}/configmaps/edgetwin-ledger` }],
    ['make a lease', 'actuator', make(`/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases`, { metadata: { name: 'more' } })],
    [
      "take the scheduler's lease",
      'actuator',
      { method: 'PUT', path: '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-scheduler', body: {} },
    ],
    ['make a token', 'actuator', make(`/api/v1/namespaces/${NAMESPACE}/serviceaccounts/edgetwin-ungate/token`, {})],
    [
      'grant itself a role',
      'actuator',
      make(`${rbac}/clusterrolebindings`, {
        metadata: { name: 'mine' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      }),
    ],
    [
      'widen its role',
      'actuator',
      { method: 'PATCH', path: `${rbac}/clusterroles/edgetwin-actuator`, contentType: merge, body: { rules: [] } },
    ],
    [
      'loosen its policy',
      'actuator',
      { method: 'DELETE', path: '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/edgetwin-actuator-pods' },
    ],
    ['set a policy of people', 'actuator', make(`${API}/namespaces/default/placementpolicies`, aPolicy({}))],
    ['show a plan elsewhere', 'actuator', make(`${API}/namespaces/default/placementplans`, aPlan('x'))],
    ['approve a plan', 'actuator', change('waiting', { approve: true })],
    ['make a plan that is approved', 'actuator', make(PLANS, aPlan('sly', { approve: true }))],
    [
      'say who approved',
      'actuator',
      { ...change('waiting', {}), body: { metadata: { annotations: { 'edgetwin.dev/approved-by': 'alice' } } } },
    ],
    ['touch a pod that is not its own', 'actuator', patch('other', { metadata: decided })],
    ['take the label from a pod', 'actuator', patch('ours', { metadata: { labels: { 'edgetwin.dev/placement': null } } })],
    ['add a label', 'actuator', patch('ours', { metadata: { labels: { mine: 'x' } } })],
    ['add an annotation of another', 'actuator', patch('ours', { metadata: { annotations: { mine: 'x' } } })],
    ['take an annotation of another', 'actuator', patch('ours', { metadata: { annotations: { owner: null } } })],
    ['add a finalizer', 'actuator', patch('ours', { metadata: { finalizers: ['example.com/x'] } })],
    [
      'own a pod',
      'actuator',
      patch('ours', { metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'x' }] } }),
    ],
    ['change an image', 'actuator', patch('ours', { spec: { containers: [{ name: 'c', image: 'example.com/evil:1' }] } })],
    ['add a toleration', 'actuator', tolerating],
    ['add a node selector', 'actuator', patch('ours', { spec: { nodeSelector: { a: 'b' } } })],
    ['set a deadline', 'actuator', patch('ours', { spec: { activeDeadlineSeconds: 5 } })],
    [
      'drop the gate of another',
      'actuator',
      patch('ours', {
        metadata: decided,
        spec: { schedulingGates: [{ $patch: 'delete', name: 'example.com/quota' }], affinity: required(['edge-1']) },
      }),
    ],
    ['drop the gate without a decision', 'actuator', patch('ours', { spec: { ...lifted, affinity: required(['edge-1']) } })],
    ['drop the gate without saying where', 'actuator', patch('ours', { metadata: decided, spec: lifted })],
    ['evict a pod unread', 'actuator', eviction()],
    ['evict a pod whatever it has become', 'actuator', eviction({ uid: 'x' })],
    ['touch a pod', 'observer', patch('ours', { metadata: decided })],
    ['evict a pod', 'observer', eviction({ uid: 'x', resourceVersion: '1' })],
    ['show a plan', 'observer', make(PLANS, aPlan('x'))],
    ['approve a plan', 'observer', change('waiting', { approve: true })],
    ['lead', 'observer', { path: `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases/edgetwin` }],
    [
      'narrow where a pod may go',
      'ungate',
      patch('ours', { metadata: { annotations: { 'edgetwin.dev/ungated': 'x' } }, spec: { affinity: required(['edge-1']) } }),
    ],
    ['drop the gate without a word', 'ungate', patch('ours', { spec: lifted })],
    ['touch another pod', 'ungate', patch('other', { metadata: { annotations: { 'edgetwin.dev/ungated': 'x' } } })],
    ['delete a pod', 'ungate', { method: 'DELETE', path: `${PODS}/ours` }],
    ['evict a pod', 'ungate', eviction({ uid: 'x', resourceVersion: '1' })],
  ]
  // One that were not refused would keep the next ones from being what they are.
  const rehearsed = (call: KubeRequest): KubeRequest => (call.method === undefined ? call : { ...call, query: { dryRun: 'All' } })
  it.each(forbidden)('nobody may %s as edgetwin-%s', async (_, account, call) => {
    expect(await answerOf(who[account](), rehearsed(call))).toMatchObject({ status: 403, message: expect.stringContaining('forbidden') })
  })

  it('does what it is for, and with its preconditions', async () => {
    const dry = { query: { dryRun: 'All' } } as const
    const release = { metadata: decided, spec: { ...lifted, affinity: required(['edge-1']) } }
    expect(await answerOf(actuator, { ...patch('ours', release), ...dry })).toEqual({ status: 200, message: '' })
    const note = { metadata: { annotations: { 'edgetwin.dev/ungated': 'no decision within 30 s' } } }
    for (const client of [ungate, actuator])
      expect(await statusOf(client, { ...patch('ours', { ...note, spec: lifted }), ...dry })).toBe(200)
    const { metadata } = await actuator.request<{ metadata: { uid: string; resourceVersion: string } }>({ path: `${PODS}/ours` })
    const { uid, resourceVersion } = metadata
    expect(await answerOf(actuator, { ...eviction({ uid, resourceVersion }), ...dry })).toEqual({ status: 200, message: '' })
    const ledger = `/api/v1/namespaces/${NAMESPACE}/configmaps/edgetwin-ledger`
    const held = await actuator.request<object>({ path: ledger })
    await actuator.request({ method: 'PUT', path: ledger, body: { ...held, data: { note: 'kept' } } })
    // Installing again leaves it as it is.
    await apply(await render('mode=auto'))
    expect(await actuator.request({ path: ledger })).toMatchObject({ data: { note: 'kept' } })
  })

  it.each([
    ['a labelled pod', 'default', {}, true],
    ['one that has the gate already', 'default', { schedulingGates: [{ name: 'edgetwin.dev/placement' }] }, true],
    ['one that is bound', 'default', { nodeName: 'edge-1' }, false],
    ['one of the cluster itself', 'kube-system', {}, false],
  ])('the gate and %s in %s', async (_, namespace, spec, isGated) => {
    const pod = podOf('probe', { 'edgetwin.dev/placement': 'twin' }, { ...spec, automountServiceAccountToken: false })
    const path = `/api/v1/namespaces/${namespace}/pods`
    const made = await admin.request<{ spec: { schedulingGates?: object[] } }>({ ...make(path, pod), query: { dryRun: 'All' } })
    expect(made.spec.schedulingGates ?? []).toEqual(isGated ? [{ name: 'edgetwin.dev/placement' }] : [])
    const plain = await admin.request<{ spec: { schedulingGates?: object[] } }>({
      ...make(path, podOf('plain', {}, spec)),
      query: { dryRun: 'All' },
    })
    expect(plain.spec.schedulingGates ?? []).toEqual('schedulingGates' in spec ? spec.schedulingGates : [])
  })
  it('gates what owners make of their templates, but no daemons', async () => {
    const template = {
      metadata: { labels: { app: 'web', 'edgetwin.dev/placement': 'twin' } },
      spec: { containers: [{ name: 'c', image: 'example.com/x:1' }] },
    }
    const selector = { matchLabels: { app: 'web' } }
    const node = {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'edge-1', labels: { type: 'kwok', 'kubernetes.io/hostname': 'edge-1' } },
    }
    await apply(JSON.stringify(node))
    await apply(
      JSON.stringify({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'web', namespace: 'default' },
        spec: { replicas: 2, selector, template },
      }),
    )
    await apply(
      JSON.stringify({
        apiVersion: 'apps/v1',
        kind: 'DaemonSet',
        metadata: { name: 'each', namespace: 'kube-public' },
        spec: { selector, template },
      }),
    )
    const gates = (namespace: string) =>
      lab.kubectl([
        'get',
        'pods',
        '-n',
        namespace,
        '-l',
        'app=web',
        '-o',
        'jsonpath={range .items[*]}[{.spec.schedulingGates[*].name}]{end}',
      ])
    await eventually('two gated pods', async () => (await gates('default')) === '[edgetwin.dev/placement][edgetwin.dev/placement]')
    await eventually('a daemon', async () => (await gates('kube-public')) === '[]')
  })
})

describe('by binding', () => {
  it('binds only what was read and for a decision, and writes nothing else on it', async () => {
    await apply(await render('mode=auto', 'placement=binding'))
    const actuator = await clientAs('edgetwin-actuator')
    const spec = { schedulerName: 'edgetwin', containers: [{ name: 'c', image: 'example.com/x:1' }] }
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'free' }, spec }
    const { metadata } = await admin.request<{ metadata: { uid: string } }>({ method: 'POST', path: PODS, body: pod })
    const { uid } = metadata
    const annotations = { 'edgetwin.dev/decision': 'd-1' }
    const bind = (more: object) => {
      const body = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'free', ...more }, target: { kind: 'Node', name: 'edge-1' } }
      return answerOf(actuator, { method: 'POST', path: `${PODS}/free/binding`, query: { dryRun: 'All' }, body })
    }
    await eventually(
      'the right is there',
      async () => (await bind({ uid, annotations })).status === 201 || (await bind({ uid, annotations })).status === 200,
    )
    for (const [more, sentence] of [
      [{}, 'with metadata.uid and the annotation edgetwin.dev/decision'],
      [{ annotations }, 'with metadata.uid'],
      [{ uid }, 'the annotation edgetwin.dev/decision'],
      [{ uid, annotations: { ...annotations, mine: 'x' } }, 'carries annotations under edgetwin.dev/'],
      [{ uid, annotations, labels: { mine: 'x' } }, 'and no labels'],
    ] as const)
      expect(await bind(more)).toEqual({ status: 403, message: expect.stringContaining(sentence) })
  })
})

describe('edgetwin itself', () => {
  const refusalsOf = (account: string): number =>
    readAudit(lab).filter(({ user, responseStatus }) => {
      const isTheirs = Object(user).username === `system:serviceaccount:${NAMESPACE}:${account}`
      return isTheirs && Object(responseStatus).code === 403
    }).length
  it.each([
    ['observe', 'edgetwin-observer'],
    ['auto', 'edgetwin-actuator'],
  ])('in mode %s lacks no right as %s, with the settings that the chart gives it', async (mode, account) => {
    const settings = objectsOf(await render(`mode=${mode}`)).find(({ kind, data }) => kind === 'ConfigMap' && data !== undefined)?.data
    const file = join(lab.dir, `${mode}.yaml`)
    writeFileSync(file, settings?.['settings.yaml'] ?? '')
    await clientAs(account)
    const refusedBefore = refusalsOf(account)
    const here = ['--host=127.0.0.1', '--port=0', `--data-dir=${join(lab.dir, mode)}`]
    const args = [`--config=${file}`, `--kubeconfig=${join(lab.dir, `${account}.kubeconfig`)}`, ...here]
    const env = { ...process.env, EDGETWIN_TOKEN: 'a-token-of-16-or-more' }
    const child = spawn(process.execPath, [join(import.meta.dirname, '../main.ts'), ...args], { env, stdio: ['ignore', 'pipe', 'ignore'] })
    try {
      let said = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text
      })
      const url = await eventually('it listens', async () => /page and API at (\S+)/.exec(said)?.[1])
      const wanted = mode === 'auto' ? /\[\+\] cluster: [\s\S]*\[\+\] leader: \S+ leads[\s\S]*\[\+\] ledger: epoch/ : /\[\+\] cluster: /
      const headers = { authorization: 'Bearer a-token-of-16-or-more' }
      const ready = await eventually('it sees, and leads', async () => {
        const text = await (await fetch(`${url}/readyz?verbose`, { headers })).text()
        return wanted.test(text) ? text : null
      })
      expect(ready).not.toMatch(/does not show us|forbidden|cannot /)
      expect(refusalsOf(account)).toBe(refusedBefore)
    } finally {
      child.kill('SIGTERM')
      await once(child, 'close')
    }
  })
})

describe('plans, by kubectl', () => {
  const site = 'edge'
  const common = { site, timeMs: AT_MS, source: 'test' } as const
  let records: ReadonlyMap<string, DecisionRecord>
  const note = (id: string, event: DecisionEvent) => {
    records = new Map(records).set(id, applyDecisionEvent(records.get(id) ?? aNewDecisionRecord(id), event).entity)
  }
  const proposed = (...ids: readonly string[]) => {
    records = new Map()
    for (const id of ids) note(id, { type: 'decision.made', ...common, decision: aDecision({ id, summary: `plan ${id}` }) })
  }
  const show = async (onVerdict: (verdict: Verdict) => Promise<void>, account = 'edgetwin-actuator', mayWrite = true) =>
    runCustomResources({
      client: await clientAs(account),
      site,
      namespace: NAMESPACE,
      entities: () => ({ ...NO_ENTITIES, decision: records, camera: new Map([['cam-1', aNewCamera('cam-1')]]) }),
      mayWrite: () => mayWrite,
      onVerdict,
      clock: Date.now,
      random: Math.random,
      log: silent,
      everyMs: 100,
    })
  const say = (identity: string, plan: string, approve: boolean) =>
    lab.kubectl([
      '--kubeconfig',
      lab.kubeconfigOf(identity),
      '-n',
      NAMESPACE,
      'patch',
      'plan',
      plan,
      '--type=merge',
      '-p',
      JSON.stringify({ spec: { approve } }),
    ])
  const shown = (plan: string, path: string) =>
    lab.kubectl(['get', 'plan', plan, '-n', NAMESPACE, '-o', `jsonpath=${path}`]).catch(() => '')
  beforeAll(async () => {
    await lab.kubectl(['create', 'clusterrolebinding', 'alice', '--clusterrole=edgetwin-operator', '--user=alice'])
    await lab.kubectl(['create', 'clusterrolebinding', 'bob', '--clusterrole=edgetwin-planner', '--user=bob'])
    await lab.kubectl(['create', 'clusterrole', 'patches', '--verb=get,patch', '--resource=placementplans.edgetwin.dev'])
    await lab.kubectl(['create', 'clusterrolebinding', 'bob-patches', '--clusterrole=patches', '--user=bob'])
  })

  it('are shown, approved and rejected by whoever may, and tell what became of them', async () => {
    proposed('d-1', 'd-2')
    const verdicts: Verdict[] = []
    const running = await show(async (verdict) => {
      verdicts.push(verdict)
      note(verdict.id, {
        type: verdict.approve ? 'decision.approved' : 'decision.rejected',
        ...common,
        id: verdict.id,
        by: verdict.by,
        reason: verdict.reason,
      })
    })
    try {
      await eventually(
        'both are shown',
        async () => (await shown('edge-d-1', '{.status.state}')) + (await shown('edge-d-2', '{.status.state}')) === 'proposedproposed',
      )
      await expect(say('bob', 'edge-d-1', true)).rejects.toThrow(/bob may not approve or reject plans: .*edgetwin-operator/)
      await say('alice', 'edge-d-1', true)
      await say('alice', 'edge-d-2', false)
      await eventually('both are told', async () => verdicts.length === 2)
      expect(verdicts.sort((a, b) => a.id.localeCompare(b.id))).toEqual([
        { id: 'd-1', approve: true, by: 'alice', reason: 'PlacementPlan edge-d-1' },
        { id: 'd-2', approve: false, by: 'alice', reason: 'PlacementPlan edge-d-2' },
      ])
      await eventually(
        'approved',
        async () => (await shown('edge-d-1', '{.status.conditions[?(@.type=="Approved")].message}')) === 'by alice: PlacementPlan edge-d-1',
      )
      await lab.kubectl(['wait', 'plan/edge-d-2', '-n', NAMESPACE, '--for=condition=Approved=False', '--timeout=20s'])
      expect(await shown('edge-d-1', '{.spec.approve}')).toBe('true')
      const forged = { status: { state: 'verified' } }
      await admin.request({ ...change('edge-d-1', {}), path: `${PLANS}/edge-d-1/status`, body: forged })
      await eventually('as it is again', async () => (await shown('edge-d-1', '{.status.state}')) === 'approved')
      // One that somebody deletes is shown again; one that the twin no longer has is not.
      await lab.kubectl(['delete', 'plan', 'edge-d-1', '-n', NAMESPACE])
      await eventually('shown again', async () => (await shown('edge-d-1', '{.status.state}')) === 'approved')
      records = new Map([...records].slice(0, 1))
      await eventually('gone', async () => (await shown('edge-d-2', '{.status.state}')) === '')
      await eventually('a camera', async () =>
        /cam-1 +edge +Unknown/.test(await lab.kubectl(['get', 'cam', '-n', NAMESPACE, '--no-headers'])),
      )
      expect(running.checks().filter(({ ok }) => !ok)).toEqual([])
      expect(verdicts).toHaveLength(2)
    } finally {
      await running.stop()
    }
  })

  it('that cannot be carried out say why, and are taken up when they can', async () => {
    proposed('d-3')
    let isOpen = false
    const running = await show(async ({ id, by }) => {
      if (!isOpen) throw new Error('mode advise touches nothing')
      note(id, { type: 'decision.approved', ...common, id, by, reason: '' })
    })
    try {
      await eventually('shown', async () => (await shown('edge-d-3', '{.status.state}')) === 'proposed')
      await say('alice', 'edge-d-3', true)
      await eventually(
        'why not',
        async () =>
          (await shown('edge-d-3', '{.status.conditions[0].reason}: {.status.conditions[0].message}')) ===
          'NotTaken: mode advise touches nothing',
      )
      isOpen = true
      await eventually('approved', async () => (await shown('edge-d-3', '{.status.conditions[0].message}')) === 'by alice')
    } finally {
      await running.stop()
    }
  })

  it('policies are read and acknowledged; definitions that are missing and rights that are not there are named', async () => {
    proposed()
    await apply(
      JSON.stringify({ ...aPolicy({ mode: 'auto', budget: { movesPerHour: 4 } }), metadata: { name: 'p', namespace: 'default' } }),
    )
    const running = await show(async () => {})
    const watching = await show(async () => {}, 'edgetwin-observer')
    const waiting = await show(async () => {}, 'edgetwin-observer', false)
    try {
      await lab.kubectl(['wait', 'ppol/p', '-n', 'default', '--for=condition=Ready', '--timeout=20s'])
      expect(running.rulesFor({ namespace: 'default', labels: {} })).toMatchObject({
        policy: 'default/p',
        mode: 'auto',
        budget: { movesPerHourMax: 4 },
      })
      expect(running.rulesFor({ namespace: 'other', labels: {} })).toBeNull()
      const said = await eventually('what it may not', async () => watching.checks().find(({ ok }) => !ok))
      expect(said.detail).toContain('cannot patch resource "cameras"')
      expect(waiting.checks().filter(({ ok }) => !ok)).toEqual([])
      expect(watching.rulesFor({ namespace: 'default', labels: {} })).toMatchObject({ policy: 'default/p' })
      await lab.kubectl(['delete', 'crd', 'placementplans.edgetwin.dev'])
      const missing = await eventually('what is missing', async () =>
        running.checks().find(({ ok, name }) => !ok && name === 'custom-resources'),
      )
      expect(missing.detail).toBe(
        'placementplans.edgetwin.dev: is not defined in this cluster; plans are approved by page, command line and API only',
      )
      expect(running.rulesFor({ namespace: 'default', labels: {} })).toMatchObject({ policy: 'default/p' })
    } finally {
      await running.stop()
      await watching.stop()
      await waiting.stop()
    }
  })
})
