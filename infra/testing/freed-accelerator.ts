/**
 * How long a freed accelerator stays idle while gated pods wait for it: from the API server's word that the holder has ended to the gate
 * dropped to the next pod bound, all as one watch of the pods hears it.
 */

import { runInformer } from '../../connectors/kubernetes/informer.ts'
import { createKubeClient } from '../../connectors/kubernetes/kube-client.ts'
import { loadKubeConfig } from '../../connectors/kubernetes/kube-config.ts'
import { GATE } from '../../connectors/kubernetes/names.ts'
import { hasEnded, type WatchedPod } from '../../connectors/kubernetes/watched.ts'
import { type EdgetwinProcess, freshDataDir, startEdgetwin } from '../e2e/edgetwin-process.ts'
import type { Progress } from '../lab/cache.ts'
import { type KubernetesLab, startKubernetes } from '../lab/kubernetes.ts'
import { applyNodes } from '../lab/nodes.ts'
import { eventually } from './eventually.ts'

/** How a pod asks for the one GPU of node-g. */
export const ASKS = ['extended-resource', 'claim'] as const
export type Ask = (typeof ASKS)[number]

export interface Handover {
  readonly pod: string
  readonly endedToDroppedMs: number
  readonly droppedToBoundMs: number
  readonly endedToBoundMs: number
}

const GPU_TEMPLATE = `apiVersion: resource.k8s.io/v1
kind: ResourceClaimTemplate
metadata: {name: one-gpu}
spec: {spec: {devices: {requests: [{name: gpu, exactly: {deviceClassName: gpu.edgetwin.dev}}]}}}
`
const asking: Readonly<Record<Ask, { readonly spec: string; readonly container: string }>> = {
  'extended-resource': { spec: '', container: 'resources: {limits: {gpu.intel.com/i915: 1}}' },
  claim: { spec: 'resourceClaims: [{name: gpu, resourceClaimTemplateName: one-gpu}]', container: 'resources: {claims: [{name: gpu}]}' },
}

/** Without the custom resources: nothing here needs them. */
export async function startForHandover(progress: Progress): Promise<{ readonly lab: KubernetesLab; readonly edgetwin: EdgetwinProcess }> {
  const lab = await startKubernetes({ progress })
  await applyNodes(lab, 'heteroaccel')
  await lab.kubectl(['create', 'namespace', 'edgetwin-system'])
  await lab.kubectl(['create', 'configmap', 'edgetwin-ledger', '--namespace', 'edgetwin-system'])
  const cluster = ['--cluster', 'kubernetes', '--kubeconfig', lab.kubeconfig, '--site', 'lab', '--mode', 'auto']
  const edgetwin = await startEdgetwin([...cluster, '--data-dir', freshDataDir(), '--no-this-machine', '--log-level', 'error'])
  return { lab, edgetwin }
}

export interface HandoverOptions {
  readonly asks: Ask
  /** Pods, each of which follows on the one before. */
  readonly count: number
  /** Somebody else's pod holds the GPU first; without it the first pod does. */
  readonly heldByStranger: boolean
}

/** On the nodes of `heteroaccel`, with an edgetwin in mode auto. @throws naming what never came. */
export async function handOver(lab: KubernetesLab, { asks, count, heldByStranger }: HandoverOptions): Promise<Handover[]> {
  const client = createKubeClient(() => loadKubeConfig({ kubeconfig: lab.kubeconfig }))
  const prefix = `${asks}-${heldByStranger ? 'after' : 'queue'}`
  const droppedMs = new Map<string, number>()
  const boundMs = new Map<string, number>()
  const runningMs = new Map<string, number>()
  const endedMs = new Map<string, number>()
  const note = (times: Map<string, number>, name: string) => {
    if (!times.has(name)) times.set(name, performance.now())
  }
  const informer = runInformer<WatchedPod>({
    client,
    path: '/api/v1/namespaces/default/pods',
    onChange: ({ object: pod }) => {
      const { name } = pod.metadata
      if (!name.startsWith(prefix)) return
      if (!(pod.spec.schedulingGates ?? []).some((gate) => gate.name === GATE)) note(droppedMs, name)
      if (pod.spec.nodeName !== undefined) note(boundMs, name)
      if (pod.status?.phase === 'Running') note(runningMs, name)
      if (hasEnded(pod)) note(endedMs, name)
    },
    clock: Date.now,
    random: Math.random,
    log: { debug() {}, info() {}, warn() {}, error() {} },
  })
  /** Once its kubelet has said that it runs, or it would say so after. */
  const end = async (name: string): Promise<void> => {
    await eventually(`${name} runs`, () => runningMs.has(name))
    await client.request({
      method: 'PATCH',
      path: `/api/v1/namespaces/default/pods/${name}/status`,
      body: { status: { phase: 'Succeeded' } },
      contentType: 'application/merge-patch+json',
    })
    await eventually(`${name} has ended`, () => endedMs.has(name))
  }
  const names = Array.from({ length: count }, (_, index) => `${prefix}-${index}`)
  try {
    await informer.synced
    if (asks === 'claim') await lab.kubectl(['apply'], GPU_TEMPLATE)
    if (heldByStranger) {
      // One at a time: each waits for the stranger before it, so that what is measured never has a queue behind it.
      for (const [index, name] of names.entries()) {
        const stranger = `${prefix}-stranger-${index}`
        await lab.kubectl(['apply'], podYaml(stranger, { asks, isOurs: false }))
        await eventually(`${stranger} has the GPU`, () => boundMs.has(stranger))
        await lab.kubectl(['apply'], podYaml(name, { asks, isOurs: true }))
        await end(stranger)
        await eventually(`${name} is bound after ${stranger}`, () => boundMs.has(name))
        await end(name)
      }
      return names.map((name, index) => toHandover(name, endedMs.get(`${prefix}-stranger-${index}`)!))
    }
    await lab.kubectl(['apply'], names.map((name) => podYaml(name, { asks, isOurs: true })).join('---\n'))
    const order: string[] = []
    while (order.length < count) {
      const next = await eventually(`one of ${count - order.length} gets the GPU`, () =>
        names.find((name) => boundMs.has(name) && !order.includes(name)),
      )
      order.push(next)
      await end(next)
    }
    return order.slice(1).map((name, index) => toHandover(name, endedMs.get(order[index]!)!))
  } finally {
    await informer.stop()
    client.close()
  }

  function toHandover(pod: string, freedMs: number): Handover {
    const [dropped, bound] = [droppedMs.get(pod)!, boundMs.get(pod)!]
    return { pod, endedToDroppedMs: dropped - freedMs, droppedToBoundMs: bound - dropped, endedToBoundMs: bound - freedMs }
  }
}

function podYaml(name: string, { asks, isOurs }: { readonly asks: Ask; readonly isOurs: boolean }): string {
  const { spec, container } = asking[asks]
  const labels = isOurs ? 'labels: {edgetwin.dev/placement: twin}, ' : ''
  const work = 'edgetwin.dev/application: resnet50, edgetwin.dev/frames: "30"'
  return `apiVersion: v1
kind: Pod
metadata: {name: ${name}, namespace: default, ${labels}annotations: {${isOurs ? work : ''}}}
spec:
  ${isOurs ? `schedulingGates: [{name: ${GATE}}]` : ''}
  ${spec}
  restartPolicy: Never
  terminationGracePeriodSeconds: 0
  containers: [{name: main, image: "example.com/gpu-only:1", ${container}}]
`
}
