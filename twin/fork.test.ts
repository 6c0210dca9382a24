import { expect, it } from '@jest/globals'
import type { Edit } from '../models/contracts/what-if.ts'
import { canTakeWork } from '../models/entities/node.ts'
import { dhsEvents, journaled, podEvents } from '../models/testing/dhs-site.ts'
import { applyEvents } from './fold.ts'
import { applyEdits } from './fork.ts'
import { nodeLinks } from './network.ts'
import { siteProcessors } from './processors.ts'
import { emptyTwin, type TwinState } from './twin-state.ts'

const CLOCK_MS = 1_000_000
const site = applyEvents(
  emptyTwin,
  journaled([
    ...dhsEvents({ atMs: CLOCK_MS }),
    ...podEvents('runs', { camera: 'camera-tx2-1', accelerator: 'tx2-1/gpu0', startedMs: CLOCK_MS }),
    ...podEvents('queues', { camera: 'camera-tx2-1', accelerator: 'tx2-1/gpu0' }),
    ...podEvents('elsewhere', { camera: 'camera-tx2-1', accelerator: 'tx2-2/gpu0' }),
  ]),
)
const edited = (...edits: Edit[]): TwinState => applyEdits(site, edits)
const podModes = (state: TwinState) => Object.fromEntries([...state.entities.pod.values()].map(({ name, mode }) => [name, mode]))
const usable = (state: TwinState) => siteProcessors(state).usable.map(({ accelerator }) => accelerator)

it('without edits is the twin itself', () => {
  expect(edited()).toBe(site)
})

it('loses a node with what runs on it, and its pods get replacements that wait', () => {
  const fork = edited({ kind: 'lose-node', node: 'tx2-1' })
  expect(fork.entities.node.get('tx2-1')!.mode).toBe('gone')
  expect(podModes(fork)).toEqual({
    'runs-infer': 'failed',
    'queues-infer': 'failed',
    'elsewhere-infer': 'bound',
    'runs-infer-r1': 'pending',
    'queues-infer-r1': 'pending',
  })
  expect(fork.entities.pod.get('runs-infer-r1')!.spec).toMatchObject({ request: 'runs', iteration: 1 })
  expect(usable(fork)).toEqual(['edge-1/cpu0', 'pi-1/cpu0', 'tx2-2/cpu0', 'tx2-2/gpu0', 'tx2-3/cpu0', 'tx2-3/gpu0'])
})

it('loses an accelerator and leaves the one beside it', () => {
  const fork = edited({ kind: 'lose-accelerator', accelerator: 'tx2-1/gpu0' })
  expect(fork.entities.accelerator.get('tx2-1/gpu0')!.mode).toBe('failed')
  expect(usable(fork)).toContain('tx2-1/cpu0')
  expect(podModes(fork)).toMatchObject({ 'runs-infer': 'failed', 'runs-infer-r1': 'pending' })
})

it('cordons a node: it takes nothing new, and what it holds stays', () => {
  for (const kind of ['cordon-node', 'drain-node'] as const) {
    const fork = edited({ kind, node: 'tx2-1' })
    expect(canTakeWork(fork.entities.node.get('tx2-1')!)).toBe(false)
    expect(podModes(fork)).toEqual(podModes(site))
  }
})

it('adds a node with its accelerators and its link', () => {
  const gpu = { device: 'gpu0', acceleratorKind: 'GPU', deviceModel: 'jetson-tx2' } as const
  const fork = edited({ kind: 'add-node', node: 'tx2-4', role: 'server', accelerators: [gpu], bytesPerSecond: 1e6, latencyMs: 4 })
  expect(usable(fork)).toContain('tx2-4/gpu0')
  expect(nodeLinks(fork)('tx2-4')).toEqual({ name: 'tx2-4-uplink', bytesPerMs: 1_000, latencyMs: 4, isAssumed: false, downReason: null })
  expect(siteProcessors(fork).usable.find(({ node }) => node === 'tx2-4')).toMatchObject({ isServer: true, emulated: true })
})

it('adds an accelerator to a node, and a lost one again', () => {
  const accelerator = 'edge-1/gpu0'
  const added: Edit = { kind: 'add-accelerator', accelerator, acceleratorKind: 'GPU', deviceModel: 'iris-xe' }
  expect(usable(edited(added))).toContain(accelerator)
  expect(() => edited(added, added)).toThrow("the accelerator 'edge-1/gpu0' exists already; choose another name")
})

it('adds and removes cameras', () => {
  const fork = edited(
    { kind: 'add-camera', camera: 'camera-5', node: null, applications: ['alexnet'] },
    { kind: 'remove-camera', camera: 'camera-pi-1' },
  )
  expect(fork.entities.camera.get('camera-5')).toMatchObject({
    mode: 'online',
    desired: { applications: ['alexnet'] },
    reported: { identity: { value: { node: null, recordedAt: 'edge-1' } } },
  })
  expect(fork.entities.camera.get('camera-pi-1')!.mode).toBe('gone')
})

it('scales a link, and scales it again', () => {
  const half: Edit = { kind: 'scale-link', link: 'pi-1-uplink', factor: 0.5 }
  expect(nodeLinks(edited(half, half))('pi-1').bytesPerMs).toBe(12_500 / 4)
})

it('gives a link a rate and leaves its latency; at 0 it carries nothing', () => {
  const links = nodeLinks(
    edited({ kind: 'scale-link', link: 'pi-1-uplink', factor: 9 }, { kind: 'set-link', link: 'pi-1-uplink', bytesPerSecond: 2e6 }),
  )
  expect(links('pi-1')).toEqual({ name: 'pi-1-uplink', bytesPerMs: 2_000, latencyMs: 1, isAssumed: false, downReason: null })
  const cut = nodeLinks(edited({ kind: 'set-link', link: 'pi-1-uplink', bytesPerSecond: 0 }))
  expect(cut('pi-1').downReason).toBe('link pi-1-uplink carries nothing')
})

it('is newer than anything heard, even after the last tick', () => {
  const quality = { bytesPerSecond: 2e6, latencyMs: 1 }
  const sampled = { type: 'link.sampled', site: 'dhs', source: 'exporter', timeMs: CLOCK_MS + 900, name: 'pi-1-uplink', quality } as const
  const state = applyEvents(site, journaled([sampled], { after: 1_000 }))
  expect(nodeLinks(applyEdits(state, [{ kind: 'scale-link', link: 'pi-1-uplink', factor: 2 }]))('pi-1').bytesPerMs).toBe(4_000)
})

it.each<[Edit, string]>([
  [{ kind: 'lose-node', node: 'tx2-9' }, "there is no node 'tx2-9'; did you mean tx2-1 or tx2-2 or tx2-3?"],
  [{ kind: 'cordon-node', node: 'x' }, "there is no node 'x'; there are pi-1, tx2-1, tx2-2, tx2-3, edge-1"],
  [{ kind: 'lose-accelerator', accelerator: 'pi-1/gpu0' }, "there is no accelerator 'pi-1/gpu0'; did you mean pi-1/cpu0"],
  [{ kind: 'scale-link', link: 'pi-1', factor: 2 }, "there is no link 'pi-1'"],
  [{ kind: 'remove-camera', camera: 'pi-1' }, "there is no camera 'pi-1'"],
  [
    { kind: 'burst', camera: 'camera-pi-1', application: 'resnet-50', count: 1, frames: 1 },
    "no application 'resnet-50'; did you mean resnet50?",
  ],
  [{ kind: 'add-camera', camera: 'camera-pi-1', node: null, applications: ['alexnet'] }, "the camera 'camera-pi-1' exists already"],
  [
    { kind: 'add-accelerator', accelerator: 'pi-1/gpu0', acceleratorKind: 'GPU', deviceModel: 'jetson-tx1' },
    "there is no device model 'jetson-tx1'; did you mean jetson-tx2?",
  ],
  [
    { kind: 'add-accelerator', accelerator: 'pi-1/fpga0', acceleratorKind: 'FPGA', deviceModel: 'jetson-tx2' },
    'pi-1/fpga0 cannot be a FPGA: a jetson-tx2 has CPU and GPU',
  ],
])('refuses %j', (edit, message) => {
  expect(() => edited(edit)).toThrow(message)
})
