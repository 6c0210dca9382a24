/** `twinctl whatif diff`: two scenarios on the same twin, side by side. Exit codes are kubectl diff's: 0 same, 1 different, above 1 an error. */
import type { Command } from 'commander'
import { COMPARISON_FORMATS, type ComparisonFormat, formatComparison, isSame } from '../comparison.ts'
import { EXIT, exitCodeOf } from '../exit-codes.ts'
import { globalsOf } from '../globals.ts'
import { outputOption } from '../output.ts'
import { deliver, outOption } from '../output-file.ts'
import { createRestClient } from '../rest-client.ts'
import { checkNoSweep, SCENARIO_HELP, toScenario, toSource } from '../scenario-input.ts'
import type { Terminal } from '../terminal.ts'
import { createTwinCalls } from '../twin-calls.ts'

interface DiffOptions {
  readonly output: ComparisonFormat
  readonly out?: string
}

const DIFFERENT = 1

export function addWhatIfDiff(whatIf: Command, terminal: Terminal): void {
  whatIf
    .command('diff')
    .description('compare two scenarios on the same twin: winners, times, places')
    .argument('<a>', SCENARIO_HELP)
    .argument('<b>', 'what to hold against it, likewise')
    .addOption(outputOption(COMPARISON_FORMATS, 'table'))
    .addOption(outOption())
    .addHelpText(
      'after',
      `
Differences are b − a: negative when b is sooner. Exit codes: 0 no difference, 1 different, 2 and above an error.

Examples:
  twinctl whatif diff "at now" "lose(node/edge-1)"
  twinctl whatif diff "link(cam-3, x0.5)" "link(cam-3, x0.5) + drain(node/tx2-1)" -o markdown
  twinctl whatif diff before.yaml after.yaml -o csv`,
    )
    .action(async (a: string, b: string, { output, out }: DiffOptions, command: Command) => {
      try {
        const sides = { a: toScenario(await toSource(a, terminal)), b: toScenario(await toSource(b, terminal)) }
        for (const scenario of Object.values(sides)) checkNoSweep(scenario)
        const comparison = await createTwinCalls(createRestClient(globalsOf(command))).compare(sides)
        await deliver(formatComparison(comparison, output), { out, terminal })
        for (const warning of new Set([...comparison.a.warnings, ...comparison.b.warnings])) terminal.notice(`warning: ${warning}`)
        if (!isSame(comparison)) terminal.end(DIFFERENT)
      } catch (error) {
        // 1 says "different" here, so that a failure must say more.
        terminal.end(Math.max(EXIT.usage, exitCodeOf(error)))
        throw error
      }
    })
}
