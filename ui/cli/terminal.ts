/**
 * The two streams of a command: stdout carries data and nothing else, stderr says what went wrong and,
 * when a person watches, how far it is. Also remembers the exit code, so that a command can fail in part and go on.
 */
import { once } from 'node:events'
import { type ErrorCode, TwinError } from '../../models/errors.ts'
import { EXIT, exitCodeOf } from './exit-codes.ts'

export type Input = NodeJS.ReadableStream & { readonly isTTY?: boolean }
export type Output = NodeJS.WritableStream & { readonly isTTY?: boolean }

export interface Terminal {
  readonly stdin: Input
  /** Whether a person reads stdout. */
  readonly isInteractive: boolean
  /** Resolves when the reader has taken enough to send more. */
  print(text: string): Promise<void>
  /** One line that is overwritten by the next; nothing unless stderr is a terminal. */
  progress(text: string): void
  /** A line for a person, on stderr; nothing with --quiet. */
  notice(text: string): void
  /** Says what is wrong and makes the command end with the code of the first error. */
  fail(error: unknown): void
  /** Ends the command with this code, without a message. */
  end(exitCode: number): void
  setQuiet(quiet: boolean): void
  exitCode(): number
}

export interface Streams {
  readonly stdin: Input
  readonly stdout: Output
  readonly stderr: Output
  readonly env: Readonly<Record<string, string | undefined>>
}

export function createTerminal({ stdin, stdout, stderr, env }: Streams): Terminal {
  const paint = stderr.isTTY === true && !env.NO_COLOR ? (text: string) => `\u001b[31m${text}\u001b[0m` : (text: string) => text
  let isQuiet = false
  let exitCode: number = EXIT.ok
  let progressing = false
  const clear = () => {
    if (progressing) stderr.write('\r\u001b[K')
    progressing = false
  }
  const end = (code: number) => {
    if (exitCode === EXIT.ok) exitCode = code
  }
  return {
    stdin,
    isInteractive: stdout.isTTY === true,
    print: async (text) => {
      clear()
      if (!stdout.write(text)) await once(stdout, 'drain')
    },
    progress: (text) => {
      if (isQuiet || stderr.isTTY !== true) return
      stderr.write(`\r\u001b[K${text}`)
      progressing = true
    },
    notice: (text) => {
      clear()
      if (!isQuiet) stderr.write(`${text}\n`)
    },
    fail: (error) => {
      clear()
      stderr.write(`${paint('error:')} ${messageOf(error)}\n`)
      end(exitCodeOf(error))
    },
    end,
    setQuiet: (quiet) => {
      isQuiet = quiet
    },
    exitCode: () => {
      clear()
      return exitCode
    },
  }
}

function messageOf(error: unknown): string {
  if (error instanceof TwinError) {
    // Below the first line stand the text that cannot be read and a caret under its fault.
    const [first, ...rest] = error.message.split('\n')
    return [`${first} [${error.code satisfies ErrorCode}]`, ...rest].join('\n')
  }
  return error instanceof Error ? error.message : String(error)
}
