/**
 * edgetwin as a process on a real Kubernetes control plane: the jobs of the heterogeneous testbed one after the other, and a gated Deployment
 * that DHS places, moves off a node that falls silent, and never puts on a cordoned one. The kubelets are kwok's.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, it } from '@jest/globals'
import type { WhyPending } from '../../models/contracts/gates.ts'
import type { Accelerator } from '../../models/entities/accelerator.ts'
import type { Node } from '../../models/entities/node.ts'
import type { Pod } from '../../models/entities/pod.ts'
import { type KubernetesLab, startKubernetes } from '../lab/kubernetes.ts'
import { applyNodes } from '../lab/nodes.ts'
import { makeHome } from '../testing/edgetwin-home.ts'
import { eventually } from '../testing/eventually.ts'
import { type EdgetwinProcess, freshDataDir, startEdgetwin } from './edgetwin-process.ts'

let lab: KubernetesLab
let edgetwin: EdgetwinProcess
afterEach(async () => {
  await edgetwin?.kill('SIGKILL')
  await lab?.stop()
})

async function start(nodes: string, mode: string): Promise<void> {
  lab = await startKubernetes({ quickFailures: true, progress: (line) => process.stderr.write(`${line}\n`) })
  await applyNodes(lab, nodes)
  await makeHome(lab)
  const cluster = ['--cluster', 'kubernetes', '--kubeconfig', lab.kubeconfig, '--site', 'lab', '--mode', mode]
  edgetwin = await startEdgetwin([...cluster, '--data-dir', freshDataDir(), '--no-this-machine', '--log-level', 'error'])
}

interface KubePods {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly deletionTimestamp?: string }
    readonly spec: { readonly nodeName?: string }
    readonly status: { readonly phase: string }
  }[]
}
const podsOf = async (selector: string): Promise<KubePods['items']> =>
  (JSON.parse(await lab.kubectl(['get', 'pods', '--all-namespaces', '-l', selector, '-o', 'json'])) as KubePods).items
const live = (pods: KubePods['items']) => pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
const entities = async <T>(kind: string): Promise<readonly T[]> => (await edgetwin.get<{ items: T[] }>(`/api/v1/entities/${kind}`)).items

/** The manifest of the paper: one GPU by limit, never restarted, in a namespace of its own. */
const gpuJob = (number: number) => `apiVersion: batch/v1
kind: Job
metadata: {name: detect-${number}, namespace: openvino}
spec:
  template:
    metadata:
      labels: {jobgroup: detect}
      annotations: {pod-complete.stage.kwok.x-k8s.io/delay: 2s, pod-complete.stage.kwok.x-k8s.io/jitter-delay: 2s}
    spec:
      restartPolicy: Never
      containers:
      - name: detect
        image: example.com/openvino-detect:1
        securityContext: {privileged: true}
        resources: {limits: {gpu.intel.com/i915: 1}}
        volumeMounts: [{name: dev, mountPath: /dev}]
      volumes: [{name: dev, hostPath: {path: /dev}}]
`

it('shows four jobs for one GPU: one runs, three wait, then one after the other', async () => {
  await start('heteroaccel', 'observe')
  await lab.kubectl(['create', 'namespace', 'openvino'])
  await lab.kubectl(['apply'], [1, 2, 3, 4].map(gpuJob).join('---\n'))
  const running = async () => (await podsOf('jobgroup=detect')).filter(({ status }) => status.phase === 'Running')
  const gpu = async () => (await entities<Accelerator>('accelerator')).find(({ name }) => name === 'node-g/gpu0')
  // As one sees in both: the GPU held by one, and never by two.
  await eventually(
    'one runs, and its GPU is taken in the twin',
    async () => (await running()).length === 1 && (await gpu())?.mode === 'allocated',
  )
  // The GPU is taken; the FPGA and the NPU are idle, and nobody has an image of this job for them.
  const waiting = (await podsOf('jobgroup=detect')).find(({ status }) => status.phase === 'Pending')
  const why = await edgetwin.get<{ item: WhyPending | null }>(`/api/v1/pending/${waiting?.metadata.name}.openvino`)
  expect(why.item).toMatchObject({ cause: 'idle-without-image', text: expect.stringContaining('node-g/gpu0') })
  let most = 0
  await eventually(
    'all four are done',
    async () => {
      most = Math.max(most, (await running()).length)
      return (await podsOf('jobgroup=detect')).filter(({ status }) => status.phase === 'Succeeded').length === 4
    },
    60_000,
  )
  expect(most).toBe(1)
  await eventually('the GPU is free in the twin', async () => (await gpu())?.mode === 'unallocated')
}, 1_500_000)

const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata: {name: cams, namespace: default}
spec:
  replicas: 4
  selector: {matchLabels: {app: cams}}
  template:
    metadata:
      labels: {app: cams, edgetwin.dev/placement: twin}
      annotations: {edgetwin.dev/application: resnet50, edgetwin.dev/frames: "30", edgetwin.dev/camera: cam-1}
    spec:
      schedulingGates: [{name: edgetwin.dev/placement}]
      tolerations: [{key: edgetwin.dev/camera, operator: Exists}]
      containers: [{name: infer, image: "example.com/resnet50:1", resources: {requests: {cpu: 100m}}}]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: cams, namespace: default}
spec: {maxUnavailable: 2, selector: {matchLabels: {app: cams}}}
`

it('places a gated Deployment, and moves it off a node that falls silent; a cordoned node gets nothing', async () => {
  await start('dhs', 'auto')
  await lab.kubectl(['cordon', 'tx2-3'])
  const isCordoned = ({ name, reported }: Node) => name === 'tx2-3' && reported.conditions?.value.cordoned === true
  await eventually('the twin knows of the cordon', async () => (await entities<Node>('node')).some(isCordoned))
  await lab.kubectl(['apply'], DEPLOYMENT)
  const placed = async () =>
    live(await podsOf('app=cams')).filter(({ spec, status }) => spec.nodeName !== undefined && status.phase === 'Running')
  await eventually('all four are placed', async () => (await placed()).length === 4, 60_000)
  const decided = await entities<Pod>('pod')
  for (const { metadata, spec } of await placed()) {
    expect(decided.find(({ name }) => name === `${metadata.name}.default`)?.reported.place?.accelerator).toMatch(
      new RegExp(`^${spec.nodeName}/`),
    )
    expect(spec.nodeName).not.toBe('tx2-3')
  }

  const [lost] = Object.entries(Object.groupBy(await placed(), ({ spec }) => spec.nodeName!)).sort(
    ([, a], [, b]) => b!.length - a!.length,
  )[0]!
  await lab.kubectl(['label', 'node', lost, 'type-'])
  await eventually('the cluster notices', async () => / NotReady/.test(await lab.kubectl(['get', 'node', lost, '--no-headers'])), 60_000)
  const noticedMs = performance.now()
  const elsewhere = async () => (await placed()).filter(({ spec }) => spec.nodeName !== lost)
  await eventually('all four run elsewhere', async () => (await elsewhere()).length >= 4, 60_000)
  process.stderr.write(`re-placed ${Math.round(performance.now() - noticedMs)} ms after the cluster noticed\n`)
  for (const { spec } of await elsewhere()) expect(spec.nodeName).not.toBe('tx2-3')
  // What it says of itself: nothing of it is written by two, and its watches missed nothing.
  await sleep(1_000)
  expect(await (await fetch(`${edgetwin.url}/readyz?verbose`)).text()).toMatch(/\[\+\] cluster-drift/)
}, 1_500_000)

it('shows its plan in the cluster, and carries it out when somebody approves it by kubectl', async () => {
  await start('dhs', 'approve')
  await lab.kubectl(['apply'], DEPLOYMENT)
  const plans = async () =>
    (await lab.kubectl(['get', 'placementplans', '-n', 'edgetwin-system', '-o', 'name'])).trim().split('\n').filter(Boolean)
  await eventually('a plan is shown', async () => (await plans()).length > 0, 60_000)
  expect(live(await podsOf('app=cams')).filter(({ spec }) => spec.nodeName !== undefined)).toEqual([])
  // Pods that come later have a plan of their own.
  const approve = async () => {
    for (const plan of await plans())
      await lab.kubectl(['patch', plan, '-n', 'edgetwin-system', '--type', 'merge', '-p', '{"spec":{"approve":true}}']).catch(() => '')
    return live(await podsOf('app=cams')).filter(({ spec }) => spec.nodeName !== undefined).length === 4
  }
  await eventually('all four are placed', approve, 60_000)
  const rows = await edgetwin.get<{ items: { reported: { steps: { by?: string }[] } }[] }>('/api/v1/plans')
  expect(JSON.stringify(rows.items)).toMatch(/kubectl|kubernetes-admin/)
}, 1_500_000)
