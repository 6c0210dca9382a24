/** Where the journal ends: one small record, written with every commit and checked against the events when it is read. */
import type { DatabaseSync } from 'node:sqlite'
import { crc32 } from 'node:zlib'
import { z } from 'zod'
import { unreadable } from './journal-failure.ts'

const count = z.number().int().min(0)
const headShape = z.object({
  /** Of the oldest event that is kept; 1 until something is forgotten. */
  firstSequence: count,
  /** 0 when there was no event yet. */
  lastSequence: count,
  /** One per (topic, partition), with the offset of the last record, dead letters included. */
  positions: z.array(z.object({ topic: z.string(), partition: count, offset: count })).readonly(),
  counts: z.object({ received: count, accepted: count, duplicate: count, dead: count }),
})
export type Head = z.infer<typeof headShape>

const emptyHead: Head = { firstSequence: 1, lastSequence: 0, positions: [], counts: { received: 0, accepted: 0, duplicate: 0, dead: 0 } }

/** @throws TwinError JOURNAL_UNREADABLE when the head is damaged or does not fit the events. */
export function loadHead(file: DatabaseSync, path: string): Head {
  const oldest = file.prepare('SELECT first FROM blocks ORDER BY last LIMIT 1').get()
  const newest = file.prepare('SELECT last FROM blocks ORDER BY last DESC LIMIT 1').get()
  const row = file.prepare('SELECT json, crc FROM head').get()
  if (row === undefined && oldest === undefined) return emptyHead
  const json = String(row?.json)
  const parsed = row?.crc === crc32(json) ? headShape.safeParse(JSON.parse(json)) : null
  if (!parsed?.success) throw unreadable(path, 'its head record is missing or damaged')
  const head = parsed.data
  const [first, last] = [Number(oldest?.first ?? 1), Number(newest?.last ?? 0)]
  // The oldest block may begin with events that are forgotten.
  if (first > head.firstSequence || last !== head.lastSequence) {
    throw unreadable(path, `it should hold events ${head.firstSequence} to ${head.lastSequence} and holds ${first} to ${last}`)
  }
  return head
}

export function storeHead(file: DatabaseSync, head: Head): void {
  const json = JSON.stringify(head)
  file.prepare('INSERT OR REPLACE INTO head VALUES (1, ?, ?)').run(json, crc32(json))
}
