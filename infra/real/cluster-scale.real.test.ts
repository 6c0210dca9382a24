/**
 * A thousand nodes and five thousand pods: how long the first sync takes, how much memory, and how soon a change is in the twin.
 *
 * Without scheduler and kwok, whose own work would be measured instead; the figures are printed, the machine decides how good they are.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { createKubeClient, type KubeClient } from '../../connectors/kubernetes/kube-client.ts'
import { loadKubeConfig } from '../../connectors/kubernetes/kube-config.ts'
import { quantile } from '../bench/figure.ts'
import { type KubernetesLab, startKubernetes } from '../lab/kubernetes.ts'
import { eventually } from '../testing/eventually.ts'

const NODES = 1_000
const PODS = 5_000
const CHANGES_PER_SECOND = 100
const CHANGES = 2_000
const AT_ONCE = 32

let lab: KubernetesLab
let client: KubeClient
beforeAll(async () => {
  lab = await startKubernetes({ components: ['etcd', 'kube-apiserver'], progress: (line) => process.stderr.write(`${line}\n`) })
  client = createKubeClient(() => loadKubeConfig({ kubeconfig: lab.kubeconfig }))
  await eventually('there is a namespace', () => client.request({ path: '/api/v1/namespaces/default' }).catch(() => null))
  await client
    .request({ method: 'POST', path: '/api/v1/namespaces/default/serviceaccounts', body: { metadata: { name: 'default' } } })
    .catch(() => {})
}, 1_500_000)
afterAll(async () => {
  client?.close()
  await lab?.stop()
})

async function inTurn(count: number, act: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) await act(next++)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

function makeNode(index: number): Promise<unknown> {
  const capacity = { cpu: '16', memory: '32Gi', pods: '110', 'nvidia.com/gpu': '1' }
  const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: new Date().toISOString() }]
  const body = {
    metadata: { name: `node-${index}`, labels: { 'edgetwin.dev/device-model': 'jetson-tx2' } },
    status: { capacity, allocatable: capacity, conditions },
  }
  return client.request({ method: 'POST', path: '/api/v1/nodes', body, timeoutMs: 60_000 })
}

function makePod(index: number): Promise<unknown> {
  const labels = { 'edgetwin.dev/placement': 'twin', 'edgetwin.dev/application': 'alexnet', 'edgetwin.dev/camera': `node-${index % NODES}` }
  const body = {
    metadata: { name: `pod-${index}`, labels },
    spec: {
      nodeName: `node-${index % NODES}`,
      automountServiceAccountToken: false,
      containers: [{ name: 'main', image: 'edgetwin/alexnet-gpu:1' }],
    },
  }
  return client.request({ method: 'POST', path: '/api/v1/namespaces/default/pods', body, timeoutMs: 60_000 })
}

it('is watched', async () => {
  await inTurn(NODES, makeNode)
  await inTurn(PODS, makePod)
  const child = spawn(process.execPath, [join(import.meta.dirname, '../testing/cluster-child.ts'), lab.kubeconfig], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const last = { podCount: 0, syncMs: 0, rssBytes: 0, nodeCount: 0, driftCount: 0 }
  const rssBytes: number[] = []
  const seenMs = new Map<string, number>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { started = [], atMs, ...more } = JSON.parse(line)
    Object.assign(last, more)
    if (more.rssBytes !== undefined) rssBytes.push(more.rssBytes)
    for (const name of started) seenMs.set(name, atMs)
  })
  try {
    await eventually('all are in the twin', () => last.podCount === PODS && last.nodeCount === NODES, 120_000)
    const { syncMs } = last
    const sentMs = new Map<string, number>()
    const answeredMs = new Map<string, number>()
    const changing: Promise<unknown>[] = []
    const beginMs = Date.now()
    for (let index = 0; index < CHANGES; index++) {
      await sleep(Math.max(0, beginMs + (index * 1_000) / CHANGES_PER_SECOND - Date.now()))
      sentMs.set(`pod-${index}.default`, Date.now())
      const startedAt = new Date().toISOString()
      const body = {
        status: {
          phase: 'Running',
          containerStatuses: [{ name: 'main', state: { running: { startedAt } }, image: '', imageID: '', ready: true, restartCount: 0 }],
        },
      }
      const path = `/api/v1/namespaces/default/pods/pod-${index}/status`
      const asked = client.request({
        method: 'PATCH',
        path,
        body,
        contentType: 'application/strategic-merge-patch+json',
        timeoutMs: 60_000,
      })
      changing.push(asked.then(() => answeredMs.set(`pod-${index}.default`, Date.now())))
    }
    await Promise.all(changing)
    await eventually('all changes are in the twin', () => seenMs.size === CHANGES, 30_000)
    const delays = (since: ReadonlyMap<string, number>) => {
      const delaysMs = [...since].map(([name, atMs]) => Math.max(0, seenMs.get(name)! - atMs))
      return { p50: quantile(delaysMs, 0.5), p99: quantile(delaysMs, 0.99), max: Math.max(...delaysMs) }
    }
    const rssMiBMax = Math.round(Math.max(...rssBytes) / 2 ** 20)
    const figures = { syncMs, rssMiBMax, requestToTwinMs: delays(sentMs), answerToTwinMs: delays(answeredMs) }
    process.stderr.write(`${JSON.stringify({ nodes: NODES, pods: PODS, changesPerSecond: CHANGES_PER_SECOND, ...figures })}\n`)
    expect(last.driftCount).toBe(0)
  } finally {
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
}, 600_000)
