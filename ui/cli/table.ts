/**
 * Rows of text as people and programs read them: kubectl-style columns and CSV (RFC 4180).
 * Both take the same cells, so a column is described once.
 */

export interface TableOptions {
  readonly headers?: boolean
  /** Widths in characters that columns have at least, so that tables printed one after the other align. */
  readonly widthsMin?: readonly number[]
}

const GAP = '   '

/** Columns as wide as their widest cell; the last one is not padded, so no line ends in spaces. */
export function toTable(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
  { headers = true, widthsMin = [] }: TableOptions = {},
): string {
  const cells = rows.map((row) => row.map(toOneLine))
  const lines = headers ? [titles, ...cells] : cells
  const widths = columnWidths(lines).map((width, column) => Math.max(width, widthsMin[column] ?? 0))
  const toLine = (line: readonly string[]) =>
    line
      .map((cell, column) => cell + ' '.repeat(widths[column]! - widthOf(cell)))
      .join(GAP)
      .trimEnd()
  return lines.map((line) => `${toLine(line)}\n`).join('')
}

export function columnWidths(lines: readonly (readonly string[])[]): number[] {
  const widths: number[] = []
  for (const line of lines) for (const [column, cell] of line.entries()) widths[column] = Math.max(widths[column] ?? 0, widthOf(cell))
  return widths
}

export function toCsv(titles: readonly string[], rows: readonly (readonly string[])[], { headers = true }: TableOptions = {}): string {
  return (headers ? [titles, ...rows] : rows).map((line) => `${line.map(toCsvField).join(',')}\r\n`).join('')
}

/** @param rows Escaped already. */
export function toMarkdownTable(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  return [titles, titles.map(() => '---'), ...rows].map((line) => `| ${line.join(' | ')} |\n`).join('')
}

function toCsvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** A name from outside must not break the columns or steer the terminal. */
function toOneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]+/gu, ' ')
}

/** Characters, not UTF-16 units. */
function widthOf(text: string): number {
  return [...text].length
}
