/** `twinctl metrics check`: whether an exposition text can be read, without a server. */
import { type Command, Option } from 'commander'
import { checkExposition } from '../../../models/exposition/exposition.ts'
import { EXIT } from '../exit-codes.ts'
import { readText } from '../input.ts'
import { toTable } from '../table.ts'
import type { Terminal } from '../terminal.ts'

export function addMetrics(program: Command, terminal: Terminal): void {
  program
    .command('metrics')
    .description('look at metrics texts, offline')
    .command('check')
    .description('check a Prometheus or OpenMetrics text strictly; exit code 1 when it has errors')
    .argument('<file>', 'the text; - reads standard input')
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['json', 'table']).default('table'))
    .addHelpText(
      'after',
      `
Examples:
  curl -s http://tx2-1:9100/metrics | twinctl metrics check -
  twinctl metrics check scrape.prom -o json`,
    )
    .action(async (file: string, { output }: { output: 'json' | 'table' }) => {
      const { samples, families, errors } = checkExposition(await readText(file, terminal))
      if (output === 'json') await terminal.print(`${JSON.stringify({ samples, families, errors })}\n`)
      else {
        await terminal.print(
          toTable(['SAMPLES', 'FAMILIES', 'ERRORS'], [[samples, families, errors.length].map(String)]) +
            (errors.length === 0
              ? ''
              : `\n${toTable(
                  ['LINE', 'REASON'],
                  errors.map(({ line, reason }) => [String(line), reason]),
                )}`),
        )
      }
      if (errors.length > 0) terminal.end(EXIT.error)
    })
}
