/**
 * Everything the DHS paper leaves open, as one setting with a default, and the other values that are tried one at a time.
 *
 * A default is what the twin itself assumes, or the plainest reading of the paper; none was changed after a result was seen.
 */
import { frameBytes } from '../../models/applications/application.ts'
import type { Granularity } from '../../models/applications/task-graph.ts'
import type { AcceleratorKind } from '../../models/events/shapes.ts'

export type DeviceName = 'raspberry-pi-4b' | 'jetson-tx2' | 'edge-server-3.6ghz'

export interface Settings {
  readonly granularity: Granularity
  readonly tx2Processors: readonly AcceleratorKind[]
  readonly linkMbitPerSecond: number
  readonly serverLinkMbitPerSecond: number
  readonly latencyMs: number
  readonly serverTakesPart: boolean
  /** Times the measured latency. */
  readonly slowdowns: Readonly<Record<DeviceName, number>>
  readonly frameBytes: number
  /** What a camera's processor spends on a frame before it can be sent; 0: the frame is simply there. */
  readonly frameMs: number
  readonly arrivals: 'any camera' | 'spread evenly' | 'round robin'
  readonly delta1Seconds: number
  readonly delta2: number
}

/** How a number is read off the runs. */
export interface Reading {
  /** Played on shared links, or as the scheduler planned it, each transfer alone on its link. */
  readonly timing: 'played' | 'planned'
  /** Until the last request is done, or the mean over the requests. */
  readonly delay: 'makespan' | 'mean latency'
  /** Over the arrivals of a class: mean delays are compared, or the median of each arrival's ratio is taken. */
  readonly average: 'mean' | 'median'
}

export interface Study extends Settings, Reading {}

export const BASE: Study = {
  granularity: 'block',
  tx2Processors: ['GPU'],
  linkMbitPerSecond: 100,
  serverLinkMbitPerSecond: 100,
  latencyMs: 1,
  serverTakesPart: true,
  slowdowns: { 'raspberry-pi-4b': 1, 'jetson-tx2': 1, 'edge-server-3.6ghz': 1 },
  frameBytes: frameBytes(224),
  frameMs: 0,
  arrivals: 'any camera',
  delta1Seconds: 0.1,
  delta2: 1,
  timing: 'played',
  delay: 'makespan',
  average: 'mean',
}

export interface Assumption {
  readonly name: string
  readonly why: string
  /** Each differs from the base in this assumption alone. */
  readonly values: readonly { readonly label: string; readonly change: Partial<Study> }[]
}

const slowdown = (device: DeviceName, factor: number): Partial<Study> => ({ slowdowns: { ...BASE.slowdowns, [device]: factor } })

export const LINK_SPEEDS = [5, 10, 20, 50, 100, 200, 500, 1000]

export const ASSUMPTIONS: readonly Assumption[] = [
  {
    name: 'Link speed',
    why: 'Not published. 100 Mbit/s lies between usual Wi-Fi and the Gigabit ports of these boards.',
    values: LINK_SPEEDS.map((speed) => ({
      label: `${speed} Mbit/s`,
      change: { linkMbitPerSecond: speed, serverLinkMbitPerSecond: speed },
    })),
  },
  {
    name: "Server's link",
    why: 'Not published; the same as the cameras have.',
    values: [100, 1000].map((speed) => ({ label: `${speed} Mbit/s`, change: { serverLinkMbitPerSecond: speed } })),
  },
  {
    name: 'Latency',
    why: 'Not published; 1 ms from host to host is usual on a local network.',
    values: [0.1, 1, 10].map((latencyMs) => ({ label: `${latencyMs} ms`, change: { latencyMs } })),
  },
  {
    name: 'Arrivals',
    why: 'Which camera asks for what was not published: every way to spread the requests over the cameras counts once.',
    values: (['any camera', 'spread evenly', 'round robin'] as const).map((arrivals) => ({ label: arrivals, change: { arrivals } })),
  },
  {
    name: 'Granularity',
    why: 'The paper says that a network is a graph of tasks, not how fine: the blocks of the published architectures.',
    values: (['stage', 'block', 'branch'] as const).map((granularity) => ({
      label: granularity === 'stage' ? 'whole network' : granularity,
      change: { granularity },
    })),
  },
  {
    name: 'Server in DHS',
    why: 'The cluster is said to be four cameras and the server, so it is among the processors that DHS may choose.',
    values: [true, false].map((serverTakesPart) => ({ label: serverTakesPart ? 'yes' : 'cameras only', change: { serverTakesPart } })),
  },
  {
    name: 'TX2 runs on',
    why: 'Not published; the GPU is what a TX2 is bought for.',
    values: [
      { label: 'GPU', change: { tx2Processors: ['GPU'] } },
      { label: 'CPU', change: { tx2Processors: ['CPU'] } },
      { label: 'CPU and GPU', change: { tx2Processors: ['CPU', 'GPU'] } },
    ],
  },
  {
    name: 'Raspberry Pi',
    why: 'Measured with ncnn on all four cores; another framework may take half or twice as long.',
    values: [0.5, 1, 2].map((factor) => ({ label: `× ${factor}`, change: slowdown('raspberry-pi-4b', factor) })),
  },
  {
    name: 'TX2',
    why: 'Measured with ncnn on a TX2 NX; TensorRT would be faster, a framework in Python slower.',
    values: [0.5, 1, 2, 4].map((factor) => ({ label: `× ${factor}`, change: slowdown('jetson-tx2', factor) })),
  },
  {
    name: 'Server',
    why: 'Of the server only 3.6 GHz and 24 GB are known; a measured desktop CPU of 8 cores and 3.8 GHz stands in.',
    values: [0.5, 1, 2, 4].map((factor) => ({ label: `× ${factor}`, change: slowdown('edge-server-3.6ghz', factor) })),
  },
  {
    name: 'Frame sent',
    why: 'Not published; 224 × 224 pixels of three bytes, as the networks read them.',
    values: [
      { label: 'nothing', change: { frameBytes: 0 } },
      { label: '15 kB (JPEG)', change: { frameBytes: 15_000 } },
      { label: '150 kB (raw)', change: { frameBytes: frameBytes(224) } },
      { label: '2.8 MB (raw 720p)', change: { frameBytes: 1280 * 720 * 3 } },
    ],
  },
  {
    name: 'Frame costs',
    why: 'Not published; the frame is there when the request is.',
    values: [0, 1, 5].map((frameMs) => ({ label: `${frameMs} ms`, change: { frameMs } })),
  },
  {
    name: 'δ1',
    why: 'Published as 0.1 without a unit: seconds, the unit in which t is most naturally given.',
    values: [0.02, 0.05, 0.1, 0.2].map((delta1Seconds) => ({ label: `${delta1Seconds} s`, change: { delta1Seconds } })),
  },
  {
    name: 'Links',
    why: 'The schedulers plan as if each transfer had its link for itself; played, transfers share each host’s link fairly.',
    values: (['played', 'planned'] as const).map((timing) => ({
      label: timing === 'played' ? 'shared' : 'as planned',
      change: { timing },
    })),
  },
  {
    name: 'Delay',
    why: 'The paper says processing delay, not whose: of the whole load, until its last request is done.',
    values: (['makespan', 'mean latency'] as const).map((delay) => ({
      label: delay === 'makespan' ? 'of the load' : 'mean over requests',
      change: { delay },
    })),
  },
  {
    name: 'Average',
    why: 'How several arrivals become one bar was not published: mean delay over mean delay of Local.',
    values: (['mean', 'median'] as const).map((average) => ({ label: average === 'mean' ? 'means' : 'median ratio', change: { average } })),
  },
]

/** By name and value, to mark the defaults; a change that changes nothing is the default. */
export function isBase(change: Partial<Study>): boolean {
  return JSON.stringify({ ...BASE, ...change }) === JSON.stringify(BASE)
}
