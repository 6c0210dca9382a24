/**
 * `npm run ungate`: drops the gates of pods that edgetwin holds, whether or not an edgetwin lives.
 *
 * A process of its own with rights of its own: to list pods and to patch them. Without names it lets go of what was held too long.
 */
import { Command, CommanderError, Option } from 'commander'
import { type UngateReport, type UngateWish, ungate } from '../connectors/kubernetes/act/ungate.ts'
import { createKubeClient } from '../connectors/kubernetes/kube-client.ts'
import { loadKubeConfig } from '../connectors/kubernetes/kube-config.ts'
import { toKubeFailure } from '../connectors/kubernetes/kube-failure.ts'
import { kubePodName } from '../connectors/kubernetes/names.ts'
import { pause } from '../connectors/pause.ts'
import { TwinError } from '../models/errors.ts'
import { makeLogger } from './logging.ts'

const EXIT = { ok: 0, failed: 1, usage: 2 } as const

interface Flags {
  readonly all?: true
  readonly ttlSeconds: number
  readonly everySeconds?: number
  readonly namespace?: string
  readonly kubeconfig?: string
  readonly context?: string
  readonly dryRun?: true
}

const seconds = (least: number) => (text: string) => {
  const number = Number(text)
  if (text.trim() === '' || !(number >= least && number <= 86_400))
    throw new TwinError('CONFIG_INVALID', `${JSON.stringify(text)} is no number of seconds from ${least} to 86400`)
  return number
}

const program = new Command('ungate')
  .description("Drops edgetwin's gate from pods, so that the cluster's scheduler places them.")
  .argument('[pods...]', 'names as the twin has them, pod.namespace; none: those held too long')
  .option('--all', 'every pod that the gate holds')
  .addOption(new Option('--ttl-seconds <s>', 'how long a pod may be held').argParser(seconds(0)).default(30))
  .addOption(new Option('--every-seconds <s>', 'go on and look again so often; default: look once').argParser(seconds(1)))
  .option('-n, --namespace <name>', 'only there')
  .option('--kubeconfig <file>', 'default: KUBECONFIG, ~/.kube/config or the service account of the pod')
  .option('--context <name>', 'of the kubeconfig')
  .option('--dry-run', 'the server checks it and nothing changes')
  .exitOverride()
  .showHelpAfterError('Try `npm run ungate -- --help`.')
  .action(run)

async function run(pods: readonly string[], flags: Flags): Promise<void> {
  const { kubeconfig, context, namespace, dryRun = false, everySeconds } = flags
  const log = makeLogger('info')
  const client = createKubeClient(() => loadKubeConfig({ kubeconfig, context }))
  const wish = wishOf(pods, flags)
  const once = () => ungate({ client, log, wish, nowMs: Date.now(), namespace, dryRun })
  try {
    if (everySeconds === undefined) return tell(await once(), dryRun)
    const stopping = new AbortController()
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stopping.abort())
    while (!stopping.signal.aborted) {
      // An API server that is away comes back; nobody is held by us meanwhile, for nothing is scheduled then.
      await once().catch((error: unknown) => log.warn({ reason: toKubeFailure(error).message }, 'gates not looked at'))
      await pause(everySeconds * 1_000, stopping.signal)
    }
  } finally {
    client.close()
  }
}

function wishOf(names: readonly string[], { all, ttlSeconds, everySeconds }: Flags): UngateWish {
  const wrong = names.find((name) => kubePodName(name) === null)
  if (wrong !== undefined)
    throw new TwinError('CONFIG_INVALID', `${JSON.stringify(wrong)} names no pod; write pod.namespace, as in web-1.default`)
  if (all && names.length > 0) throw new TwinError('CONFIG_INVALID', 'either --all or names of pods, not both')
  if ((all || names.length > 0) && everySeconds !== undefined)
    throw new TwinError('CONFIG_INVALID', '--every-seconds is for pods held too long; leave out --all and the names')
  if (all) return { kind: 'all' }
  return names.length > 0 ? { kind: 'pods', names } : { kind: 'overdue', ttlMs: ttlSeconds * 1_000 }
}

function tell({ released, failed, notHeld, heldCount }: UngateReport, dryRun: boolean): void {
  const lines = [
    ...released.map((pod) => `${pod}: ${dryRun ? 'would be let go' : 'let go'}`),
    ...failed.map(({ pod, reason }) => `${pod}: not let go: ${reason}`),
    ...notHeld.map((pod) => `${pod}: not held by edgetwin's gate, or not there`),
    `${released.length} let go, ${heldCount} still held`,
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
  if (failed.length + notHeld.length > 0) process.exitCode = EXIT.failed
}

try {
  await program.parseAsync()
} catch (error) {
  // commander has said what is wrong with the command line, or shown the help.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage
  else {
    const message = error instanceof TwinError ? `${error.code}: ${error.message}` : toKubeFailure(error).message
    process.stderr.write(`${message}\n`)
    process.exitCode = error instanceof TwinError && error.code === 'CONFIG_INVALID' ? EXIT.usage : EXIT.failed
  }
}
