/** What the errors of SQLite and of the file system mean to a person. */
import { TwinError } from '../../models/errors.ts'

// SQLite's primary result codes.
const BUSY = 5
const FULL = 13

/** What is wrong with the file in `what`; the remedy is always the same. */
export function unreadable(path: string, what: string, cause?: unknown): TwinError {
  const message = `The journal ${path} cannot be used: ${what}. Move it away to start anew, or restore a copy.`
  return new TwinError('JOURNAL_UNREADABLE', message, { details: { path }, cause })
}

/** Runs `work` and throws what SQLite or the file system says as a TwinError; anything else as it is. */
export function guard<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw toJournalError(error, path)
  }
}

export function toJournalError(error: unknown, path: string): unknown {
  if (typeof error !== 'object' || error === null || error instanceof TwinError) return error
  const resultCode = 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : null
  if (resultCode === BUSY) {
    const message = `The journal ${path} is open in another process: stop that one, or give this one another folder with --data-dir.`
    return new TwinError('JOURNAL_LOCKED', message, { details: { path }, cause: error })
  }
  if (resultCode === FULL) {
    const message = `The journal ${path} has no room: free space on its disk. Nothing is accepted until then, and nothing accepted is lost.`
    return new TwinError('JOURNAL_FULL', message, { details: { path }, cause: error })
  }
  return 'syscall' in error || resultCode !== null ? unreadable(path, error instanceof Error ? error.message : String(error), error) : error
}
