/**
 * Refuses a problem that cannot be scheduled, before anything is built from it.
 * The first fault is named with its task, processor or edge; sizes come first, so a huge input costs little.
 */
import { TwinError } from '../errors.ts'
import type { ProblemInput, ProblemLimits } from './problem.ts'

/** Far above any real cost, low enough that no sum of them overflows. */
const NUMBER_MAX = 1e15

interface CheckOptions {
  readonly limits: ProblemLimits
  readonly where: string
}

/** @throws TwinError PROBLEM_INVALID, PROBLEM_INFEASIBLE or PROBLEM_TOO_LARGE */
export function checkProblemInput(input: ProblemInput, { limits, where }: CheckOptions): void {
  const taskCount = input.computeMs.length
  const processorCount = input.bytesPerMs.length
  checkSize({ count: taskCount, max: limits.taskCountMax, what: 'tasks' }, where)
  checkSize({ count: processorCount, max: limits.processorCountMax, what: 'processors' }, where)
  checkSize({ count: input.edges.length, max: limits.edgeCountMax, what: 'edges' }, where)
  if (processorCount === 0) refuse('there is no processor', 'give at least one row and column of rates and latencies', where)
  checkComputeMs(input, where)
  checkEdges(input, where)
  checkLinks(input, where)
  checkProcessors(input, where)
  checkRequests(input, where)
}

function checkSize({ count, max, what }: { count: number; max: number; what: string }, where: string): void {
  if (count <= max) return
  throw new TwinError('PROBLEM_TOO_LARGE', `${count} ${what}${where} are above the limit of ${max}; split the problem`, {
    details: { count, max, what },
  })
}

function checkComputeMs({ computeMs, bytesPerMs }: ProblemInput, where: string): void {
  const processorCount = bytesPerMs.length
  for (const [task, row] of computeMs.entries()) {
    checkLength(row, { expected: processorCount, what: `the times of task ${task}` }, where)
    for (const [processor, ms] of row.entries()) {
      if (ms !== null && !isCost(ms)) {
        refuse(`task ${task} takes ${show(ms)} on processor ${processor}`, 'give ms ≥ 0, or null where it may not run', where)
      }
    }
    if (row.every((ms) => ms === null)) {
      const message = `task ${task} may run on no processor${where}; allow at least one of ${processorCount}`
      throw new TwinError('PROBLEM_INFEASIBLE', message, { details: { task } })
    }
  }
}

function checkEdges({ edges, computeMs }: ProblemInput, where: string): void {
  const isTask = (task: unknown) => isIndex(task, computeMs.length)
  const seen = new Set<number>()
  for (const [index, [from, to, bytes]] of edges.entries()) {
    const edge = `edge ${index} (${show(from)} → ${show(to)})`
    if (!isTask(from) || !isTask(to)) refuse(`${edge} names no task`, `tasks are 0 to ${computeMs.length - 1}`, where)
    if (from === to) refuse(`${edge} leads back to its own task`, 'remove it', where)
    if (!isCost(bytes)) refuse(`${edge} carries ${show(bytes)} bytes`, 'give a number ≥ 0', where)
    const key = from * computeMs.length + to
    if (seen.has(key)) refuse(`${edge} stands twice`, 'give one edge with the sum of the bytes', where)
    seen.add(key)
  }
}

function checkLinks({ bytesPerMs, latencyMs, hostOf }: ProblemInput, where: string): void {
  const processorCount = bytesPerMs.length
  checkLength(latencyMs, { expected: processorCount, what: 'latencies' }, where)
  if (hostOf !== undefined) {
    checkLength(hostOf, { expected: processorCount, what: 'hosts' }, where)
    for (const [processor, host] of hostOf.entries()) {
      if (!isIndex(host, 2 ** 31)) refuse(`processor ${processor} has host ${show(host)}`, 'give an integer ≥ 0', where)
    }
  }
  for (let from = 0; from < processorCount; from++) {
    checkLength(bytesPerMs[from], { expected: processorCount, what: `the rates from processor ${from}` }, where)
    checkLength(latencyMs[from], { expected: processorCount, what: `the latencies from processor ${from}` }, where)
    for (let to = 0; to < processorCount; to++) {
      if (from === to || (hostOf !== undefined && hostOf[from] === hostOf[to])) continue
      const link = `the link from processor ${from} to ${to}`
      const rate = bytesPerMs[from]![to]
      const latency = latencyMs[from]![to]
      if (!isCost(rate) || rate < 1 / NUMBER_MAX) refuse(`${link} moves ${show(rate)} bytes per ms`, 'give a number > 0', where)
      if (!isCost(latency)) refuse(`${link} has latency ${show(latency)} ms`, 'give a number ≥ 0', where)
    }
  }
}

function checkProcessors({ bytesPerMs, readyMs, edge }: ProblemInput, where: string): void {
  if (readyMs !== undefined) {
    checkLength(readyMs, { expected: bytesPerMs.length, what: 'ready times' }, where)
    for (const [processor, ms] of readyMs.entries()) {
      if (!isCost(ms)) refuse(`processor ${processor} is ready at ${show(ms)} ms`, 'give a number ≥ 0', where)
    }
  }
  for (const processor of edge ?? []) {
    if (!isIndex(processor, bytesPerMs.length)) {
      refuse(`edge processor ${show(processor)} does not exist`, `processors are 0 to ${bytesPerMs.length - 1}`, where)
    }
  }
}

function checkRequests({ computeMs, bytesPerMs, requestOf, homes }: ProblemInput, where: string): void {
  if (requestOf !== undefined) {
    checkLength(requestOf, { expected: computeMs.length, what: 'requests of tasks' }, where)
    for (const [task, request] of requestOf.entries()) {
      if (!isIndex(request, homes?.length ?? 2 ** 31))
        refuse(`task ${task} has request ${show(request)}`, 'give the index of a request', where)
    }
  }
  for (const [request, processors] of (homes ?? []).entries()) {
    for (const processor of processors) {
      if (!isIndex(processor, bytesPerMs.length)) {
        refuse(`request ${request} has home ${show(processor)}`, `processors are 0 to ${bytesPerMs.length - 1}`, where)
      }
    }
  }
}

function checkLength(row: readonly unknown[] | undefined, { expected, what }: { expected: number; what: string }, where: string): void {
  if (row?.length !== expected) refuse(`${what}: ${row?.length ?? 0} given`, `give ${expected}`, where)
}

function isCost(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= NUMBER_MAX
}

function isIndex(value: unknown, count: number): boolean {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) < count
}

function show(value: unknown): string {
  return typeof value === 'number' || value === undefined ? String(value) : JSON.stringify(value).slice(0, 40)
}

function refuse(fault: string, remedy: string, where: string): never {
  throw new TwinError('PROBLEM_INVALID', `${fault}${where}; ${remedy}`)
}
