/**
 * The testbed of the DHS paper as a scheduling problem: one Raspberry Pi 4B, three Jetson TX2 and a server.
 *
 * Processors: each camera's, the server's, then one place per camera that holds frames alone, so that a frame can leave
 * at once while the camera works (the twin does the same). A frame that costs time is on the camera's first processor instead.
 */
import { costOfTask } from '../../models/applications/costs.ts'
import { type InferenceRequest, type Task, taskGraph } from '../../models/applications/task-graph.ts'
import type { AcceleratorKind } from '../../models/events/shapes.ts'
import { classifyLoad, type Load, type LoadClass } from '../../models/scheduling/dhs.ts'
import { createProblem, type Problem, type ProblemInput } from '../../models/scheduling/problem.ts'
import { CAMERAS } from './dhs-arrivals.ts'
import type { DeviceName, Settings } from './dhs-settings.ts'

export interface Testbed {
  /** All processors; what `local` and `edge` choose from. */
  readonly whole: Problem
  /** What DHS and its three schedulers choose from: without the server when it takes no part. */
  readonly forDhs: Problem
  readonly hostBytesPerMs: readonly number[]
  readonly load: Load
  readonly loadClass: LoadClass
}

interface Processor {
  readonly host: number
  readonly device: DeviceName
  readonly kind: AcceleratorKind
}

const SERVER_HOST = CAMERAS.length
/** Bytes in a millisecond of a Mbit/s. */
const BYTES_PER_MS = 125

export function deviceOf(host: number): DeviceName {
  return host === SERVER_HOST ? 'edge-server-3.6ghz' : host === 0 ? 'raspberry-pi-4b' : 'jetson-tx2'
}

export function toTestbed(requests: readonly InferenceRequest[], settings: Settings): Testbed {
  const processors = processorsOf(settings)
  const hostBytesPerMs = [...CAMERAS.map(() => settings.linkMbitPerSecond), settings.serverLinkMbitPerSecond].map(
    (speed) => speed * BYTES_PER_MS,
  )
  const { tasks, edges } = taskGraph(requests, settings.granularity)
  const hostOf = [...processors.map(({ host }) => host), ...CAMERAS.keys()]
  const costMs = (task: Task, processor: Processor): number | null => computeMs(task, processor, settings)
  const input: ProblemInput = {
    computeMs: tasks.map((task) => {
      if (task.kind === 'compute') return [...processors.map((processor) => costMs(task, processor)), ...CAMERAS.map(() => null)]
      const host = hostOfCamera(requests[task.request]!.camera)
      const place = settings.frameMs > 0 ? hostOf.indexOf(host) : hostOf.lastIndexOf(host)
      return hostOf.map((_, at) => (at === place ? settings.frameMs : null))
    }),
    edges: edges.map(([from, to, bytes]) => [from, to, tasks[from]!.kind === 'frame' ? settings.frameBytes : bytes]),
    bytesPerMs: hostOf.map((from) => hostOf.map((to) => Math.min(hostBytesPerMs[from]!, hostBytesPerMs[to]!))),
    latencyMs: hostOf.map(() => hostOf.map(() => settings.latencyMs)),
    hostOf,
    requestOf: tasks.map(({ request }) => request),
    homes: requests.map(({ camera }) => hostOf.flatMap((host, at) => (host === hostOfCamera(camera) ? [at] : []))),
    edge: [hostOf.indexOf(SERVER_HOST)],
  }
  const load = loadOf(requests, settings)
  const whole = createProblem(input)
  return {
    whole,
    forDhs: settings.serverTakesPart ? whole : createProblem({ ...input, computeMs: withoutServer(input, hostOf) }),
    hostBytesPerMs,
    load,
    loadClass: classifyLoad(load),
  }
}

function processorsOf({ tx2Processors }: Settings): Processor[] {
  return [...CAMERAS.keys(), SERVER_HOST].flatMap((host): Processor[] => {
    const device = deviceOf(host)
    const kinds: readonly AcceleratorKind[] = device === 'jetson-tx2' ? tx2Processors : ['CPU']
    return kinds.map((kind) => ({ host, device, kind }))
  })
}

function hostOfCamera(camera: string): number {
  return CAMERAS.indexOf(camera)
}

function computeMs(task: Pick<Task, 'application' | 'blocks' | 'frames'>, { device, kind }: Processor, settings: Settings): number {
  const cost = costOfTask(task, { deviceModel: device, acceleratorKind: kind })
  if (cost === null) throw new RangeError(`no measured cost of ${task.application} on ${device} ${kind}`)
  return cost.ms * settings.slowdowns[device]
}

function withoutServer({ computeMs: rows }: ProblemInput, hostOf: readonly number[]): (number | null)[][] {
  return rows.map((row) => row.map((ms, at) => (hostOf[at] === SERVER_HOST ? null : ms)))
}

/** t_i is what the camera's requests take on its own fastest processor, one after the other. */
function loadOf(requests: readonly InferenceRequest[], settings: Settings): Load {
  const wholeRequests = taskGraph(requests, 'stage').tasks.filter(({ kind }) => kind === 'compute')
  const processors = processorsOf(settings)
  const cameraLoadsSeconds = CAMERAS.map((camera, host) => {
    const own = wholeRequests.filter(({ request }) => requests[request]!.camera === camera)
    const fastestMs = own.map((task) =>
      Math.min(...processors.flatMap((processor) => (processor.host === host ? computeMs(task, processor, settings) : []))),
    )
    return fastestMs.reduce((sum, ms) => sum + ms, 0) / 1_000
  })
  const { delta1Seconds, delta2 } = settings
  return { cameraLoadsSeconds, requestCount: requests.length, cameraCount: CAMERAS.length, delta1Seconds, delta2 }
}
