/** `twinctl top`: how loaded nodes or accelerators are, busiest first. */
import type { Command } from 'commander'
import type { Accelerator } from '../../../models/entities/accelerator.ts'
import type { Node } from '../../../models/entities/node.ts'
import { TwinError } from '../../../models/errors.ts'
import type { Load } from '../../../models/events/shapes.ts'
import { agedColumn, type Column, deviceOf, list, text } from '../columns.ts'
import { formatBytes, formatRatio, formatValue } from '../format-value.ts'
import { globalsOf } from '../globals.ts'
import { FORMATS, type Format, formatRows, outputOption, sortRows } from '../output.ts'
import { toKind } from '../resources.ts'
import { createRestClient } from '../rest-client.ts'
import type { Terminal } from '../terminal.ts'
import { createTwinCalls } from '../twin-calls.ts'

type Loaded = Node | Accelerator
interface TopOptions {
  readonly output: Format
  readonly headers: boolean
  readonly sortBy?: string
}

const loadOf = ({ reported }: Loaded): Load | undefined => reported.load?.value
const COLUMNS: readonly Column<Loaded>[] = [
  { title: 'NAME', cell: ({ name }) => name },
  { title: 'MODE', cell: ({ mode }) => mode },
  { title: 'DEVICE', cell: ({ reported }) => deviceOf(reported.identity) },
  { title: 'BUSY', cell: (row) => formatRatio(loadOf(row)?.utilizationRatio) },
  { title: 'MEMORY', cell: (row) => formatBytes(loadOf(row)?.memoryUsedBytes) },
  { title: 'TOTAL', cell: (row) => formatBytes(loadOf(row)?.memoryTotalBytes) },
  { title: 'TEMPERATURE', cell: (row) => formatValue('temperatureCelsius', loadOf(row)?.temperatureCelsius) },
  { title: 'POWER', cell: (row) => formatValue('powerWatts', loadOf(row)?.powerWatts) },
  agedColumn('SAMPLED', ({ reported }) => reported.load),
  { title: 'PODS', wide: true, cell: (row) => (row.kind === 'accelerator' ? list(row.reported.pods) : text(null)) },
]

export function addTop(program: Command, terminal: Terminal): void {
  program
    .command('top')
    .description('show how loaded nodes or accelerators are, busiest first')
    .argument('<resource>', 'nodes|accelerators')
    .addOption(outputOption(FORMATS, 'table'))
    .option('--no-headers', 'leave out the titles of the columns')
    .option('--sort-by <column>', 'another order, least first')
    .addHelpText('after', '\nExamples:\n  twinctl top accelerators\n  twinctl top nodes --sort-by .reported.load.value.temperatureCelsius')
    .action(async (kindName: string, { output, headers, sortBy }: TopOptions, command: Command) => {
      const kind = toKind(kindName)
      if (kind !== 'node' && kind !== 'accelerator') {
        throw new TwinError('CONFIG_INVALID', `${kindName} report no load; use nodes or accelerators, or twinctl get ${kindName}`)
      }
      const entities = await createTwinCalls(createRestClient(globalsOf(command))).entities(kind)
      const rows = entities.filter((entity) => entity.kind === 'node' || entity.kind === 'accelerator')
      const context = { nowMs: Date.now() }
      const sorted =
        sortBy === undefined
          ? rows.toSorted((a, b) => (loadOf(b)?.utilizationRatio ?? -1) - (loadOf(a)?.utilizationRatio ?? -1))
          : sortRows(rows, sortBy, { columns: COLUMNS, context })
      await terminal.print(
        formatRows(sorted, { format: output, headers, columns: COLUMNS, nameOf: ({ name }) => `${kind}s/${name}`, context }),
      )
    })
}
