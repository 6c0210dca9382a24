/** `twinctl whatif`: questions to a fork of the twin: one, two side by side, one along a line, and why. */
import type { Command } from 'commander'
import type { Terminal } from '../terminal.ts'
import { addWhatIfDiff } from './whatif-diff.ts'
import { addWhatIfExplain } from './whatif-explain.ts'
import { addWhatIfRun } from './whatif-run.ts'
import { addWhatIfSweep } from './whatif-sweep.ts'

export function addWhatIf(program: Command, terminal: Terminal): void {
  const whatIf = program.command('whatif').description('ask what would happen; nothing is changed')
  addWhatIfRun(whatIf, terminal)
  addWhatIfDiff(whatIf, terminal)
  addWhatIfSweep(whatIf, terminal)
  addWhatIfExplain(whatIf, terminal)
}
