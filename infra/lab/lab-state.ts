/**
 * What the `lab` command remembers of a lab: one folder per lab name, with a file that says what was asked of it.
 *
 * Which processes run is not remembered but seen, from the records that the services keep in that folder.
 */
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { TwinError } from '../../models/errors.ts'
import { KIND_NAMES, KINDS, type KindName } from './kinds.ts'
import { endProcess, isAlive } from './processes.ts'
import { logFile, nameOfRecord, readRecord } from './service.ts'

const asked = z.object({ brokers: z.union([z.literal(1), z.literal(3)]), secure: z.boolean(), real: z.number().int().default(0) })
const serviceShape = z.object({
  asked,
  /** Empty until it was ready once. */
  addresses: z.array(z.string()),
  settings: z.record(z.string(), z.string()),
})
const stateShape = z.object({ services: z.partialRecord(z.enum(KIND_NAMES), serviceShape) })
export type AskedOfService = z.infer<typeof asked>
export type LabState = z.infer<typeof stateShape>

export interface LabProcess {
  readonly kind: string
  readonly name: string
  readonly pid: number
  readonly isAlive: boolean
  readonly logFile: string
}

export interface Lab {
  readonly name: string
  readonly dir: string
}

const STATE_FILE = 'lab.json'
const NAME = /^[a-z0-9][a-z0-9-]{0,30}$/

/** @throws TwinError CONFIG_INVALID for a name that is none. */
export function labOf(name: string, root = labsDir()): Lab {
  if (!NAME.test(name)) {
    throw new TwinError('CONFIG_INVALID', `the lab's name ${JSON.stringify(name)} must be of a–z, 0–9 and -, 31 characters at most`)
  }
  return { name, dir: join(root, name) }
}

/** All labs of this machine's user. */
export function labs(root = labsDir()): Lab[] {
  if (!existsSync(root)) return []
  return readdirSync(root)
    .filter((name) => NAME.test(name))
    .map((name) => labOf(name, root))
}

export function readState({ name, dir }: Lab): LabState {
  const file = join(dir, STATE_FILE)
  if (!existsSync(file)) return { services: {} }
  try {
    return stateShape.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (cause) {
    throw new TwinError('LAB_FAILED', `${file} cannot be read; end the lab: npm run lab -- down --name ${name}`, { cause })
  }
}

/** Others may pass through, as a service may run as another user, but not look around. */
export function writeState({ dir }: Lab, state: LabState): void {
  mkdirSync(dir, { recursive: true, mode: 0o711 })
  const file = join(dir, STATE_FILE)
  writeFileSync(`${file}.new`, JSON.stringify(state, null, 2))
  renameSync(`${file}.new`, file)
}

export const kindDir = ({ dir }: Lab, kind: string): string => join(dir, kind)

/** A service may be of several processes, each in a folder of its own below. */
export function processesOf(lab: Lab, kind: string): LabProcess[] {
  const dir = kindDir(lab, kind)
  return recordsIn(dir).flatMap((file) => {
    const record = readRecord(file)
    const name = nameOfRecord(basename(file))
    if (record === undefined || name === undefined) return []
    return [{ kind, name, pid: record.pid, isAlive: isAlive(record), logFile: logFile(dirname(file), name) }]
  })
}

export interface ProcessStatus {
  readonly lab: string
  readonly service: string
  readonly process: string
  readonly pid: number
  readonly runs: boolean
  readonly logFile: string
  readonly addresses: readonly string[]
}

/** Of every process; a service that never came to have one is not among them. */
export function statusOf(lab: Lab): ProcessStatus[] {
  const { services } = readState(lab)
  return KIND_NAMES.flatMap((kind) =>
    processesOf(lab, kind).map(({ name, pid, isAlive, logFile }) => {
      return { lab: lab.name, service: kind, process: name, pid, runs: isAlive, logFile, addresses: services[kind]?.addresses ?? [] }
    }),
  )
}

/** Ends the service's processes and removes its folder. @returns how many ran. */
export async function removeService(lab: Lab, kind: KindName): Promise<number> {
  const dir = kindDir(lab, kind)
  const alive = recordsIn(dir).flatMap((file) => {
    const record = readRecord(file)
    return record !== undefined && isAlive(record) ? [record] : []
  })
  await Promise.all(alive.map((record) => endProcess(record, record.endSignal)))
  await KINDS[kind].removeRest?.(dir)
  rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  return alive.length
}

export function removeLab({ dir }: Lab): void {
  rmSync(dir, { recursive: true, force: true })
  try {
    rmdirSync(dirname(dir))
  } catch {
    // Other labs are in it.
  }
}

const recordsIn = (dir: string): string[] => globSync(['*.process.json', '*/*.process.json'].map((pattern) => join(dir, pattern))).sort()

/** @throws TwinError LAB_FAILED when another user made it, who could then read and change what is in it. */
function labsDir(): string {
  const dir = join(tmpdir(), 'edgetwin-lab')
  if (existsSync(dir) && process.getuid !== undefined && statSync(dir).uid !== process.getuid()) {
    throw new TwinError('LAB_FAILED', `${dir} belongs to another user; choose another place with TMPDIR=…`)
  }
  return dir
}
