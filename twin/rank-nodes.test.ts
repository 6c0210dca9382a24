/** On the DHS site: a Raspberry Pi and three TX2s with one clip each, and an edge server that has all clips too. */
import { expect, it } from '@jest/globals'
import { defaultRegistry, imageForStage } from '../models/applications/registry.ts'
import type { AcceleratorKind } from '../models/events/shapes.ts'
import { dhsEvents, journaled, podEvents } from '../models/testing/dhs-site.ts'
import { aPlacement } from '../models/testing/events.ts'
import { applyEvents } from './fold.ts'
import { rankNodes } from './rank-nodes.ts'
import { emptyTwin, type TwinState } from './twin-state.ts'

const registry = defaultRegistry()
const common = { site: 'dhs', timeMs: 1_000_000, source: 'cluster' }
const waiting = podEvents('r-1', { camera: 'camera-tx2-1', application: 'alexnet' })
const site = (...more: Parameters<typeof journaled>[0]): TwinState =>
  applyEvents(emptyTwin, journaled([...dhsEvents(), ...waiting, ...more]))
const imageOf = (kind: AcceleratorKind) => imageForStage(registry, { application: 'alexnet', stage: 'infer' }, kind)?.image ?? ''
const rank = (state: TwinState, to: string, kind: AcceleratorKind) =>
  rankNodes(state, aPlacement({ pod: 'r-1-infer', application: 'alexnet', stage: 'infer', to, image: imageOf(kind) }), registry)

it('begins with the node wanted and goes on by when the pod would be done, on devices that its image serves', () => {
  // The clip lies on tx2-1; the other two TX2s are equals.
  expect(rank(site(), 'tx2-3/gpu0', 'GPU')).toEqual(['tx2-3', 'tx2-1', 'tx2-2'])
  expect(rank(site(), 'pi-1/cpu0', 'CPU')).toEqual(['pi-1', 'edge-1', 'tx2-1', 'tx2-2', 'tx2-3'])
})

it('puts a device that is busy behind, and leaves out one that takes no work', () => {
  const busy = podEvents('r-2', { camera: 'camera-tx2-1', frames: 50, accelerator: 'tx2-1/gpu0', startedMs: 1_000_000 })
  expect(rank(site(...busy), 'tx2-3/gpu0', 'GPU')).toEqual(['tx2-3', 'tx2-2', 'tx2-1'])
  const cordoned = { type: 'node.conditionsChanged', ...common, name: 'tx2-2', ready: true, cordoned: true, reason: '' } as const
  expect(rank(site(...busy, cordoned), 'tx2-3/gpu0', 'GPU')).toEqual(['tx2-3', 'tx2-1'])
})

it('does not hold against a device what the pod itself does there', () => {
  const own = podEvents('r-1', {
    camera: 'camera-tx2-1',
    application: 'alexnet',
    frames: 50,
    accelerator: 'tx2-1/gpu0',
    startedMs: 1_000_000,
  })
  expect(rank(site(...own), 'tx2-3/gpu0', 'GPU')[1]).toBe('tx2-1')
})

it('names only the node wanted when the twin knows nothing of the pod, or of the site', () => {
  const placement = aPlacement({ pod: 'stranger', to: 'tx2-2/gpu0' })
  expect(rankNodes(site(), placement, registry)).toEqual(['tx2-2'])
  expect(rankNodes(emptyTwin, placement, registry)).toEqual(['tx2-2'])
})
