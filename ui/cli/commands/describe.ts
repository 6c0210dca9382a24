/** `twinctl describe`: everything about one entity, each fact with its source, age and freshness. */
import type { Command } from 'commander'
import { describeEntity, describePending } from '../describe.ts'
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
      const calls = createTwinCalls(createRestClient(globalsOf(command)))
      const entity = await calls.entity(toKind(kind), name, at)
      if (output !== 'text') return terminal.print(formatOne(entity, output))
      const isWaiting = entity.kind === 'pod' && (entity.mode === 'pending' || entity.mode === 'gated') && at === undefined
      const why = isWaiting ? await calls.whyPending(entity.name) : null
      await terminal.print(describeEntity(entity, { nowMs: Date.now() }) + (why === null ? '' : describePending(why)))
    })
}
