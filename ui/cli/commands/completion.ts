/** `twinctl completion`: a script that makes a shell complete this command line. */
import { Argument, type Command } from 'commander'
import { commandNodes } from '../command-tree.ts'
import { completionScript, SHELLS, type Shell } from '../completion-scripts.ts'
import type { Terminal } from '../terminal.ts'

export function addCompletion(program: Command, terminal: Terminal): void {
  program
    .command('completion')
    .description('print a completion script')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .addHelpText(
      'after',
      `
Examples:
  source <(twinctl completion bash)
  twinctl completion fish > ~/.config/fish/completions/twinctl.fish`,
    )
    .action((shell: Shell) => terminal.print(completionScript(shell, commandNodes(program))))
}
