/** The text of `-f FILE` arguments, `-` being standard input: whole, or in chunks for what may be large. */
import { createReadStream } from 'node:fs'
import { TwinError } from '../../models/errors.ts'
import type { Terminal } from './terminal.ts'

/** @throws TwinError CONFIG_INVALID when the file cannot be read. */
export async function* readChunks(file: string, terminal: Terminal): AsyncGenerator<string> {
  if (file === '-' && terminal.stdin.isTTY) terminal.notice('reading standard input; end it with Ctrl-D')
  const stream = file === '-' ? terminal.stdin : createReadStream(file)
  stream.setEncoding('utf8')
  try {
    for await (const chunk of stream) yield String(chunk)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new TwinError('CONFIG_INVALID', `cannot read '${file}': ${reason}; name a readable file, or - for standard input`, { cause })
  }
}

export async function readText(file: string, terminal: Terminal): Promise<string> {
  const chunks: string[] = []
  for await (const chunk of readChunks(file, terminal)) chunks.push(chunk)
  return chunks.join('')
}
