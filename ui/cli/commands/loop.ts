/** `twinctl loop`: how far the closed loop may go on its own. */
import { Argument, type Command } from 'commander'
import { LOOP_MODES, type LoopMode } from '../../../models/events/decision-events.ts'
import { globalsOf } from '../globals.ts'
import { formatOne, outputOption } from '../output.ts'
import { createRestClient } from '../rest-client.ts'
import type { Terminal } from '../terminal.ts'
import { createTwinCalls } from '../twin-calls.ts'

export function addLoop(program: Command, terminal: Terminal): void {
  program
    .command('loop')
    .description('show or set how far the loop may go')
    .addArgument(
      new Argument('[mode]', 'observe: touch nothing · advise: make plans · approve: apply what was approved · auto: apply').choices(
        LOOP_MODES,
      ),
    )
    .addOption(outputOption(['text', 'json', 'yaml'], 'text'))
    .addHelpText('after', '\nExamples:\n  twinctl loop\n  twinctl loop approve')
    .action(async (mode: LoopMode | undefined, { output }: { output: 'text' | 'json' | 'yaml' }, command: Command) => {
      const calls = createTwinCalls(createRestClient(globalsOf(command)))
      const loop = mode === undefined ? await calls.loop() : await calls.setLoop(mode)
      // Just after a change the status still speaks of the mode before.
      const text = mode === undefined ? `${loop.mode}: ${loop.status}\n` : `${loop.mode}\n`
      await terminal.print(output === 'text' ? text : formatOne(loop, output))
    })
}
