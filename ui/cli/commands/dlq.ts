/** `twinctl dlq`: records of the event log that nobody could use, and sending them again. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { DEAD_LETTERS_LISTED_MAX, type LoggedDeadLetter, type ShownDeadLetter } from '../../../models/contracts/log-admin.ts'
import { type Column, since } from '../columns.ts'
import { formatTime, NONE } from '../format-value.ts'
import { globalsOf } from '../globals.ts'
import { createLogCalls } from '../log-calls.ts'
import { FORMATS, type Format, formatOne, formatRows, outputOption } from '../output.ts'
import { createRestClient } from '../rest-client.ts'
import type { Terminal } from '../terminal.ts'

const COLUMNS: readonly Column<LoggedDeadLetter>[] = [
  { title: 'ID', cell: ({ id }) => id },
  { title: 'REASON', cell: ({ reason }) => reason },
  { title: 'DETAIL', cell: ({ detail }) => detail },
  { title: 'BYTES', cell: ({ bytes }) => String(bytes) },
  { title: 'REPLAYED', cell: ({ replayedMs }) => (replayedMs === null ? NONE : formatTime(replayedMs)) },
  since('AGE', ({ deadMs }) => deadMs),
]

export function addDlq(program: Command, terminal: Terminal): void {
  const dlq = program.command('dlq').description('see records that could not be used, and send them again')
  const callsOf = (command: Command) => createLogCalls(createRestClient(globalsOf(command)))

  dlq
    .command('list')
    .description('list them, newest first')
    .addOption(new Option('--limit <count>', 'at most so many').argParser(toLimit).default(100))
    .addOption(outputOption(FORMATS, 'table'))
    .option('--no-headers', 'leave out the titles of the columns')
    .addHelpText('after', '\nExamples:\n  twinctl dlq list\n  twinctl dlq list --limit 10 -o json')
    .action(async ({ limit, output, headers }: { limit: number; output: Format; headers: boolean }, command: Command) => {
      const letters = await callsOf(command).deadLetters({ limit })
      if (letters.length === 0) terminal.notice('no dead letters')
      const nameOf = ({ id }: LoggedDeadLetter) => `dead-letters/${id}`
      await terminal.print(formatRows(letters, { format: output, headers, columns: COLUMNS, nameOf, context: { nowMs: Date.now() } }))
    })

  dlq
    .command('show')
    .description('show one with its headers and text')
    .argument('<id>', 'topic:partition:offset')
    .addOption(outputOption(['text', 'json', 'yaml'], 'text'))
    .addHelpText('after', '\nExamples:\n  twinctl dlq show edgetwin.metrics.v1:0:41')
    .action(async (id: string, { output }: { output: 'text' | 'json' | 'yaml' }, command: Command) => {
      const letter = await callsOf(command).deadLetter(id)
      await terminal.print(output === 'text' ? toText(letter) : formatOne(letter, output))
    })

  dlq
    .command('replay')
    .description('send one back to where it came from, once; do it when what was wrong is mended')
    .argument('<id>', 'topic:partition:offset')
    .addHelpText('after', '\nExamples:\n  twinctl dlq replay edgetwin.metrics.v1:0:41')
    .action(async (id: string, _: unknown, command: Command) => {
      const { topic, partition, offset } = await callsOf(command).replay(id)
      terminal.notice(`${id} is now at ${topic}:${partition}:${offset}`)
    })
}

function toText({ id, reason, detail, deadMs, replayedMs, bytes, headers, text }: ShownDeadLetter): string {
  const facts = {
    id,
    reason: detail === '' ? reason : `${reason} (${detail})`,
    dead: formatTime(deadMs),
    replayed: replayedMs === null ? NONE : formatTime(replayedMs),
    bytes,
    ...headers,
  }
  // What a stranger wrote must not steer the terminal.
  const shown = [...Object.entries(facts).map(([name, value]) => `${name}: ${value}`), '', text].map(withoutControls)
  return `${shown.join('\n')}\n`
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must go.
const withoutControls = (line: string) => line.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '\uFFFD')

function toLimit(text: string): number {
  const count = Number(text)
  if (Number.isInteger(count) && count >= 1 && count <= DEAD_LETTERS_LISTED_MAX) return count
  throw new InvalidArgumentError(`'${text}' is no count from 1 to ${DEAD_LETTERS_LISTED_MAX}.`)
}
