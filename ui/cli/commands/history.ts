/** `twinctl history`: the numbers of one thing over a span, and its changes of mode. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import {
  HISTORY_FIELDS,
  HISTORY_LIMITS,
  type SeriesKind,
  TRANSITION_KINDS,
  type TransitionKind,
} from '../../../models/contracts/history.ts'
import type { SeriesAnswer, TransitionsAnswer } from '../../../models/contracts/history-api.ts'
import { nearestNames, TwinError } from '../../../models/errors.ts'
import { formatAge, formatTime, formatValue, NONE } from '../format-value.ts'
import { globalsOf } from '../globals.ts'
import { formatOne, outputOption } from '../output.ts'
import { type Block, toPlain } from '../report.ts'
import { toKind } from '../resources.ts'
import { createRestClient } from '../rest-client.ts'
import { toSparkline } from '../sparkline.ts'
import { toCsv } from '../table.ts'
import type { Terminal } from '../terminal.ts'
import { createTwinCalls } from '../twin-calls.ts'

const FORMATS = ['table', 'json', 'yaml', 'csv'] as const
interface HistoryOptions {
  readonly field?: string
  readonly from: string
  readonly to: string
  readonly points?: number
  readonly output: (typeof FORMATS)[number]
}
interface Told {
  readonly series: readonly SeriesAnswer[]
  readonly transitions: TransitionsAnswer | null
}

/** As wide as a sparkline is. */
const TABLE_POINTS = 48
const TRANSITION_ROWS_MAX = 20

export function addHistory(program: Command, terminal: Terminal): void {
  program
    .command('history')
    .description('show the numbers of one thing over time, and its changes of mode')
    .argument('<series>', `${Object.keys(HISTORY_FIELDS).join('|')}, or a short name`)
    .argument('<name>', 'of the thing; for plans the name of the site')
    .option('--field <field>', 'only this one, point by point')
    .option('--from <when>', 'start: an age like 15m or 30d, or an ISO time', '1h')
    .option('--to <when>', 'end: now, or like --from', 'now')
    .addOption(new Option('--points <count>', 'of a field, at most; coarser if need be').argParser(toPointCount))
    .addOption(outputOption(FORMATS, 'table'))
    .addHelpText(
      'after',
      `
Fields:
${Object.entries(HISTORY_FIELDS)
  .map(([kind, fields]) => `  ${kind}: ${Object.keys(fields).join(', ')}`)
  .join('\n')}

Examples:
  twinctl history node tx2-1
  twinctl history accelerator tx2-1/gpu0 --field utilizationRatio --from 15m
  twinctl history camera cam-1 --from 30d -o csv`,
    )
    .action(async (kindName: string, name: string, options: HistoryOptions, command: Command) => {
      const kind = toSeriesKind(kindName)
      const fields = options.field === undefined ? Object.keys(HISTORY_FIELDS[kind]) : [options.field]
      const { from, to, output } = options
      const points = options.points ?? (output === 'table' ? TABLE_POINTS : 500)
      const calls = createTwinCalls(createRestClient(globalsOf(command)))
      const series = await Promise.all(fields.map((field) => calls.series(kind, name, { field, from, to, points })))
      const told = { series, transitions: hasModes(kind) ? await calls.transitions(kind, name, { from, to }) : null }
      notice(told, terminal)
      await terminal.print(print(told, { ...options, isInteractive: terminal.isInteractive }))
    })
}

function toPointCount(text: string): number {
  const count = Number(text)
  if (Number.isInteger(count) && count >= 1 && count <= HISTORY_LIMITS.points) return count
  throw new InvalidArgumentError(`'${text}' is no count from 1 to ${HISTORY_LIMITS.points}.`)
}

const isSeriesKind = (kind: string): kind is SeriesKind => Object.hasOwn(HISTORY_FIELDS, kind)
const hasModes = (kind: SeriesKind): kind is TransitionKind => TRANSITION_KINDS.some((each) => each === kind)

/** @throws TwinError CONFIG_INVALID */
function toSeriesKind(text: string): SeriesKind {
  if (isSeriesKind(text)) return text
  const kind = toKind(text)
  if (kind === 'decision') return 'plan'
  if (isSeriesKind(kind)) return kind
  const near = nearestNames(text, Object.keys(HISTORY_FIELDS))
  const remedy = near.length > 0 ? `did you mean ${near.join(' or ')}?` : `use one of ${Object.keys(HISTORY_FIELDS).join(', ')}`
  throw new TwinError('CONFIG_INVALID', `no history is kept of a ${kind}; ${remedy}`)
}

function notice({ series, transitions }: Told, terminal: Terminal): void {
  const { kind, name, fromMs, toMs, source, resolutionMs } = series[0]!
  const span = `from ${formatTime(fromMs)} to ${formatTime(toMs)}`
  const oldest = series.flatMap(({ oldestMs }) => oldestMs ?? [])
  const kept =
    oldest.length === 0 ? 'values appear soon after its first sample' : `the oldest kept is of ${formatTime(Math.min(...oldest))}`
  if (series.every(({ points }) => points.length === 0)) terminal.notice(`nothing is known of ${kind} ${name} ${span}; ${kept}`)
  else terminal.notice(`${kind} ${name} ${span}: ${source}, one point each ${formatAge(resolutionMs)}; ${kept}`)
  const hidden = (transitions?.transitions.length ?? 0) - TRANSITION_ROWS_MAX
  if (hidden > 0) terminal.notice(`${hidden} older changes of mode are left out; -o json has them all`)
}

function print(told: Told, { output, field, isInteractive }: HistoryOptions & { readonly isInteractive: boolean }): string {
  switch (output) {
    case 'json':
    case 'yaml':
      return formatOne(told, output)
    case 'csv':
      return toCsv(
        ['FIELD', 'UNIT', 'TIME', 'MEAN', 'MIN', 'MAX', 'SAMPLES'],
        told.series.flatMap(({ field: name, unit, points }) =>
          points.map(({ timeMs, mean, min, max, count }) => [name, unit, formatTime(timeMs), ...[mean, min, max, count].map(String)]),
        ),
      )
    case 'table':
      return toPlain([
        ...told.series.flatMap((series) => (field === undefined ? [] : [pointBlock(series)])),
        ...blocksOf(told, isInteractive),
      ])
  }
}

function blocksOf({ series, transitions }: Told, isInteractive: boolean): Block[] {
  const trend = isInteractive ? ['TREND'] : []
  return [
    {
      heading: 'Fields',
      titles: ['FIELD', 'LAST', 'MEAN', 'MIN', 'MAX', 'SAMPLES', ...trend],
      rows: series
        .filter(({ points }) => points.length > 0)
        .map((each) => [...summary(each), ...(isInteractive ? [toSparkline(slotsOf(each), TABLE_POINTS)] : [])]),
    },
    {
      heading: 'Changes of mode, newest first',
      titles: ['TIME', 'FROM', 'TO', 'REASON'],
      rows: (transitions?.transitions ?? [])
        .slice(-TRANSITION_ROWS_MAX)
        .reverse()
        .map(({ timeMs, from, to, reason }) => [formatTime(timeMs), from, to, reason === '' ? NONE : reason]),
    },
  ]
}

function pointBlock({ field, points }: SeriesAnswer): Block {
  return {
    heading: field,
    titles: ['TIME', 'MEAN', 'MIN', 'MAX', 'SAMPLES'],
    rows: points.map(({ timeMs, mean, min, max, count }) => [
      formatTime(timeMs),
      ...[mean, min, max].map((value) => shown(field, value)),
      String(count),
    ]),
  }
}

/** The mean is of all samples, not of the intervals, which may hold unequally many. */
function summary({ field, points }: SeriesAnswer): string[] {
  const count = points.reduce((sum, point) => sum + point.count, 0)
  const mean = points.reduce((sum, point) => sum + point.mean * point.count, 0) / count
  const min = Math.min(...points.map((point) => point.min))
  const max = Math.max(...points.map((point) => point.max))
  return [field, ...[points.at(-1)!.mean, mean, min, max].map((value) => shown(field, value)), String(count)]
}

/** The means of all intervals of the span; null where there was no sample. */
function slotsOf({ points, fromMs, toMs, resolutionMs }: SeriesAnswer): (number | null)[] {
  const means = new Map(points.map(({ timeMs, mean }) => [Math.floor(timeMs / resolutionMs), mean]))
  const first = Math.floor(fromMs / resolutionMs)
  return Array.from({ length: Math.ceil(toMs / resolutionMs) - first }, (_, slot) => means.get(first + slot) ?? null)
}

/** Four digits: more are noise of a mean. */
const shown = (field: string, value: number) => formatValue(field, Number(value.toPrecision(4)))
