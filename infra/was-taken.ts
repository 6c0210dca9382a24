/** Whether a record of the event log is the one that the journal has at its position: a topic may have been made anew meanwhile. */
import { isDeepStrictEqual } from 'node:util'
import { decodeEvent } from '../models/events/codec.ts'
import type { PositionedEvent } from '../models/events/events.ts'
import type { Journal, RawRecord } from '../models/ports.ts'

/** Looked at once, at start: the last event of each partition is mostly among them. */
const LOOK_BACK_EVENTS = 20_000

/** @returns undefined: the journal has no event there that it could compare. */
export function takenBefore(journal: Journal): (record: RawRecord) => boolean | undefined {
  const last = new Map<string, PositionedEvent>()
  for (const event of journal.read({ after: Math.max(0, journal.lastSequence() - LOOK_BACK_EVENTS) })) last.set(keyOf(event), event)
  return (record) => {
    const known = last.get(keyOf(record))
    if (known?.position.offset !== record.position.offset) return undefined
    const decoded = decodeEvent(record, { nowMs: known.event.timeMs })
    return decoded.ok && isDeepStrictEqual(decoded.event, known.event)
  }
}

const keyOf = ({ position: { topic, partition } }: Pick<PositionedEvent, 'position'>) => `${topic}:${partition}`
