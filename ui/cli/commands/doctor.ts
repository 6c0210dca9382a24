/** `twinctl doctor`: what the server says of what it rests on. */
import type { Command } from 'commander'
import type { Column } from '../columns.ts'
import { EXIT } from '../exit-codes.ts'
import { NONE } from '../format-value.ts'
import { globalsOf } from '../globals.ts'
import { formatRows, outputOption } from '../output.ts'
import { createRestClient } from '../rest-client.ts'
import type { Terminal } from '../terminal.ts'
import { type CheckResult, createTwinCalls } from '../twin-calls.ts'

const COLUMNS: readonly Column<CheckResult>[] = [
  { title: 'CHECK', cell: ({ name }) => name },
  { title: 'RESULT', cell: ({ ok }) => (ok ? 'ok' : 'failed') },
  { title: 'DETAIL', cell: ({ detail }) => detail || NONE },
  { title: 'REMEDY', cell: ({ ok, remedy }) => (ok ? NONE : remedy || NONE) },
]

export function addDoctor(program: Command, terminal: Terminal): void {
  program
    .command('doctor')
    .description('check the server and what it rests on; exit code 1 when something failed')
    .addOption(outputOption(['table', 'json', 'yaml', 'csv'], 'table'))
    .addHelpText('after', '\nExamples:\n  twinctl doctor\n  twinctl doctor --server http://edge-1:8080 -o json')
    .action(async ({ output }: { output: 'table' | 'json' | 'yaml' | 'csv' }, command: Command) => {
      const checks = await createTwinCalls(createRestClient(globalsOf(command))).checks()
      const context = { nowMs: Date.now() }
      await terminal.print(formatRows(checks, { format: output, headers: true, columns: COLUMNS, nameOf: ({ name }) => name, context }))
      const failed = checks.filter(({ ok }) => !ok)
      if (failed.length === 0) return
      terminal.notice(`${failed.length} of ${checks.length} checks failed`)
      terminal.end(EXIT.error)
    })
}
