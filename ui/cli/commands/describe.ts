/** `twinctl describe`: everything about one entity, each fact with its source, age and freshness. */
import type { Command } from 'commander'
import { describeEntity } from '../describe.ts'
import { globalsOf } from '../globals.ts'
import { formatOne, outputOption } from '../output.ts'
import { toKind } from '../resources.ts'
import { createRestClient } from '../rest-client.ts'
import type { Terminal } from '../terminal.ts'
import { createTwinCalls } from '../twin-calls.ts'
import { AT_HELP } from './get.ts'

interface DescribeOptions {
  readonly output: 'text' | 'json' | 'yaml'
  readonly at?: string
}

export function addDescribe(program: Command, terminal: Terminal): void {
  program
    .command('describe')
    .description('show everything about one entity: wanted, reported, predicted')
    .argument('<resource>', 'as for get')
    .argument('<name>')
    .addOption(outputOption(['text', 'json', 'yaml'], 'text'))
    .option('--at <when>', AT_HELP)
    .addHelpText('after', '\nExamples:\n  twinctl describe accelerator tx2-1/gpu0\n  twinctl describe plan 4b1f… --at 10m')
    .action(async (kind: string, name: string, { output, at }: DescribeOptions, command: Command) => {
      const entity = await createTwinCalls(createRestClient(globalsOf(command))).entity(toKind(kind), name, at)
      await terminal.print(output === 'text' ? describeEntity(entity, { nowMs: Date.now() }) : formatOne(entity, output))
    })
}
