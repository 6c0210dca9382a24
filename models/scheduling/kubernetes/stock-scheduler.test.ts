/**
 * The verdicts of Kubernetes' own plugins (1.36.3, run without an API server) on drawn clusters; and the rules that those clusters cannot show:
 * volume zones, quantities. Thousands more are compared live by the real-service suites.
 */
import { readFileSync } from 'node:fs'
import { expect, it } from '@jest/globals'
import type { KubeNode, KubePod } from './objects.ts'
import { quantity } from './quantity.ts'
import { snapshotOf } from './snapshot.ts'
import { judge, PLUGINS } from './stock-scheduler.ts'
import { anyCluster } from './testing/any-cluster.ts'

type StockVerdict = readonly [seed: number, feasible: readonly string[], totals: Readonly<Record<string, number>>]
const VERDICTS: readonly StockVerdict[] = JSON.parse(readFileSync(new URL('./testing/stock-verdicts.json', import.meta.url), 'utf8'))

it(`agrees with the stock plugins on ${VERDICTS.length} drawn clusters, node by node and point by point`, () => {
  for (const [seed, feasible, totals] of VERDICTS) {
    const { nodes, pods, namespaces, pod } = anyCluster(seed)
    const verdict = judge(pod, snapshotOf({ nodes, pods, namespaces }))
    const ours = Object.fromEntries([...verdict.scores].map(([name, { total }]) => [name, total]))
    expect({ seed, feasible: [...verdict.feasible].sort(), totals: ours }).toEqual({ seed, feasible, totals })
  }
})

it('has a plugin for each filter and score that the papers name', () => {
  const names = PLUGINS.flatMap(({ paperName = '' }) => paperName.split(', '))
  const filters = ['PodFitsHostPorts', 'PodFitsHost', 'PodFitsResources', 'MatchNodeSelector', 'NoVolumeZoneConflict']
  const scores = ['SelectorSpread', 'InterPodAffinity', 'LeastRequested', 'BalancedResourceAllocation', 'NodeAffinity']
  for (const name of [...filters, ...scores]) expect(names).toContain(name)
})

it('keeps a pod in the zone of its volume, where nodes have zones', () => {
  const aNode = (name: string, zone?: string): KubeNode => ({
    metadata: { name, ...(zone === undefined ? {} : { labels: { 'topology.kubernetes.io/zone': zone } }) },
    status: { allocatable: { pods: '10' } },
  })
  const pod: KubePod = {
    metadata: { name: 'recorder' },
    spec: { containers: [], volumes: [{ persistentVolumeClaim: { claimName: 'clips' } }] },
  }
  const volumeLabels = new Map([['default/clips', { 'topology.kubernetes.io/zone': 'z1__z2' }]])
  const nodes = [aNode('a', 'z0'), aNode('b', 'z1'), aNode('c', 'z2'), aNode('d')]
  const { feasible, rejected } = judge(pod, snapshotOf({ nodes, pods: [], volumeLabels }))
  expect(feasible).toEqual(['b', 'c', 'd'])
  expect(rejected.get('a')).toEqual({ plugin: 'VolumeZone', reason: 'a volume is in z1 or z2, the node is not' })
})

it('takes an image that its kubelet names no more for none', () => {
  const aNode = (name: string, names: readonly string[] | null): KubeNode => ({
    metadata: { name },
    status: { allocatable: { pods: '10' }, images: [{ names, sizeBytes: 500_000_000 }] },
  })
  const pod: KubePod = { metadata: { name: 'web' }, spec: { containers: [{ name: 'web', image: 'example.com/web:1' }] } }
  const { feasible, scores } = judge(pod, snapshotOf({ nodes: [aNode('a', null), aNode('b', ['example.com/web:1'])], pods: [] }))
  expect(feasible).toEqual(['a', 'b'])
  expect(scores.get('a')!.total).toBeLessThan(scores.get('b')!.total)
})

it.each([
  ['500m', 3, 500],
  ['0.0005', 3, 1],
  ['1.5Gi', 0, 1_610_612_736],
  ['1e3', 0, 1_000],
  ['100M', 0, 100_000_000],
  ['1n', 0, 1],
  ['-1.5', 0, -2],
] as const)('reads quantity %s in units of 10^-%s', (text, scale, value) => expect(quantity(text, scale)).toBe(value))

it.each(['', 'Gi', '1 Gi', '1.2.3', '0x10', '1KB'])('refuses %p as a quantity', (text) =>
  expect(() => quantity(text)).toThrow('no Kubernetes quantity'),
)
