/** A journal in a folder of its own, with the embedded log and the ingest on top: what the tests and benches of the spine start from. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEmbeddedLog } from '../../connectors/journal/embedded-log.ts'
import { type JournalOptions, openJournal } from '../../connectors/journal/journal.ts'
import type { EventLog, Journal, Logger } from '../../models/ports.ts'
import { type Ingest, type IngestOptions, runIngest } from '../ingest.ts'
import { recoverTwin } from '../recovery.ts'

export const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} }

export function newJournalPath(): { readonly path: string; readonly dispose: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'edgetwin-'))
  return { path: join(folder, 'journal.db'), dispose: () => rmSync(folder, { recursive: true }) }
}

export interface JournaledSite {
  readonly journal: Journal
  readonly log: EventLog
  readonly ingest: Ingest
  /** Everything in order: log, ingest (with its snapshot), journal. */
  readonly stop: () => Promise<void>
}

/** Opens the journal, recovers the twin and takes events. */
export async function startSite(options: JournalOptions & Partial<IngestOptions>): Promise<JournaledSite> {
  const journal = openJournal(options)
  const log = options.log ?? createEmbeddedLog()
  const { state } = recoverTwin(journal)
  const ingest = await runIngest({ clock: Date.now, onApplied() {}, logger: silent, ...options, log, journal, initial: state })
  return {
    journal,
    log,
    ingest,
    async stop() {
      await log.close()
      await ingest.stop()
      journal.close()
    },
  }
}
