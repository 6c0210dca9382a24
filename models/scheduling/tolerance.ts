/**
 * When two costs count as equal. Sums of the same numbers in another order differ in the last bits, and an
 * unguarded `<` would then decide ties by rounding noise: Topcuoglu's tasks 3 and 4 both rank 80, one as 79.99999999999999.
 */
const TIE_RATIO = 1e-9

/** True when `a` is below `b` by more than a tie; both finite. Ties: |a − b| ≤ 1e-9 · max(1, |a|, |b|). */
export function isClearlyLess(a: number, b: number): boolean {
  const gap = b - a
  // The innermost test of every scheduler: most calls end at the first comparison.
  return gap > TIE_RATIO && gap > TIE_RATIO * (a < 0 ? -a : a) && gap > TIE_RATIO * (b < 0 ? -b : b)
}
