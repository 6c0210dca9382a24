/**
 * `twinctl schedule`: list schedules of instances in a file, without a server.
 * An instance that cannot be scheduled is named on stderr and spoils no other; what is printed is in input order.
 */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { TwinError } from '../../../models/errors.ts'
import { ALGORITHM_NAMES, type AlgorithmName, runAlgorithm, toAlgorithmName } from '../../../models/scheduling/algorithms.ts'
import { type GoldInstance, toInstance } from '../../../models/scheduling/gold-instance.ts'
import { createProblem } from '../../../models/scheduling/problem.ts'
import type { Schedule } from '../../../models/scheduling/schedule.ts'
import { readChunks } from '../input.ts'
import { type InstancePiece, instancePieces } from '../instance-stream.ts'
import { toCsv, toTable } from '../table.ts'
import type { Terminal } from '../terminal.ts'

interface ScheduleOptions {
  readonly file: string
  readonly algorithms: readonly AlgorithmName[]
  readonly output: 'jsonl' | 'table' | 'csv'
}

interface Scheduled {
  readonly id: string
  readonly schedule: Schedule
  readonly elapsedUs: number
}

const TITLES = ['ID', 'ALGORITHM', 'MAKESPAN_MS', 'TASKS', 'ELAPSED_US']
const PROGRESS_PERIOD_MS = 200

export function addSchedule(program: Command, terminal: Terminal): void {
  program
    .command('schedule')
    .description('schedule the instances of a file, offline')
    .requiredOption('-f, --file <file>', 'one JSON object, an array, or one object a line; - reads standard input')
    .addOption(
      new Option('-a, --algorithms <names>', `comma-separated, of ${ALGORITHM_NAMES.join(', ')}`)
        .argParser(toAlgorithmNames)
        .default(['heft', 'cpop', 'peft'], 'heft,cpop,peft'),
    )
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['jsonl', 'table', 'csv']).default('jsonl'))
    .addHelpText(
      'after',
      `
Each line of jsonl: {"id","algorithm","makespanMs","assignments":[[task,processor,startMs,finishMs],…],"elapsedUs"}
elapsedUs is the time of scheduling alone. Exit code 1 when an instance could not be scheduled.

Examples:
  twinctl schedule -f instances.jsonl --algorithms heft,cpop,peft -o jsonl
  generate | twinctl schedule -f - -o table`,
    )
    .action((options: ScheduleOptions) => runSchedule(options, terminal))
}

/** @throws InvalidArgumentError naming the unknown algorithm. */
export function toAlgorithmNames(text: string): AlgorithmName[] {
  try {
    return [...new Set(text.split(',').map((name) => toAlgorithmName(name.trim())))]
  } catch (error) {
    throw new InvalidArgumentError(error instanceof TwinError ? error.message : String(error))
  }
}

async function runSchedule({ file, algorithms, output }: ScheduleOptions, terminal: Terminal): Promise<void> {
  const rows: string[][] = []
  if (output === 'csv') await terminal.print(toCsv(TITLES, []))
  let count = 0
  let shownMs = Date.now()
  for await (const piece of instancePieces(readChunks(file, terminal))) {
    count++
    for (const scheduled of schedulesOf(piece, { number: count, algorithms, terminal })) {
      if (output === 'jsonl') await terminal.print(toJsonLine(scheduled))
      else if (output === 'csv') await terminal.print(toCsv(TITLES, [toRow(scheduled)], { headers: false }))
      else rows.push(toRow(scheduled))
    }
    if (Date.now() - shownMs < PROGRESS_PERIOD_MS) continue
    shownMs = Date.now()
    terminal.progress(`${count} instances scheduled`)
  }
  if (output === 'table') await terminal.print(toTable(TITLES, rows))
}

function schedulesOf(
  piece: InstancePiece,
  { number, algorithms, terminal }: { number: number; algorithms: readonly AlgorithmName[]; terminal: Terminal },
): Scheduled[] {
  try {
    const { id, input, load } = readInstance(piece, number)
    const place = `${piece.place} (${id})`
    const problem = createProblem(input, { place })
    return algorithms.flatMap((algorithm) => {
      try {
        const startMs = performance.now()
        const schedule = runAlgorithm(algorithm, problem, { load })
        return [{ id, schedule, elapsedUs: Math.round((performance.now() - startMs) * 1e3) }]
      } catch (error) {
        if (!(error instanceof TwinError)) throw error
        terminal.fail(new TwinError(error.code, `${place}: ${error.message}`, { cause: error }))
        return []
      }
    })
  } catch (error) {
    if (!(error instanceof TwinError)) throw error
    terminal.fail(error)
    return []
  }
}

function readInstance({ json, place }: InstancePiece, number: number): GoldInstance {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new TwinError('PROBLEM_INVALID', `${place} is not JSON: ${reason}`, { cause })
  }
  return toInstance(value, { place, number })
}

function toJsonLine({ id, schedule, elapsedUs }: Scheduled): string {
  const { algorithm, makespanMs } = schedule
  const assignments = schedule.assignments.map(({ task, processor, startMs, finishMs }) => [task, processor, startMs, finishMs])
  return `${JSON.stringify({ id, algorithm, makespanMs, assignments, elapsedUs })}\n`
}

function toRow({ id, schedule, elapsedUs }: Scheduled): string[] {
  return [id, schedule.algorithm, String(schedule.makespanMs), String(schedule.assignments.length), String(elapsedUs)]
}
