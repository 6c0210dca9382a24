/** The options that every command takes, read and checked in one place. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { z } from 'zod'
import type { RestOptions } from './rest-client.ts'

const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/
const MS_OF_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

const globalsShape = z.object({
  server: z.string(),
  token: z.string().optional(),
  requestTimeout: z.number(),
})

export function addGlobals(program: Command): Command {
  return program
    .addOption(new Option('--server <url>', 'the edgetwin server').env('EDGETWIN_SERVER').default('http://127.0.0.1:8080'))
    .addOption(new Option('--token <token>', 'bearer token of the server').env('EDGETWIN_TOKEN'))
    .addOption(new Option('--request-timeout <duration>', 'give up on a request after').argParser(toDurationMs).default(30_000, '30s'))
    .option('-q, --quiet', 'nothing on stderr but errors')
}

export function globalsOf(command: Command): RestOptions {
  const { server, token, requestTimeout } = globalsShape.parse(command.optsWithGlobals())
  return { server, requestTimeoutMs: requestTimeout, ...(token === undefined ? {} : { token }) }
}

/** `500ms`, `30s`, `10m`, `2h`; a bare number is seconds. @throws InvalidArgumentError */
export function toDurationMs(text: string): number {
  const match = DURATION.exec(text)
  if (match === null) throw new InvalidArgumentError(`'${text}' is no duration; give 500ms, 30s, 10m or 2h.`)
  return Number(match[1]) * MS_OF_UNIT[match[2] ?? 's']!
}
