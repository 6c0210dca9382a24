import { expect, it } from '@jest/globals'
import type { Column } from './columns.ts'
import { formatRows, sortRows } from './output.ts'

interface Row {
  readonly name: string
  readonly load: { readonly ratio: number | null }
}
const rows: readonly Row[] = [
  { name: 'n-10', load: { ratio: 0.5 } },
  { name: 'n-9', load: { ratio: null } },
  { name: 'n-1', load: { ratio: 0.04 } },
]
const columns: readonly Column<Row>[] = [
  { title: 'NAME', cell: ({ name }) => name },
  { title: 'LOAD', wide: true, cell: ({ load }) => (load.ratio === null ? '<unknown>' : String(load.ratio)) },
]
const context = { nowMs: 0 }
const print = (format: 'table' | 'wide' | 'json' | 'yaml' | 'name' | 'csv', headers = true) =>
  formatRows(rows.slice(0, 1), { format, headers, columns, nameOf: ({ name }) => `rows/${name}`, context })

it.each([
  ['table', 'NAME\nn-10\n'],
  ['wide', 'NAME   LOAD\nn-10   0.5\n'],
  ['csv', 'NAME,LOAD\r\nn-10,0.5\r\n'],
  ['name', 'rows/n-10\n'],
  ['yaml', '- name: n-10\n  load:\n    ratio: 0.5\n'],
] as const)('-o %s', (format, expected) => expect(print(format)).toBe(expected))

it('-o json is the whole rows', () => expect(JSON.parse(print('json'))).toEqual(rows.slice(0, 1)))
it('--no-headers', () => expect(print('wide', false)).toBe('n-10   0.5\n'))

it.each([
  ['name', ['n-1', 'n-9', 'n-10']],
  ['LOAD', ['n-1', 'n-10', 'n-9']],
  ['.load.ratio', ['n-1', 'n-10', 'n-9']],
  ['{.load.ratio}', ['n-1', 'n-10', 'n-9']],
  ['.constructor.name', ['n-10', 'n-9', 'n-1']],
])('--sort-by %s: natural order, unknown last', (by, names) => {
  expect(sortRows(rows, by, { columns, context }).map(({ name }) => name)).toEqual(names)
})

it('names the nearest column', () => {
  expect(() => sortRows(rows, 'nmae', { columns, context })).toThrow("--sort-by 'nmae' is no column; did you mean name?")
})
