/**
 * Our model of the Kubernetes scheduler against the scheduler's own plugins, run without an API server on drawn clusters: the same nodes
 * feasible, the same points for each plugin, the same best nodes. A difference names its seed.
 */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { beforeAll, expect, it } from '@jest/globals'
import type { DeviceObjects } from '../../models/scheduling/kubernetes/device-objects.ts'
import type { Plugin } from '../../models/scheduling/kubernetes/plugin.ts'
import { snapshotOf } from '../../models/scheduling/kubernetes/snapshot.ts'
import { judge, PLUGINS } from '../../models/scheduling/kubernetes/stock-scheduler.ts'
import { anyCluster, type KubeCase } from '../../models/scheduling/kubernetes/testing/any-cluster.ts'
import { anyDevices } from '../../models/scheduling/kubernetes/testing/any-devices.ts'
import { kubernetesDist } from '../lab/kubernetes-dist.ts'

const CASES = 6_000
/** Of them with devices and claims. */
const DEVICE_CASES = 3_000
const FIRST_SEED = Number(process.env.CLUSTER_SEED ?? 1_000_000)
const REPLAY = `replay with: CLUSTER_SEED=${FIRST_SEED} npm run -s test:real -- infra/real/stock-scheduler`

let binary = ''
// The first build takes minutes.
beforeAll(async () => {
  ;({ binary } = await kubernetesDist((message) => process.stderr.write(`${message}\n`)))
}, 1_500_000)

interface StockAnswer {
  readonly id: number
  readonly error?: string
  readonly feasible: readonly string[]
  readonly scores?: Readonly<Record<string, { readonly total: number; readonly plugins: Readonly<Record<string, number>> }>>
  readonly best?: readonly string[]
}

type Draw = (seed: number) => KubeCase & Partial<DeviceObjects>

/** The stock plugins' verdict on each cluster, in the order of the seeds. */
async function* stockVerdicts(count: number, draw: Draw = anyCluster): AsyncIterable<StockAnswer> {
  const oracle = spawn(binary, ['oracle'], { stdio: ['pipe', 'pipe', 'inherit'] })
  const answers = createInterface({ input: oracle.stdout })
  for (let seed = FIRST_SEED; seed < FIRST_SEED + count; seed++) oracle.stdin.write(`${JSON.stringify({ id: seed, ...draw(seed) })}\n`)
  oracle.stdin.end()
  for await (const line of answers) yield JSON.parse(line)
}

/** null when we agree. Plugins that we do not have give nothing in these clusters. */
function difference(stock: StockAnswer, plugins: readonly Plugin[] = PLUGINS, draw: Draw = anyCluster): string | null {
  const { pod, classes, slices, claims, ...cluster } = draw(stock.id)
  const devices = classes && slices && claims ? { classes, slices, claims } : null
  const ours = judge(pod, snapshotOf({ ...cluster, devices }), plugins)
  const summary = (feasible: readonly string[], best: readonly string[], points: (node: string) => Readonly<Record<string, number>>) =>
    JSON.stringify([
      [...feasible].sort().map((node) => [
        node,
        Object.entries(points(node))
          .filter(([, point]) => point !== 0)
          .sort(),
      ]),
      [...best].sort(),
    ])
  const theirs = summary(stock.feasible, stock.best ?? [], (node) => stock.scores?.[node]?.plugins ?? {})
  const own = summary(ours.feasible, ours.best, (node) => ours.scores.get(node)?.byPlugin ?? {})
  return stock.error === undefined && theirs === own ? null : `seed ${stock.id}: ${stock.error ?? theirs}\nours: ${own}`
}

it(`agrees with the stock plugins on ${CASES} clusters (${REPLAY})`, async () => {
  let feasible = 0
  let count = 0
  for await (const answer of stockVerdicts(CASES)) {
    expect(difference(answer)).toBeNull()
    count++
    feasible += answer.feasible.length > 1 ? 1 : 0
  }
  expect(count).toBe(CASES)
  // Else the scores were hardly compared.
  expect(feasible).toBeGreaterThan(CASES / 2)
})

it('notices a plugin that is a little wrong', async () => {
  const wrong: readonly (readonly [string, Partial<Plugin>])[] = [
    ['TaintToleration', { filter: () => () => null }],
    ['InterPodAffinity', { weight: 1 }],
    ['PodTopologySpread', { score: () => null }],
    ['NodePorts', { filter: () => () => null }],
    ['NodeResourcesBalancedAllocation', { score: () => null }],
  ]
  const found = new Set<string>()
  for await (const answer of stockVerdicts(300)) {
    for (const [name, fault] of wrong) {
      const spoilt = PLUGINS.map((plugin) => (plugin.name === name ? { ...plugin, ...fault } : plugin))
      if (difference(answer, spoilt) !== null) found.add(name)
    }
  }
  expect([...found].sort()).toEqual(wrong.map(([name]) => name).sort())
})

it(`agrees with DynamicResources on ${DEVICE_CASES} clusters with devices and claims (${REPLAY})`, async () => {
  let [decided, feasible, failed] = [0, 0, 0]
  const spoilt = PLUGINS.filter(({ name }) => name !== 'DynamicResources')
  let found = 0
  for await (const answer of stockVerdicts(DEVICE_CASES, anyDevices)) {
    // What it cannot judge goes nowhere, and neither does ours.
    const { error, ...verdict } = answer
    const stock = error === undefined ? answer : { ...verdict, feasible: [], scores: {}, best: [] }
    expect(difference(stock, PLUGINS, anyDevices)).toBeNull()
    found += difference(stock, spoilt, anyDevices) === null ? 0 : 1
    decided++
    feasible += stock.feasible.length > 0 ? 1 : 0
    failed += error === undefined ? 0 : 1
  }
  expect(decided).toBe(DEVICE_CASES)
  // Else devices decided nothing.
  expect(found).toBeGreaterThan(DEVICE_CASES / 4)
  expect(feasible).toBeGreaterThan(DEVICE_CASES / 4)
  expect(failed).toBeGreaterThan(0)
})
