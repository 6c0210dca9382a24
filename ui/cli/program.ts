/**
 * The command tree of twinctl. Each command is one file of `commands/`; help, completion and suggestions follow from the tree.
 */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { addMetrics } from './commands/metrics.ts'
import { addSchedule } from './commands/schedule.ts'
import { EXIT } from './exit-codes.ts'
import { createTerminal, type Streams, type Terminal } from './terminal.ts'

export interface GlobalOptions {
  readonly server: string
  readonly token?: string
  readonly requestTimeout: number
}

const COMMANDS = [addSchedule, addMetrics]
const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/
const MS_OF_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

export function createProgram(terminal: Terminal, version: string): Command {
  const program = new Command('twinctl')
    .description('Watch the twin of an edge cluster, ask it what would happen if …, and decide about its plans.')
    .version(version)
    .exitOverride()
    .showHelpAfterError('Try --help for usage and examples.')
    .configureHelp({ showGlobalOptions: true })
    .addOption(new Option('--server <url>', 'the edgetwin server').env('EDGETWIN_SERVER').default('http://127.0.0.1:8080'))
    .addOption(new Option('--token <token>', 'bearer token of the server').env('EDGETWIN_TOKEN'))
    .addOption(new Option('--request-timeout <duration>', 'give up on a request after').argParser(toDurationMs).default(30_000, '30s'))
    .option('-q, --quiet', 'nothing on stderr but errors')
    .hook('preAction', (root) => terminal.setQuiet(root.opts().quiet === true))
    .addHelpText(
      'after',
      `
Exit codes: 0 ok · 1 error · 2 usage · 3 rejected by a guardrail · 4 not approved · 124 timeout

Examples:
  twinctl get nodes
  twinctl whatif run --edit lose-node=tx2-1
  twinctl schedule -f instances.jsonl --algorithms heft,cpop,peft`,
    )
  for (const add of COMMANDS) add(program, terminal)
  return program
}

/** Runs one command line. @returns the exit code; never throws. */
export async function runProgram(args: readonly string[], { streams, version }: { streams: Streams; version: string }): Promise<number> {
  const terminal = createTerminal(streams)
  const program = createProgram(terminal, version)
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

/** `500ms`, `30s`, `10m`, `2h`; a bare number is seconds. @throws InvalidArgumentError */
export function toDurationMs(text: string): number {
  const match = DURATION.exec(text)
  if (match === null) throw new InvalidArgumentError(`'${text}' is no duration; give 500ms, 30s, 10m or 2h.`)
  return Number(match[1]) * MS_OF_UNIT[match[2] ?? 's']!
}
