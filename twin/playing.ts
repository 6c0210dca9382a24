/**
 * Plays placed work on the fork: with shared links, and with what has arrived already.
 *
 * Pods that stay where they are bound keep their turn; those that are placed anew queue behind them in the order of
 * the plan, because that is the order in which the cluster would bind them.
 */
import type { Pod } from '../models/entities/pod.ts'
import type { Schedule } from '../models/scheduling/schedule.ts'
import { type Played, play } from '../models/simulation/play.ts'
import type { SiteProblem } from './problem.ts'

/** The pod of a task, if one exists. */
export function podOf({ tasks, work }: SiteProblem, task: number): Pod | undefined {
  const { request, name } = tasks[task]!
  const { id, pods } = work[request]!
  return pods.get(name.slice(id.length + 1))
}

/** @param processorOf Of each task; −1: bound nowhere. @param turnOf Sorts a processor's tasks that do not stay, lowest first. */
export function playAt(
  site: SiteProblem,
  processorOf: readonly number[],
  turnOf: (a: number, b: number) => number = (a, b) => a - b,
): Played {
  const queues = site.input.bytesPerMs.map((): number[] => [])
  const arrivedBytes = new Float64Array(processorOf.length)
  const stays = processorOf.map((processor, task) => isBoundAt(podOf(site, task), site.processors[processor]?.accelerator))
  for (const [task, processor] of processorOf.entries()) {
    queues[processor]?.push(task)
    if (stays[task]) arrivedBytes[task] = site.arrivedBytes[task]!
  }
  for (const queue of queues) {
    queue.sort((a, b) => {
      if (stays[a] !== stays[b]) return stays[a] ? -1 : 1
      return stays[a] ? byBinding(site, podOf(site, a)!, podOf(site, b)!) : turnOf(a, b)
    })
  }
  return play(site.problem, { processorOf, queues, hostBytesPerMs: site.hostBytesPerMs, arrivedBytes })
}

export function playSchedule(site: SiteProblem, { assignments, order }: Schedule): Played {
  const placedAt = new Int32Array(assignments.length)
  for (const [at, task] of order.entries()) placedAt[task] = at
  return playAt(
    site,
    assignments.map(({ processor }) => processor),
    (a, b) =>
      assignments[a]!.startMs - assignments[b]!.startMs ||
      assignments[a]!.finishMs - assignments[b]!.finishMs ||
      placedAt[a]! - placedAt[b]!,
  )
}

export function isBoundAt(pod: Pod | undefined, accelerator: string | undefined): boolean {
  return pod?.mode === 'bound' && accelerator !== undefined && pod.reported.place?.accelerator === accelerator
}

/** Many are bound in one millisecond: then it counts who was heard of first. */
function byBinding({ bindingOrder }: SiteProblem, a: Pod, b: Pod): number {
  return (a.reported.boundMs ?? 0) - (b.reported.boundMs ?? 0) || (bindingOrder.get(a.name) ?? 0) - (bindingOrder.get(b.name) ?? 0)
}

/** What the links between nodes carry for these placements; what has arrived is not sent again. */
export function sentBytes(site: SiteProblem, processorOf: readonly number[]): number {
  const { hostOf, graph } = site.problem
  const { start, task: predecessors, bytes } = graph.predecessors
  let sum = 0
  for (const [task, to] of processorOf.entries()) {
    for (let edge = start[task]!; edge < start[task + 1]!; edge++) {
      if (hostOf[processorOf[predecessors[edge]!]!] === hostOf[to]) continue
      const arrived = isBoundAt(podOf(site, task), site.processors[to]?.accelerator) ? site.arrivedBytes[task]! : 0
      sum += Math.max(0, bytes[edge]! - arrived)
    }
  }
  return sum
}
