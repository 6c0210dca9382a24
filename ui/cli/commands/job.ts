/** `twinctl job`: the job database, where uploads become jobs; `get jobs` shows the twin's copy, with time travel. */
import { basename, extname } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { newJobShape, type StoredJob } from '../../../models/contracts/jobs.ts'
import { TwinError } from '../../../models/errors.ts'
import { JOB_STATUSES } from '../../../models/events/work-events.ts'
import { type Column, since, text } from '../columns.ts'
import { firstIssue } from '../first-issue.ts'
import { NONE } from '../format-value.ts'
import { globalsOf } from '../globals.ts'
import { FORMATS, type Format, formatOne, formatRows, outputOption } from '../output.ts'
import { createRestClient } from '../rest-client.ts'
import type { Terminal } from '../terminal.ts'
import { createTwinCalls } from '../twin-calls.ts'

const COLUMNS: readonly Column<StoredJob>[] = [
  { title: '#', cell: ({ number }) => String(number) },
  { title: 'ID', cell: ({ id }) => id },
  {
    title: 'STATUS',
    cell: ({ status, iteration, iterationLimit }) => (status === 'Exit' && iteration >= iterationLimit ? 'Exit,failed' : status),
  },
  { title: 'USER', cell: ({ user }) => text(user) },
  { title: 'TYPE', cell: ({ type }) => text(type) },
  { title: 'RESTARTS', cell: ({ iteration, iterationLimit }) => `${iteration}/${iterationLimit}` },
  { title: 'WORKER', cell: ({ worker }) => worker ?? NONE },
  since('AGE', ({ createdMs }) => createdMs),
  { title: 'PATH', wide: true, cell: ({ path }) => path },
  { title: 'FAILURE', wide: true, cell: ({ failure }) => failure ?? NONE },
]

interface SubmitOptions {
  readonly id?: string
  readonly user: string
  readonly type?: string
  readonly limit: number
}

export function addJob(program: Command, terminal: Terminal): void {
  const job = program.command('job').description('submit jobs to the split pipeline and see what became of them')
  const callsOf = (command: Command) => createTwinCalls(createRestClient(globalsOf(command)))

  job
    .command('list')
    .description('list the jobs of the database in order of creation')
    .addOption(new Option('--status <status>', 'only these').choices(JOB_STATUSES))
    .addOption(outputOption(FORMATS, 'table'))
    .option('--no-headers', 'leave out the titles of the columns')
    .addHelpText('after', '\nExamples:\n  twinctl job list\n  twinctl job list --status Inferencing -o wide')
    .action(async ({ status, output, headers }: { status?: string; output: Format; headers: boolean }, command: Command) => {
      const jobs = await callsOf(command).jobs(status)
      if (jobs.length === 0) terminal.notice('no jobs; `twinctl job submit` makes one')
      const context = { nowMs: Date.now() }
      await terminal.print(formatRows(jobs, { format: output, headers, columns: COLUMNS, nameOf: ({ id }) => `jobs/${id}`, context }))
    })

  job
    .command('show')
    .description('show one job: its state, restarts, who works on it, why it last failed')
    .argument('<id>')
    .addOption(outputOption(['yaml', 'json'], 'yaml'))
    .addHelpText('after', '\nExamples:\n  twinctl job show gate-3-1715')
    .action(async (id: string, { output }: { output: 'yaml' | 'json' }, command: Command) => {
      await terminal.print(formatOne(await callsOf(command).job(id), output))
    })

  job
    .command('submit')
    .description('tell of a video that was stored; prints the id of its job')
    .argument('<path>', 'where the video is stored')
    .option('--id <id>', 'told twice with the same id it is one job; chosen by the server when absent')
    .option('--user <name>', 'who asks', '')
    .option('--type <extension>', "of the file; the path's by default")
    .addOption(new Option('--limit <count>', 'failures after which the job ends').argParser(toCount).default(3))
    .addHelpText(
      'after',
      '\nExamples:\n  twinctl job submit /videos/gate-3.mp4 --user ana\n  twinctl job submit s3://in/a.mkv --id gate-3-1715',
    )
    .action(async (path: string, options: SubmitOptions, command: Command) => {
      const { id } = await callsOf(command).submitJob(toNewJob(path, options))
      await terminal.print(`${id}\n`)
    })
}

/** @throws TwinError CONFIG_INVALID naming what cannot be used. */
function toNewJob(path: string, { id, user, type, limit }: SubmitOptions) {
  const given = { user, path, type: type ?? extname(basename(path)).slice(1), iterationLimit: limit, ...(id === undefined ? {} : { id }) }
  const parsed = newJobShape.partial({ id: true }).safeParse(given)
  if (parsed.success) return parsed.data
  throw new TwinError('CONFIG_INVALID', `the job cannot be used (${firstIssue(parsed.error)}); see \`twinctl job submit --help\``)
}

function toCount(given: string): number {
  const count = Number(given)
  if (Number.isInteger(count) && count >= 1 && count <= 1_000) return count
  throw new InvalidArgumentError('must be a whole number from 1 to 1000')
}
