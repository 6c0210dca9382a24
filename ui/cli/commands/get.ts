/** `twinctl get`: entities as a table or whole, once or as they change. */
import { type Command, Option } from 'commander'
import type { StreamChange } from '../../../models/contracts/stream.ts'
import { type Entity, type EntityKind, entityName } from '../../../models/entities/entities.ts'
import { columnsFor, toCells } from '../columns.ts'
import { globalsOf } from '../globals.ts'
import { FORMATS, type Format, formatOne, formatRows, outputOption, type PrintOptions, sortRows } from '../output.ts'
import { columnsOf, RESOURCES, toKind } from '../resources.ts'
import { createRestClient } from '../rest-client.ts'
import { columnWidths } from '../table.ts'
import type { Terminal } from '../terminal.ts'
import { createTwinCalls } from '../twin-calls.ts'
import { watchTwin } from '../watch.ts'

interface GetOptions {
  readonly output: Format
  readonly headers: boolean
  readonly sortBy?: string
  readonly at?: string
  readonly watch?: boolean
}

export const AT_HELP = "the twin as it was: an age like 10m, an ISO time, or '#123' (a journal sequence)"

export function addGet(program: Command, terminal: Terminal): void {
  program
    .command('get')
    .description('list what the twin knows')
    .argument(
      '<resource>',
      `${Object.values(RESOURCES)
        .map(({ plural }) => plural)
        .join('|')}, or a short name`,
    )
    .argument('[name]', 'only this one')
    .addOption(outputOption(FORMATS, 'table'))
    .option('--no-headers', 'leave out the titles of the columns')
    .option('--sort-by <column>', 'a column, or a path like .reported.load.value.utilizationRatio')
    .option('--at <when>', AT_HELP)
    .addOption(new Option('-w, --watch', 'go on printing what changes').conflicts('at'))
    .addHelpText(
      'after',
      `
Short names: ${Object.values(RESOURCES)
        .map(({ plural, shortNames }) => `${plural} (${shortNames.join(', ')})`)
        .join(', ')}

Examples:
  twinctl get nodes
  twinctl get acc -o wide --sort-by busy
  twinctl get pods -w
  twinctl get accelerator tx2-1/gpu0 -o yaml --at 10m`,
    )
    .action(async (kindName: string, name: string | undefined, options: GetOptions, command: Command) => {
      const kind = toKind(kindName)
      if (options.watch === true) return watchKind({ kind, name, options, command }, terminal)
      const calls = createTwinCalls(createRestClient(globalsOf(command)))
      if (name === undefined) {
        const rows = await calls.entities(kind, options.at)
        if (rows.length === 0) terminal.notice(`no ${RESOURCES[kind].plural} in this twin`)
        return terminal.print(formatEntities(kind, rows, options))
      }
      const entity = await calls.entity(kind, name, options.at)
      const isWhole = options.output === 'json' || options.output === 'yaml'
      await terminal.print(isWhole ? formatOne(entity, options.output) : formatEntities(kind, [entity], options))
    })
}

interface WatchedKind {
  readonly kind: EntityKind
  readonly name: string | undefined
  readonly options: GetOptions
  readonly command: Command
}

/** Prints the whole list once, then each row whose cells changed for another reason than time. */
async function watchKind({ kind, name, options, command }: WatchedKind, terminal: Terminal): Promise<void> {
  const shown = new Map<string, string>()
  let headers = options.headers
  let widthsMin: number[] = []
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  await watchTwin(globalsOf(command), {
    signal: stop.signal,
    onNotice: (text) => terminal.notice(text),
    onChanges: async (changes, { clockMs }) => {
      const rows: Entity[] = []
      for (const change of changes) {
        if (change.kind !== kind || (name !== undefined && change.name !== name)) continue
        if (change.value === null) {
          if (shown.delete(change.name)) terminal.notice(`${kind} ${change.name} is forgotten`)
        } else if (isNews(change, options, shown)) rows.push(change.value)
      }
      if (rows.length === 0) return
      if (options.output === 'json') await terminal.print(rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
      else if (options.output === 'yaml') await terminal.print(rows.map((row) => `---\n${formatOne(row, 'yaml')}`).join(''))
      else await terminal.print(formatEntities(kind, rows, { ...options, headers, nowMs: clockMs, widthsMin }))
      if (widthsMin.length === 0) widthsMin = widthsOf(kind, rows, options)
      headers = false
    },
  })
}

function isNews({ kind, name, value }: StreamChange, { output }: GetOptions, shown: Map<string, string>): boolean {
  if (value === null) return false
  const columns = columnsOf(kind).filter(({ ages }) => ages !== true)
  const isWhole = output === 'json' || output === 'yaml'
  const cells = isWhole ? value : toCells(columnsFor(columns, output === 'name' ? 'table' : output), [value], { nowMs: 0 }).rows
  const now = JSON.stringify(cells)
  if (shown.get(name) === now) return false
  shown.set(name, now)
  return true
}

function widthsOf(kind: EntityKind, rows: readonly Entity[], { output }: GetOptions): number[] {
  const { titles, rows: cells } = toCells(columnsFor(columnsOf(kind), output === 'wide' ? 'wide' : 'table'), rows, { nowMs: 0 })
  return columnWidths([titles, ...cells])
}

interface ListOptions extends GetOptions {
  /** What ages are counted to; now by default. */
  readonly nowMs?: number
  readonly widthsMin?: readonly number[]
}

function formatEntities(kind: EntityKind, entities: readonly Entity[], options: ListOptions): string {
  const plural = RESOURCES[kind].plural
  const print: PrintOptions<Entity> = {
    format: options.output,
    headers: options.headers,
    columns: columnsOf(kind),
    nameOf: (entity) => `${plural}/${entityName(entity)}`,
    context: { nowMs: options.nowMs ?? Date.now() },
    widthsMin: options.widthsMin ?? [],
  }
  const rows = options.sortBy === undefined ? entities : sortRows(entities, options.sortBy, print)
  return formatRows(rows, print)
}
