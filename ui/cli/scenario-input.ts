/**
 * Scenarios from the command line: as text, or from a file that holds the text, its YAML or its JSON form.
 * Read here as the server would, so that mistakes are told without one, with the line and a caret under the fault.
 */
import { statSync } from 'node:fs'
import { parseDocument } from 'yaml'
import { z } from 'zod'
import { TwinError } from '../../models/errors.ts'
import { readScenario } from '../../models/scenario/read.ts'
import type { Scenario } from '../../models/scenario/scenario.ts'
import { readText } from './input.ts'
import type { Terminal } from './terminal.ts'
import { parseBase, parseEdits, type QueryFlags, settingsOf } from './what-if-query.ts'

export const SCENARIO_HELP = 'what to imagine, as text, or a file that holds it; - reads standard input'

export interface Source {
  /** Null: the text was typed. */
  readonly file: string | null
  readonly text: string
}

const FILE_NAME = /^[^\s()]+\.(ya?ml|json|txt|scenario)$/i

/** @returns null when nothing was given. @throws TwinError CONFIG_INVALID when both were, or the file cannot be read */
export async function sourceOf(
  { scenario, file }: { readonly scenario: string | undefined; readonly file: string | undefined },
  terminal: Terminal,
): Promise<Source | null> {
  if (scenario !== undefined && file !== undefined) {
    throw new TwinError('CONFIG_INVALID', `a scenario and --file '${file}' are two questions; give one of them`)
  }
  if (file !== undefined) return { file, text: await readText(file, terminal) }
  return scenario === undefined ? null : toSource(scenario, terminal)
}

/** A scenario never looks like the name of a file, so what does, or is one, is read. */
export async function toSource(argument: string, terminal: Terminal): Promise<Source> {
  const isFile = argument === '-' || FILE_NAME.test(argument) || statSync(argument, { throwIfNoEntry: false })?.isFile() === true
  return isFile ? { file: argument, text: await readText(argument, terminal) } : { file: null, text: argument }
}

/** @throws TwinError QUERY_INVALID with the file, and the column or the field; PROBLEM_TOO_LARGE for a sweep of too many points */
export function toScenario({ file, text }: Source): Scenario {
  try {
    return readScenario(fieldsOf({ file, text }) ?? text)
  } catch (error) {
    if (file === null || !(error instanceof TwinError)) throw error
    throw new TwinError(error.code, `${placeOf(file)}: ${error.message}`, { details: error.details, cause: error })
  }
}

/** The fields of a question in YAML or JSON; null when the file holds a scenario's text, or nothing. @throws TwinError QUERY_INVALID with line and column */
export function fieldsOf({ file, text }: Source): Record<string, unknown> | null {
  const document = parseDocument(text)
  const fault = document.errors[0]
  if (fault === undefined) return z.record(z.string(), z.unknown()).safeParse(document.toJS()).data ?? null
  if (!/^\s*[{[]|^\w+:(\s|$)/m.test(text)) return null
  const { line, col } = fault.linePos?.[0] ?? { line: 1, col: 1 }
  const reason = fault.message.split('\n')[0]
  throw new TwinError('QUERY_INVALID', `${placeOf(file)} is not YAML or JSON: line ${line}, column ${col}: ${reason}`)
}

/** Flags win over the scenario; edits are joined. @throws TwinError CONFIG_INVALID or QUERY_INVALID */
export function withFlags(scenario: Scenario, flags: QueryFlags, nowMs: number): Scenario {
  const at = flags.at === undefined ? scenario.at : parseBase(flags.at, nowMs)
  return readScenario({ ...scenario, ...settingsOf(flags), at, edits: [...scenario.edits, ...parseEdits(flags)] })
}

/** @throws TwinError QUERY_INVALID naming the command for it */
export function checkNoSweep({ sweep }: Scenario): void {
  if (sweep === null) return
  throw new TwinError(
    'QUERY_INVALID',
    'the scenario has a sweep, which gives a curve; ask with twinctl whatif sweep, or leave the sweep out',
  )
}

export function placeOf(file: string | null): string {
  return file === null ? 'the scenario' : file === '-' ? 'standard input' : file
}
