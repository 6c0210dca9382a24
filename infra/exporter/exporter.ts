/** `npm run exporter`: the accelerators of this machine, or of a described one, as Prometheus metrics. */
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { Command, CommanderError } from 'commander'
import { TwinError } from '../../models/errors.ts'
import { nameShape } from '../../models/events/shapes.ts'
import { createEmulatedReader, parseEmulatedMachine } from './emulated-machine.ts'
import { createMachineReader } from './machine.ts'
import { runExporter } from './run-exporter.ts'

const EXIT_USAGE = 2
const version = String(Reflect.get(JSON.parse(readFileSync(`${import.meta.dirname}/../../package.json`, 'utf8')), 'version'))

const program = new Command('exporter')
  .description('Reports the accelerators of the machine it runs on as Prometheus metrics, at /metrics.')
  .option('--port <number>', 'port to listen on; 0 takes any free one', numberFlag('--port', { min: 0, max: 65_535 }), 9836)
  .option('--host <address>', 'address to listen on', '127.0.0.1')
  .option('--node <name>', 'name of this node (default: the host name)')
  .option('--emulate <file>', 'play the devices of a YAML file instead; see infra/exporter/example-devices.yaml')
  .option('--interval <ms>', 'how often to read the machine, ms', numberFlag('--interval', { min: 100, max: 60_000 }), 1_000)
  .version(version)
  .showHelpAfterError('Try --help.')
  .exitOverride()

try {
  program.parse()
  const flags = program.opts<{ port: number; host: string; node?: string; emulate?: string; interval: number }>()
  const name = nodeName(flags.node)
  const read =
    flags.emulate === undefined
      ? createMachineReader({ name, version })
      : createEmulatedReader(parseEmulatedMachine(readFlagFile(flags.emulate), flags.emulate), { name, version })
  const { url, stop } = await runExporter({ port: flags.port, host: flags.host, intervalMs: flags.interval, now: Date.now, read })
  process.stdout.write(`exporter: ${flags.emulate === undefined ? 'this machine' : 'emulated devices'} at ${url}\n`)
  // The channel to edgetwin, if it started us, would keep us alive after the server is closed.
  const end = () => void stop().finally(() => process.exit(0))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end)
  // Its death, however sudden, closes the channel, and nobody is left to scrape us.
  process.once('disconnect', end)
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE
  else if (error instanceof TwinError) {
    process.stderr.write(`exporter: ${error.message} [${error.code}]\n`)
    process.exitCode = error.code === 'CONFIG_INVALID' ? EXIT_USAGE : 1
  } else throw error
}

function numberFlag(flag: string, { min, max }: { readonly min: number; readonly max: number }): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= min && value <= max) return value
    throw new TwinError('CONFIG_INVALID', `${flag} is "${text}". Give a whole number from ${min} to ${max}.`, {
      details: { flag, value: text },
    })
  }
}

function nodeName(flag: string | undefined): string {
  const name = flag ?? hostname().toLowerCase()
  if (nameShape.safeParse(name).success) return name
  throw new TwinError('CONFIG_INVALID', `The node name "${name}" must be lower-case letters, digits, "-" or ".". Give one with --node.`, {
    details: { name },
  })
}

function readFlagFile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new TwinError('CONFIG_INVALID', `--emulate names ${path}, which cannot be read. Give a device file.`, {
      cause,
      details: { path },
    })
  }
}
