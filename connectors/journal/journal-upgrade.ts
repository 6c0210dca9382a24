/** Journals of format 1, which had a row for every event. */
import type { DatabaseSync } from 'node:sqlite'
import { crc32 } from 'node:zlib'
import type { JournaledEvent, TwinEvent } from '../../models/events/events.ts'
import { BLOCK_EVENTS, BLOCKS_SCHEMA, insertEvents, prepareInsert } from './journal-blocks.ts'
import { unreadable } from './journal-failure.ts'

/** Within the caller's transaction: a journal is of one format or the other. @throws TwinError JOURNAL_UNREADABLE */
export function upgradeFromRows(file: DatabaseSync, path: string): void {
  file.exec(BLOCKS_SCHEMA)
  const insert = prepareInsert(file)
  let waiting: JournaledEvent[] = []
  let waitingMs = 0
  const flush = (): void => {
    insertEvents(insert, waiting, waitingMs)
    waiting = []
  }
  let expected: number | null = null
  for (const row of file.prepare('SELECT * FROM events ORDER BY sequence').iterate()) {
    const event = toEvent(row, path)
    if (event.sequence !== (expected ?? event.sequence)) throw unreadable(path, `event ${expected} is missing`)
    expected = event.sequence + 1
    const receivedMs = Number(row.received_ms)
    if (waiting.length === BLOCK_EVENTS || receivedMs !== waitingMs) flush()
    waitingMs = receivedMs
    waiting.push(event)
  }
  flush()
  file.exec('DROP TABLE events')
}

function toEvent(row: Readonly<Record<string, unknown>>, path: string): JournaledEvent {
  const sequence = Number(row.sequence)
  const [topic, partition, offset] = [String(row.topic), Number(row.partition), Number(row.offset)]
  const json = String(row.json)
  if (crc32(`${sequence} ${topic} ${partition} ${offset} ${json}`) !== row.crc) throw unreadable(path, `event ${sequence} is damaged`)
  // The checksum says that this is the text written from a TwinEvent.
  return { sequence, position: { topic, partition, offset }, event: JSON.parse(json) as TwinEvent }
}
