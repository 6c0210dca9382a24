/**
 * How fast transfers run that share links: max-min fairness by progressive filling.
 *
 * Each node has one full-duplex link; a transfer uses the sending side of one and the receiving side of the
 * other. The slowest contested side is shared equally first, and what its transfers leave elsewhere is free
 * for the others. Source: Bertsekas & Gallager, Data Networks (1992), 6.5.2.
 */

export interface Transfer {
  readonly id: string
  /** Node names; a transfer within a node needs no link and must not be asked here. */
  readonly from: string
  readonly to: string
  /** How many transfers with these ends it stands for; each gets the rate. Default 1. */
  readonly count?: number
}

/**
 * @param bytesPerMs Capacity of each node's link, each direction; a node that is missing carries nothing.
 * @returns bytes/ms by transfer id.
 */
export function transferRates(transfers: readonly Transfer[], bytesPerMs: ReadonlyMap<string, number>): Map<string, number> {
  const rates = new Map<string, number>()
  const freeBySide = new Map<string, number>()
  const waitingBySide = new Map<string, Set<Transfer>>()
  const countBySide = new Map<string, number>()
  for (const transfer of transfers) {
    for (const [side, node] of sidesOf(transfer)) {
      freeBySide.set(side, bytesPerMs.get(node) ?? 0)
      waitingBySide.set(side, (waitingBySide.get(side) ?? new Set()).add(transfer))
      countBySide.set(side, (countBySide.get(side) ?? 0) + countOf(transfer))
    }
  }
  while (rates.size < transfers.length) {
    let tightest = ''
    let share = Number.POSITIVE_INFINITY
    for (const [side, waiting] of waitingBySide) {
      const shareHere = (freeBySide.get(side) ?? 0) / (countBySide.get(side) ?? 1)
      if (waiting.size > 0 && shareHere < share) {
        tightest = side
        share = shareHere
      }
    }
    for (const transfer of [...(waitingBySide.get(tightest) ?? [])]) {
      rates.set(transfer.id, share)
      for (const [side] of sidesOf(transfer)) {
        freeBySide.set(side, Math.max(0, (freeBySide.get(side) ?? 0) - share * countOf(transfer)))
        countBySide.set(side, (countBySide.get(side) ?? 0) - countOf(transfer))
        waitingBySide.get(side)?.delete(transfer)
      }
    }
  }
  return rates
}

function countOf({ count = 1 }: Transfer): number {
  return count
}

function sidesOf({ from, to }: Transfer): readonly (readonly [side: string, node: string])[] {
  return [
    [`out ${from}`, from],
    [`in ${to}`, to],
  ]
}
