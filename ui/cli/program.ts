/**
 * The command tree of twinctl. Each command is one file of `commands/`; help, completion and suggestions follow from the tree.
 */
import { Command, CommanderError } from 'commander'
import { addAuth } from './commands/auth.ts'
import { addCompletion } from './commands/completion.ts'
import { addDescribe } from './commands/describe.ts'
import { addDlq } from './commands/dlq.ts'
import { addDoctor } from './commands/doctor.ts'
import { addErrors } from './commands/errors.ts'
import { addFault } from './commands/fault.ts'
import { addGet } from './commands/get.ts'
import { addHistory } from './commands/history.ts'
import { addJob } from './commands/job.ts'
import { addLoop } from './commands/loop.ts'
import { addMetrics } from './commands/metrics.ts'
import { addPlan } from './commands/plan.ts'
import { addRegret } from './commands/regret.ts'
import { addReplay } from './commands/replay.ts'
import { addSchedule } from './commands/schedule.ts'
import { addStanding } from './commands/standing.ts'
import { addTop } from './commands/top.ts'
import { addTopics } from './commands/topics.ts'
import { addUngate } from './commands/ungate.ts'
import { addWhatIf } from './commands/whatif.ts'
import { EXIT } from './exit-codes.ts'
import { addGlobals } from './globals.ts'
import { createTerminal, type Streams, type Terminal } from './terminal.ts'

export interface ProgramOptions {
  readonly streams: Streams
  readonly version: string
}

const COMMANDS = [
  addGet,
  addDescribe,
  addTop,
  addHistory,
  addJob,
  addWhatIf,
  addPlan,
  addLoop,
  addUngate,
  addFault,
  addReplay,
  addStanding,
  addRegret,
  addDoctor,
  addAuth,
  addTopics,
  addDlq,
  addSchedule,
  addMetrics,
  addErrors,
  addCompletion,
]

export function createProgram(terminal: Terminal, { streams, version }: ProgramOptions): Command {
  const program = addGlobals(new Command('twinctl'))
    .description('Watch the twin of an edge cluster, ask it what would happen if …, and decide about its plans.')
    .version(version)
    .exitOverride()
    .configureOutput({ writeOut: (text) => streams.stdout.write(text), writeErr: (text) => streams.stderr.write(text) })
    .showHelpAfterError('Try --help for usage and examples.')
    .configureHelp({ showGlobalOptions: true })
    .hook('preAction', (root) => terminal.setQuiet(root.opts().quiet === true))
    .addHelpText(
      'after',
      `
Exit codes: 0 ok · 1 error (diff: different) · 2 usage (diff: also any error) · 3 rejected by a guardrail · 4 not approved · 124 timeout

Examples:
  twinctl get nodes
  twinctl whatif run "lose(node/tx2-1) + burst(resnet50, x4)"
  twinctl schedule -f instances.jsonl --algorithms heft,cpop,peft`,
    )
  for (const add of COMMANDS) add(program, terminal)
  return program
}

/** Runs one command line. @returns the exit code; never throws. */
export async function runProgram(args: readonly string[], options: ProgramOptions): Promise<number> {
  const terminal = createTerminal(options.streams)
  const program = createProgram(terminal, options)
  try {
    if (args.length === 0) {
      program.outputHelp({ error: true })
      return EXIT.usage
    }
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    // commander has said already what was wrong.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    terminal.fail(error)
  }
  return terminal.exitCode()
}
