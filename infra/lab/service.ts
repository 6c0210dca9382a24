/**
 * One real service as a process of its own: started detached, found again by its record, ended without a trace.
 *
 * The folder knows everything: `<name>.process.json` says which process runs, `<name>.log` what it wrote. Who starts
 * a service whose process still runs gets that one, so starting is idempotent across processes.
 */
import { spawn, spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { TwinError } from '../../models/errors.ts'
import { endProcess, identify, isAlive, killProcess, type ProcessIdentity, signalGroup } from './processes.ts'
import { lastLines } from './tools.ts'

/** One running real service. */
export interface LabService {
  readonly name: string
  /** Data, config and logs; removed by `stop()` unless it was given. */
  readonly dir: string
  readonly logFile: string
  /** @returns undefined when it does not run. */
  pid(): number | undefined
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>
  /** Again, on the same ports and data; resolves when ready, at once when it runs. */
  start(): Promise<void>
  pause(): void
  resume(): void
  /** TERM, then KILL; leaves nothing. */
  stop(): Promise<void>
}

export interface ServiceSpec {
  readonly name: string
  readonly dir: ServiceDir
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** For a service that refuses to run as root. */
  readonly user?: { readonly uid: number; readonly gid: number }
  /** Asked every 50 ms; `output` is what this start has logged. A rejection means not yet. */
  readonly isReady: (output: string) => boolean | Promise<boolean>
  readonly readyWithinMs: number
  /** By which it ends; SIGTERM where missing. SIGKILL for what would wait for others that end too. */
  readonly endSignal?: 'SIGTERM' | 'SIGINT' | 'SIGQUIT' | 'SIGKILL' | undefined
  readonly remedy: string
  /** It goes on when this process has ended, as those of the `lab` command do; else it ends with us. */
  readonly outlives?: boolean | undefined
}

export interface ServiceDir {
  readonly path: string
  readonly isGiven: boolean
}

/** The folder of a service: the one given, or a fresh one that goes when the service stops. */
export function serviceDir(name: string, given: string | undefined): ServiceDir {
  if (given === undefined) return { path: mkdtempSync(join(tmpdir(), `edgetwin-${name}-`)), isGiven: false }
  mkdirSync(given, { recursive: true })
  return { path: given, isGiven: true }
}

/** @throws TwinError LAB_FAILED when it ends or is not ready in time, with the last lines of its log. */
export async function startService(spec: ServiceSpec): Promise<LabService> {
  const { name, dir } = spec
  const record = recordFile(dir.path, name)
  const running = () => {
    const identity = readRecord(record)
    return identity !== undefined && isAlive(identity) ? identity : undefined
  }
  const ifRunning = (act: (identity: ProcessIdentity) => void) => {
    const identity = running()
    if (identity !== undefined) act(identity)
  }
  const service: LabService = {
    name,
    dir: dir.path,
    logFile: logFile(dir.path, name),
    pid: () => running()?.pid,
    kill: async () => {
      const identity = running()
      if (identity !== undefined) await killProcess(identity)
      rmSync(record, { force: true })
    },
    start: async () => {
      if (running() === undefined) await launch(spec)
    },
    pause: () => ifRunning((identity) => signalGroup(identity, 'SIGSTOP')),
    resume: () => ifRunning((identity) => signalGroup(identity, 'SIGCONT')),
    stop: async () => {
      const identity = running()
      if (identity !== undefined) await endProcess(identity, identity.endSignal)
      rmSync(record, { force: true })
      if (!dir.isGiven) rmSync(dir.path, { recursive: true, force: true })
    },
  }
  try {
    await service.start()
  } catch (error) {
    await service.stop()
    throw error
  }
  return service
}

const recordShape = z.object({
  pid: z.number(),
  began: z.string(),
  endSignal: z.enum(['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGKILL']).optional(),
})
export type ProcessRecord = z.infer<typeof recordShape>

const RECORD_END = '.process.json'
export const recordFile = (dir: string, name: string) => join(dir, `${name}${RECORD_END}`)
export const logFile = (dir: string, name: string) => join(dir, `${name}.log`)
/** @returns the service's name when the file is such a record. */
export const nameOfRecord = (file: string) => (file.endsWith(RECORD_END) ? file.slice(0, -RECORD_END.length) : undefined)

export function readRecord(file: string): ProcessRecord | undefined {
  if (!existsSync(file)) return undefined
  try {
    return recordShape.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    // Cut off while it was written: the process it was to name cannot be told any more.
    return undefined
  }
}

async function launch(spec: ServiceSpec): Promise<void> {
  const deadlineMs = performance.now() + spec.readyWithinMs
  for (;;) {
    const log = logFile(spec.dir.path, spec.name)
    const logStart = existsSync(log) ? statSync(log).size : 0
    const output = () => readFileSync(log).subarray(logStart).toString()
    const identity = await spawnDetached(spec, log)
    writeFileSync(recordFile(spec.dir.path, spec.name), JSON.stringify({ ...identity, endSignal: spec.endSignal } satisfies ProcessRecord))
    while (isAlive(identity)) {
      if (await isReady(spec, output())) return
      if (performance.now() > deadlineMs) throw failure(spec, `was not ready within ${spec.readyWithinMs / 1000} s`, output())
      await sleep(50)
    }
    // The system may hold a port, or children the memory, of the process killed a moment ago.
    if (!/address already in use|still in use|lock file "postmaster.pid" already exists/i.test(output()) || performance.now() > deadlineMs)
      throw failure(spec, 'ended at once', output())
    await sleep(300)
  }
}

async function spawnDetached(
  { command, args, env, user, outlives, dir, name, remedy }: ServiceSpec,
  log: string,
): Promise<ProcessIdentity> {
  const [file, ...rest] = outlives === true ? [command, ...args] : [...endWithUs(), command, ...args]
  const output = openSync(log, 'a')
  try {
    const child = spawn(file!, rest, {
      cwd: dir.path,
      env: { ...process.env, ...env },
      ...user,
      detached: true,
      stdio: ['ignore', output, output],
    })
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', (cause) =>
        reject(new TwinError('LAB_FAILED', `${name}: \`${command}\` cannot run (${cause.message}); ${remedy}`, { cause })),
      )
    })
    child.unref()
    // One that ended already has no start time; nothing is ever alive under this one.
    return identify(child.pid!) ?? { pid: child.pid!, began: 'never' }
  } finally {
    closeSync(output)
  }
}

/** Linux kills the service when we end, however we end; elsewhere a killed test run leaves it behind. */
function endWithUs(): readonly string[] {
  return spawnSync('setpriv', ['--pdeathsig', 'KILL', 'true']).status === 0 ? ['setpriv', '--pdeathsig', 'KILL', '--'] : []
}

async function isReady({ isReady }: ServiceSpec, output: string): Promise<boolean> {
  try {
    return await isReady(output)
  } catch {
    return false
  }
}

function failure({ name, remedy }: ServiceSpec, how: string, output: string): TwinError {
  return new TwinError('LAB_FAILED', `${name} ${how}; ${remedy}. Its last lines:\n${lastLines(output)}`)
}
