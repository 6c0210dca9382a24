/** What a screen reader hears for each thing on the map: the same facts as the drawing, in one sentence. */
import type { Accelerator } from '../../../../models/entities/accelerator.ts'
import type { Camera } from '../../../../models/entities/camera.ts'
import type { Node } from '../../../../models/entities/node.ts'
import { counted, percent, UNKNOWN } from '../format.ts'
import type { Work } from '../live/work.ts'
import { type Ageing, ageingOf } from './scene.ts'
import { acceleratorSign, cameraSign, nodeSign } from './signs.ts'

const originOf = (isEmulated: boolean | undefined) => (isEmulated === undefined ? [] : [isEmulated ? 'emulated' : 'real'])
const freshnessOf = (ageing: Ageing | null) =>
  ageing === null ? ['not heard yet'] : ageing.freshness === 'fresh' ? [] : [ageing.freshness]
const sentence = (parts: readonly string[]) => parts.join(', ')

export function nodeLabel(node: Node, acceleratorCount: number): string {
  const identity = node.reported.identity?.value
  return sentence([
    node.name,
    ...(identity === undefined ? ['node'] : [identity.role === 'camera' ? 'camera node' : identity.role]),
    nodeSign(node).word,
    ...originOf(identity?.emulated),
    ...freshnessOf(ageingOf(node)),
    counted(acceleratorCount, 'accelerator'),
  ])
}

export function acceleratorLabel(accelerator: Accelerator, work: Work): string {
  const identity = accelerator.reported.identity?.value
  const queue = work.queueOf.get(accelerator.name) ?? []
  const runningCount = queue.filter(({ mode }) => mode === 'running').length
  const ratio = accelerator.reported.load?.value.utilizationRatio
  return sentence([
    accelerator.name,
    identity?.acceleratorKind ?? 'accelerator',
    acceleratorSign(accelerator).word,
    `utilisation ${ratio === undefined ? 'unknown' : percent(ratio)}`,
    `${runningCount} running`,
    `${queue.length - runningCount} waiting`,
    ...originOf(identity?.emulated),
    ...freshnessOf(ageingOf(accelerator)),
  ])
}

export function cameraLabel(camera: Camera, work: Work): string {
  const identity = camera.reported.identity?.value
  const framesPerSecond = camera.reported.stream?.value.framesPerSecond
  const streams = work.streamsOf.get(camera.name) ?? []
  const unplacedCount = work.unplacedOf.get(camera.name)?.length ?? 0
  return sentence([
    camera.name,
    'camera',
    cameraSign(camera).word,
    `${framesPerSecond?.toFixed(1) ?? UNKNOWN} frames per second`,
    ...(identity?.node == null ? [] : [`in ${identity.node}`]),
    ...streams.map(({ application, accelerator }) => `${application} on ${accelerator}`),
    ...(unplacedCount > 0 ? [`${unplacedCount} unplaced`] : []),
    ...originOf(identity?.emulated),
    ...freshnessOf(ageingOf(camera)),
  ])
}
