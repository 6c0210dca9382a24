/**
 * Turns inference requests into one graph of tasks, the input of a scheduling problem.
 *
 * Each request starts with its frame, which is where its camera is; what follows may run anywhere. A request of several
 * frames is one batch, so its work and its data are those of one frame times their number.
 */
import { nearestNames, TwinError } from '../errors.ts'
import type { Application, Stage } from './application.ts'
import { APPLICATIONS, applicationNamed } from './applications.ts'

export interface InferenceRequest {
  readonly id: string
  readonly camera: string
  readonly application: string
  /** ≥ 1, whole. */
  readonly frames: number
}

/**
 * What a task is: what one pod runs (of most applications the whole network), a published block of the network, or the
 * finest cut, where the branches of a block are tasks of their own.
 */
export const GRANULARITIES = ['stage', 'block', 'branch'] as const
export type Granularity = (typeof GRANULARITIES)[number]

export interface Task {
  /** Index into the requests. */
  readonly request: number
  /** `request/frame`, or `request/` and the stage, module or block. */
  readonly name: string
  /** A frame is pinned to the node of its request's camera. */
  readonly kind: 'frame' | 'compute'
  readonly application: string
  /** Indices into the application's blocks; none for a frame. */
  readonly blocks: readonly number[]
  readonly frames: number
  /** For all frames; null when the application's are unknown. */
  readonly macs: number | null
}

export interface TaskGraph {
  /** Request by request, the frame first, each task after its predecessors. */
  readonly tasks: readonly Task[]
  /** Indices into `tasks`; at most one edge between two tasks. */
  readonly edges: readonly (readonly [from: number, to: number, bytes: number])[]
}

/**
 * @throws TwinError APPLICATION_UNKNOWN, or QUERY_INVALID when `frames` is not a whole number of at least 1.
 */
export function taskGraph(requests: readonly InferenceRequest[], granularity: Granularity): TaskGraph {
  const tasks: Task[] = []
  const edges: [number, number, number][] = []
  requests.forEach(({ id, application: name, frames }, request) => {
    const application = applicationOf(id, name)
    if (!Number.isSafeInteger(frames) || frames < 1) {
      throw new TwinError('QUERY_INVALID', `Request ${id} asks for ${frames} frames; ask for a whole number of at least 1.`, {
        details: { request: id, frames },
      })
    }
    const parts = partsOf(application, granularity)
    const first = tasks.length
    const common = { request, application: name, frames }
    tasks.push({ ...common, name: `${id}/frame`, kind: 'frame', blocks: [], macs: 0 })
    for (const { name: part, blocks } of parts) {
      tasks.push({ ...common, name: `${id}/${part}`, kind: 'compute', blocks, macs: macsOf(application, blocks, frames) })
    }
    for (const [from, to, bytes] of partEdges(application, parts)) edges.push([first + from, first + to, bytes * frames])
  })
  return { tasks, edges }
}

function applicationOf(request: string, name: string): Application {
  const application = applicationNamed(name)
  if (application) return application
  const names = APPLICATIONS.map((each) => each.name)
  const near = nearestNames(name, names)
  throw new TwinError(
    'APPLICATION_UNKNOWN',
    `Request ${request} names the application "${name}", which does not exist; use ${(near.length > 0 ? near : names).join(', ')}.`,
    { details: { request, application: name, known: names } },
  )
}

function partsOf({ blocks, modules, stages }: Application, granularity: Granularity): readonly Stage[] {
  switch (granularity) {
    case 'stage':
      return stages
    case 'block':
      return modules
    case 'branch':
      return blocks.map(({ name }, index) => ({ name, blocks: [index] }))
  }
}

/**
 * Edges between parts, for one frame; part 0 is the frame itself, `parts[i]` is part i + 1.
 * A block's output crosses to another part once, however many blocks there read it; so does the frame.
 */
export function partEdges({ blocks, edges, inputBytes }: Application, parts: readonly Stage[]): [number, number, number][] {
  const partOf = blocks.map((_, block) => 1 + parts.findIndex((part) => part.blocks.includes(block)))
  const entries = [...blocks.keys()].filter((block) => edges.every(([, to]) => to !== block))
  const outputs = [
    ...entries.map((block) => ({ from: 0, to: partOf[block]!, output: -1, bytes: inputBytes })),
    ...edges.map(([from, to]) => ({ from: partOf[from]!, to: partOf[to]!, output: from, bytes: blocks[from]!.outputBytes })),
  ].filter(({ from, to }) => from !== to)
  const once = new Map(outputs.map((each) => [`${each.output} ${each.to}`, each]))
  const merged = new Map<string, [number, number, number]>()
  for (const { from, to, bytes } of once.values()) {
    const before = merged.get(`${from} ${to}`)?.[2] ?? 0
    merged.set(`${from} ${to}`, [from, to, before + bytes])
  }
  return [...merged.values()]
}

function macsOf({ blocks }: Application, indices: readonly number[], frames: number): number | null {
  const macs = indices.map((index) => blocks[index]!.macs)
  return macs.every((count) => count !== null) ? macs.reduce((sum, count) => sum + count, 0) * frames : null
}
