/** Which records of a batch are news, by position, and where the journal stands once they are in. Pure. */
import type { JournaledEvent, PositionedEvent } from '../../models/events/events.ts'
import type { Position } from '../../models/events/topics.ts'
import type { DeadLetter } from '../../models/ports.ts'
import type { Head } from './journal-head.ts'

interface Sorted {
  readonly accepted: readonly JournaledEvent[]
  readonly deadLetters: readonly DeadLetter[]
  /** `head` itself when the batch changes nothing. */
  readonly next: Head
}

/**
 * A record is a duplicate when its offset is not above the last one of its (topic, partition). Events and dead letters
 * come as two lists, each in order, so each is compared with its own kind and with what stood before the batch.
 */
export function sortOut(
  batch: {
    readonly events: readonly PositionedEvent[]
    readonly deadLetters: readonly DeadLetter[]
    readonly passed?: readonly Position[]
  },
  head: Head,
): Sorted {
  const received = batch.events.length + batch.deadLetters.length
  const eventPositions = byPartition(head.positions)
  const deadPositions = byPartition(head.positions)
  const accepted: JournaledEvent[] = []
  for (const { position, event } of batch.events) {
    if (advance(eventPositions, position)) accepted.push({ sequence: head.lastSequence + accepted.length + 1, position, event })
  }
  const deadLetters = batch.deadLetters.filter(({ position }) => advance(deadPositions, position))
  for (const position of deadPositions.values()) advance(eventPositions, position)
  const isPassing = (batch.passed ?? []).map((position) => advance(eventPositions, position)).includes(true)
  if (received === 0 && !isPassing) return { accepted, deadLetters, next: head }
  const { counts } = head
  return {
    accepted,
    deadLetters,
    next: {
      firstSequence: head.firstSequence,
      lastSequence: head.lastSequence + accepted.length,
      positions: [...eventPositions.values()],
      counts: {
        received: counts.received + received,
        accepted: counts.accepted + accepted.length,
        duplicate: counts.duplicate + received - accepted.length - deadLetters.length,
        dead: counts.dead + deadLetters.length,
      },
    },
  }
}

function byPartition(positions: readonly Position[]): Map<string, Position> {
  return new Map(positions.map((position) => [partitionKey(position), position]))
}

function partitionKey({ topic, partition }: Position): string {
  return `${topic}:${partition}`
}

/** False when the position is not above the one held. */
function advance(positions: Map<string, Position>, position: Position): boolean {
  const key = partitionKey(position)
  const held = positions.get(key)
  if (held !== undefined && position.offset <= held.offset) return false
  positions.set(key, position)
  return true
}
