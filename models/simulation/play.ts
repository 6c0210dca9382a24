/**
 * Plays a schedule event by event on links that are shared, as the site would: what the scheduler reckoned with
 * links of its own, this reckons with everybody on them.
 *
 * Each processor runs its queue in strict order without overtaking. A transfer starts when its producer
 * finishes; the data is there when all bytes are sent and the latency has passed. Deterministic.
 */
import TinyQueue from 'tinyqueue'
import type { Problem } from '../scheduling/problem.ts'
import { type ActiveTransfer, type ActiveTransfers, activeTransfers } from './active-transfers.ts'

export interface PlayOptions {
  /** Processor of each task; −1 for a task that is bound nowhere and so never runs. */
  readonly processorOf: ArrayLike<number>
  /** Per processor, its tasks in the order in which they start. */
  readonly queues: readonly (readonly number[])[]
  /** Capacity of each host's link, bytes/ms in each direction; null plays every transfer as if alone. */
  readonly hostBytesPerMs: readonly number[] | null
  /** Per task, bytes of its input that are at its processor already; default none. */
  readonly arrivedBytes?: ArrayLike<number> | undefined
}

export interface PlayedTransfer {
  readonly from: number
  readonly to: number
  readonly startMs: number
  /** Last byte sent and latency passed. */
  readonly finishMs: number
}

export interface Played {
  /** ms from now, by task; Infinity for a task that never starts. */
  readonly startMs: Float64Array
  readonly finishMs: Float64Array
  /** Finish of the last task; 0 without tasks, Infinity when one never finishes. */
  readonly makespanMs: number
  /** Between hosts only, in the order in which they arrived. */
  readonly transfers: readonly PlayedTransfer[]
}

interface TimedEvent {
  readonly atMs: number
  /** Events of one instant happen in the order in which they became known. */
  readonly order: number
  readonly happen: () => void
}

export function play(problem: Problem, { processorOf, queues, hostBytesPerMs, arrivedBytes }: PlayOptions): Played {
  const { taskCount, processorCount, computeMs, readyMs, hostOf, latencyMs, msPerByte } = problem
  const { start: edgeStart, task: successors, bytes: edgeBytes } = problem.graph.successors
  const startMs = new Float64Array(taskCount).fill(Number.POSITIVE_INFINITY)
  const finishMs = new Float64Array(taskCount).fill(Number.POSITIVE_INFINITY)
  const missingInputs = Int32Array.from({ length: taskCount }, (_, task) => inputCountOf(problem, task))
  const queueHead = new Int32Array(processorCount)
  const isBusy = new Uint8Array(processorCount)
  const transfers: PlayedTransfer[] = []
  const active = activeTransfers(hostBytesPerMs && new Map(hostBytesPerMs.map((rate, host) => [String(host), rate])))
  const { at, run } = agenda(active, (transfer, nowMs) => {
    const { producer: from, consumer: to, startMs: sentMs } = transfer
    const arrivalMs = nowMs + transfer.latencyMs
    transfers.push({ from, to, startMs: sentMs, finishMs: arrivalMs })
    at(arrivalMs, () => arrive(to, arrivalMs))
  })

  const tryStart = (processor: number, nowMs: number): void => {
    const task = queues[processor]![queueHead[processor]!]
    if (task === undefined || isBusy[processor] === 1 || missingInputs[task]! > 0) return
    queueHead[processor]!++
    isBusy[processor] = 1
    startMs[task] = Math.max(nowMs, readyMs[processor]!)
    finishMs[task] = startMs[task]! + computeMs[task * processorCount + processor]!
    at(finishMs[task]!, () => finish(task, processor))
  }
  const finish = (task: number, processor: number): void => {
    isBusy[processor] = 0
    for (let edge = edgeStart[task]!; edge < edgeStart[task + 1]!; edge++) send(task, edge)
    tryStart(processor, finishMs[task]!)
  }
  const send = (producer: number, edge: number): void => {
    const consumer = successors[edge]!
    const [from, to] = [processorOf[producer]!, processorOf[consumer]!]
    const sentMs = finishMs[producer]!
    if (to < 0) return
    if (hostOf[from] === hostOf[to]) return arrive(consumer, sentMs)
    const link = from * processorCount + to
    active.start({
      producer,
      consumer,
      from: String(hostOf[from]),
      to: String(hostOf[to]),
      startMs: sentMs,
      latencyMs: latencyMs[link]!,
      aloneBytesPerMs: 1 / msPerByte[link]!,
      bytes: Math.max(0, edgeBytes[edge]! - (arrivedBytes?.[consumer] ?? 0)),
    })
  }
  const arrive = (task: number, nowMs: number): void => {
    missingInputs[task]!--
    tryStart(processorOf[task]!, nowMs)
  }

  for (let processor = 0; processor < processorCount; processor++) tryStart(processor, 0)
  run()
  return { startMs, finishMs, makespanMs: finishMs.reduce((latest, ms) => Math.max(latest, ms), 0), transfers }
}

/** What happens when, in order of time. Links are shared anew only when time moves on: what starts at one instant starts together. */
function agenda(
  active: ActiveTransfers,
  onEnd: (transfer: ActiveTransfer, nowMs: number) => void,
): { at: (atMs: number, happen: () => void) => void; run: () => void } {
  const queue = new TinyQueue<TimedEvent>([], (a, b) => a.atMs - b.atMs || a.order - b.order)
  let order = 0
  let nowMs = 0
  const run = (): void => {
    for (;;) {
      const nextMs = queue.peek()?.atMs ?? Number.POSITIVE_INFINITY
      const next = nextMs > nowMs ? active.nextToEnd(nowMs) : null
      if (next !== null && next.endMs <= nextMs) {
        nowMs = next.endMs
        active.end(next.transfer)
        onEnd(next.transfer, nowMs)
        continue
      }
      const event = queue.pop()
      if (event === undefined) return
      nowMs = event.atMs
      event.happen()
    }
  }
  return { at: (atMs, happen) => queue.push({ atMs, order: order++, happen }), run }
}

function inputCountOf({ graph: { predecessors } }: Problem, task: number): number {
  return predecessors.start[task + 1]! - predecessors.start[task]!
}
