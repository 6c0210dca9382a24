/**
 * How fast schedules are made, on seeded layered graphs: schedulers a second, and what a portfolio of 1,000 decodes takes.
 *
 * HEFT written plainly runs beside ours: that ratio holds on a noisy machine, the rates do not. Both must find the same
 * makespan, or the comparison means nothing. Rates are the best of several windows, since other work only slows us down.
 */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { lowerBounds } from '../../models/scheduling/bounds.ts'
import { cpop } from '../../models/scheduling/cpop.ts'
import { parseInstances } from '../../models/scheduling/gold-instance.ts'
import { heft } from '../../models/scheduling/heft.ts'
import { peft } from '../../models/scheduling/peft.ts'
import { portfolio } from '../../models/scheduling/portfolio.ts'
import { createProblem, type ProblemInput } from '../../models/scheduling/problem.ts'
import { problemOfFamily } from '../../models/scheduling/problem-families.ts'

export const suite = 'scheduling'

type Report = (figure: { suite: string; name: string; value: number; unit: string; [extra: string]: unknown }) => void

interface Size {
  readonly tasks: number
  readonly processors: number
}

const SMALL: Size = { tasks: 36, processors: 5 }
const LARGE: Size = { tasks: 1_000, processors: 16 }
const LARGEST: Size = { tasks: 10_000, processors: 64 }
const ALGORITHMS = { heft, cpop, peft }
/** What we want to reach, by name and size. */
const AIMS: Readonly<Record<string, number>> = {
  'heft 36': 100_000,
  'peft 36': 75_000,
  'heft 10000': 25,
  'heft over naive 1000': 50,
  'portfolio, 1,000 decodes 36': 15,
}
const WINDOW_COUNT = 4
const WINDOW_MS = 120

export async function run(report: Report): Promise<void> {
  for (const size of [SMALL, { tasks: 100, processors: 16 }, LARGE]) {
    reportRates(report, size, ALGORITHMS)
    reportOverNaive(report, size)
  }
  reportRates(report, LARGEST, { heft })
  reportPortfolio(report, SMALL)
  reportTimes(report, LARGEST)
  reportQuality(report)
}

function reportRates(report: Report, size: Size, algorithms: Partial<typeof ALGORITHMS>): void {
  const problem = createProblem(layered(size))
  for (const [name, algorithm] of Object.entries(algorithms)) {
    const value = perSecond(() => algorithm(problem).makespanMs)
    report({ suite, name, value, unit: 'schedules/s', ...size, ...toAim(name, size, (aim) => value / aim) })
  }
}

/** `scanning` looks through all edges whenever the paper's formula says "predecessors"; `with edge lists` groups them first. */
function reportOverNaive(report: Report, size: Size): void {
  const input = layered(size)
  const problem = createProblem(input)
  const scan: EdgesOf = {
    into: (task) => input.edges.filter(([, to]) => to === task),
    from: (task) => input.edges.filter(([from]) => from === task),
  }
  const listed = (): EdgesOf => {
    const into = Map.groupBy(input.edges, ([, to]) => to)
    const from = Map.groupBy(input.edges, ([source]) => source)
    return { into: (task) => into.get(task) ?? [], from: (task) => from.get(task) ?? [] }
  }
  const references = {
    'heft over naive': () => naiveHeft(input, scan),
    'heft over naive with edge lists': () => naiveHeft(input, listed()),
  }
  for (const [name, reference] of Object.entries(references)) {
    const [oursMs, theirsMs] = [heft(problem).makespanMs, reference()]
    if (Math.abs(oursMs - theirsMs) > 1e-6) throw new Error(`${name}: the reference gives ${theirsMs} ms, ours ${oursMs} ms`)
    // Close together in time, so that both meet the same noise.
    const heftPerSecond = perSecond(() => heft(problem).makespanMs)
    const value = heftPerSecond / perSecond(reference)
    report({ suite, name, value, unit: 'ratio', ...size, ...toAim(name, size, (aim) => value / aim) })
  }
}

function reportPortfolio(report: Report, size: Size): void {
  const problem = createProblem(layered(size))
  const options = { decodeBudget: 1_000, seed: 1 }
  const { decodeCount, from, gapRatio } = portfolio(problem, options)
  const value = 1_000 / perSecond(() => portfolio(problem, options).schedule.makespanMs)
  const ratioToHeft = value / (1_000 / perSecond(() => heft(problem).makespanMs))
  const name = 'portfolio, 1,000 decodes'
  report({ suite, name, value, unit: 'ms', ...size, ...toAim(name, size, (aim) => aim / value), ratioToHeft, decodeCount, from, gapRatio })
}

function reportTimes(report: Report, size: Size): void {
  const input = layered(size)
  const problem = createProblem(input)
  const heftPerSecond = perSecond(() => heft(problem).makespanMs)
  for (const [name, work] of Object.entries({
    'create problem': () => createProblem(input).taskCount,
    'lower bounds': () => lowerBounds(problem).bestMs,
  })) {
    const value = 1_000 / perSecond(work)
    report({ suite, name, value, unit: 'ms', ...size, ratioToHeft: (value / 1_000) * heftPerSecond })
  }
}

/** Makespans over the best known of the gold files, − 1; below 0 where the search beats what was known. */
function reportQuality(report: Report): void {
  const text = readFileSync(new URL('../../models/scheduling/gold/random.jsonl', import.meta.url), 'utf8')
  const known = z.array(z.object({ bestKnown: z.number() })).parse(
    text
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line)),
  )
  const problems = parseInstances(text).map(({ input }) => createProblem(input))
  for (const decodeBudget of [100, 1_000, 10_000]) {
    const gaps = problems.map((problem, at) => portfolio(problem, { decodeBudget, seed: 1 }).schedule.makespanMs / known[at]!.bestKnown - 1)
    const value = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length
    const extra = { worst: Math.max(...gaps), best: Math.min(...gaps), instances: gaps.length }
    report({ suite, name: `gold gap, ${decodeBudget} decodes`, value, unit: 'ratio', ...extra })
  }
}

/** @param toRatio 1 and more: reached. */
function toAim(name: string, { tasks }: Size, toRatio: (aim: number) => number): { aim?: number; ratioToAim?: number } {
  const aim = AIMS[`${name} ${tasks}`]
  return aim === undefined ? {} : { aim, ratioToAim: toRatio(aim) }
}

function perSecond(work: () => number): number {
  // A warm-up lets the JIT settle.
  for (const end = performance.now() + WINDOW_MS; performance.now() < end; ) work()
  let best = 0
  for (let window = 0; window < WINDOW_COUNT; window++) {
    const start = performance.now()
    let count = 0
    let elapsedMs = 0
    for (let batch = 1; elapsedMs < WINDOW_MS; batch = Math.min(batch * 2, 256)) {
      for (let i = 0; i < batch; i++) work()
      count += batch
      elapsedMs = performance.now() - start
    }
    best = Math.max(best, (count / elapsedMs) * 1000)
  }
  return best
}

function layered({ tasks, processors }: Size): ProblemInput {
  return problemOfFamily('layered', { seed: tasks, taskCount: tasks, processorCount: processors, communicationRatio: 1 })
}

interface EdgesOf {
  readonly into: (task: number) => ProblemInput['edges']
  readonly from: (task: number) => ProblemInput['edges']
}

/** HEFT as the paper defines it: plain arrays, EST by its formula, every slot of a processor tried in turn. @returns makespan in ms */
function naiveHeft(input: ProblemInput, edgesOf: EdgesOf): number {
  const { computeMs, bytesPerMs, latencyMs } = input
  const ranksMs = naiveRanksMs(input, edgesOf)
  const order = [...computeMs.keys()].sort((a, b) => ranksMs.get(b)! - ranksMs.get(a)!)
  const placed = new Map<number, { processor: number; startMs: number; finishMs: number }>()
  const busy = bytesPerMs.map((): { startMs: number; finishMs: number }[] => [])
  for (const task of order) {
    const options = bytesPerMs.map((_, processor) => {
      const durationMs = computeMs[task]![processor] ?? Number.POSITIVE_INFINITY
      const arrivalsMs = edgesOf.into(task).map(([from, , bytes]) => {
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

function naiveRanksMs({ computeMs, bytesPerMs, latencyMs }: ProblemInput, edgesOf: EdgesOf): Map<number, number> {
  const processors = [...bytesPerMs.keys()]
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const betweenOthers = (matrix: readonly (readonly number[])[]) => mean(matrix.flatMap((row, a) => row.filter((_, b) => a !== b)))
  const meanLatencyMs = betweenOthers(latencyMs)
  const meanBytesPerMs = betweenOthers(bytesPerMs)
  const ranksMs = new Map<number, number>()
  const rankMs = (task: number): number => {
    const known = ranksMs.get(task)
    if (known !== undefined) return known
    const tailsMs = edgesOf.from(task).map(([, to, bytes]) => meanLatencyMs + bytes / meanBytesPerMs + rankMs(to))
    const ms = mean(processors.map((processor) => computeMs[task]![processor] ?? Number.POSITIVE_INFINITY)) + Math.max(0, ...tailsMs)
    ranksMs.set(task, ms)
    return ms
  }
  for (const task of computeMs.keys()) rankMs(task)
  return ranksMs
}
