/** How the numbers of a kind lie in the columns of a table or measurement: a sample is one number, an interval four. */
import { HISTORY_FIELDS, type SeriesKind, type SeriesPoint } from '../../models/contracts/history.ts'
import type { SeriesFilter } from './history-store.ts'
import type { Tier } from './tiers.ts'

const CELL_PARTS = ['mean', 'min', 'max', 'count'] as const

export function fieldsOf({ kind, only }: SeriesFilter): readonly string[] {
  const fields = Object.keys(HISTORY_FIELDS[kind])
  return only === undefined ? fields : fields.filter((field) => field === only.field)
}

/** The columns that hold a field in a tier, in the order of `toNumbers`. */
export function columnsOf(tier: Tier, field: string): readonly string[] {
  return tier === 'raw' ? [field] : CELL_PARTS.map((part) => `${field}_${part}`)
}

export function allColumns(tier: Tier, kind: SeriesKind): readonly string[] {
  return fieldsOf({ kind }).flatMap((field) => columnsOf(tier, field))
}

export function toNumbers({ mean, min, max, count }: SeriesPoint): readonly number[] {
  return [mean, min, max, count]
}

/**
 * @param row One or four numbers from `at` on.
 * @returns null when the row has none of the field.
 */
export function toPoint(tier: Tier, timeMs: unknown, row: readonly unknown[], at: number): SeriesPoint | null {
  const mean = row[at]
  const [min, max, count] = tier === 'raw' ? [mean, mean, 1] : row.slice(at + 1, at + 4)
  if (typeof timeMs !== 'number' || typeof mean !== 'number') return null
  if (typeof min !== 'number' || typeof max !== 'number' || typeof count !== 'number') return null
  return { timeMs, mean, min, max, count }
}
