/** The shown fields as CSV (RFC 4180), one row for each interval of each field, in the units of the field's name. */
import type { ShownField } from './fields.ts'

export function historyCsv(fields: readonly ShownField[]): string {
  const rows = fields.flatMap(({ field: { field, unit }, points }) =>
    points.map(({ timeMs, mean, min, max, count }) => [field, unit, new Date(timeMs).toISOString(), mean, min, max, count]),
  )
  return [['field', 'unit', 'time', 'mean', 'min', 'max', 'samples'], ...rows].map((row) => `${row.join(',')}\r\n`).join('')
}
