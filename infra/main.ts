#!/usr/bin/env node
/**
 * Starts edgetwin: the one file that knows everyone. Order matters: the journal first, then what feeds it,
 * then who acts on it, then who shows it; stopping goes the other way round.
 */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Command, CommanderError, Option } from 'commander'
import { TwinError } from '../models/errors.ts'
import type { Logger } from '../models/ports.ts'
import { configShape, defaultOf, environmentName, flagName, readConfig, settingNames, strayVariables } from './config.ts'
import { makeLogger } from './logging.ts'
import { type RunningTwin, runTwin } from './run-twin.ts'

const VIEWER_DIR = fileURLToPath(new URL('../ui/viewer/dist', import.meta.url))

/** Below Kubernetes' grace period of 30 s. */
const STOP_WITHIN_MS = 15_000

function commandLine(): Command {
  const command = new Command('npm start --').description('Runs the twin of a site, its API and its viewer.')
  command.option('--config <file>', 'YAML file of settings; flags and environment go before it')
  for (const name of settingNames()) {
    const shape = configShape.shape[name as keyof typeof configShape.shape]
    const initial = defaultOf(name)
    const isOn = initial === true
    const shown = isOn || initial === undefined ? '' : `, default ${initial}`
    const help = `${shape.description ?? ''} [${environmentName(name)}${shown}]`
    const flags = isOn ? `--no-${flagName(name)}` : `--${flagName(name)} ${initial === false ? '[true|false]' : '<value>'}`
    command.addOption(new Option(flags, isOn ? `do not ${help}` : help))
  }
  return command.showHelpAfterError('(npm start -- --help shows every setting)').exitOverride()
}

async function start(): Promise<void> {
  if (Number(process.versions.node.split('.')[0]) < 24) {
    throw new TwinError('NODE_TOO_OLD', `Node ${process.versions.node} runs this; start it with \`npm start\`, which brings Node 24 along`)
  }
  const { config: file, thisMachine, ...flags } = commandLine().parse().opts()
  // commander's negated switch is true when absent: then the other sources decide.
  const config = readConfig({ flags: thisMachine === false ? { ...flags, thisMachine } : flags, environment: process.env, file })
  const log = makeLogger(config.logLevel)
  for (const stray of strayVariables(process.env)) log.warn({}, stray)
  const running = await runTwin({ config, log, viewerDir: existsSync(VIEWER_DIR) ? VIEWER_DIR : undefined })
  stopOnSignals(running, log)
  process.stdout.write(`edgetwin: site ${running.site}, page and API at ${running.url} (Ctrl-C stops)\n`)
}

function stopOnSignals(running: RunningTwin, log: Logger): void {
  let stopping = false
  const stop = (signal: string): void => {
    // A second signal means: now.
    if (stopping) process.exit(130)
    stopping = true
    log.info({ signal }, 'stopping')
    setTimeout(() => fail(new Error(`did not stop within ${STOP_WITHIN_MS} ms; the journal is whole all the same`)), STOP_WITHIN_MS).unref()
    running.stop().then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    )
  }
  process.on('SIGINT', () => stop('SIGINT'))
  process.on('SIGTERM', () => stop('SIGTERM'))
  running.failed.catch(fail)
}

function fail(error: unknown): never {
  // commander has said what is wrong with the command line, or shown the help.
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 2)
  const known = error instanceof TwinError
  process.stderr.write(
    `edgetwin: ${known ? `${error.code}: ${error.message}` : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  )
  process.exit(known && error.code === 'CONFIG_INVALID' ? 2 : known ? 1 : 70)
}

process.on('unhandledRejection', fail)
start().catch(fail)
