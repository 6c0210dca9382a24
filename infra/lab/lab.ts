#!/usr/bin/env node
/**
 * `npm run lab`: real services on this machine, for tests and for trying edgetwin on what sites run.
 *
 * Answers go to stdout, what happens meanwhile to stderr; the services go on when the command has ended.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { Command, CommanderError, Option } from 'commander'
import { TwinError } from '../../models/errors.ts'
import { environmentName } from '../config.ts'
import { cacheDir, withLock } from './cache.ts'
import { helmDist } from './helm-dist.ts'
import { KIND_NAMES, KINDS_OF_ALL } from './kinds.ts'
import { kubectlCommand } from './kubectl.ts'
import { kubernetesDist } from './kubernetes-dist.ts'
import { kindsOf, type PortsByKind, quoted, toCount, toNodeFile, toPort, toWorkerCount } from './lab-arguments.ts'
import { killNamed, kindsToRestart, processesNamed, setSilent } from './lab-faults.ts'
import { kindDir, type Lab, labOf, labs, readState, removeLab, removeService, statusOf, writeState } from './lab-state.ts'
import { nodeFileNames } from './nodes.ts'
import { DEFAULT_LAB, up } from './up.ts'
import { WORKERS_MAX } from './worker-config.ts'
import { prepareWorkers } from './workers.ts'
import { workersSupported } from './workers-supported.ts'

const EXIT = { ok: 0, failed: 1, usage: 2 } as const

const program = new Command('lab')
  .description('Starts real services on this machine, on loopback only, with their data in a temporary folder.')
  .exitOverride()
  .configureHelp({ showGlobalOptions: true })
  .showHelpAfterError('Try `npm run lab -- --help`.')
  .option('--name <lab>', 'which lab: several run side by side', DEFAULT_LAB)
  .addHelpText(
    'after',
    `
Services: ${KIND_NAMES.join(', ')}, or all (without kubernetes, which is built for minutes when it is started first)
A lab named ${DEFAULT_LAB} has the usual ports where they are free, others have free ones.

Examples:
  npm run lab -- up all
  npm run lab -- up kafka --brokers 3 --secure --name second
  npm run lab -- up kubernetes --nodes dhs --real 2
  npm run lab -- silence tx2-1; npm run lab -- kill apiserver; npm run lab -- restart apiserver
  npm run lab -- up kafka influx --port-of kafka=19092 --port-of influx=18086
  eval "$(npm run -s lab -- env)" && npm start`,
  )

program
  .command('up')
  .description('start what does not run yet')
  .argument('[services...]', `${KIND_NAMES.join(', ')} or all`, ['all'])
  .option('--port-of <service=port>', 'give a service its port; may be said several times', toPort, {})
  .addOption(new Option('--brokers <count>', 'Kafka brokers; three keep every record thrice').choices(['1', '3']))
  .option('--secure', 'Kafka also with TLS, SCRAM-SHA-512 and client certificates')
  .option(
    '--nodes <file>',
    `Kubernetes has these nodes: ${nodeFileNames().join(', ')}, or a file; may be said several times`,
    toNodeFile,
    [],
  )
  .option(
    '--real <count>',
    `Kubernetes has so many workers whose pods are real processes, ${WORKERS_MAX} at most; needs root`,
    toWorkerCount,
  )
  .action(async (names: string[], options: UpFlags) => {
    const lab = theLab()
    const outcomes = await locked(lab, () =>
      up(lab, {
        kinds: kindsOf(names, KINDS_OF_ALL),
        portsByKind: options.portOf,
        brokers: options.brokers === undefined ? undefined : options.brokers === '3' ? 3 : 1,
        secure: options.secure,
        nodes: options.nodes,
        real: options.real,
        progress: tell,
      }),
    )
    for (const { kind, did, addresses, error } of outcomes) {
      if (did === 'failed') complain(error, kind)
      else say([kind, did, addresses.join(', ')])
    }
    if (outcomes.some(({ did }) => did === 'failed')) process.exitCode = EXIT.failed
    else tell(`for edgetwin: eval "$(npm run -s lab -- env${lab.name === DEFAULT_LAB ? '' : ` --name ${lab.name}`})"`)
  })

program
  .command('prepare')
  .description('fetch and build Kubernetes, what real workers run, and Helm, once per machine; nothing is started')
  .action(async () => {
    const supported = workersSupported()
    if (supported.ok) await prepareWorkers(tell)
    else {
      tell(supported.reason)
      await kubernetesDist(tell)
    }
    await helmDist(tell)
  })

program
  .command('status')
  .description('what runs, in every lab or in the one named')
  .option('--json', 'for programs')
  .action(({ json }: { readonly json?: boolean }) => {
    const rows = (program.getOptionValueSource('name') === 'cli' ? [theLab()] : labs()).flatMap(statusOf)
    if (json === true) return void process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`)
    if (rows.length === 0) return tell('no lab is up; start one: npm run lab -- up all')
    for (const [index, { lab, service, process: name, pid, runs, addresses }] of rows.entries()) {
      // They are the service's: told once, beside the first of its processes.
      const isFirst = rows[index - 1]?.lab !== lab || rows[index - 1]?.service !== service
      say([lab, service, name, runs ? `runs (pid ${pid})` : 'does not run', isFirst ? addresses.join(', ') : ''])
    }
  })

program
  .command('down')
  .description('end services and remove everything of them')
  .argument('[services...]', 'only these', ['all'])
  .action(async (names: string[]) => {
    const lab = theLab()
    await locked(lab, async () => {
      const kinds = kindsOf(names)
      for (const kind of kinds) {
        const count = await removeService(lab, kind)
        if (count > 0) say([kind, 'ended'])
      }
      if (kinds.length === KIND_NAMES.length) return removeLab(lab)
      const kept = Object.entries(readState(lab).services).filter(([kind]) => !kinds.some((gone) => gone === kind))
      if (kept.length === 0) removeLab(lab)
      else writeState(lab, { services: Object.fromEntries(kept) })
    })
  })

program
  .command('logs')
  .description('what a service wrote')
  .argument('<service>', `${KIND_NAMES.join(', ')}, or a process such as kafka-2`)
  .addOption(new Option('-n, --lines <count>', 'the last so many').default('50').argParser(toCount))
  .option('-f, --follow', 'and what it writes from now on')
  .action(async (name: string, { lines, follow }: { readonly lines: number; readonly follow?: boolean }) => {
    const lab = theLab()
    const files = processesNamed(lab, name).map(({ logFile }) => logFile)
    const tail = spawn('tail', ['-n', String(lines), ...(follow === true ? ['-F'] : []), ...files], { stdio: 'inherit' })
    await new Promise((resolve) => tail.once('close', resolve))
  })

program
  .command('kill')
  .description('kill a process or all of a service, with no time to put anything in order; a real worker loses its power')
  .argument('<process>', 'such as kafka-2, apiserver or worker-1')
  .action(async (name: string) => {
    const lab = theLab()
    for (const { name: killed } of await locked(lab, () => killNamed(lab, name))) say([killed, 'killed'])
  })

program
  .command('restart')
  .description('kill it, and start it again on its port and data')
  .argument('<process>', 'as for kill')
  .action(async (name: string) => {
    const lab = theLab()
    await locked(lab, async () => {
      const kinds = kindsToRestart(processesNamed(lab, name))
      await killNamed(lab, name)
      const asBefore = { portsByKind: {}, brokers: undefined, secure: undefined, nodes: [], real: undefined }
      for (const { kind, did, error } of await up(lab, { kinds, ...asBefore, progress: tell })) {
        if (did !== 'failed') say([kind, did])
        else throw error
      }
    })
  })

for (const [command, state, description] of [
  ['silence', 'silent', 'nobody hears from a node of Kubernetes any more, while its pods live on'],
  ['wake', 'awake', 'it is heard again'],
] as const) {
  program
    .command(command)
    .description(description)
    .argument('<node>')
    .action(async (node: string) => {
      await setSilent(theLab(), node, state)
      say([node, state])
    })
}

program
  .command('kubectl')
  .description('kubectl, as the administrator of its Kubernetes')
  .argument('[words...]')
  .allowUnknownOption()
  .helpOption(false)
  .action(async (words: string[]) => {
    const [file, args] = await kubectlCommand(kindDir(theLab(), 'kubernetes'), words, tell)
    const child = spawn(file, args, { stdio: 'inherit' })
    process.exitCode = await new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? EXIT.failed)))
  })

program
  .command('env')
  .description("the settings by which edgetwin uses the lab's services, for a shell")
  .action(() => {
    for (const { settings } of Object.values(readState(theLab()).services)) {
      for (const [name, value] of Object.entries(settings)) process.stdout.write(`export ${environmentName(name)}=${quoted(value)}\n`)
    }
  })

// Who reads us may stop, as `head` does; that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit()
})

try {
  await program.parseAsync()
} catch (error) {
  if (!(error instanceof CommanderError)) complain(error)
  process.exitCode = error instanceof CommanderError ? (error.exitCode === 0 ? EXIT.ok : EXIT.usage) : exitCodeOf(error)
}

interface UpFlags {
  readonly portOf: PortsByKind
  readonly brokers?: '1' | '3'
  readonly secure?: boolean
  readonly nodes: readonly string[]
  readonly real?: number
}

function theLab(): Lab {
  return labOf(program.opts<{ name: string }>().name)
}

/** One command at a time changes a lab. */
function locked<T>({ name }: Lab, work: () => Promise<T>): Promise<T> {
  return withLock(join(cacheDir(), `lab-${name}.lock`), work)
}

function tell(message: string): void {
  process.stderr.write(`lab: ${message}\n`)
}

function say(columns: readonly string[]): void {
  process.stdout.write(
    `${columns
      .map((text) => text.padEnd(12))
      .join(' ')
      .trimEnd()}\n`,
  )
}

function complain(error: unknown, place = 'lab'): void {
  if (error instanceof TwinError) process.stderr.write(`${place}: ${error.code}: ${error.message}\n`)
  else process.stderr.write(`${place}: INTERNAL: ${error instanceof Error ? error.stack : error}\n`)
}

function exitCodeOf(error: unknown): number {
  return error instanceof TwinError && error.code === 'CONFIG_INVALID' ? EXIT.usage : EXIT.failed
}
