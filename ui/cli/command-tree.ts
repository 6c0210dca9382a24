/** The command tree as plain data, for what is generated from it: each command with the words that may follow. */
import type { Argument, Command } from 'commander'
import { HISTORY_FIELDS } from '../../models/contracts/history.ts'
import { ERROR_CODES } from '../../models/errors.ts'
import { FAULT_WORDS } from './commands/fault.ts'
import { RESOURCES } from './resources.ts'

export interface CommandNode {
  /** `''` for the root, else the names from the root: `plan approve`. */
  readonly path: string
  /** What may stand for a word here: sub-commands, or values of the arguments. */
  readonly words: readonly string[]
  readonly options: readonly CommandOption[]
}

export interface CommandOption {
  readonly names: readonly string[]
  readonly description: string
  readonly takesValue: boolean
  readonly choices: readonly string[]
}

/** Arguments that take a closed list of words without refusing short forms. */
const WORDS_OF_ARGUMENT: Readonly<Record<string, readonly string[]>> = {
  resource: Object.values(RESOURCES).map(({ plural }) => plural),
  series: Object.keys(HISTORY_FIELDS),
  fault: Object.keys(FAULT_WORDS),
  code: Object.keys(ERROR_CODES),
}

export function commandNodes(command: Command, parentPath: readonly string[] = []): CommandNode[] {
  const path = command.parent === null ? [] : [...parentPath, command.name()]
  const help = command.createHelp()
  const node = {
    path: path.join(' '),
    words: [...help.visibleCommands(command).map((child) => child.name()), ...command.registeredArguments.flatMap(wordsOf)],
    options: [...help.visibleOptions(command), ...globalOptionsOf(command)].map(
      ({ short, long, description, required, optional, argChoices }) => ({
        names: [short, long].filter((name) => name !== undefined),
        description,
        takesValue: required || optional,
        choices: argChoices ?? [],
      }),
    ),
  }
  return [node, ...command.commands.flatMap((child) => commandNodes(child, path))]
}

function globalOptionsOf(command: Command) {
  const parents: Command[] = []
  for (let parent = command.parent; parent !== null; parent = parent.parent) parents.push(parent)
  return parents.flatMap((parent) => parent.options).filter(({ long }) => long !== '--version')
}

function wordsOf(argument: Argument): readonly string[] {
  return argument.argChoices ?? WORDS_OF_ARGUMENT[argument.name()] ?? []
}
