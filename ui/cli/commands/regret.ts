/** `twinctl regret`: what each policy would have made of the requests that really came, against what really happened. */
import type { Command } from 'commander'
import type { RegretTable } from '../../../models/contracts/regret.ts'
import { formatMs, formatRatio } from '../format-value.ts'
import { globalsOf } from '../globals.ts'
import { formatOne, outputOption } from '../output.ts'
import { type Block, toMarkdown, toPlain } from '../report.ts'
import { createRestClient } from '../rest-client.ts'
import type { Terminal } from '../terminal.ts'
import { createTwinCalls } from '../twin-calls.ts'

const FORMATS = ['table', 'markdown', 'json', 'yaml'] as const

export function addRegret(program: Command, terminal: Terminal): void {
  program
    .command('regret')
    .description('rounds of real requests, placed in hindsight by every policy')
    .addOption(outputOption(FORMATS, 'table'))
    .addHelpText('after', '\nExamples:\n  twinctl regret\n  twinctl regret -o json')
    .action(async ({ output }: { output: (typeof FORMATS)[number] }, command: Command) => {
      const table = await createTwinCalls(createRestClient(globalsOf(command))).regret()
      if (output === 'json' || output === 'yaml') return terminal.print(formatOne(table, output))
      const blocks = blocksOf(table)
      await terminal.print(output === 'markdown' ? toMarkdown('Regret ledger', blocks) : toPlain(blocks))
    })
}

function blocksOf({ roundCount, policies, applied, dropped }: RegretTable): Block[] {
  if (roundCount === 0) return [{ lines: ['No round of requests has been scored yet; one is when all of its requests are done.'] }]
  const left = dropped.map(({ reason, roundCount: count }) => `${count} not scored: ${reason}`)
  return [
    {
      heading: 'What each policy would have cost',
      titles: ['POLICY', 'ROUNDS', 'WINS', 'MEAN PREDICTED', 'MEAN REGRET'],
      rows: policies.map((row) => [
        row.policy,
        String(row.roundCount),
        String(row.winCount),
        formatMs(row.meanPredictedMs),
        formatMs(row.meanRegretMs),
      ]),
    },
    {
      heading: 'What really placed the work',
      titles: ['PLACED BY', 'ROUNDS', 'MEAN REALISED', 'MEAN REGRET', 'PREDICTION OFF BY'],
      rows: applied.map((row) => [
        row.applied,
        String(row.roundCount),
        formatMs(row.meanRealisedMs),
        formatMs(row.meanRegretMs),
        formatRatio(row.meanErrorRatio ?? undefined),
      ]),
    },
    { lines: [`${roundCount} rounds scored`, ...left] },
  ]
}
