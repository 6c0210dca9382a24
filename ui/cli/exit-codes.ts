/** What the shell sees: 0 ok · 1 error · 2 usage · 3 rejected by a guardrail · 4 not approved · 124 timeout. */
import { CommanderError } from 'commander'
import { type ErrorCode, TwinError } from '../../models/errors.ts'

export const EXIT = { ok: 0, error: 1, usage: 2, rejected: 3, notApproved: 4, timeout: 124 } as const

const EXIT_OF_CODE: Partial<Record<ErrorCode, number>> = {
  CONFIG_INVALID: EXIT.usage,
  QUERY_INVALID: EXIT.usage,
  DECISION_STALE: EXIT.rejected,
  DECISION_STATE: EXIT.notApproved,
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
  if (!(error instanceof TwinError)) return EXIT.error
  if (error.details.timeoutMs !== undefined) return EXIT.timeout
  return EXIT_OF_CODE[error.code] ?? EXIT.error
}
