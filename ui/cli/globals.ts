/** The options that every command takes, read and checked in one place. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { z } from 'zod'
import type { RestOptions } from './rest-client.ts'
import { tokenSource } from './token.ts'

const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/
const MS_OF_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

const globalsShape = z.object({
  server: z.string(),
  token: z.string().optional(),
  tokenFile: z.string().optional(),
  kubeconfig: z.string().optional(),
  context: z.string().optional(),
  serviceAccount: z.string().optional(),
  requestTimeout: z.number(),
})

export function addGlobals(program: Command): Command {
  return program
    .addOption(new Option('--server <url>', 'the edgetwin server').env('EDGETWIN_SERVER').default('http://127.0.0.1:8080'))
    .addOption(new Option('--token <token>', 'bearer token of the server').env('EDGETWIN_TOKEN'))
    .addOption(new Option('--token-file <file>', 'file that holds it, read whenever it is needed').env('EDGETWIN_TOKEN_FILE'))
    .addOption(
      new Option(
        '--context <name>',
        "context of a kubeconfig: its user's token is sent; one with a certificate needs --service-account too",
      ).env('EDGETWIN_CONTEXT'),
    )
    .addOption(
      new Option('--kubeconfig <file>', 'the kubeconfig; without it that of KUBECONFIG or ~/.kube/config').env('EDGETWIN_KUBECONFIG'),
    )
    .addOption(
      new Option('--service-account <namespace/name>', 'have the cluster make a token of this account, good for edgetwin alone').env(
        'EDGETWIN_SERVICE_ACCOUNT',
      ),
    )
    .addOption(new Option('--request-timeout <duration>', 'give up on a request after').argParser(toDurationMs).default(30_000, '30s'))
    .option('-q, --quiet', 'nothing on stderr but errors')
}

export function globalsOf(command: Command): RestOptions {
  const { requestTimeout, ...given } = globalsShape.parse(command.optsWithGlobals())
  return { server: given.server, requestTimeoutMs: requestTimeout, token: tokenSource(given) }
}

/** `500ms`, `30s`, `10m`, `2h`; a bare number is seconds. @throws InvalidArgumentError */
function toDurationMs(text: string): number {
  const match = DURATION.exec(text)
  if (match === null) throw new InvalidArgumentError(`'${text}' is no duration; give 500ms, 30s, 10m or 2h.`)
  return Number(match[1]) * MS_OF_UNIT[match[2] ?? 's']!
}
