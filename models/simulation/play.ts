/**
 * Plays a schedule event by event on links that are shared, as the site would: what the scheduler reckoned with
 * links of its own, this reckons with everybody on them.
 *
 * Each processor runs its queue in strict order without overtaking. A transfer starts when its producer
 * finishes; the data is there when all bytes are sent and the latency has passed. Deterministic.
 */
import TinyQueue from 'tinyqueue'
import type { Problem } from '../scheduling/problem.ts'
import { transferRates } from './shared-links.ts'

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

interface ActiveTransfer {
  /** Both hosts as one text. */
  readonly ends: string
  readonly producer: number
  readonly consumer: number
  readonly from: string
  readonly to: string
  readonly startMs: number
  readonly latencyMs: number
  readonly aloneBytesPerMs: number
  leftBytes: number
  bytesPerMs: number
  /** When `leftBytes` was right. */
  sinceMs: number
  endMs: number
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
  const capacities = hostBytesPerMs && new Map(hostBytesPerMs.map((rate, host) => [String(host), rate]))
  const transfers: PlayedTransfer[] = []
  const active = new Set<ActiveTransfer>()
  const agenda = new TinyQueue<TimedEvent>([], (a, b) => a.atMs - b.atMs || a.order - b.order)
  let order = 0
  let nowMs = 0
  let ratesChanged = false

  const at = (atMs: number, happen: () => void): void => agenda.push({ atMs, order: order++, happen })

  const tryStart = (processor: number): void => {
    const task = queues[processor]![queueHead[processor]!]
    if (task === undefined || isBusy[processor] === 1 || missingInputs[task]! > 0) return
    queueHead[processor]!++
    isBusy[processor] = 1
    startMs[task] = Math.max(nowMs, readyMs[processor]!)
    at(startMs[task]! + computeMs[task * processorCount + processor]!, () => finish(task, processor))
  }
  const finish = (task: number, processor: number): void => {
    finishMs[task] = nowMs
    isBusy[processor] = 0
    for (let edge = edgeStart[task]!; edge < edgeStart[task + 1]!; edge++) send(task, edge)
    tryStart(processor)
  }
  const arrive = (task: number): void => {
    missingInputs[task]!--
    if (processorOf[task]! >= 0) tryStart(processorOf[task]!)
  }
  const send = (producer: number, edge: number): void => {
    const consumer = successors[edge]!
    const [from, to] = [processorOf[producer]!, processorOf[consumer]!]
    if (to < 0) return
    if (hostOf[from] === hostOf[to]) return arrive(consumer)
    const link = from * processorCount + to
    const leftBytes = Math.max(0, edgeBytes[edge]! - (arrivedBytes?.[consumer] ?? 0))
    const hosts = { from: String(hostOf[from]), to: String(hostOf[to]), ends: `${hostOf[from]} ${hostOf[to]}` }
    const rates = { aloneBytesPerMs: 1 / msPerByte[link]!, bytesPerMs: 0, sinceMs: nowMs, endMs: Number.POSITIVE_INFINITY }
    active.add({ producer, consumer, ...hosts, startMs: nowMs, latencyMs: latencyMs[link]!, leftBytes, ...rates })
    ratesChanged = true
  }
  const completeTransfer = (transfer: ActiveTransfer): void => {
    active.delete(transfer)
    ratesChanged = true
    const { producer, consumer } = transfer
    const arrivalMs = nowMs + transfer.latencyMs
    transfers.push({ from: producer, to: consumer, startMs: transfer.startMs, finishMs: arrivalMs })
    at(arrivalMs, () => arrive(consumer))
  }

  for (let processor = 0; processor < processorCount; processor++) tryStart(processor)
  for (;;) {
    const nextEventMs = agenda.peek()?.atMs ?? Number.POSITIVE_INFINITY
    // Rates are shared anew only when the clock moves on: whatever starts at one instant starts together.
    if (nextEventMs > nowMs && ratesChanged) {
      shareLinks(active, capacities, nowMs)
      ratesChanged = false
    }
    const transfer = nextEventMs > nowMs ? firstToEnd(active) : null
    if (transfer !== null && transfer.endMs <= nextEventMs) {
      nowMs = transfer.endMs
      completeTransfer(transfer)
      continue
    }
    const event = agenda.pop()
    if (event === undefined) break
    nowMs = event.atMs
    event.happen()
  }
  const makespanMs = finishMs.reduce((latest, ms) => Math.max(latest, ms), 0)
  return { startMs, finishMs, makespanMs, transfers }
}

function inputCountOf({ graph: { predecessors } }: Problem, task: number): number {
  return predecessors.start[task + 1]! - predecessors.start[task]!
}

/** @param capacities By host; null: nobody shares. */
function shareLinks(active: ReadonlySet<ActiveTransfer>, capacities: ReadonlyMap<string, number> | null, nowMs: number): void {
  const shares = capacities && transferRates([...alike(active).values()], capacities)
  for (const transfer of active) {
    const bytesPerMs = Math.min(transfer.aloneBytesPerMs, shares?.get(transfer.ends) ?? Number.POSITIVE_INFINITY)
    // A rate that stays keeps its end, so that rounding does not pile up.
    if (bytesPerMs === transfer.bytesPerMs) continue
    transfer.leftBytes = Math.max(0, transfer.leftBytes - transfer.bytesPerMs * (nowMs - transfer.sinceMs))
    transfer.bytesPerMs = bytesPerMs
    transfer.sinceMs = nowMs
    transfer.endMs = transfer.leftBytes === 0 ? nowMs : nowMs + transfer.leftBytes / bytesPerMs
  }
}

/** Transfers with the same ends get the same rate, so one of them is asked for all. */
function alike(active: ReadonlySet<ActiveTransfer>): Map<string, { id: string; from: string; to: string; count: number }> {
  const groups = new Map<string, { id: string; from: string; to: string; count: number }>()
  for (const { ends, from, to } of active) {
    const group = groups.get(ends)
    if (group) group.count++
    else groups.set(ends, { id: ends, from, to, count: 1 })
  }
  return groups
}

/** Null when none ever ends. */
function firstToEnd(active: ReadonlySet<ActiveTransfer>): ActiveTransfer | null {
  let first: ActiveTransfer | null = null
  for (const transfer of active) {
    if (transfer.endMs < (first?.endMs ?? Number.POSITIVE_INFINITY)) first = transfer
  }
  return first
}
