/**
 * The DHS site as events, everything fresh and idle: four smart cameras (a Raspberry Pi 4B, three Jetson TX2) and
 * one edge server that records their clips. Fold them to get the twin that most tests start from.
 */
import type { JournaledEvent, TwinEvent } from '../events/events.ts'
import type { AcceleratorKind } from '../events/shapes.ts'
import { topicOf } from '../events/topics.ts'

export interface DhsOptions {
  readonly atMs?: number
  /** Of every link. */
  readonly bytesPerSecond?: number
  readonly latencyMs?: number
  /** What each camera asks for. */
  readonly applications?: readonly string[]
}

interface Device {
  readonly node: string
  readonly role: 'camera' | 'server'
  readonly deviceModel: string
  readonly accelerators: Readonly<Record<string, AcceleratorKind>>
}

const TX2 = { role: 'camera', deviceModel: 'jetson-tx2', accelerators: { cpu0: 'CPU', gpu0: 'GPU' } } as const
const DEVICES: readonly Device[] = [
  { node: 'pi-1', role: 'camera', deviceModel: 'raspberry-pi-4b', accelerators: { cpu0: 'CPU' } },
  { node: 'tx2-1', ...TX2 },
  { node: 'tx2-2', ...TX2 },
  { node: 'tx2-3', ...TX2 },
  { node: 'edge-1', role: 'server', deviceModel: 'edge-server-3.6ghz', accelerators: { cpu0: 'CPU' } },
]

/** Cameras are named `camera-` and their node: `camera-pi-1`. Links are named after their node: `pi-1-uplink`. */
export function dhsEvents({
  atMs = 1_000_000,
  bytesPerSecond = 12_500_000,
  latencyMs = 1,
  applications = ['alexnet', 'googlenet', 'resnet50'],
}: DhsOptions = {}): TwinEvent[] {
  const common = { site: 'dhs', timeMs: atMs, source: 'cluster' }
  const nominal = { bytesPerSecond, latencyMs }
  const events = DEVICES.flatMap(({ node, role, deviceModel, accelerators }): TwinEvent[] => [
    { type: 'node.observed', ...common, name: node, identity: { role, emulated: true, deviceModel, memoryBytes: null }, schedulable: true },
    { type: 'node.conditionsChanged', ...common, name: node, ready: true, cordoned: false, reason: '' },
    { type: 'link.observed', ...common, name: `${node}-uplink`, node, nominal },
    { type: 'link.conditionsChanged', ...common, name: `${node}-uplink`, up: true, reason: '' },
    { type: 'link.sampled', ...common, name: `${node}-uplink`, quality: nominal },
    ...Object.entries(accelerators).flatMap(([device, acceleratorKind]): TwinEvent[] => [
      {
        type: 'accelerator.observed',
        ...common,
        name: `${node}/${device}`,
        identity: { node, acceleratorKind, emulated: true, deviceModel },
      },
      { type: 'accelerator.sampled', ...common, name: `${node}/${device}`, load: { utilizationRatio: 0 } },
    ]),
  ])
  const cameras = DEVICES.filter(({ role }) => role === 'camera').flatMap(({ node }): TwinEvent[] => [
    {
      type: 'camera.observed',
      ...common,
      name: `camera-${node}`,
      node,
      recordedAt: 'edge-1',
      applications: [...applications],
      emulated: true,
    },
    { type: 'camera.conditionsChanged', ...common, name: `camera-${node}`, online: true, degraded: false, reason: '' },
  ])
  return [...events, ...cameras, { type: 'clock.ticked', ...common }]
}

export interface PodOptions {
  readonly camera: string
  readonly application?: string
  readonly frames?: number
  readonly atMs?: number
  /** Bound there, if given. */
  readonly accelerator?: string
  readonly boundMs?: number
  /** Started then, if given. */
  readonly startedMs?: number
}

/** A request and its one pod `<request>-infer`, as far on its way as the options say. */
export function podEvents(
  request: string,
  { camera, application = 'resnet50', frames = 1, atMs = 1_000_000, ...place }: PodOptions,
): TwinEvent[] {
  const { accelerator, boundMs = atMs, startedMs } = place
  const common = { site: 'dhs', timeMs: atMs, source: 'cluster' }
  const name = `${request}-infer`
  const spec = { request, camera, application, stage: 'infer', frames, iteration: 0 }
  const events: TwinEvent[] = [
    { type: 'inference.requested', ...common, id: request, camera, application, frames },
    { type: 'pod.created', ...common, name, uid: name, spec },
  ]
  if (accelerator === undefined) return events
  const [node = ''] = accelerator.split('/')
  events.push({ type: 'pod.bound', ...common, timeMs: boundMs, name, node, accelerator, image: 'any', by: 'test' })
  if (startedMs !== undefined) events.push({ type: 'pod.started', ...common, timeMs: startedMs, name })
  return events
}

/** Numbered as a journal and its topics would. */
export function journaled(events: readonly TwinEvent[], { after = 0 } = {}): JournaledEvent[] {
  return events.map((event, index) => {
    const number = after + index
    return { sequence: number + 1, position: { topic: topicOf(event.type), partition: 0, offset: number }, event }
  })
}
