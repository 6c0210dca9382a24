/**
 * How many schedules a second HEFT, CPOP and PEFT make, on seeded layered graphs.
 *
 * A naive HEFT straight from the paper's definition runs beside ours: the ratio holds on a noisy machine, the rate does not.
 * Both must find the same makespan, or the comparison means nothing.
 */
import { cpop } from '../../models/scheduling/cpop.ts'
import { heft } from '../../models/scheduling/heft.ts'
import { peft } from '../../models/scheduling/peft.ts'
import { createProblem, type ProblemInput } from '../../models/scheduling/problem.ts'
import type { Report } from './figure.ts'

export const suite = 'scheduling'

const SIZES = [
  { tasks: 36, processors: 5 },
  { tasks: 100, processors: 16 },
  { tasks: 1000, processors: 16 },
]
const ALGORITHMS = { heft, cpop, peft }
const MEASURE_MS = 1000

export async function run(report: Report): Promise<void> {
  for (const size of SIZES) {
    const input = layeredProblem(size)
    const problem = createProblem(input)
    const rates = new Map<string, number>()
    for (const [name, algorithm] of Object.entries(ALGORITHMS)) {
      const value = perSecond(() => algorithm(problem).makespanMs)
      rates.set(name, value)
      report({ suite, name, value, unit: 'schedules/s', ...size })
    }
    const makespanMs = heft(problem).makespanMs
    if (Math.abs(naiveHeft(input) - makespanMs) > 1e-6) throw new Error(`naive HEFT gives ${naiveHeft(input)}, ours ${makespanMs}`)
    report({ suite, name: 'heft over naive', value: rates.get('heft')! / perSecond(() => naiveHeft(input)), unit: 'ratio', ...size })
  }
}

function perSecond(work: () => number): number {
  // A warm-up of a fifth of the time lets the JIT settle.
  for (const end = performance.now() + MEASURE_MS / 5; performance.now() < end; ) work()
  const start = performance.now()
  let count = 0
  let elapsedMs = 0
  for (let batch = 1; elapsedMs < MEASURE_MS * 0.8; batch = Math.min(batch * 2, 256)) {
    for (let i = 0; i < batch; i++) work()
    count += batch
    elapsedMs = performance.now() - start
  }
  return (count / elapsedMs) * 1000
}

/** A layered graph with up to three predecessors a task, mixed speeds and asymmetric links. */
function layeredProblem({ tasks, processors }: { tasks: number; processors: number }): ProblemInput {
  const random = seededRandom(tasks * 64 + processors)
  const width = Math.max(2, Math.round(Math.sqrt(tasks)))
  const edges: [number, number, number][] = []
  for (let task = width; task < tasks; task++) {
    const layerStart = (Math.floor(task / width) - 1) * width
    const from = new Set(Array.from({ length: 3 }, () => layerStart + Math.floor(random() * width)))
    for (const predecessor of from) edges.push([predecessor, task, Math.round(1000 + random() * 1e6)])
  }
  const square = (low: number, span: number) =>
    Array.from({ length: processors }, () => Array.from({ length: processors }, () => low + random() * span))
  const computeMs = Array.from({ length: tasks }, () => {
    const meanMs = 1 + random() * 20
    return Array.from({ length: processors }, () => meanMs * (0.5 + random()))
  })
  return { computeMs, edges, bytesPerMs: square(10_000, 100_000), latencyMs: square(0.2, 2) }
}

/** Park and Miller's generator. @returns in (0, 1) */
function seededRandom(seed: number): () => number {
  let state = (seed % 2_147_483_646) + 1
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}

/** HEFT as the paper defines it: plain arrays, every slot of a processor tried in turn. @returns makespan in ms */
function naiveHeft(input: ProblemInput): number {
  const { computeMs, edges, bytesPerMs, latencyMs } = input
  const incoming = Map.groupBy(edges, ([, to]) => to)
  const ranksMs = naiveRanksMs(input)
  const order = [...computeMs.keys()].sort((a, b) => ranksMs.get(b)! - ranksMs.get(a)!)
  const placed = new Map<number, { processor: number; startMs: number; finishMs: number }>()
  const busy = bytesPerMs.map((): { startMs: number; finishMs: number }[] => [])
  for (const task of order) {
    const options = bytesPerMs.map((_, processor) => {
      const durationMs = computeMs[task]![processor] ?? Number.POSITIVE_INFINITY
      const arrivalsMs = (incoming.get(task) ?? []).map(([from, , bytes]) => {
        const source = placed.get(from)!
        if (source.processor === processor) return source.finishMs
        return source.finishMs + latencyMs[source.processor]![processor]! + bytes / bytesPerMs[source.processor]![processor]!
      })
      let startMs = Math.max(0, ...arrivalsMs)
      for (const other of busy[processor]!) {
        if (startMs + durationMs <= other.startMs) break
        startMs = Math.max(startMs, other.finishMs)
      }
      return { processor, startMs, finishMs: startMs + durationMs }
    })
    const best = options.reduce((least, option) => (option.finishMs < least.finishMs ? option : least))
    placed.set(task, best)
    busy[best.processor]!.push(best)
    busy[best.processor]!.sort((a, b) => a.startMs - b.startMs)
  }
  return Math.max(...[...placed.values()].map(({ finishMs }) => finishMs))
}

function naiveRanksMs({ computeMs, edges, bytesPerMs, latencyMs }: ProblemInput): Map<number, number> {
  const processors = [...bytesPerMs.keys()]
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const betweenOthers = (matrix: readonly (readonly number[])[]) => mean(matrix.flatMap((row, a) => row.filter((_, b) => a !== b)))
  const meanLatencyMs = betweenOthers(latencyMs)
  const meanBytesPerMs = betweenOthers(bytesPerMs)
  const outgoing = Map.groupBy(edges, ([from]) => from)
  const ranksMs = new Map<number, number>()
  const rankMs = (task: number): number => {
    const known = ranksMs.get(task)
    if (known !== undefined) return known
    const tailsMs = (outgoing.get(task) ?? []).map(([, to, bytes]) => meanLatencyMs + bytes / meanBytesPerMs + rankMs(to))
    const ms = mean(processors.map((processor) => computeMs[task]![processor] ?? Number.POSITIVE_INFINITY)) + Math.max(0, ...tailsMs)
    ranksMs.set(task, ms)
    return ms
  }
  for (const task of computeMs.keys()) rankMs(task)
  return ranksMs
}
