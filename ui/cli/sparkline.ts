/** A series as one line of block characters: the shape at a glance, beside the numbers that say how high. */

const BLOCKS = '▁▂▃▄▅▆▇█'

/**
 * @param values Null: unknown, a gap. From the least to the greatest value there is; all equal: all at the bottom.
 * @returns at most `widthMax` characters; each stands for the mean of what is known of an equal share of the values.
 */
export function toSparkline(values: readonly (number | null)[], widthMax: number): string {
  const width = Math.min(widthMax, values.length)
  const means = Array.from({ length: width }, (_, column) =>
    meanOf(values.slice(Math.floor((column * values.length) / width), Math.floor(((column + 1) * values.length) / width))),
  )
  const known = means.filter((mean) => mean !== null)
  const least = Math.min(...known)
  const span = Math.max(...known) - least
  return means.map((mean) => (mean === null ? ' ' : BLOCKS[span === 0 ? 0 : Math.round(((mean - least) / span) * 7)])).join('')
}

function meanOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length
}
