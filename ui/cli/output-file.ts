/** `--out FILE`: what would go to stdout goes to a file. */
import { writeFile } from 'node:fs/promises'
import { Option } from 'commander'
import { TwinError } from '../../models/errors.ts'
import type { Terminal } from './terminal.ts'

export function outOption(): Option {
  return new Option('--out <file>', 'write there instead of to standard output')
}

/** @throws TwinError CONFIG_INVALID when the file cannot be written. */
export async function deliver(
  text: string,
  { out, terminal }: { readonly out: string | undefined; readonly terminal: Terminal },
): Promise<void> {
  if (out === undefined) return terminal.print(text)
  try {
    await writeFile(out, text)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new TwinError('CONFIG_INVALID', `cannot write '${out}': ${reason}; name a file in a folder that you may write to`, { cause })
  }
  terminal.notice(`wrote ${out}`)
}
