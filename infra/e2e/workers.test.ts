/**
 * edgetwin as people install it: its chart by Helm on two real workers, its own image and the exporter's in pods, a gated Deployment of real
 * processes. It goes on from its journal, and when a worker loses its power, also with edgetwin on it, what ran there runs on the other.
 *
 * Where the rights for real workers are missing each test is skipped, and says why.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Accelerator } from '../../models/entities/accelerator.ts'
import type { Node } from '../../models/entities/node.ts'
import type { Pod } from '../../models/entities/pod.ts'
import { helmDist } from '../lab/helm-dist.ts'
import { kubectlCommand } from '../lab/kubectl.ts'
import { type KubernetesLab, readAudit, startKubernetes } from '../lab/kubernetes.ts'
import { runTool } from '../lab/tools.ts'
import { EDGETWIN_IMAGE, EXPORTER_IMAGE } from '../lab/worker-images.ts'
import { startWorkers, type Worker, type Workers } from '../lab/workers.ts'
import { workersSupported } from '../lab/workers-supported.ts'
import { eventually } from '../testing/eventually.ts'

const supported = workersSupported()
const when = supported.ok ? describe : describe.skip

const CHART = 'infra/helm/edgetwin'
const NAMESPACE = 'edgetwin-system'
const TOKEN = 'only-for-this-test'
const ACCOUNT = `system:serviceaccount:${NAMESPACE}:edgetwin-actuator`

when(`edgetwin installed on real workers${supported.ok ? '' : `: ${supported.reason}`}`, () => {
  let lab: KubernetesLab
  let workers: Workers
  let helm: string
  beforeAll(async () => {
    const progress = (line: string) => void process.stderr.write(`${line}\n`)
    helm = await helmDist(progress)
    lab = await startKubernetes({ quickFailures: true, progress })
    workers = await startWorkers(lab, { count: 2, progress })
    await lab.kubectl(['label', 'node', 'worker-1', 'worker-2', 'edgetwin.dev/device-model=edge-server-3.6ghz'])
    await lab.kubectl(['create', 'namespace', NAMESPACE])
    await lab.kubectl(['label', 'namespace', NAMESPACE, 'pod-security.kubernetes.io/enforce=restricted'])
    await lab.kubectl(['create', 'secret', 'generic', 'edgetwin-token', '-n', NAMESPACE, `--from-literal=token=${TOKEN}`])
    const disk = join(workerNamed('worker-1').dir, 'disk')
    mkdirSync(disk)
    await lab.kubectl(['apply'], volumeOf(disk))
  }, 1_500_000)
  afterAll(async () => {
    await workers?.stop()
    await lab?.stop()
  })

  const workerNamed = (name: string): Worker => workers.workers.find((worker) => worker.name === name)!
  const isReady = async (node: string): Promise<boolean> => / Ready /.test(await lab.kubectl(['get', 'node', node, '--no-headers']))
  const release = (command: 'install' | 'upgrade', ...words: readonly string[]): Promise<string> =>
    runTool(helm, [command, 'edgetwin', CHART, '-n', NAMESPACE, '--wait', '--timeout=90s', `--kubeconfig=${lab.kubeconfig}`, ...words], {
      remedy: 'see what Helm says',
      withinMs: 100_000,
    })
  const podsOf = async (namespace: string, selector: string): Promise<readonly LivePod[]> =>
    Object(JSON.parse(await lab.kubectl(['get', 'pods', '-n', namespace, '-l', selector, '-o', 'json']))).items.flatMap(toLivePod)
  const cams = async (): Promise<readonly LivePod[]> => podsOf('default', 'app=cams')
  const running = async (): Promise<readonly LivePod[]> => (await cams()).filter((pod) => pod.isReady)
  const own = async (): Promise<LivePod | undefined> => {
    const [pod, ...more] = await podsOf(NAMESPACE, 'app.kubernetes.io/component=twin')
    return more.length === 0 && pod?.isReady === true ? pod : undefined
  }
  /** Through the API server and the kubelet, as people reach it. */
  const ask = async <T>(work: (edgetwin: Edgetwin) => Promise<T>): Promise<T> => {
    const [file, args] = await kubectlCommand(lab.dir, ['port-forward', '-n', NAMESPACE, 'service/edgetwin', ':8080'], () => {})
    const forward = spawn(file, args, { stdio: ['ignore', 'pipe', 'ignore'] })
    const ended = once(forward, 'close')
    try {
      let said = ''
      forward.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text
      })
      const port = await eventually('the port is forwarded', async () => /127\.0\.0\.1:(\d+) ->/.exec(said)?.[1])
      const text = async (path: string): Promise<string> => {
        const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { authorization: `Bearer ${TOKEN}` } })
        return answer.text()
      }
      const entities = async (kind: string) => JSON.parse(await text(`/api/v1/entities/${kind}`)).items
      return await work({ text, entities })
    } finally {
      forward.kill()
      await ended
    }
  }
  /** Kubernetes grants what is within the budget; what edgetwin was granted is of pods that nobody could have kept. */
  const evicted = (): readonly string[] =>
    readAudit(lab).flatMap((entry) => {
      const { user, objectRef, responseStatus, requestURI } = entry
      const isOurs = Object(user).username === ACCOUNT && Object(objectRef).subresource === 'eviction'
      const isDone = Object(responseStatus).code === 201 && !String(requestURI).includes('dryRun=')
      return isOurs && isDone ? [String(Object(objectRef).name)] : []
    })
  /** None of those that lived is touched meanwhile: what serves is never fewer than what the power left. */
  const allRunOn = async (node: string, survivors: readonly LivePod[]): Promise<void> => {
    await eventually(
      `four run on ${node}`,
      async () => {
        const serving = (await running()).filter((pod) => pod.node === node).map(({ name }) => name)
        expect(serving).toEqual(expect.arrayContaining(survivors.map(({ name }) => name)))
        return serving.length === 4
      },
      60_000,
    )
  }
  const powerOff = async (name: string): Promise<void> => {
    await workerNamed(name).powerOff()
    await eventually('the cluster notices', async () => !(await isReady(name)), 60_000)
  }

  it('is ready as installed, and sees nodes and exporters through its account', async () => {
    const values = join(lab.dir, 'values.yaml')
    writeFileSync(values, VALUES)
    expect(await release('install', '--values', values)).toContain('STATUS: deployed')
    await lab.kubectl(['rollout', 'status', 'daemonset/edgetwin-exporter', '-n', 'edgetwin-exporter', '--timeout=30s'])
    const exporters = await podsOf('edgetwin-exporter', 'app.kubernetes.io/component=exporter')
    expect(exporters.map(({ node }) => node).sort()).toEqual(['worker-1', 'worker-2'])
    expect((await own())?.node).toBe('worker-1')
    await ask(async ({ text, entities }) => {
      const wanted = [
        /\[\+\] cluster: /,
        /\[\+\] leader: \S+ leads/,
        /\[\+\] ledger: epoch/,
        /\[\+\] exporters: all/,
        /\[\+\] cluster-accelerators/,
      ]
      await eventually('it sees and leads', async () => {
        const ready = await text('/readyz?verbose')
        return wanted.every((line) => line.test(ready))
      })
      const seen = async () => {
        const nodes: readonly Node[] = await entities('node')
        return nodes.filter(({ mode, reported: { exporter, load } }) => {
          const isLive = load?.freshness === 'fresh' && load.source.startsWith('exporter:') && load.value.memoryTotalBytes !== undefined
          return mode === 'ready' && exporter?.value.reachable === true && isLive
        })
      }
      await eventually('both nodes, live', async () => (await seen()).length === 2)
      const accelerators: readonly Accelerator[] = await entities('accelerator')
      expect(accelerators.map(({ name, mode, reported }) => [name, mode, reported.identity?.value.deviceModel])).toEqual([
        ['worker-1/cpu0', 'unallocated', 'edge-server-3.6ghz'],
        ['worker-2/cpu0', 'unallocated', 'edge-server-3.6ghz'],
      ])
      expect(accelerators.map(({ reported }) => reported.load?.freshness)).toEqual(['fresh', 'fresh'])
    })
  })

  it('places a gated Deployment, whose processes run', async () => {
    await lab.kubectl(['apply'], DEPLOYMENT)
    await eventually('four run', async () => (await running()).length === 4, 60_000)
    const pods = await cams()
    for (const { name, decision } of pods) {
      expect(decision).toMatch(/./)
      expect(await lab.kubectl(['logs', name])).toBe('infers\n')
    }
    expect(new Set(pods.map(({ node }) => node))).toEqual(new Set(['worker-1', 'worker-2']))
    await ask(async ({ entities }) => {
      const places = async () => {
        const known: readonly Pod[] = await entities('pod')
        return new Map(known.filter(({ mode }) => mode === 'running').map(({ name, reported }) => [name, reported.place?.accelerator]))
      }
      const wanted = new Map(pods.map(({ name, node }) => [`${name}.default`, `${node}/cpu0`]))
      await eventually('the twin has them where they are', async () => {
        const found = await places()
        return [...wanted].every(([name, accelerator]) => found.get(name) === accelerator)
      })
    })
  })

  it('goes on from its journal in a new pod', async () => {
    await lab.kubectl(['delete', 'pod', 'edgetwin-0', '-n', NAMESPACE])
    await eventually('it is back', own, 60_000)
    const said = await lab.kubectl(['logs', 'edgetwin-0', '-n', NAMESPACE])
    const [, sequence] = /"sequence":(\d+).*"msg":"twin recovered"/.exec(said) ?? []
    expect(Number(sequence)).toBeGreaterThan(50)
    await ask(({ text }) => eventually('it leads', async () => /leader: \S+ leads/.test(await text('/readyz?verbose')), 60_000))
  })

  it('moves what ran on a worker without power to the other', async () => {
    const [lost, survivors] = split(await cams(), 'worker-2')
    await powerOff('worker-2')
    await allRunOn('worker-1', survivors)
    expect(new Set(evicted())).toEqual(new Set(lost))
    await workerNamed('worker-2').start()
  })

  it('without a volume begins elsewhere when its own worker has no power, and does it there', async () => {
    await release('upgrade', '--reset-then-reuse-values', '--set=persistence.enabled=false')
    // Anew, so that both have some.
    await lab.kubectl(['scale', 'deployment/cams', '--replicas=0'])
    await eventually('none is left', async () => (await cams()).length === 0)
    await lab.kubectl(['scale', 'deployment/cams', '--replicas=4'])
    await eventually('four run', async () => (await running()).length === 4, 60_000)
    const home = (await own())!.node!
    const [other] = ['worker-1', 'worker-2'].filter((name) => name !== home)
    const before = new Set(evicted())
    const [lost, survivors] = split(await cams(), home)
    expect(lost).not.toEqual([])
    await powerOff(home)
    await eventually('it is ready on the other', async () => (await own())?.node === other, 60_000)
    await allRunOn(other!, survivors)
    expect(new Set(evicted().filter((name) => !before.has(name)))).toEqual(new Set(lost))
  }, 300_000)

  it('was never refused a right', () => {
    const refused = readAudit(lab).filter(({ user, responseStatus }) => {
      const isTheirs = String(Object(user).username).startsWith(`system:serviceaccount:${NAMESPACE}:edgetwin`)
      return isTheirs && Object(responseStatus).code === 403
    })
    expect(refused).toEqual([])
  })

  it('lets go of the pods that it holds when it is uninstalled, and leaves nothing else', async () => {
    await lab.kubectl(['apply'], HELD)
    await eventually('it is held', async () => /SchedulingGated/.test(await lab.kubectl(['get', 'pod', 'held', '--no-headers'])))
    await runTool(helm, ['uninstall', 'edgetwin', '-n', NAMESPACE, '--timeout=60s', `--kubeconfig=${lab.kubeconfig}`], {
      remedy: 'see what Helm says',
    })
    await lab.kubectl(['wait', 'pod/held', '--for=condition=PodScheduled', '--timeout=5s'])
    const kinds = 'clusterroles,clusterrolebindings,validatingadmissionpolicies,mutatingadmissionpolicies,namespaces'
    const left = await lab.kubectl(['get', kinds, '-l', 'app.kubernetes.io/name=edgetwin', '-o', 'name'])
    expect(
      left
        .trim()
        .split('\n')
        .filter((name) => !/^(namespace\/edgetwin-exporter)?$/.test(name)),
    ).toEqual([])
  })
})

interface Edgetwin {
  readonly text: (path: string) => Promise<string>
  readonly entities: (kind: string) => Promise<never[]>
}

interface LivePod {
  readonly name: string
  readonly node: string | undefined
  readonly isReady: boolean
  readonly decision: string | undefined
}

/** @returns names of those on the node, and the others. */
function split(pods: readonly LivePod[], node: string): readonly [readonly string[], readonly LivePod[]] {
  return [pods.filter((pod) => pod.node === node).map(({ name }) => name), pods.filter((pod) => pod.node !== node)]
}

/** Nothing of one that is on its way out. */
function toLivePod(pod: unknown): LivePod[] {
  const { metadata, spec, status } = Object(pod)
  if (metadata.deletionTimestamp !== undefined) return []
  const isReady =
    status.conditions?.some(({ type, status }: { type: string; status: string }) => type === 'Ready' && status === 'True') ?? false
  return [{ name: metadata.name, node: spec.nodeName, isReady, decision: metadata.annotations?.['edgetwin.dev/decision'] }]
}

/** The volume of edgetwin's claim, on the disk of one worker, as a small cluster without a provisioner has it. */
const volumeOf = (path: string): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'edgetwin' },
    spec: {
      capacity: { storage: '5Gi' },
      accessModes: ['ReadWriteOnce'],
      local: { path },
      nodeAffinity: {
        required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['worker-1'] }] }] },
      },
    },
  })

const imageOf = (name: string): string => {
  const [repository, tag] = name.split(':')
  return JSON.stringify({ repository, tag, pullPolicy: 'Never' })
}
const VALUES = `mode: auto
image: ${imageOf(EDGETWIN_IMAGE)}
exporter: {enabled: true, image: ${imageOf(EXPORTER_IMAGE)}}
tolerations:
  - {key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: 2}
  - {key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 2}
`

/** Nobody knows what it costs, so nobody decides on it. */
const HELD = `apiVersion: v1
kind: Pod
metadata: {name: held, namespace: default, labels: {edgetwin.dev/placement: twin}, annotations: {edgetwin.dev/application: nobody-knows}}
spec: {containers: [{name: held, image: "${EDGETWIN_IMAGE}", imagePullPolicy: Never, args: [-e, "0"]}], restartPolicy: Never}
`

const WORK = "console.log('infers'); process.on('SIGTERM', () => process.exit()); setInterval(() => {}, 1_000)"
const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata: {name: cams, namespace: default}
spec:
  replicas: 4
  selector: {matchLabels: {app: cams}}
  template:
    metadata:
      labels: {app: cams, edgetwin.dev/placement: twin}
      annotations: {edgetwin.dev/application: resnet50, edgetwin.dev/frames: "3000", edgetwin.dev/camera: entrance}
    spec:
      terminationGracePeriodSeconds: 2
      containers:
      - name: infer
        image: ${EDGETWIN_IMAGE}
        imagePullPolicy: Never
        command: [node, -e, ${JSON.stringify(WORK)}]
        resources: {requests: {cpu: 50m}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: cams, namespace: default}
spec: {minAvailable: 2, unhealthyPodEvictionPolicy: AlwaysAllow, selector: {matchLabels: {app: cams}}}
`
