/** `twinctl fault`: trouble on the simulated site, on demand. */
import type { Command } from 'commander'
import { type ActiveFault, type Fault, faultShape } from '../../../models/contracts/fault.ts'
import { nearestNames, TwinError } from '../../../models/errors.ts'
import { type Column, since } from '../columns.ts'
import { firstIssue } from '../first-issue.ts'
import { formatValue } from '../format-value.ts'
import { globalsOf } from '../globals.ts'
import { FORMATS, type Format, formatRows, outputOption } from '../output.ts'
import { createRestClient } from '../rest-client.ts'
import type { Terminal } from '../terminal.ts'
import { createTwinCalls } from '../twin-calls.ts'

/** What the words after the kind stand for. */
export const FAULT_WORDS: { readonly [K in Fault['kind']]: readonly string[] } = {
  'kill-node': ['node'],
  'lose-accelerator': ['accelerator'],
  'slow-link': ['link', 'factor'],
  lie: ['node', 'utilizationRatio'],
  'camera-off': ['camera'],
  burst: ['load', 'frames'],
}
const NUMBERS: readonly string[] = ['factor', 'utilizationRatio', 'frames']
const OPTIONAL: readonly string[] = ['frames']

const COLUMNS: readonly Column<ActiveFault>[] = [
  { title: 'ID', cell: ({ id }) => id },
  { title: 'KIND', cell: ({ fault }) => fault.kind },
  {
    title: 'TARGET',
    cell: ({ fault }) =>
      Object.entries(fault)
        .filter(([name]) => name !== 'kind')
        .map(([name, value]) => `${name}=${formatValue(name, value)}`)
        .join(' '),
  },
  since('AGE', ({ sinceMs }) => sinceMs),
]

export function addFault(program: Command, terminal: Terminal): void {
  const fault = program.command('fault').description('put faults on the simulated site, and take them away')
  const callsOf = (command: Command) => createTwinCalls(createRestClient(globalsOf(command)))
  const print = (faults: readonly ActiveFault[], { output, headers }: { output: Format; headers: boolean }) =>
    terminal.print(
      formatRows(faults, { format: output, headers, columns: COLUMNS, nameOf: ({ id }) => `faults/${id}`, context: { nowMs: Date.now() } }),
    )

  fault
    .command('list')
    .description('list the faults that are on the site now')
    .addOption(outputOption(FORMATS, 'table'))
    .option('--no-headers', 'leave out the titles of the columns')
    .addHelpText('after', '\nExamples:\n  twinctl fault list')
    .action(async (options: { output: Format; headers: boolean }, command: Command) => {
      const faults = await callsOf(command).faults()
      if (faults.length === 0) terminal.notice('no faults')
      await print(faults, options)
    })

  fault
    .command('add')
    .description('put a fault on the site')
    .argument('<fault>', Object.keys(FAULT_WORDS).join('|'))
    .argument('<target...>', 'what it hits, then its number')
    .addOption(outputOption(FORMATS, 'table'))
    .option('--no-headers', 'leave out the titles of the columns')
    .addHelpText(
      'after',
      `
Kinds:
${Object.entries(FAULT_WORDS)
  .map(([kind, words]) => `  ${kind} ${words.map((word) => (OPTIONAL.includes(word) ? `[${word}]` : word)).join(' ')}`)
  .join('\n')}

Examples:
  twinctl fault add kill-node tx2-1
  twinctl fault add slow-link pi-1-uplink 0.1
  twinctl fault add burst heavy 60`,
    )
    .action(async (kind: string, target: string[], options: { output: Format; headers: boolean }, command: Command) => {
      await print([await callsOf(command).addFault(toFault(kind, target))], options)
    })

  fault
    .command('clear')
    .description('take a fault away')
    .argument('<id>')
    .addHelpText('after', '\nExamples:\n  twinctl fault clear f-1')
    .action(async (id: string, _: unknown, command: Command) => {
      await callsOf(command).clearFault(id)
      terminal.notice(`fault ${id} cleared`)
    })
}

/** @throws TwinError CONFIG_INVALID naming the kind, or the word that cannot be used. */
export function toFault(kind: string, target: readonly string[]): Fault {
  const words = Object.entries(FAULT_WORDS).find(([known]) => known === kind)?.[1]
  if (words === undefined) {
    const near = nearestNames(kind, Object.keys(FAULT_WORDS))
    const remedy = near.length > 0 ? `did you mean ${near.join(' or ')}?` : `use one of ${Object.keys(FAULT_WORDS).join(', ')}`
    throw new TwinError('CONFIG_INVALID', `there is no fault '${kind}'; ${remedy}`)
  }
  const usage = `give: twinctl fault add ${kind} ${words.join(' ')}`
  if (target.length > words.length) throw new TwinError('CONFIG_INVALID', `'${target[words.length]}' is one word too many; ${usage}`)
  const fields = Object.fromEntries(target.map((word, index) => [words[index], NUMBERS.includes(words[index]!) ? Number(word) : word]))
  const parsed = faultShape.safeParse({ kind, ...fields })
  if (parsed.success) return parsed.data
  throw new TwinError('CONFIG_INVALID', `the fault ${kind} ${target.join(' ')} cannot be used (${firstIssue(parsed.error)}); ${usage}`)
}
