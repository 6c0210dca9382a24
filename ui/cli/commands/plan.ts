/** `twinctl plan`: the decisions that wait for a person, and what became of the others. */
import type { Command } from 'commander'
import { entityName } from '../../../models/entities/entities.ts'
import { describeEntity } from '../describe.ts'
import { globalsOf } from '../globals.ts'
import { FORMATS, type Format, formatOne, formatRows, outputOption } from '../output.ts'
import { columnsOf } from '../resources.ts'
import { createRestClient } from '../rest-client.ts'
import type { Terminal } from '../terminal.ts'
import { createTwinCalls } from '../twin-calls.ts'

export function addPlan(program: Command, terminal: Terminal): void {
  const plan = program.command('plan').description('see, approve and reject plans')
  const callsOf = (command: Command) => createTwinCalls(createRestClient(globalsOf(command)))

  plan
    .command('list')
    .description('list the plans, newest last')
    .addOption(outputOption(FORMATS, 'table'))
    .option('--no-headers', 'leave out the titles of the columns')
    .addHelpText('after', '\nExamples:\n  twinctl plan list\n  twinctl plan list -o json')
    .action(async ({ output, headers }: { output: Format; headers: boolean }, command: Command) => {
      const plans = (await callsOf(command).entities('decision')).filter((entity) => entity.kind === 'decision')
      const rows = plans.toSorted((a, b) => (a.desired?.madeAtMs ?? 0) - (b.desired?.madeAtMs ?? 0))
      if (rows.length === 0) terminal.notice('no plans yet; `twinctl loop advise` lets the loop make some')
      const columns = columnsOf('decision')
      const context = { nowMs: Date.now() }
      await terminal.print(formatRows(rows, { format: output, headers, columns, nameOf: (row) => `plans/${entityName(row)}`, context }))
    })

  plan
    .command('show')
    .description('show one plan: what moves where, why, what it rests on, what became of it')
    .argument('<id>')
    .addOption(outputOption(['text', 'json', 'yaml'], 'text'))
    .addHelpText('after', '\nExamples:\n  twinctl plan show 4b1f…\n  twinctl plan show 4b1f… -o yaml')
    .action(async (id: string, { output }: { output: 'text' | 'json' | 'yaml' }, command: Command) => {
      const record = await callsOf(command).entity('decision', id)
      await terminal.print(output === 'text' ? describeEntity(record, { nowMs: Date.now() }) : formatOne(record, output))
    })

  for (const verb of ['approve', 'reject'] as const) {
    plan
      .command(verb)
      .description(
        verb === 'approve'
          ? 'approve a plan; exit code 3 when it no longer holds, 4 when it can no longer be approved'
          : 'reject a plan that waits for approval',
      )
      .argument('<id>')
      .option('--reason <text>', 'kept with the plan', '')
      .addHelpText(
        'after',
        `\nExamples:\n  twinctl plan ${verb} 4b1f… --reason "${verb === 'approve' ? 'quiet hour' : 'tx2-2 is on loan'}"`,
      )
      .action(async (id: string, { reason }: { reason: string }, command: Command) => {
        await callsOf(command).judge({ id, verb, reason })
        terminal.notice(`plan ${id} ${verb === 'approve' ? 'approved' : 'rejected'}`)
      })
  }
}
