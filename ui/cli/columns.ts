/** What a table of entities shows: a title and how a cell is made. A cell that ages is left out when a watch looks for changes. */
import type { Fact } from '../../models/entities/fact.ts'
import { formatAge, NONE, UNKNOWN } from './format-value.ts'
import { type TableOptions, toCsv, toTable } from './table.ts'

export interface CellContext {
  /** The instant that ages are counted to. */
  readonly nowMs: number
}

export interface Column<T> {
  readonly title: string
  readonly cell: (row: T, context: CellContext) => string
  /** Only with `-o wide` and in CSV. */
  readonly wide?: boolean
  /** Changes with time alone. */
  readonly ages?: boolean
}

export interface CellTable {
  readonly titles: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

export type TableFormat = 'table' | 'wide' | 'csv'

export function toCells<T>(columns: readonly Column<T>[], rows: readonly T[], context: CellContext): CellTable {
  return { titles: columns.map(({ title }) => title), rows: rows.map((row) => columns.map(({ cell }) => cell(row, context))) }
}

export function columnsFor<T>(columns: readonly Column<T>[], format: TableFormat): readonly Column<T>[] {
  return format === 'table' ? columns.filter(({ wide }) => wide !== true) : columns
}

export function formatCells({ titles, rows }: CellTable, { format, ...options }: TableOptions & { format: TableFormat }): string {
  return format === 'csv' ? toCsv(titles, rows, options) : toTable(titles, rows, options)
}

/** How long ago the fact was true, and its freshness when it is no longer fresh. */
export function factAge(fact: Fact<unknown> | null, { nowMs }: CellContext): string {
  if (fact === null) return UNKNOWN
  const age = formatAge(nowMs - fact.timeMs)
  return fact.freshness === 'fresh' ? age : `${age} (${fact.freshness})`
}

export function agedColumn<T>(title: string, factOf: (row: T) => Fact<unknown> | null): Column<T> {
  return { title, ages: true, cell: (row, context) => factAge(factOf(row), context) }
}

export function since<T>(title: string, timeMsOf: (row: T) => number | null): Column<T> {
  return {
    title,
    ages: true,
    cell: (row, { nowMs }) => {
      const timeMs = timeMsOf(row)
      return timeMs === null ? UNKNOWN : formatAge(nowMs - timeMs)
    },
  }
}

export function text(value: string | null | undefined): string {
  if (value === undefined || value === null) return UNKNOWN
  return value === '' ? NONE : value
}

export function list(values: readonly string[] | undefined): string {
  if (values === undefined) return UNKNOWN
  return values.length === 0 ? NONE : values.join(',')
}

export function deviceOf(fact: Fact<{ readonly emulated: boolean }> | null): string {
  if (fact === null) return UNKNOWN
  return fact.value.emulated ? 'emulated' : 'real'
}
