/**
 * The watch of a real cluster: whatever is done to the API server, to etcd, to the way there and to the objects themselves, in the end
 * the twin is as a fresh list.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals'
import { nodeFactsOf } from '../../connectors/kubernetes/watch/node-facts.ts'
import { isOver } from '../../connectors/kubernetes/watch/pod-facts.ts'
import { nameOf } from '../../connectors/kubernetes/watch/telling.ts'
import { isPlaceable, type WatchedNode, type WatchedPod } from '../../connectors/kubernetes/watched.ts'
import { type KubernetesLab, startKubernetes } from '../lab/kubernetes.ts'
import { applyNodes } from '../lab/nodes.ts'
import { startToxiproxy, type ToxicProxy, type Toxiproxy } from '../lab/toxiproxy.ts'
import { eventually } from '../testing/eventually.ts'
import { heldBy, type WatchedLab, watchLab } from '../testing/watched-lab.ts'

let lab: KubernetesLab
let toxiproxy: Toxiproxy
let way: ToxicProxy
let watched: WatchedLab
beforeAll(async () => {
  lab = await startKubernetes({
    quickFailures: true,
    identities: ['stranger=bob/strangers'],
    progress: (line) => process.stderr.write(`${line}\n`),
  })
  await applyNodes(lab, 'dhs')
  await eventually('all nodes are ready', async () => (await lab.kubectl(['get', 'nodes'])).match(/ Ready /g)?.length === 5)
  toxiproxy = await startToxiproxy({})
  way = await toxiproxy.proxy({ name: 'api', upstream: new URL(lab.url).host })
  watched = await watchLab(throughProxy())
  await untilTrue()
}, 1_500_000)
afterAll(async () => {
  await watched?.stop()
  await toxiproxy?.stop()
  await lab?.stop()
})
afterEach(async () => {
  expect(watched.status().cluster.driftCount).toBe(0)
  expect(watched.status().feed).toMatchObject({ refusedCount: 0, stuckSinceMs: null, puzzles: new Map() })
})

/** The administrator's kubeconfig, by way of the proxy. */
function throughProxy(): string {
  const file = join(lab.dir, 'by-proxy.kubeconfig')
  writeFileSync(file, readFileSync(lab.kubeconfig, 'utf8').replaceAll(lab.url, `https://${way.address}`))
  return file
}

async function freshList(): Promise<readonly string[]> {
  const list = async <T>(what: string[]): Promise<T[]> => JSON.parse(await lab.kubectl(['get', ...what, '-o', 'json'])).items
  const [nodes, pods] = await Promise.all([list<WatchedNode>(['nodes']), list<WatchedPod>(['pods', '-A'])])
  const open = pods.filter((pod) => isPlaceable(pod) && !isOver(pod))
  return [
    ...nodes.map((node) => `node ${node.metadata.name} ${nodeFactsOf(node).conditions.ready} ${node.spec?.unschedulable === true}`),
    ...open.map((pod) => `pod ${nameOf(pod)} ${pod.metadata.uid} ${pod.spec.nodeName ?? '-'} ${pod.status?.phase === 'Running'}`),
  ].sort()
}

/** @returns once the twin holds what a fresh list does; fails with the difference. */
async function untilTrue(withinMs = 60_000): Promise<void> {
  let difference: unknown = null
  try {
    await eventually(
      'the twin is true',
      async () => {
        const [fresh, held] = [await freshList(), heldBy(watched.state())]
        difference = { missing: fresh.filter((each) => !held.includes(each)), wrong: held.filter((each) => !fresh.includes(each)) }
        return JSON.stringify(held) === JSON.stringify(fresh)
      },
      withinMs,
    )
  } catch {
    expect({ difference, status: watched.status() }).toBeNull()
  }
}

const deployment = (name: string, replicas: number, more = '') => `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata:
      labels: {app: ${name}, edgetwin.dev/placement: twin, edgetwin.dev/application: alexnet, edgetwin.dev/camera: cam-1}
    spec:
      terminationGracePeriodSeconds: 0
      tolerations: [{operator: Exists}]
      ${more}
      containers: [{name: main, image: "edgetwin/alexnet-cpu:1", resources: {requests: {cpu: 100m}}}]
`
const podsOf = (name: string) => [...watched.state().entities.pod.values()].filter((pod) => pod.name.startsWith(`${name}-`))

it('shows what a deployment does: bound, running, scaled down', async () => {
  await lab.kubectl(['apply'], deployment('web', 3))
  await eventually('three run', () => podsOf('web').filter(({ mode }) => mode === 'running').length === 3)
  for (const { spec, reported } of podsOf('web')) {
    expect(spec).toMatchObject({ application: 'alexnet', camera: 'cam-1', stage: 'infer', frames: 1, iteration: 0 })
    expect(reported.place?.accelerator).toBe(`${reported.place?.node}/cpu0`)
  }
  expect(new Set(podsOf('web').map(({ spec }) => spec?.request)).size).toBe(3)
  await lab.kubectl(['scale', 'deployment/web', '--replicas=1'])
  await untilTrue()
  expect(podsOf('web').filter(({ mode }) => mode === 'evicted')).toHaveLength(2)
})

it('knows the accelerators once, from slices and device plugins alike', async () => {
  const names = [...watched.state().entities.accelerator.keys()].sort()
  expect(names).toEqual(['edge-1/cpu0', 'pi-1/cpu0', 'tx2-1/cpu0', 'tx2-1/gpu0', 'tx2-2/cpu0', 'tx2-2/gpu0', 'tx2-3/cpu0', 'tx2-3/gpu0'])
  expect(watched.inventory('tx2-1')?.devices.find(({ name }) => name === 'tx2-1/gpu0')).toMatchObject({
    deviceModel: 'jetson-tx2',
    from: expect.arrayContaining(['slice', 'extended-resource']),
  })
})

it('sees a pod of somebody else hold an accelerator', async () => {
  const pod = `apiVersion: v1
kind: Pod
metadata: {name: other}
spec:
  nodeName: tx2-2
  terminationGracePeriodSeconds: 0
  tolerations: [{operator: Exists}]
  containers: [{name: main, image: "other:1", resources: {limits: {nvidia.com/gpu: "1"}}}]
`
  await lab.kubectl(['apply'], pod)
  const gpu = () => watched.state().entities.accelerator.get('tx2-2/gpu0')
  await eventually('it is held', () => gpu()?.reported.health?.value.heldBy === 'pod other.default')
  expect(gpu()?.mode).toBe('allocated')
  await lab.kubectl(['delete', 'pod', 'other', '--wait=false'])
  await eventually('it is free', () => gpu()?.mode === 'unallocated')
})

it('sees a claim give a pod its device', async () => {
  const claimed = `apiVersion: resource.k8s.io/v1
kind: ResourceClaimTemplate
metadata: {name: one-gpu}
spec: {spec: {devices: {requests: [{name: acc, exactly: {deviceClassName: gpu.edgetwin.dev}}]}}}
---
${deployment('claims', 2, 'resourceClaims: [{name: acc, resourceClaimTemplateName: one-gpu}]').replace('requests: {cpu: 100m}', 'claims: [{name: acc}]')}`
  await lab.kubectl(['apply'], claimed)
  await eventually('two run', () => podsOf('claims').filter(({ mode }) => mode === 'running').length === 2)
  const places = podsOf('claims').map(({ reported }) => reported.place?.accelerator)
  expect(new Set(places).size).toBe(2)
  for (const place of places) expect(place).toMatch(/\/gpu0$/)
  await lab.kubectl(['delete', 'deployment', 'claims'])
  await untilTrue()
})

it('explains a pod that waits for an accelerator, and sees it go on when one is free', async () => {
  await lab.kubectl(
    ['apply'],
    deployment('gpus', 4).replace('cpu: 100m}', 'cpu: 100m, nvidia.com/gpu: "1"}, limits: {nvidia.com/gpu: "1"}'),
  )
  await eventually('three run', () => podsOf('gpus').filter(({ mode }) => mode === 'running').length === 3)
  const waiting = await eventually('one waits', () => podsOf('gpus').find(({ mode }) => mode === 'gated'))
  const why = watched.whyPending(waiting.name)
  expect(why?.cause).toBe('idle-with-image')
  expect(why?.text).toMatch(/^Every nvidia.com\/gpu is taken: tx2-1\/gpu0 by gpus-.* Idle and able to do it: .*edge-1\/cpu0/)
  expect(why?.nodes['edge-1']).toBe('Insufficient nvidia.com/gpu (NodeResourcesFit)')
  await lab.kubectl(['scale', 'deployment/gpus', '--replicas=3'])
  await untilTrue()
  const [first] = podsOf('gpus')
  await lab.kubectl(['delete', 'deployment', 'gpus'])
  await untilTrue()
  expect(watched.whyPending(first?.name ?? '')).toBeNull()
  expect(watched.whyPending('nobody.default')).toBeNull()
})

it('names an annotation that it does not understand, also on the pod, and goes on with a default', async () => {
  const odd = deployment('odd', 1).replace('labels: {app: odd,', 'annotations: {edgetwin.dev/frames: many}\n      labels: {app: odd,')
  await lab.kubectl(['apply'], odd)
  const [pod] = await eventually('it runs', () => {
    const running = podsOf('odd').filter(({ mode }) => mode === 'running')
    return running.length > 0 ? running : null
  })
  expect(pod?.spec?.frames).toBe(1)
  const said = 'edgetwin.dev/frames "many" is no whole number from 1 to 1000000; 1 is assumed'
  expect(watched.checks().find(({ name }) => name === 'cluster-pods')).toMatchObject({ ok: false, detail: `${pod?.name}: ${said}` })
  await eventually('the pod tells', async () => (await lab.kubectl(['describe', 'pods', '-l', 'app=odd'])).includes(said))
  await lab.kubectl(['delete', 'deployment', 'odd'])
  await untilTrue()
  expect(watched.checks().every(({ ok }) => ok)).toBe(true)
})

it('sees a node fall silent and come back', async () => {
  await lab.kubectl(['label', 'node', 'tx2-3', 'type-'])
  const node = () => watched.state().entities.node.get('tx2-3')
  await eventually('it is not ready', () => node()?.mode === 'notReady', 40_000)
  expect(node()?.reported.conditions?.value.reason).toContain('NodeStatusUnknown')
  await lab.kubectl(['label', 'node', 'tx2-3', 'type=kwok'])
  await eventually('it is ready', () => node()?.mode === 'ready', 40_000)
  await untilTrue()
})

it('misses nothing while the API server and etcd are killed', async () => {
  for (const component of ['kube-apiserver', 'etcd'] as const) {
    await lab.service(component).kill()
    await sleep(1_500)
    await lab.service(component).start()
    await eventually('it takes changes', () =>
      lab.kubectl(['scale', 'deployment/web', `--replicas=${component === 'etcd' ? 4 : 2}`]).then(
        () => true,
        () => false,
      ),
    )
    await untilTrue()
  }
}, 200_000)

it('notices a half-open connection within 20 s and misses nothing', async () => {
  await way.add({ type: 'timeout', timeoutMs: 0, stream: 'both' })
  const atMs = performance.now()
  await lab.kubectl(['delete', 'pods', '-l', 'app=web', '--wait=false'])
  await eventually('out of touch', () => !watched.cluster.isInTouch('pod') && !watched.cluster.isInTouch('node'), 25_000)
  expect(performance.now() - atMs).toBeLessThan(20_500)
  await way.clear()
  await untilTrue()
})

it.each([
  { type: 'latency', latencyMs: 800, jitterMs: 700 },
  { type: 'slicer', averageBytes: 40, variationBytes: 30, delayMicroseconds: 50 },
  { type: 'bandwidth', kilobytesPerSecond: 30 },
  { type: 'reset_peer', timeoutMs: 300 },
] as const)('misses nothing on a way with $type', async (toxic) => {
  await way.add(toxic)
  await lab.kubectl(['delete', 'pods', '-l', 'app=web', '--wait=false'])
  await lab.kubectl(['scale', 'deployment/web', '--replicas=5'])
  await sleep(2_000)
  await lab.kubectl(['scale', 'deployment/web', '--replicas=2'])
  if (toxic.type === 'reset_peer') await way.clear()
  await untilTrue()
  await way.clear()
  await untilTrue()
})

it('lists anew after its history was thrown away, and tells a re-created pod from the old one', async () => {
  const bare = (image: string) => `apiVersion: v1
kind: Pod
metadata: {name: bare, labels: {edgetwin.dev/placement: twin}}
spec: {nodeName: edge-1, terminationGracePeriodSeconds: 0, containers: [{name: main, image: "${image}"}]}
`
  await lab.kubectl(['apply'], bare('a:1'))
  await eventually('it runs', () => watched.state().entities.pod.get('bare.default')?.mode === 'running')
  const uid = watched.state().entities.pod.get('bare.default')?.uid
  const listCount = watched.status().cluster.informers.pod.listCount
  await way.add({ type: 'down' })
  await lab.kubectl(['delete', 'pod', 'bare', '--now'])
  await lab.kubectl(['apply'], bare('b:1'))
  await compact()
  await lab.service('kube-apiserver').kill()
  await lab.service('kube-apiserver').start()
  await way.clear()
  await untilTrue()
  expect(watched.status().cluster.informers.pod.listCount).toBeGreaterThan(listCount)
  expect(watched.state().entities.pod.get('bare.default')?.uid).not.toBe(uid)
  const ends = watched.told.filter((event) => event.type === 'pod.evicted' && event.name === 'bare.default')
  expect(ends).toHaveLength(1)
}, 200_000)

/** Etcd forgets every version but the newest. */
async function compact(): Promise<void> {
  const { etcd } = JSON.parse(readFileSync(join(lab.dir, 'ports.json'), 'utf8'))
  const ask = async (path: string, body: object) => {
    const answer = await fetch(`http://127.0.0.1:${etcd}/v3/kv/${path}`, { method: 'POST', body: JSON.stringify(body) })
    return JSON.parse(await answer.text())
  }
  const { header } = await ask('range', { key: 'AA==' })
  await ask('compaction', { revision: header.revision, physical: true })
}

it('tells after a start what happened while it was away', async () => {
  const from = watched.state()
  await watched.stop()
  await lab.kubectl(['scale', 'deployment/web', '--replicas=6'])
  await lab.kubectl(['delete', 'pod', 'bare', '--now'])
  await lab.kubectl(['cordon', 'pi-1'])
  await lab.kubectl(['delete', 'node', 'tx2-1'])
  await eventually('six are made', async () => (await freshList()).filter((each) => each.includes('pod web-')).length === 6)
  watched = await watchLab(throughProxy(), { from })
  await untilTrue()
  expect(watched.state().entities.node.get('tx2-1')?.mode).toBe('gone')
  expect(watched.state().entities.accelerator.get('tx2-1/gpu0')?.mode).toBe('offline')
  expect(watched.state().divergences).toEqual([])
})

it('names what it may not see with the line that would grant it, and shows the rest', async () => {
  const role = `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: some}
rules: [{apiGroups: [""], resources: [nodes, pods, namespaces], verbs: [get, list, watch]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: some}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: some}
subjects: [{kind: User, name: bob, apiGroup: rbac.authorization.k8s.io}]
`
  await lab.kubectl(['apply'], role)
  const stranger = await watchLab(lab.kubeconfigOf('stranger'))
  try {
    await stranger.cluster.synced
    await eventually('the nodes are shown', () => stranger.state().entities.node.size >= 4)
    const slices = stranger.checks().find(({ name }) => name === 'cluster-resourceslices')
    expect(slices?.ok).toBe(false)
    expect(slices?.remedy).toContain('- {apiGroups: ["resource.k8s.io"], resources: [resourceslices], verbs: [get, list, watch]}')
    // The GPU is known by its device plugin then.
    expect(stranger.inventory('tx2-2')?.devices.map(({ name, from }) => [name, from[0]])).toContainEqual([
      'tx2-2/gpu0',
      'extended-resource',
    ])
  } finally {
    await stranger.stop()
  }
})

it('knows another cluster at the same address by its identity: what the old one had is gone', async () => {
  const before = watched.status().cluster.uid
  await lab.service('kube-apiserver').kill()
  await lab.service('etcd').kill()
  rmSync(join(lab.dir, 'etcd'), { recursive: true })
  await lab.service('etcd').start()
  await lab.service('kube-apiserver').start()
  await eventually('another one answers', () => watched.status().cluster.uid !== before, 60_000)
  await untilTrue()
  expect([...watched.state().entities.node.values()].every(({ mode }) => mode === 'gone')).toBe(true)
}, 200_000)
