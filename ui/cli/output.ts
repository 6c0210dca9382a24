/** Prints rows in any of the formats of `-o`. Programs get the whole entities, people the columns. */
import { Option } from 'commander'
import { stringify } from 'yaml'
import { nearestNames, TwinError } from '../../models/errors.ts'
import { type CellContext, type Column, columnsFor, formatCells, toCells } from './columns.ts'

export const FORMATS = ['table', 'wide', 'json', 'yaml', 'name', 'csv'] as const
export type Format = (typeof FORMATS)[number]

export interface PrintOptions<T> {
  readonly format: Format
  readonly headers: boolean
  readonly columns: readonly Column<T>[]
  /** For `-o name`. */
  readonly nameOf: (row: T) => string
  readonly context: CellContext
  readonly widthsMin?: readonly number[]
}

export function outputOption<F extends string>(formats: readonly F[], fallback: F): Option {
  return new Option('-o, --output <format>', 'how to print').choices(formats).default(fallback)
}

export function formatRows<T>(rows: readonly T[], { format, headers, columns, nameOf, context, widthsMin = [] }: PrintOptions<T>): string {
  switch (format) {
    case 'json':
      return `${JSON.stringify(rows, null, 2)}\n`
    case 'yaml':
      return stringify(rows)
    case 'name':
      return rows.map((row) => `${nameOf(row)}\n`).join('')
    default:
      return formatCells(toCells(columnsFor(columns, format), rows, context), { format, headers, widthsMin })
  }
}

export function formatOne(value: unknown, format: 'json' | 'yaml'): string {
  return format === 'json' ? `${JSON.stringify(value, null, 2)}\n` : stringify(value)
}

/**
 * Rows by a column's title or a path such as `.reported.load.value.utilizationRatio`; numbers by size, other text by
 * natural order, unknown last. Equal rows keep their order.
 *
 * @throws TwinError CONFIG_INVALID when there is no such column.
 */
export function sortRows<T>(rows: readonly T[], by: string, { columns, context }: Pick<PrintOptions<T>, 'columns' | 'context'>): T[] {
  const keyOf = by.startsWith('.') || by.startsWith('{') ? (row: T) => valueAt(row, by) : keyOfColumn(by, { columns, context })
  return rows
    .map((row) => ({ row, key: keyOf(row) }))
    .sort((a, b) => compareKeys(a.key, b.key))
    .map(({ row }) => row)
}

function keyOfColumn<T>(by: string, { columns, context }: Pick<PrintOptions<T>, 'columns' | 'context'>): (row: T) => unknown {
  const column = columns.find(({ title }) => title === by.toUpperCase())
  if (column !== undefined) return (row) => column.cell(row, context)
  const titles = columns.map(({ title }) => title.toLowerCase())
  const near = nearestNames(by, titles)
  const remedy = near.length > 0 ? `did you mean ${near.join(' or ')}?` : `use one of ${titles.join(', ')}, or a path like .reported.timeMs`
  throw new TwinError('CONFIG_INVALID', `--sort-by '${by}' is no column; ${remedy}`)
}

/** kubectl writes `.a.b` and `{.a.b}`. */
function valueAt(row: unknown, path: string): unknown {
  let value = row
  for (const name of path
    .replace(/^\{|\}$/g, '')
    .split('.')
    .filter(Boolean)) {
    if (typeof value !== 'object' || value === null) return undefined
    value = Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined
  }
  return value
}

function compareKeys(a: unknown, b: unknown): number {
  const isUnknown = (key: unknown) => key === undefined || key === null || key === '<unknown>'
  if (isUnknown(a) || isUnknown(b)) return Number(isUnknown(a)) - Number(isUnknown(b))
  if (typeof a === 'number' && typeof b === 'number') return a - b
  return String(a).localeCompare(String(b), 'en', { numeric: true })
}
