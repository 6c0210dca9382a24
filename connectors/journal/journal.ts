/**
 * The journal: the one total order of everything the twin was told, in one SQLite file.
 *
 * Events, positions, counts and dead letters of a batch commit together or not at all. Everything that a state
 * is rebuilt from carries a checksum, so damage is an error and never a silently different twin.
 */
import type { DatabaseSync } from 'node:sqlite'
import type { AppendResult, Journal } from '../../models/ports.ts'
import { insertEvents, readBlock } from './journal-blocks.ts'
import { guard, unreadable } from './journal-failure.ts'
import { type JournalFileOptions, openJournalFile, transact } from './journal-file.ts'
import { type Head, loadHead, storeHead } from './journal-head.ts'
import { insertDeadLetter, prepareStatements, readSnapshots, type Statements, toDeadLetter } from './journal-rows.ts'
import { sortOut } from './sort-out.ts'

export interface JournalOptions extends JournalFileOptions {
  /** Older events than so many are forgotten once neither of the two snapshots needs them; the default keeps all. */
  readonly eventsKept?: number
}

export const DEAD_LETTERS_KEPT = 10_000
const PAGE_BLOCKS = 16

/** @throws TwinError JOURNAL_LOCKED, JOURNAL_UNREADABLE; `append` and `saveSnapshot` JOURNAL_FULL. */
export function openJournal(options: JournalOptions): Journal {
  const { path, eventsKept } = options
  const file = openJournalFile(options)
  const guarded = <T>(work: () => T): T => guard(path, work)
  const { statements, head: loaded } = guarded(() => load(file, path))
  let head = loaded
  /** Keeps the new head only when everything was committed. */
  const commit = (next: Head, write: () => void): void => {
    guarded(() =>
      transact(file, () => {
        write()
        storeHead(file, next)
      }),
    )
    head = next
  }

  return {
    append(batch): AppendResult {
      const { accepted, deadLetters, next } = sortOut(batch, head)
      const duplicateCount = next.counts.duplicate - head.counts.duplicate
      if (next === head) return { accepted, duplicateCount }
      commit(next, () => {
        insertEvents(statements.insertBlock, accepted, batch.receivedMs)
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
        const rows = guarded(() => statements.blocksFrom.all(sequence, PAGE_BLOCKS))
        if (rows.length === 0) throw unreadable(path, `event ${sequence} is missing`)
        for (const row of rows) {
          for (const event of readBlock(row, { sequence, path })) {
            if (sequence > last) return
            sequence++
            yield event
          }
        }
      }
    },
    sequenceAt: (timeMs) => guarded(() => Number(statements.sequenceAt.get(Math.floor(timeMs))?.last ?? 0)),
    firstSequence: () => head.firstSequence,
    lastSequence: () => head.lastSequence,
    positions: () => head.positions,
    deadLetters: ({ limit }) => guarded(() => statements.deadLetters.all(limit).map(toDeadLetter)),
    counts: () => head.counts,
    close: () => (file.isOpen ? file.close() : undefined),
  }
}

function load(file: DatabaseSync, path: string): { readonly statements: Statements; readonly head: Head } {
  try {
    return { statements: prepareStatements(file), head: loadHead(file, path) }
  } catch (error) {
    file.close()
    throw error
  }
}
