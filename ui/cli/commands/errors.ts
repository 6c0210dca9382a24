/** `twinctl errors`: what a code means, and what the shell sees of it. */
import type { Command } from 'commander'
import { ERROR_CODES, type ErrorCode, nearestNames, TwinError } from '../../../models/errors.ts'
import type { Column } from '../columns.ts'
import { exitCodeOf } from '../exit-codes.ts'
import { formatRows, outputOption } from '../output.ts'
import type { Terminal } from '../terminal.ts'

interface ErrorRow {
  readonly code: ErrorCode
  readonly exitCode: number
  readonly meaning: string
}

const COLUMNS: readonly Column<ErrorRow>[] = [
  { title: 'CODE', cell: ({ code }) => code },
  { title: 'EXIT', cell: ({ exitCode }) => String(exitCode) },
  { title: 'MEANING', cell: ({ meaning }) => meaning },
]

export function addErrors(program: Command, terminal: Terminal): void {
  program
    .command('errors')
    .description('explain the error codes')
    .argument('[code]', 'only this one')
    .addOption(outputOption(['table', 'json', 'yaml', 'csv'], 'table'))
    .addHelpText('after', '\nExamples:\n  twinctl errors\n  twinctl errors DECISION_STALE')
    .action(async (code: string | undefined, { output }: { output: 'table' | 'json' | 'yaml' | 'csv' }) => {
      const codes = Object.keys(ERROR_CODES).filter(isErrorCode)
      const chosen = code === undefined ? codes : codes.filter((known) => known === code.toUpperCase())
      if (chosen.length === 0) {
        const near = nearestNames(code ?? '', codes)
        const remedy = near.length > 0 ? `did you mean ${near.join(' or ')}?` : 'twinctl errors lists them'
        throw new TwinError('CONFIG_INVALID', `there is no error code '${code}'; ${remedy}`)
      }
      const rows = chosen.map((known) => ({ code: known, exitCode: exitCodeOf(new TwinError(known, '')), meaning: ERROR_CODES[known] }))
      await terminal.print(
        formatRows(rows, { format: output, headers: true, columns: COLUMNS, nameOf: (row) => row.code, context: { nowMs: 0 } }),
      )
    })
}

function isErrorCode(name: string): name is ErrorCode {
  return Object.hasOwn(ERROR_CODES, name)
}
