/**
 * Events on disk: up to 250 that were received together are one row, so that a row's cost is shared.
 *
 * A block is JSON: runs of events of one partition, in the journal's order. Its checksum covers all that a twin is rebuilt from.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { crc32 } from 'node:zlib'
import type { JournaledEvent, TwinEvent } from '../../models/events/events.ts'
import { unreadable } from './journal-failure.ts'

export const BLOCKS_SCHEMA = `
  CREATE TABLE blocks (
    last INTEGER PRIMARY KEY, first INTEGER NOT NULL, received_ms INTEGER NOT NULL, runs TEXT NOT NULL, crc INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX blocks_by_time ON blocks (received_ms);
`
export const BLOCK_EVENTS = 250

interface Run {
  readonly topic: string
  readonly partition: number
  readonly offsets: number[]
  readonly events: TwinEvent[]
}

export function prepareInsert(file: DatabaseSync): StatementSync {
  return file.prepare('INSERT INTO blocks VALUES (?, ?, ?, ?, ?)')
}

/** @param events Without gaps in their sequence. */
export function insertEvents(insert: StatementSync, events: readonly JournaledEvent[], receivedMs: number): void {
  for (let at = 0; at < events.length; at += BLOCK_EVENTS) {
    const block = events.slice(at, at + BLOCK_EVENTS)
    const first = block[0]!.sequence
    const last = first + block.length - 1
    const runs = JSON.stringify(toRuns(block))
    insert.run(last, first, receivedMs, runs, checksum({ first, last, runs }))
  }
}

function toRuns(events: readonly JournaledEvent[]): Run[] {
  const runs: Run[] = []
  let run: Run | undefined
  for (const { position, event } of events) {
    const { topic, partition, offset } = position
    if (run?.topic !== topic || run.partition !== partition) {
      run = { topic, partition, offsets: [], events: [] }
      runs.push(run)
    }
    run.offsets.push(offset)
    run.events.push(event)
  }
  return runs
}

/** The events of a row from `sequence` on. @throws TwinError JOURNAL_UNREADABLE when that one is not there, or the row is damaged. */
export function* readBlock(
  row: Readonly<Record<string, unknown>>,
  { sequence, path }: { readonly sequence: number; readonly path: string },
): Iterable<JournaledEvent> {
  const [first, last, runs] = [Number(row.first), Number(row.last), String(row.runs)]
  if (first > sequence || checksum({ first, last, runs }) !== row.crc) throw unreadable(path, `event ${sequence} is missing or damaged`)
  let next = first
  // The checksum says that this is the text written from runs of TwinEvents.
  for (const { topic, partition, offsets, events } of JSON.parse(runs) as Run[]) {
    for (const [index, event] of events.entries()) {
      const position = { topic, partition, offset: offsets[index]! }
      if (next >= sequence) yield { sequence: next, position, event }
      next++
    }
  }
}

function checksum({ first, last, runs }: { readonly first: number; readonly last: number; readonly runs: string }): number {
  return crc32(runs, crc32(`${first} ${last}`))
}
