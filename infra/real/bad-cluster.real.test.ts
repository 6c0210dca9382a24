/**
 * A cluster that cannot be used as it is, as people meet it: edgetwin as a process says what is wrong and what mends it, in its log, at
 * `/readyz?verbose` and to `twinctl doctor`; what it knew stays, it changes nothing, and it can be stopped.
 */
import { execFile } from 'node:child_process'
import { createPrivateKey } from 'node:crypto'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, request, type Server } from 'node:https'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { parse, parseAllDocuments, stringify } from 'yaml'
import { createKubeClient, type KubeClient, type KubeRequest } from '../../connectors/kubernetes/kube-client.ts'
import { loadKubeConfig } from '../../connectors/kubernetes/kube-config.ts'
import { toKubeFailure } from '../../connectors/kubernetes/kube-failure.ts'
import type { Node } from '../../models/entities/node.ts'
import { type EdgetwinProcess, freshDataDir, runToEnd, startEdgetwin } from '../e2e/edgetwin-process.ts'
import { type KubernetesLab, readAudit, startKubernetes } from '../lab/kubernetes.ts'
import { runTool } from '../lab/tools.ts'
import { eventually } from '../testing/eventually.ts'
import { withClaims } from './bad-tokens.ts'

const TWINCTL = fileURLToPath(new URL('../../ui/cli/twinctl.ts', import.meta.url))
const RBAC = 'rbac.authorization.k8s.io'
let lab: KubernetesLab
let admin: KubeClient
/** Of edgetwin with all that its account for watching has. */
let good: string
let roles: readonly Role[]
const clients: KubeClient[] = []
const servers: Server[] = []

interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly verbs: readonly string[]
}
interface Role {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly rules: readonly Rule[]
}

beforeAll(async () => {
  lab = await startKubernetes({
    components: ['etcd', 'kube-apiserver'],
    identities: ['edgetwin=edgetwin', 'newcomer=newcomer'],
    progress: (line) => process.stderr.write(`${line}\n`),
  })
  admin = clientOf(lab.kubeconfig)
  good = lab.kubeconfigOf('edgetwin')
  const overlay = await lab.kubectl(['kustomize', 'infra/kustomize/overlays/auto'])
  const objects = parseAllDocuments(overlay).map((document) => document.toJS() as Role)
  roles = objects.filter(({ kind, metadata }) => /Role$/.test(kind) && /edgetwin-(observer|writer|actuator|ungate)/.test(metadata.name))
  const observing = roles.filter(({ metadata }) => metadata.name === 'edgetwin-observer')
  const bound = observing.map(({ kind, metadata: { name, namespace } }) => ({
    apiVersion: `${RBAC}/v1`,
    kind: `${kind}Binding`,
    metadata: { name, namespace },
    roleRef: { apiGroup: RBAC, kind, name },
    subjects: [{ apiGroup: RBAC, kind: 'User', name: 'edgetwin' }],
  }))
  const namespace = (name: string) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  const made = [
    ...['edgetwin-system', 'kube-node-lease'].map(namespace),
    ...observing,
    ...bound,
    { apiVersion: 'v1', kind: 'Node', metadata: { name: 'edge-1', labels: { 'kubernetes.io/hostname': 'edge-1' } } },
  ]
  await lab.kubectl(['apply'], made.map((one) => stringify(one)).join('---\n'))
  await lab.kubectl(['apply', '--server-side', '-f', 'infra/helm/edgetwin/crds'])
}, 1_500_000)
afterAll(async () => {
  for (const client of clients) client.close()
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
  await lab?.stop()
})

function clientOf(kubeconfig: string): KubeClient {
  const client = createKubeClient(() => loadKubeConfig({ kubeconfig }))
  clients.push(client)
  return client
}

/** The good kubeconfig with something else in it. */
function kubeconfigWith(name: string, { cluster = {}, user }: { readonly cluster?: object; readonly user?: object }): string {
  const config = parse(readFileSync(good, 'utf8'))
  Object.assign(config.clusters[0].cluster, cluster)
  if (user !== undefined) config.users[0].user = user
  const file = join(lab.dir, `${name}.kubeconfig`)
  writeFileSync(file, stringify(config))
  return file
}

/** An authority of our own, that the API server accepts too: the lab keeps no key to sign more by its own. */
async function signedFor(days: number): Promise<object> {
  const openssl = (...args: string[]) => runTool('openssl', args, { cwd: lab.dir, remedy: 'apt-get install openssl' })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  await openssl('req', '-x509', ...key, '-keyout', 'more.key', '-out', 'more.pem', '-subj', `/CN=more ${days}`, '-days', '30')
  await openssl('req', '-new', ...key, '-keyout', 'late.key', '-out', 'late.csr', '-subj', '/CN=edgetwin')
  const by = ['-CA', 'more.pem', '-CAkey', 'more.key', '-CAcreateserial', '-days', String(days)]
  await openssl('x509', '-req', '-in', 'late.csr', ...by, '-out', 'late.crt')
  appendFileSync(join(lab.dir, 'pki', 'ca.crt'), readFileSync(join(lab.dir, 'more.pem')))
  const data = (name: string) => readFileSync(join(lab.dir, name)).toString('base64')
  return { 'client-certificate-data': data('late.crt'), 'client-key-data': data('late.key') }
}

const processArgs = (kubeconfig: string, dataDir: string, mode = 'auto') => [
  ...['--cluster', 'kubernetes', '--kubeconfig', kubeconfig, '--site', 'lab', '--mode', mode],
  ...['--data-dir', dataDir, '--no-this-machine', '--log-level', 'warn'],
]
const readiness = async ({ url }: EdgetwinProcess) => (await fetch(`${url}/readyz?verbose`)).text()
const nodesOf = async (edgetwin: EdgetwinProcess) => (await edgetwin.get<{ items: Node[] }>('/api/v1/entities/node')).items
const doctor = (url: string) =>
  new Promise<{ code: number | null; out: string }>((resolve) => {
    const child = execFile(process.execPath, [TWINCTL, '--server', url, 'doctor'], (_, out) => resolve({ code: child.exitCode, out }))
  })
async function during<T>(args: readonly string[], look: (edgetwin: EdgetwinProcess) => Promise<T>): Promise<T> {
  const edgetwin = await startEdgetwin(args)
  try {
    const seen = await look(edgetwin)
    await edgetwin.kill('SIGTERM')
    expect(edgetwin.child.exitCode).toBe(0)
    return seen
  } finally {
    await edgetwin.kill('SIGKILL')
  }
}
/** What a user has changed, by the API server's own word. */
const changesBy = (user: string) =>
  readAudit(lab).filter((entry) => Object(entry.user).username === user && Object(entry.responseStatus).code < 300)

describe('edgetwin is not started', () => {
  it.each([
    ['without a kubeconfig', () => [], /KUBECONFIG_INVALID: .*no cluster in KUBECONFIG, .*name a kubeconfig file with --kubeconfig/],
    [
      'with one whose certificate is gone',
      () => ['--kubeconfig', kubeconfigWith('gone', { user: { 'client-certificate': 'gone.crt', 'client-key': 'gone.key' } })],
      /KUBECONFIG_INVALID: .*client-certificate \S+gone\.crt that \S+ names cannot be read; check the path/,
    ],
  ])('%s', async (_, args, said) => {
    const all = ['--port', '0', '--cluster', 'kubernetes', '--no-this-machine', '--data-dir', freshDataDir(), ...args()]
    const { code, stderr } = await runToEnd(all, { KUBECONFIG: '', HOME: lab.dir })
    expect(stderr.trim().split('\n').at(-1)).toMatch(said)
    expect(code).toBe(1)
  })
})

describe('edgetwin runs on what it knew, and says what is wrong, with', () => {
  const dataDir = freshDataDir()
  beforeAll(async () => {
    await during(processArgs(good, dataDir), (edgetwin) => eventually('the node', async () => (await nodesOf(edgetwin)).length > 0))
  })
  it.each<[string, () => Promise<string>, RegExp]>([
    [
      'a server that cannot be reached',
      async () => kubeconfigWith('unreachable', { cluster: { server: 'https://127.0.0.1:1' } }),
      /\[-\] cluster-nodes: nodes are not listed yet: .*ECONNREFUSED.*; Wait until https:\/\/127\.0\.0\.1:1 answers/,
    ],
    [
      "another authority than the cluster's",
      async () => {
        await signedFor(30)
        return kubeconfigWith('authority', {
          cluster: { 'certificate-authority-data': readFileSync(join(lab.dir, 'more.pem')).toString('base64') },
        })
      },
      /\[-\] cluster-nodes: whoever answers at https:\S+ does not prove to be it: .*UNABLE_TO_VERIFY.*; Put the cluster's own certificate-authority/,
    ],
    [
      'a certificate that has ended',
      async () => {
        const control = clientOf(kubeconfigWith('in-time', { user: await signedFor(30) }))
        await eventually(
          'the API server takes the authority',
          () =>
            control.request({ path: '/api/v1/nodes' }).then(
              () => true,
              () => false,
            ),
          90_000,
        )
        return kubeconfigWith('late', { user: await signedFor(-1) })
      },
      /\[-\] cluster-nodes: \S+ does not know us: Unauthorized: the client certificate of user edgetwin ended at \S+; Renew the certificate or token/,
    ],
    [
      'a token that has ended',
      async () => {
        await lab.kubectl(['create', 'serviceaccount', 'late', '-n', 'edgetwin-system'])
        const key = createPrivateKey(readFileSync(join(lab.dir, 'pki', 'sa.key')))
        const fresh = await lab.kubectl(['create', 'token', 'late', '-n', 'edgetwin-system'])
        return kubeconfigWith('ended', { user: { token: withClaims(fresh.trim(), { exp: 1_700_000_000 }, key) } })
      },
      /\[-\] cluster-pods: \S+ does not know us: Unauthorized: the token of user edgetwin ended at \S+; Renew the certificate or token/,
    ],
    [
      'a token that nobody knows',
      async () => kubeconfigWith('unknown', { user: { token: 'nobody-knows-it' } }),
      /\[-\] cluster-pods: \S+ does not know us: Unauthorized; Renew the certificate or token of the kubeconfig/,
    ],
  ])('%s', async (_, kubeconfig, said) => {
    const file = await kubeconfig()
    await during(processArgs(file, dataDir), async (edgetwin) => {
      await eventually('it is said', async () => said.test(await readiness(edgetwin)))
      expect(edgetwin.errors()).toMatch(/"path":"\/api\/v1\/nodes","kind":"\w+".*"msg":"watch broke"/)
      expect(edgetwin.errors()).not.toContain('nobody-knows-it')
      const { code, out } = await doctor(edgetwin.url)
      expect(code).toBe(1)
      expect(out).toMatch(/^cluster-nodes +failed/m)
      expect((await nodesOf(edgetwin)).map(({ name, mode }) => [name, mode])).toEqual([['edge-1', expect.not.stringMatching('gone')]])
      // Whoever renews it need not restart anything.
      if (!/^(authority|late)\.kubeconfig$/.test(basename(file))) return
      writeFileSync(file, readFileSync(good))
      await eventually('it is in touch', async () => /\[\+\] cluster: .*nodes, pods/.test(await readiness(edgetwin)))
    })
  })
  it('and with the good one again it goes on', async () => {
    await during(processArgs(good, dataDir, 'observe'), async (edgetwin) => {
      await eventually('it is in touch', async () => /\[\+\] cluster: .*nodes, pods/.test(await readiness(edgetwin)))
      expect(await nodesOf(edgetwin)).toHaveLength(1)
    })
  })
})

it('in mode auto with rights to watch alone: each one that it lacks is named with its line, and nothing is changed', async () => {
  const gated = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'waits', namespace: 'edgetwin-system', labels: { 'edgetwin.dev/placement': 'twin' } },
    spec: { schedulingGates: [{ name: 'edgetwin.dev/placement' }], containers: [{ name: 'c', image: 'example.com/x:1' }] },
  }
  await lab.kubectl(['create', 'serviceaccount', 'default', '-n', 'edgetwin-system']).catch(() => '')
  await lab.kubectl(['apply'], stringify(gated))
  const said = await during(processArgs(good, freshDataDir()), async (edgetwin) => {
    await eventually('the lease', async () => /\[-\] leader: .*grant it/.test(await readiness(edgetwin)))
    return readiness(edgetwin)
  })
  expect(said).toMatch(
    /\[-\] leader: nobody leads; .*grant it in a Role of edgetwin-system: - \{apiGroups: \["coordination.k8s.io"\], resources: \[leases\].*verbs: \[\w+\]\}/,
  )
  expect(said).toMatch(/\[\+\] cluster-gate: .*can add the gate to labelled pods by itself/)
  expect(changesBy('edgetwin')).toEqual([])
})

it('every right of every account is named, when it is missing, by the line that grants it', async () => {
  const newcomer = clientOf(lab.kubeconfigOf('newcomer'))
  const calls = roles.flatMap((role) => role.rules.flatMap((rule) => callsOf(rule, role.metadata.namespace)))
  expect(calls.length).toBeGreaterThan(50)
  let count = 0
  for (const call of calls) {
    const message = await refusalOf(newcomer, call)
    // Granted by a line before: the accounts share some.
    if (message === null) continue
    const [, where = '', line = ''] = /; grant it in (a ClusterRole|a Role of \S+): (- \{.*\})$/.exec(message) ?? []
    expect([call, message]).toEqual([call, expect.stringContaining('; grant it in ')])
    const namespace = where.startsWith('a Role of ') ? where.slice('a Role of '.length) : undefined
    const kind = namespace === undefined ? 'ClusterRole' : 'Role'
    const common = { apiVersion: `${RBAC}/v1`, metadata: { name: `line-${count++}`, namespace } }
    const folder = `/apis/${RBAC}/v1${namespace === undefined ? '' : `/namespaces/${namespace}`}`
    await admin.request({ method: 'POST', path: `${folder}/${kind.toLowerCase()}s`, body: { ...common, kind, rules: parse(line) } })
    const subjects = [{ apiGroup: RBAC, kind: 'User', name: 'newcomer' }]
    const roleRef = { apiGroup: RBAC, kind, name: common.metadata.name }
    await admin.request({
      method: 'POST',
      path: `${folder}/${kind.toLowerCase()}bindings`,
      body: { ...common, kind: `${kind}Binding`, roleRef, subjects },
    })
    await eventually(`${call.method} ${call.path} with ${line}`, async () => (await refusalOf(newcomer, call)) === null, 5_000)
  }
  expect(count).toBeGreaterThan(35)
})

/** The refusal by RBAC; null when there was none, whatever else was answered. */
const refusalOf = (client: KubeClient, call: KubeRequest): Promise<string | null> =>
  client.request(call).then(
    () => null,
    (error: unknown) => {
      const { kind, message } = toKubeFailure(error)
      return kind === 'forbidden' ? message : null
    },
  )

const METHODS: Readonly<Record<string, KubeRequest['method']>> = { create: 'POST', update: 'PUT', patch: 'PATCH', delete: 'DELETE' }
const CLUSTER_WIDE = /^(nodes|namespaces|resourceslices|tokenreviews|subjectaccessreviews)$/

function callsOf({ apiGroups, resources, resourceNames, verbs }: Rule, namespace = 'default'): readonly KubeRequest[] {
  const [group = ''] = apiGroups
  const version = group === 'edgetwin.dev' ? 'v1alpha1' : 'v1'
  return resources.flatMap((resource) =>
    verbs.map((verb): KubeRequest => {
      const [plural = '', subresource] = resource.split('/')
      const api = `${group === '' ? '/api/v1' : `/apis/${group}/${version}`}${CLUSTER_WIDE.test(plural) ? '' : `/namespaces/${namespace}`}`
      const [name = 'some'] = resourceNames ?? []
      const isOfAll = ['list', 'watch'].includes(verb) || (verb === 'create' && subresource === undefined)
      const path = `${api}/${plural}${isOfAll ? '' : `/${name}`}${subresource === undefined ? '' : `/${subresource}`}`
      const method = METHODS[verb]
      if (method === undefined) return verb === 'watch' ? { path, query: { watch: true }, timeoutMs: 150 } : { path }
      return {
        method,
        path,
        query: { dryRun: 'All' },
        body: {},
        ...(method === 'PATCH' ? { contentType: 'application/merge-patch+json' } : {}),
      }
    }),
  )
}

describe('an API server that is too old', () => {
  it('for DRA, for our definitions and for the gate: each is named, with what is used instead, and the rest is watched', async () => {
    const old = await serverWithout(/^\/apis\/(resource\.k8s\.io|edgetwin\.dev|admissionregistration\.k8s\.io)\//)
    const said = await during(processArgs(kubeconfigWith('old', { cluster: { server: old } }), freshDataDir()), async (edgetwin) => {
      await eventually('all is said', async () => {
        const text = await readiness(edgetwin)
        return /cluster-resourceslices/.test(text) && /\[-\] custom-resources:/.test(text) && /cluster-gate: .*MutatingAdm/.test(text)
      })
      await eventually('the node', async () => (await nodesOf(edgetwin)).length > 0)
      return readiness(edgetwin)
    })
    expect(said).toMatch(
      /does not serve resourceslices\.resource\.k8s\.io\/v1; accelerators come from extended resources, labels and exporters/,
    )
    expect(said).toMatch(/does not serve resourceclaims\.resource\.k8s\.io\/v1; which device a claim has is guessed/)
    expect(said).toMatch(
      /placementplans\.edgetwin\.dev: is not defined in this cluster; plans are approved by page, command line and API only/,
    )
    expect(said).toMatch(/\[\+\] cluster-gate: \S+ \(v1\.\S+\) has no MutatingAdmissionPolicy, .*whose own template has schedulingGates/)
  })
})

/** The API server as one sees it who knows nothing of some of its paths. @returns its address */
async function serverWithout(missing: RegExp): Promise<string> {
  const pki = (name: string) => readFileSync(join(lab.dir, 'pki', name))
  const to = new URL(lab.url)
  const shown = { ca: readFileSync(lab.caFile), cert: pki('edgetwin.crt'), key: pki('edgetwin.key') }
  const server = createServer({ cert: pki('apiserver.crt'), key: pki('apiserver.key') }, (asked, answer) => {
    const { method = 'GET', url = '', headers } = asked
    if (missing.test(url)) return void answer.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found\n')
    const further = request({ host: to.hostname, port: to.port, method, path: url, headers, ...shown }, (answered) => {
      answer.writeHead(answered.statusCode ?? 502, answered.headers)
      answered.pipe(answer)
    })
    further.on('error', () => answer.destroy())
    answer.on('close', () => further.destroy())
    asked.pipe(further)
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `https://127.0.0.1:${Object(server.address()).port}`
}
