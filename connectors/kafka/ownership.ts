/**
 * Which partitions are ours, and whether we may act on them now. No I/O: it is told what happens and when.
 *
 * Safe without trusting timers: we may act from a heartbeat that the group answered until a session timeout after it was
 * sent, which is before the group can have given our partitions away; and never while a new assignment is asked for.
 */
export interface Ownership {
  /** Before each request to join: from here on nothing is ours to act on until the answer. */
  joining(): void
  /** The answer of the group. */
  joined(options: { readonly generation: number; readonly partitions: readonly number[] }): OwnershipChange
  heartbeatSent(): void
  heartbeatAnswered(): void
  mayAct(partition: number): boolean
  /** -1 before the first answer. */
  generation(): number
  partitions(): readonly number[]
  isJoining(): boolean
  /** Since the group last answered anything. */
  silentMs(): number
}

export interface OwnershipChange {
  readonly lost: readonly number[]
  /** Not ours before, or perhaps another's in between: a generation of which we know nothing. */
  readonly owned: readonly number[]
}

/** @param nowMs Must not go back, and must go on while the process is stopped. */
export function trackOwnership({
  sessionTimeoutMs,
  nowMs,
}: {
  readonly sessionTimeoutMs: number
  readonly nowMs: () => number
}): Ownership {
  let generation = -1
  let held: ReadonlySet<number> = new Set()
  let isJoining = true
  let sentMs = nowMs()
  let answeredMs = nowMs()
  let actsUntilMs = Number.NEGATIVE_INFINITY

  return {
    joining() {
      isJoining = true
      sentMs = nowMs()
    },
    joined({ generation: next, partitions }) {
      const isUnbroken = next === generation || next === generation + 1
      const news = new Set(partitions)
      const lost = [...held].filter((partition) => !isUnbroken || !news.has(partition))
      const owned = partitions.filter((partition) => !isUnbroken || !held.has(partition))
      generation = next
      held = news
      isJoining = false
      answeredMs = nowMs()
      actsUntilMs = sentMs + sessionTimeoutMs
      return { lost, owned }
    },
    heartbeatSent() {
      sentMs = nowMs()
    },
    heartbeatAnswered() {
      answeredMs = nowMs()
      if (!isJoining) actsUntilMs = sentMs + sessionTimeoutMs
    },
    mayAct: (partition) => !isJoining && held.has(partition) && nowMs() < actsUntilMs,
    generation: () => generation,
    partitions: () => [...held],
    isJoining: () => isJoining,
    silentMs: () => nowMs() - answeredMs,
  }
}
