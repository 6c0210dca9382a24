/** The page's account of what was run: devices with measured costs, loads, classes, and every assumption with its reason. */
import { applicationNamed } from '../../models/applications/applications.ts'
import { costOf } from '../../models/applications/costs.ts'
import type { AcceleratorKind } from '../../models/events/shapes.ts'
import type { Run } from './dhs-runs.ts'
import { ASSUMPTIONS, BASE, type DeviceName, isBase } from './dhs-settings.ts'
import { CLASS_NAMES } from './dhs-summary.ts'
import { markdownTable, ms, percent } from './dhs-tables.ts'

export const NETWORKS = ['alexnet', 'googlenet', 'resnet50'] as const

const DEVICES: readonly { readonly title: string; readonly device: DeviceName; readonly kind: AcceleratorKind }[] = [
  { title: 'Raspberry Pi 4B (1), CPU', device: 'raspberry-pi-4b', kind: 'CPU' },
  { title: 'Jetson TX2 (3), GPU', device: 'jetson-tx2', kind: 'GPU' },
  { title: 'Jetson TX2 (3), CPU', device: 'jetson-tx2', kind: 'CPU' },
  { title: 'Server (1), CPU', device: 'edge-server-3.6ghz', kind: 'CPU' },
]

export function wholeCost(network: string, target: { device: DeviceName; kind: AcceleratorKind }) {
  const blocks = applicationNamed(network)?.blocks.keys() ?? []
  const cost = costOf(network, [...blocks], { deviceModel: target.device, acceleratorKind: target.kind })
  if (cost === null) throw new RangeError(`no measured cost of ${network} on ${target.device} ${target.kind}`)
  return cost
}

export function setupSection(runs: readonly Run[]): string {
  const classes = (['heavy', 'light'] as const).map((load) => {
    const own = runs.filter((run) => run.load === load)
    const weightOf = (className: string) => sumOf(own.filter(({ loadClass }) => loadClass.className === className))
    const total = sumOf(own)
    const cells = CLASS_NAMES.map((className) => {
      const weight = weightOf(className)
      return weight === 0 ? '–' : `${weight} (${percent(weight / total)} %)`
    })
    return [
      load === 'heavy' ? 'Heavy: 2 AlexNet, 2 GoogLeNet, 2 ResNet-50' : 'Light: 1 of each',
      String(total),
      String(own.length),
      ...cells,
    ]
  })
  return `## What was run

As published: one Raspberry Pi 4B and three Jetson TX2 as smart cameras, one server of 3.6 GHz and 24 GB; δ1 = ${BASE.delta1Seconds}, δ2 = ${BASE.delta2}, n = 4.
A network on a device takes what was measured, spread over its blocks by their multiply-accumulates; ms, one frame, batch 1:

${markdownTable(
  ['device', 'AlexNet', 'GoogLeNet', 'ResNet-50', 'measured as'],
  DEVICES.map(({ title, ...target }) => [
    title,
    ...NETWORKS.map((network) => ms(wholeCost(network, target).ms)),
    sourceOf(wholeCost('resnet50', target).source),
  ]),
)}

The paper does not say which camera asks for what. Balanced and Unbalanced follow from that, so every way to spread the requests over
the cameras is one arrival and all of them are run; those of Heavy that differ only in which TX2 is which are one case with a
weight. They fall into the classes by the paper's equations (1) to (4), t being the measured time of a camera's own
requests on it:

${markdownTable(['load', 'arrivals', 'different cases', ...CLASS_NAMES], classes)}

Every case is scheduled by HEFT, CPOP, PEFT, Local (all on the camera that asks) and Edge (all on the server); DHS is PEFT, CPOP or HEFT by
class. Each schedule is also played: tasks keep their processor and order, and transfers share every host's full-duplex link fairly. Times
of single cases: \`dhs/arrivals.csv\`.`
}

export function assumptionsSection(): string {
  return `## Assumptions

What the paper leaves open, with the default and its reason. No default was changed after a result was seen.

${markdownTable(
  ['assumption', 'default', 'why', 'also tried'],
  ASSUMPTIONS.map(({ name, why, values }) => [
    name,
    values.find(({ change }) => isBase(change))?.label ?? '',
    why,
    values.flatMap(({ label, change }) => (isBase(change) ? [] : [label])).join(', '),
  ]),
)}`
}

/** Without the one network's number. */
function sourceOf(source: string): string {
  return source.replace(/, resnet50 avg [\d.]+ ms/, '')
}

function sumOf(runs: readonly Run[]): number {
  return runs.reduce((sum, { weight }) => sum + weight, 0)
}
