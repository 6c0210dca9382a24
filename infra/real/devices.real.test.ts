/** Accelerators of a real API server: one device is one, whatever its exporter calls it; those of no single node are shown apart. */
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import type { TwinEvent } from '../../models/events/events.ts'
import { type KubernetesLab, startKubernetes } from '../lab/kubernetes.ts'
import { eventually } from '../testing/eventually.ts'
import { type WatchedLab, watchLab } from '../testing/watched-lab.ts'

const UUIDS = ['GPU-6d5c0ac5-74d7-3130-46f1-e93ed57f469a', 'GPU-11111111-2222-3333-4444-555555555555']
const OBJECTS = `apiVersion: v1
kind: Node
metadata: {name: n1, labels: {rack: "1", edgetwin.dev/device-model: core-i7-11th-gen}}
status: {capacity: {cpu: "8", memory: 16Gi, pods: "110", gpu.intel.com/i915: "2"}, allocatable: {cpu: "8", memory: 16Gi, pods: "110", gpu.intel.com/i915: "2"}}
---
apiVersion: v1
kind: Node
metadata: {name: n2, labels: {rack: "1"}}
---
apiVersion: resource.k8s.io/v1
kind: ResourceSlice
metadata: {name: n1-gpus}
spec:
  driver: gpu.intel.com
  nodeName: n1
  pool: {name: n1, generation: 1, resourceSliceCount: 1}
  devices:
    - {name: gpu-0, attributes: {kind: {string: gpu}, uuid: {string: ${UUIDS[0]}}}}
    - {name: gpu-1, attributes: {kind: {string: gpu}, uuid: {string: ${UUIDS[1]}}}}
---
apiVersion: resource.k8s.io/v1
kind: ResourceSlice
metadata: {name: rack-npus}
spec:
  driver: npu.example.com
  nodeSelector: {nodeSelectorTerms: [{matchExpressions: [{key: rack, operator: In, values: ["1"]}]}]}
  pool: {name: rack, generation: 1, resourceSliceCount: 1}
  devices: [{name: npu0, attributes: {kind: {string: npu}}}]
`

let lab: KubernetesLab
let watched: WatchedLab
beforeAll(async () => {
  lab = await startKubernetes({ components: ['etcd', 'kube-apiserver'], progress: (line) => process.stderr.write(`${line}\n`) })
  await lab.kubectl(['apply', '--server-side'], OBJECTS)
  watched = await watchLab(lab.kubeconfig)
  await eventually(
    'both GPUs are known',
    () => watched.inventory('n1')?.devices.filter(({ acceleratorKind }) => acceleratorKind === 'GPU').length === 2,
  )
}, 1_500_000)
afterAll(async () => {
  await watched?.stop()
  await lab?.stop()
})

const scrape = (...cards: readonly (readonly [name: string, uuid: string])[]): TwinEvent[] =>
  cards.flatMap(([name, uuid]): TwinEvent[] => {
    const common = { site: 'lab', timeMs: Date.now(), source: 'exporter:n1', name: `n1/${name}` }
    const identity = { node: 'n1', acceleratorKind: 'GPU', emulated: false, deviceModel: null, uuid } as const
    return [
      { type: 'accelerator.observed', ...common, identity },
      { type: 'accelerator.sampled', ...common, load: { utilizationRatio: 0.5 } },
    ]
  })
const names = (events: readonly TwinEvent[]) => [...new Set(events.map((event) => ('name' in event ? event.name : '')))].sort()

it('tells the samples of an exporter under the names of the slice, each by its UUID', () => {
  const told = watched.translate(scrape(['card0', UUIDS[1]!], ['card1', UUIDS[0]!]))
  expect(names(told)).toEqual(['n1/gpu0', 'n1/gpu1'])
  expect(told.find(({ type }) => type === 'accelerator.observed')).toMatchObject({ name: 'n1/gpu1', identity: { uuid: UUIDS[1] } })
})

it('says that slice and exporter disagree, and counts as the slice does', async () => {
  watched.translate([
    { type: 'accelerator.gone', site: 'lab', timeMs: Date.now(), source: 'exporter:n1', name: 'n1/card1', reason: 'pulled out' },
  ])
  await lab.kubectl(['label', 'node', 'n1', 'looked=again'])
  await eventually(
    'it is told',
    () =>
      watched.inventory('n1')?.conflicts.includes('n1: slice and extended resource says 2 GPU, exporter sees 1') ||
      watched.inventory('n1')?.conflicts.includes('n1: slice says 2 GPU, exporter sees 1'),
  )
  expect([...watched.state().entities.accelerator.keys()].sort()).toEqual(['n1/cpu0', 'n1/gpu0', 'n1/gpu1', 'n2/cpu0'])
  expect(watched.checks().find(({ name }) => name === 'cluster-accelerators')).toMatchObject({
    ok: false,
    detail: expect.stringContaining('exporter sees 1'),
  })
})

it('shows a device that several nodes reach once, and as no device of a node', () => {
  const check = watched.checks().find(({ name }) => name === 'cluster-shared-devices')
  expect(check).toMatchObject({ ok: true, detail: 'npu.example.com/rack/npu0 (NPU): n1, n2' })
})
