/**
 * Records as they come from a log, read once: events, dead letters, and what is told of other sites.
 *
 * A record that cannot be read is a dead letter of the site that it names; one that names nobody is everybody's.
 */
import { decodeEvent } from '../models/events/codec.ts'
import type { PositionedEvent, TwinEvent } from '../models/events/events.ts'
import type { Position } from '../models/events/topics.ts'
import type { DeadLetter, RawRecord } from '../models/ports.ts'

/** Records of one delivery, each in the order of its topic. */
export interface SortedRecords {
  readonly events: readonly PositionedEvent[]
  readonly deadLetters: readonly DeadLetter[]
  /** Read, and of other sites. */
  readonly passed: readonly Position[]
  /** The records behind the dead letters, whole. */
  readonly dead?: readonly DeadRecord[]
}

export interface DeadRecord {
  readonly record: RawRecord
  readonly reason: string
  readonly detail: string
}

const EXCERPT_BYTES = 4_096

export function sortRecords(
  records: readonly RawRecord[],
  options: { readonly site: string | undefined; readonly receivedMs: number },
): SortedRecords {
  const { site, receivedMs } = options
  const events: PositionedEvent[] = []
  const deadLetters: DeadLetter[] = []
  const passed: Position[] = []
  const dead: DeadRecord[] = []
  for (const record of records) {
    const read = readRecord(record, receivedMs)
    if (site !== undefined && read.site !== null && read.site !== site) passed.push(record.position)
    else if (read.kind === 'event') events.push(read)
    else {
      deadLetters.push(read.letter)
      dead.push({ record, reason: read.letter.reason, detail: read.letter.detail })
    }
  }
  return { events, deadLetters, passed, dead }
}

export type ReadRecord =
  | { readonly kind: 'event'; readonly site: string; readonly position: Position; readonly event: TwinEvent }
  /** `site`: whose it claims to be; null when it does not say. */
  | { readonly kind: 'dead'; readonly site: string | null; readonly letter: DeadLetter }

export function readRecord(record: RawRecord, receivedMs: number): ReadRecord {
  const { position, headers, value } = record
  const decoded = decodeEvent(record, { nowMs: receivedMs })
  if (decoded.ok) return { kind: 'event', site: decoded.event.site, position, event: decoded.event }
  const site = /^\/sites\/([^/]+)\//.exec(headers.ce_source ?? '')?.[1] ?? null
  const { reason, detail } = decoded
  return { kind: 'dead', site, letter: { position, receivedMs, reason, detail, excerpt: excerptOf(value) } }
}

function excerptOf(value: string | Uint8Array): string {
  const bytes = typeof value === 'string' ? Buffer.from(value.slice(0, EXCERPT_BYTES)) : Buffer.from(value.subarray(0, EXCERPT_BYTES))
  return bytes.subarray(0, EXCERPT_BYTES).toString()
}
