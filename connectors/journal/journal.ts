/**
 * The journal: the one total order of everything the twin was told, in one SQLite file.
 *
 * Events, positions, counts and dead letters of a batch commit together or not at all. Every row that a state
 * is rebuilt from carries a checksum, so damage is an error and never a silently different twin.
 */
import { createHash } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { crc32 } from 'node:zlib'
import type { JournaledEvent, TwinEvent } from '../../models/events/events.ts'
import type { Position } from '../../models/events/topics.ts'
import type { AppendResult, DeadLetter, Journal, Snapshot } from '../../models/ports.ts'
import { type JournalFileOptions, openJournalFile, toJournalError, unreadable } from './journal-file.ts'
import { type Head, loadHead, storeHead } from './journal-head.ts'
import { sortOut } from './sort-out.ts'

export interface JournalOptions extends JournalFileOptions {
  /** Older events than so many are forgotten once neither of the two snapshots needs them; the default keeps all. */
  readonly eventsKept?: number
}

export const DEAD_LETTERS_KEPT = 10_000
const PAGE_EVENTS = 1_000

/** @throws TwinError JOURNAL_LOCKED, JOURNAL_UNREADABLE; `append` and `saveSnapshot` JOURNAL_FULL. */
export function openJournal(options: JournalOptions): Journal {
  const { path, eventsKept } = options
  const file = openJournalFile(options)
  const guarded = <T>(work: () => T): T => {
    try {
      return work()
    } catch (error) {
      throw toJournalError(error, path)
    }
  }
  const { statements, head: loaded } = guarded(() => {
    try {
      return { statements: prepareStatements(file), head: loadHead(file, path) }
    } catch (error) {
      file.close()
      throw error
    }
  })
  let head = loaded
  /** Keeps the new head only when everything was committed. */
  const commit = (next: Head, write: () => void): void =>
    guarded(() => {
      file.exec('BEGIN IMMEDIATE')
      try {
        write()
        storeHead(file, next)
        file.exec('COMMIT')
      } catch (error) {
        if (file.isTransaction) file.exec('ROLLBACK')
        throw error
      }
      head = next
    })

  return {
    append(batch): AppendResult {
      const { accepted, deadLetters, next } = sortOut(batch, head)
      const duplicateCount = next.counts.duplicate - head.counts.duplicate
      if (next === head) return { accepted, duplicateCount }
      commit(next, () => {
        for (const event of accepted) insertEvent(statements, event, batch.receivedMs)
        for (const letter of deadLetters) insertDeadLetter(statements, letter)
        if (deadLetters.length > 0) statements.forgetDeadLetters.run(DEAD_LETTERS_KEPT)
      })
      return { accepted, duplicateCount }
    },
    saveSnapshot({ sequence, hash, stateJson }) {
      const older = guarded(() => readSnapshots(statements)).snapshots.find((snapshot) => snapshot.sequence < sequence)
      const forgettable = Math.min(older?.sequence ?? 0, head.lastSequence - (eventsKept ?? head.lastSequence))
      const firstSequence = Math.max(head.firstSequence, forgettable + 1)
      commit({ ...head, firstSequence }, () => {
        // What is forgotten first makes room for what is written.
        statements.forgetEvents.run(firstSequence)
        statements.forgetSnapshots.run(older?.sequence ?? 0)
        statements.insertSnapshot.run(sequence, hash, stateJson)
      })
    },
    snapshots: () => guarded(() => readSnapshots(statements)),
    *read({ after, until = head.lastSequence }) {
      const last = Math.min(until, head.lastSequence)
      let sequence = Math.max(after + 1, head.firstSequence)
      while (sequence <= last) {
        const rows = guarded(() => statements.page.all(sequence, Math.min(last, sequence + PAGE_EVENTS - 1)))
        for (const row of rows) yield toEvent(row, { sequence: sequence++, path })
        if (rows.length === 0) throw unreadable(path, `event ${sequence} is missing`)
      }
    },
    sequenceAt: (timeMs) => guarded(() => Number(statements.sequenceAt.get(Math.floor(timeMs))?.sequence ?? 0)),
    firstSequence: () => head.firstSequence,
    lastSequence: () => head.lastSequence,
    positions: () => head.positions,
    deadLetters: ({ limit }) => guarded(() => statements.deadLetters.all(limit).map(toDeadLetter)),
    counts: () => head.counts,
    close() {
      if (file.isOpen) file.close()
    },
  }
}

type Statements = ReturnType<typeof prepareStatements>
type Row = Readonly<Record<string, unknown>>

function prepareStatements(file: DatabaseSync) {
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

function insertEvent(statements: Statements, { sequence, position, event }: JournaledEvent, receivedMs: number): void {
  const { topic, partition, offset } = position
  const json = JSON.stringify(event)
  statements.insertEvent.run(sequence, topic, partition, offset, receivedMs, json, checksum({ sequence, position, json }))
}

function insertDeadLetter(statements: Statements, { position, receivedMs, reason, detail, excerpt }: DeadLetter): void {
  const { topic, partition, offset } = position
  statements.insertDeadLetter.run(topic, partition, offset, receivedMs, reason, detail, excerpt)
}

function checksum(row: { readonly sequence: number; readonly position: Position; readonly json: string }): number {
  const { topic, partition, offset } = row.position
  return crc32(`${row.sequence} ${topic} ${partition} ${offset} ${row.json}`)
}

function toEvent(row: Row, { sequence, path }: { readonly sequence: number; readonly path: string }): JournaledEvent {
  const position = { topic: String(row.topic), partition: Number(row.partition), offset: Number(row.offset) }
  const json = String(row.json)
  if (checksum({ sequence, position, json }) !== row.crc) {
    throw unreadable(path, `event ${sequence} is missing or damaged`)
  }
  // The checksum says that this is the text written from a TwinEvent.
  return { sequence, position, event: JSON.parse(json) as TwinEvent }
}

function toDeadLetter(row: Row): DeadLetter {
  return {
    position: { topic: String(row.topic), partition: Number(row.partition), offset: Number(row.offset) },
    receivedMs: Number(row.received_ms),
    reason: String(row.reason),
    detail: String(row.detail),
    excerpt: String(row.excerpt),
  }
}

function readSnapshots(statements: Statements): ReturnType<Journal['snapshots']> {
  const rows = statements.snapshots.all()
  const snapshots: Snapshot[] = []
  for (const row of rows) {
    const [sequence, hash, stateJson] = [Number(row.sequence), String(row.hash), String(row.state_json)]
    if (createHash('sha256').update(stateJson).digest('hex') === hash) snapshots.push({ sequence, hash, stateJson })
  }
  return { snapshots, damagedCount: rows.length - snapshots.length }
}
