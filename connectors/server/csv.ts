/** Entities as CSV (RFC 4180): one row each, one column for every leaf, named by its path. */

/** @param items Plain data. Columns are in the order in which paths first appear; absent and null are empty. */
export function toCsv(items: readonly object[]): string {
  const rows = items.map((item) => new Map(leavesOf(item, '')))
  const columns = [...new Set(rows.flatMap((row) => [...row.keys()]))]
  const lines = [columns.map(toCell), ...rows.map((row) => columns.map((column) => toCell(row.get(column))))]
  return `${lines.map((cells) => cells.join(',')).join('\r\n')}\r\n`
}

function leavesOf(value: unknown, path: string): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [[path, value]]
  return Object.entries(value).flatMap(([key, child]) => leavesOf(child, path === '' ? key : `${path}.${key}`))
}

function toCell(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value !== 'string') return quoted(typeof value === 'object' ? JSON.stringify(value) : String(value))
  // A spreadsheet would run a text that starts like a formula.
  return quoted(/^[=+\-@\t\r]/.test(value) ? `'${value}` : value)
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
