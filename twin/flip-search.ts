/**
 * The least change along one dimension that makes a test true: outwards by doubling, then narrowed down between the last
 * value that failed and the first that passed. Nothing is assumed to be monotone: what is returned was tried and passed.
 */

export interface Dimension {
  /** > 0. */
  readonly from: number
  /** Above or below `from`: how far to go. */
  readonly limit: number
  /** @returns null when no more trials are allowed. */
  readonly passes: (value: number) => boolean | null
}

/** Halvings of a doubling in logarithms: 2^(1/2^7) − 1 is about half a percent. */
const HALVINGS = 7

/** Null: none within the limit, or none before the trials ended. */
export function leastChange({ from, limit, passes }: Dimension): number | null {
  const step = limit > from ? 2 : 0.5
  const isWithin = (value: number) => (limit > from ? value < limit : value > limit)
  let failed = from
  for (let value = from * step; failed !== limit; value *= step) {
    const trial = isWithin(value) ? value : limit
    const passed = passes(trial)
    if (passed === null) return null
    if (passed) return narrowed(failed, trial, passes)
    failed = trial
  }
  return null
}

function narrowed(failed: number, passed: number, passes: Dimension['passes']): number {
  let [low, high] = [failed, passed]
  for (let halving = 0; halving < HALVINGS; halving++) {
    const middle = Math.sqrt(low * high)
    if (passes(middle) === true) high = middle
    else low = middle
  }
  const plain = roundedOutwards(high, low)
  return plain !== high && passes(plain) === true ? plain : high
}

/** Three significant digits, on the side away from what failed: numbers for people. */
function roundedOutwards(value: number, failed: number): number {
  const unit = 10 ** (Math.floor(Math.log10(value)) - 2)
  const count = value / unit
  return Number(((value > failed ? Math.ceil(count) : Math.floor(count)) * unit).toPrecision(3))
}
