/** The rows of the journal and back; an event's row carries a checksum of all that a twin is rebuilt from. */
import { createHash } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { crc32 } from 'node:zlib'
import type { JournaledEvent, TwinEvent } from '../../models/events/events.ts'
import type { Position } from '../../models/events/topics.ts'
import type { DeadLetter, Journal, Snapshot } from '../../models/ports.ts'
import { unreadable } from './journal-file.ts'

export type Statements = ReturnType<typeof prepareStatements>
type Row = Readonly<Record<string, unknown>>

export function prepareStatements(file: DatabaseSync) {
  return {
    insertEvent: file.prepare('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)'),
    insertDeadLetter: file.prepare('INSERT INTO dead_letters VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)'),
    insertSnapshot: file.prepare('INSERT INTO snapshots VALUES (?, ?, ?)'),
    forgetEvents: file.prepare('DELETE FROM events WHERE sequence < ?'),
    forgetDeadLetters: file.prepare('DELETE FROM dead_letters WHERE id <= (SELECT MAX(id) FROM dead_letters) - ?'),
    forgetSnapshots: file.prepare('DELETE FROM snapshots WHERE sequence <> ?'),
    page: file.prepare('SELECT * FROM events WHERE sequence BETWEEN ? AND ? ORDER BY sequence'),
    sequenceAt: file.prepare('SELECT sequence FROM events WHERE received_ms <= ? ORDER BY received_ms DESC, sequence DESC LIMIT 1'),
    snapshots: file.prepare('SELECT * FROM snapshots ORDER BY sequence DESC'),
    deadLetters: file.prepare('SELECT * FROM dead_letters ORDER BY id DESC LIMIT ?'),
  }
}

export function insertEvent(statements: Statements, { sequence, position, event }: JournaledEvent, receivedMs: number): void {
  const { topic, partition, offset } = position
  const json = JSON.stringify(event)
  statements.insertEvent.run(sequence, topic, partition, offset, receivedMs, json, checksum({ sequence, position, json }))
}

export function insertDeadLetter(statements: Statements, { position, receivedMs, reason, detail, excerpt }: DeadLetter): void {
  const { topic, partition, offset } = position
  statements.insertDeadLetter.run(topic, partition, offset, receivedMs, reason, detail, excerpt)
}

function checksum(row: { readonly sequence: number; readonly position: Position; readonly json: string }): number {
  const { topic, partition, offset } = row.position
  return crc32(`${row.sequence} ${topic} ${partition} ${offset} ${row.json}`)
}

export function toEvent(row: Row, { sequence, path }: { readonly sequence: number; readonly path: string }): JournaledEvent {
  const position = { topic: String(row.topic), partition: Number(row.partition), offset: Number(row.offset) }
  const json = String(row.json)
  if (checksum({ sequence, position, json }) !== row.crc) {
    throw unreadable(path, `event ${sequence} is missing or damaged`)
  }
  // The checksum says that this is the text written from a TwinEvent.
  return { sequence, position, event: JSON.parse(json) as TwinEvent }
}

export function toDeadLetter(row: Row): DeadLetter {
  return {
    position: { topic: String(row.topic), partition: Number(row.partition), offset: Number(row.offset) },
    receivedMs: Number(row.received_ms),
    reason: String(row.reason),
    detail: String(row.detail),
    excerpt: String(row.excerpt),
  }
}

export function readSnapshots(statements: Statements): ReturnType<Journal['snapshots']> {
  const rows = statements.snapshots.all()
  const snapshots: Snapshot[] = []
  for (const row of rows) {
    const [sequence, hash, stateJson] = [Number(row.sequence), String(row.hash), String(row.state_json)]
    if (createHash('sha256').update(stateJson).digest('hex') === hash) snapshots.push({ sequence, hash, stateJson })
  }
  return { snapshots, damagedCount: rows.length - snapshots.length }
}
