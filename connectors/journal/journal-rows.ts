/** What is asked of the journal's file, and its dead letters and snapshots. */
import { createHash } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import type { DeadLetter, Journal, Snapshot } from '../../models/ports.ts'
import { prepareInsert } from './journal-blocks.ts'

export type Statements = ReturnType<typeof prepareStatements>
type Row = Readonly<Record<string, unknown>>

export function prepareStatements(file: DatabaseSync) {
  return {
    insertBlock: prepareInsert(file),
    insertDeadLetter: file.prepare('INSERT INTO dead_letters VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)'),
    insertSnapshot: file.prepare('INSERT INTO snapshots VALUES (?, ?, ?)'),
    forgetEvents: file.prepare('DELETE FROM blocks WHERE last < ?'),
    forgetDeadLetters: file.prepare('DELETE FROM dead_letters WHERE id <= (SELECT MAX(id) FROM dead_letters) - ?'),
    forgetSnapshots: file.prepare('DELETE FROM snapshots WHERE sequence <> ?'),
    blocksFrom: file.prepare('SELECT * FROM blocks WHERE last >= ? ORDER BY last LIMIT ?'),
    sequenceAt: file.prepare('SELECT last FROM blocks WHERE received_ms <= ? ORDER BY received_ms DESC, last DESC LIMIT 1'),
    snapshots: file.prepare('SELECT * FROM snapshots ORDER BY sequence DESC'),
    deadLetters: file.prepare('SELECT * FROM dead_letters ORDER BY id DESC LIMIT ?'),
  }
}

export function insertDeadLetter(statements: Statements, { position, receivedMs, reason, detail, excerpt }: DeadLetter): void {
  const { topic, partition, offset } = position
  statements.insertDeadLetter.run(topic, partition, offset, receivedMs, reason, detail, excerpt)
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
