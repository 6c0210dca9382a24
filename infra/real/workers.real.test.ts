/**
 * Real workers beside kwok's nodes: pods are processes, which fail and come back as on a cluster of machines, and the host stays as it was.
 *
 * Where the rights for it are missing each test is skipped, and says why.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, globSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type KubernetesLab, startKubernetes } from '../lab/kubernetes.ts'
import { applyNodes } from '../lab/nodes.ts'
import { EDGETWIN_IMAGE, EXPORTER_IMAGE } from '../lab/worker-images.ts'
import { startWorkers, type Workers } from '../lab/workers.ts'
import { workersSupported } from '../lab/workers-supported.ts'
import { eventually } from '../testing/eventually.ts'

const supported = workersSupported()
const when = supported.ok ? describe : describe.skip

when(`real workers${supported.ok ? '' : `: ${supported.reason}`}`, () => {
  let host: ReturnType<typeof hostState>
  let lab: KubernetesLab
  let workers: Workers
  beforeAll(async () => {
    host = hostState()
    const progress = (line: string) => process.stderr.write(`${line}\n`)
    lab = await startKubernetes({ quickFailures: true, progress })
    await applyNodes(lab, 'heteroaccel')
    workers = await startWorkers(lab, { count: 2, progress })
    await lab.kubectl(['apply'], WEB)
    await eventually('four web pods run', async () => (await podsOf('web')).filter(({ isReady }) => isReady).length === 4)
  }, 1_500_000)
  afterAll(async () => {
    await workers?.stop()
    await lab?.stop()
  })

  const get = async (...words: string[]) => Object(JSON.parse(await lab.kubectl(['get', ...words, '-o', 'json'])))
  const podsOf = async (app: string): Promise<Pod[]> => (await get('pods', '-l', `app=${app}`)).items.map(toPod)
  const isReady = async (node: string): Promise<boolean> => / Ready /.test(await lab.kubectl(['get', 'node', node, '--no-headers']))
  const ask = (pod: Pod, path = '') => lab.kubectl(['get', '--raw', `/api/v1/namespaces/default/pods/${pod.name}:8080/proxy/${path}`])

  it('run a Deployment as processes of their own, two on each', async () => {
    const pods = await podsOf('web')
    expect(pods.map(({ node }) => node).sort()).toEqual(['worker-1', 'worker-1', 'worker-2', 'worker-2'])
    for (const pod of pods) {
      expect(JSON.parse(await ask(pod))).toEqual({ pid: 1, uid: 1_000, node: pod.name, api: '10.0.0.1:443', status: 401 })
      expect(await lab.kubectl(['logs', pod.name])).toBe('serves\n')
      expect(processesOf(pod)).toHaveLength(1)
    }
    expect(new Set(pods.map(({ ip }) => ip)).size).toBe(4)
  })

  it('start a killed process again, and tell how it ended', async () => {
    const [pod] = await podsOf('web')
    process.kill(processesOf(pod!)[0]!, 'SIGKILL')
    await eventually('it is started again', async () =>
      (await podsOf('web')).some((each) => each.name === pod!.name && each.restarts === 1),
    )
    const { status } = await get('pod', pod!.name)
    expect(status.containerStatuses[0].lastState.terminated.exitCode).toBe(137)
    await eventually('it serves again', async () => (await podsOf('web')).every((each) => each.isReady))
  })

  it('have a kubelet that comes back, with the containers untouched', async () => {
    const before = (await podsOf('web')).flatMap(processesOf)
    const [worker] = workers.workers
    await worker!.killKubelet()
    await eventually('it takes pods again', async () =>
      /^hello/.test(await run('after', 'worker-1', ['node', '-e', 'console.log("hello")'])),
    )
    expect((await podsOf('web')).flatMap(processesOf)).toEqual(before)
  })

  it('run edgetwin and the exporter from their images, as restricted as a namespace may demand', async () => {
    const enforced = ['pod-security.kubernetes.io/enforce=restricted', '--overwrite']
    await lab.kubectl(['label', 'namespace', 'default', ...enforced])
    await lab.kubectl(['apply'], [aService('edgetwin', EDGETWIN_IMAGE, 8080), aService('exporter', EXPORTER_IMAGE, 9836)].join('\n---\n'))
    await lab.kubectl(['wait', '--for=condition=Ready', '--timeout=50s', 'pod/edgetwin', 'pod/exporter'])
    const raw = (pod: string, path: string) => lab.kubectl(['get', '--raw', `/api/v1/namespaces/default/pods/${pod}/proxy/${path}`])
    expect(await raw('edgetwin:8080', 'livez')).toMatch(/ok/i)
    expect(await raw('exporter:9836', 'metrics')).toContain('ha_accelerator_info{')
    expect(await lab.kubectl(['exec', 'edgetwin', '--', 'node', '-p', 'process.version'])).toBe(`${process.version}\n`)
  })

  it('fall silent when the link is cut, while their pods live on', async () => {
    const worker = workers.workers[1]!
    const before = (await podsOf('web')).filter(({ node }) => node === worker.name).flatMap(processesOf)
    await worker.cutLink()
    await eventually('the node is given up', async () => !(await isReady(worker.name)))
    expect(before.every((pid) => existsSync(`/proc/${pid}`))).toBe(true)
    await worker.mendLink()
    await eventually('the node is heard again', () => isReady(worker.name))
    await eventually('all serve', async () => (await podsOf('web')).filter((each) => each.isReady).length === 4)
  })

  it('keep the disruption budget when evicted, and lose their pods to others with their power', async () => {
    const worker = workers.workers[1]!
    const evict = (pod: Pod) =>
      lab.kubectl(
        ['create', '--raw', `/api/v1/namespaces/default/pods/${pod.name}/eviction`],
        JSON.stringify({ apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod.name } }),
      )
    const lost = (await podsOf('web')).filter(({ node }) => node === worker.name)
    const pids = lost.flatMap(processesOf)
    await worker.powerOff()
    await eventually('its processes are gone', async () => !pids.some((pid) => existsSync(`/proc/${pid}`)))
    await eventually('the node is given up', async () => !(await isReady(worker.name)))
    const servingOnOther = async () => (await podsOf('web')).filter(({ node, isReady }) => node === 'worker-1' && isReady)
    // Two of four serve, and three must: nobody may take another one away.
    await expect(evict((await servingOnOther())[0]!)).rejects.toThrow(/disruption budget/)
    await eventually('four run on the other', async () => (await servingOnOther()).length === 4)
    await eventually('one may be taken away', async () =>
      evict((await servingOnOther())[0]!).then(
        () => true,
        () => false,
      ),
    )
    await worker.start()
    await eventually('the node is back', () => isReady(worker.name))
    await eventually(
      'what was lost is gone',
      async () => !(await podsOf('web')).some(({ name }) => lost.some((each) => each.name === name)),
    )
    expect(await run('again', worker.name, ['node', '-e', 'console.log("hello")'])).toBe('hello\n')
  })

  it('leave nothing', async () => {
    const { dir } = lab
    await workers.stop()
    await lab.stop()
    expect(existsSync(dir)).toBe(false)
    expect(hostState()).toEqual(host)
    expect(everyPid().filter((pid) => commandOf(pid).includes(dir))).toEqual([])
    rmSync(dir, { recursive: true, force: true })
  })

  /** Runs to its end. @returns what it wrote. */
  async function run(name: string, node: string, command: readonly string[]): Promise<string> {
    const container = { name: 'one', image: EDGETWIN_IMAGE, imagePullPolicy: 'Never', command, securityContext: RESTRICTED }
    const spec = { nodeSelector: { 'kubernetes.io/hostname': node }, restartPolicy: 'Never', containers: [container] }
    await lab.kubectl(['apply'], JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec }))
    await lab.kubectl(['wait', '--for=jsonpath={.status.phase}=Succeeded', '--timeout=40s', `pod/${name}`])
    return lab.kubectl(['logs', name])
  }
})

/** With its own entry point, able to write in /data only. */
function aService(name: string, image: string, port: number): string {
  const securityContext = { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }
  const env = Object.entries({ EDGETWIN_HOST: '0.0.0.0', EDGETWIN_TOKEN: 'only-for-this-test' }).map(([name, value]) => ({ name, value }))
  const readinessProbe = { tcpSocket: { port }, periodSeconds: 1 }
  const volumeMounts = [{ name: 'data', mountPath: '/data' }]
  const container = { name, image, imagePullPolicy: 'IfNotPresent', env, securityContext, readinessProbe, volumeMounts }
  const spec = {
    nodeSelector: { 'kubernetes.io/hostname': 'worker-2' },
    terminationGracePeriodSeconds: 1,
    securityContext: { runAsNonRoot: true, fsGroup: 1_000, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [container],
    volumes: [{ name: 'data', emptyDir: {} }],
  }
  return JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec })
}

interface Pod {
  readonly name: string
  readonly uid: string
  readonly node: string
  readonly ip: string
  readonly isReady: boolean
  readonly restarts: number
}

function toPod(pod: unknown): Pod {
  const { metadata, spec, status } = Object(pod)
  const [container] = status.containerStatuses ?? []
  const isReady = container?.ready === true && metadata.deletionTimestamp === undefined
  return { name: metadata.name, uid: metadata.uid, node: spec.nodeName, ip: status.podIP, isReady, restarts: container?.restartCount ?? 0 }
}

const everyPid = (): number[] => readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []))
const fileOf = (pid: number, name: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8')
  } catch {
    return ''
  }
}
const commandOf = (pid: number) => fileOf(pid, 'cmdline')
/** Of its container, as this machine sees them. */
const processesOf = ({ uid }: Pod): number[] =>
  everyPid().filter((pid) => fileOf(pid, 'cgroup').includes(`pod${uid}`) && commandOf(pid).startsWith('node'))

/** What others on this machine would notice. */
function hostState(): Readonly<Record<string, unknown>> {
  const links: { ifname: string }[] = JSON.parse(spawnSync('ip', ['-j', 'link'], { encoding: 'utf8' }).stdout)
  const settings = [
    'vm/overcommit_memory',
    'vm/panic_on_oom',
    'kernel/panic',
    'kernel/panic_on_oops',
    'kernel/hostname',
    'net/ipv4/ip_forward',
  ]
  return {
    links: links.map(({ ifname }) => ifname),
    routes: spawnSync('ip', ['route'], { encoding: 'utf8' }).stdout,
    mounts: readFileSync('/proc/self/mounts', 'utf8'),
    settings: settings.map((name) => readFileSync(join('/proc/sys', name), 'utf8')),
    folders: ['/run', '/var/lib', '/etc', '/opt'].map((folder) => readdirSync(folder)),
    cgroups: globSync('/sys/fs/cgroup/**/edgetwin-worker-*'),
  }
}

const SERVER = `
const http = require('node:http'), fs = require('node:fs')
const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port, HOSTNAME } = process.env
http.createServer(async (_, answer) => {
  const ca = fs.readFileSync('/var/run/secrets/kubernetes.io/serviceaccount/ca.crt')
  require('node:https').get({ host, port, path: '/api', ca, headers: { authorization: 'Bearer x' } }, (api) => {
    api.resume()
    answer.end(JSON.stringify({ pid: process.pid, uid: process.getuid(), node: HOSTNAME, api: host + ':' + port, status: api.statusCode }))
  })
}).listen(8080, () => console.log('serves'))
process.on('SIGTERM', () => process.exit())`

const RESTRICTED = {
  runAsNonRoot: true,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
} as const

const WEB = [
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {
      replicas: 4,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: {
          terminationGracePeriodSeconds: 2,
          affinity: {
            nodeAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: {
                nodeSelectorTerms: [{ matchExpressions: [{ key: 'edgetwin.dev/emulated', operator: 'DoesNotExist' }] }],
              },
            },
          },
          tolerations: ['not-ready', 'unreachable'].map((reason) => ({
            key: `node.kubernetes.io/${reason}`,
            operator: 'Exists',
            effect: 'NoExecute',
            tolerationSeconds: 5,
          })),
          containers: [
            {
              name: 'web',
              image: EDGETWIN_IMAGE,
              imagePullPolicy: 'Never',
              command: ['node', '-e', SERVER],
              resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '256Mi' } },
              readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
              securityContext: RESTRICTED,
            },
          ],
        },
      },
    },
  },
  {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'web' },
    spec: { minAvailable: 3, selector: { matchLabels: { app: 'web' } } },
  },
]
  .map((each) => JSON.stringify(each))
  .join('\n---\n')
