/** What is under way between hosts: who shares which link, and which transfer ends next. Rates change only when a transfer starts or ends. */
import { transferRates } from './shared-links.ts'

export interface ActiveTransfer {
  readonly producer: number
  readonly consumer: number
  readonly from: string
  readonly to: string
  readonly startMs: number
  readonly latencyMs: number
  /** What the two links would give if nobody else used them. */
  readonly aloneBytesPerMs: number
  readonly bytes: number
}

export interface ActiveTransfers {
  readonly start: (transfer: ActiveTransfer) => void
  /** The transfer whose last byte is sent first, if nothing else starts before; null when none ever ends. */
  readonly nextToEnd: (nowMs: number) => { readonly transfer: ActiveTransfer; readonly endMs: number } | null
  readonly end: (transfer: ActiveTransfer) => void
}

interface Progress {
  readonly transfer: ActiveTransfer
  /** Both hosts as one text. */
  readonly ends: string
  leftBytes: number
  bytesPerMs: number
  /** When `leftBytes` was right. */
  sinceMs: number
  endMs: number
}

/** @param capacities bytes/ms of each host's link, each direction; null: nobody shares. */
export function activeTransfers(capacities: ReadonlyMap<string, number> | null): ActiveTransfers {
  const active = new Map<ActiveTransfer, Progress>()
  let hasChanged = false
  return {
    start: (transfer) => {
      const { from, to, bytes, startMs } = transfer
      const unsent = { leftBytes: bytes, bytesPerMs: 0, sinceMs: startMs, endMs: Number.POSITIVE_INFINITY }
      active.set(transfer, { transfer, ends: `${from} ${to}`, ...unsent })
      hasChanged = true
    },
    nextToEnd: (nowMs) => {
      if (hasChanged) shareLinks(active.values(), capacities, nowMs)
      hasChanged = false
      let first: Progress | null = null
      for (const progress of active.values()) {
        if (progress.endMs < (first?.endMs ?? Number.POSITIVE_INFINITY)) first = progress
      }
      return first
    },
    end: (transfer) => {
      active.delete(transfer)
      hasChanged = true
    },
  }
}

function shareLinks(active: Iterable<Progress>, capacities: ReadonlyMap<string, number> | null, nowMs: number): void {
  const all = [...active]
  const shares = capacities && transferRates([...alike(all).values()], capacities)
  for (const progress of all) {
    const bytesPerMs = Math.min(progress.transfer.aloneBytesPerMs, shares?.get(progress.ends) ?? Number.POSITIVE_INFINITY)
    // A rate that stays keeps its end, so that rounding does not pile up.
    if (bytesPerMs === progress.bytesPerMs) continue
    progress.leftBytes = Math.max(0, progress.leftBytes - progress.bytesPerMs * (nowMs - progress.sinceMs))
    progress.bytesPerMs = bytesPerMs
    progress.sinceMs = nowMs
    progress.endMs = progress.leftBytes === 0 ? nowMs : nowMs + progress.leftBytes / bytesPerMs
  }
}

/** Transfers with the same ends get the same rate, so one of them is asked for all. */
function alike(active: readonly Progress[]): Map<string, { id: string; from: string; to: string; count: number }> {
  const groups = new Map<string, { id: string; from: string; to: string; count: number }>()
  for (const { ends, transfer } of active) {
    const group = groups.get(ends)
    if (group) group.count++
    else groups.set(ends, { id: ends, from: transfer.from, to: transfer.to, count: 1 })
  }
  return groups
}
