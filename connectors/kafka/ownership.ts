/**
 * Which partitions are ours, and whether we may act on them now. No I/O: it is told what happens and when.
 *
 * Safe without trusting timers: we may act from a heartbeat that the group answered until a session timeout after it was
 * sent, which is before the group can have given our partitions away; and never while a new assignment is asked for.
 */
export interface Ownership {
  /** A new assignment is about to be asked for: nothing is begun until the answer. */
  pausing(): void
  /** Right before each request to join: and nothing that was begun may be finished. */
  joining(): void
  /** The answer of the group. */
  joined(options: { readonly generation: number; readonly partitions: readonly number[] }): OwnershipChange
  heartbeatSent(): void
  heartbeatAnswered(): void
  mayAct(partition: number): boolean
  /** Whether what was begun may still be done. */
  mayFinish(partition: number): boolean
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
  let isPaused = true
  let isJoining = true
  let sentMs = nowMs()
  let answeredMs = nowMs()
  let actsUntilMs = Number.NEGATIVE_INFINITY

  const mayFinish = (partition: number): boolean => !isJoining && held.has(partition) && nowMs() < actsUntilMs

  return {
    pausing() {
      isPaused = true
    },
    joining() {
      isPaused = true
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
      isPaused = false
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
    mayAct: (partition) => !isPaused && mayFinish(partition),
    mayFinish,
    generation: () => generation,
    partitions: () => [...held],
    isJoining: () => isJoining,
    silentMs: () => nowMs() - answeredMs,
  }
}
