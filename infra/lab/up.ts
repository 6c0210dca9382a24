/**
 * Brings the services of a lab up: what is missing starts, what was killed starts again on its port and data, what runs is left.
 *
 * The lab's file names a service before its first process begins, so that `down` finds whatever an interrupted `up` left.
 */
import { mkdirSync } from 'node:fs'
import { TwinError } from '../../models/errors.ts'
import type { Progress } from './cache.ts'
import { KINDS, type KindName } from './kinds.ts'
import { type AskedOfService, kindDir, type Lab, processesOf, readState, writeState } from './lab-state.ts'
import { isFree } from './ports.ts'

export interface UpOptions {
  readonly kinds: readonly KindName[]
  readonly portsByKind: Readonly<Partial<Record<KindName, number>>>
  /** Undefined: as it was, else one. */
  readonly brokers: 1 | 3 | undefined
  /** Undefined: as it was, else not. */
  readonly secure: boolean | undefined
  /** Files of nodes to create or change. */
  readonly nodes: readonly string[]
  /** Undefined: as many workers as there were. */
  readonly real: number | undefined
  readonly progress: Progress
}

export interface UpOutcome {
  readonly kind: KindName
  readonly did: 'started' | 'started again' | 'already runs' | 'failed'
  readonly addresses: readonly string[]
  readonly error?: unknown
}

/** The lab of the settings file that comes with edgetwin has the ports that the services usually have. */
export const DEFAULT_LAB = 'default'

/** One after the other; one that fails does not keep the others from starting. */
export async function up(lab: Lab, options: UpOptions): Promise<UpOutcome[]> {
  const outcomes: UpOutcome[] = []
  for (const kind of options.kinds) {
    try {
      outcomes.push(await upKind(lab, kind, options))
    } catch (error) {
      outcomes.push({ kind, did: 'failed', addresses: [], error })
    }
  }
  return outcomes
}

async function upKind(lab: Lab, kind: KindName, options: UpOptions): Promise<UpOutcome> {
  const state = readState(lab)
  const had = state.services[kind]
  const { portsByKind, nodes, progress } = options
  const asked: AskedOfService = {
    brokers: options.brokers ?? had?.asked.brokers ?? 1,
    secure: options.secure ?? had?.asked.secure ?? false,
    real: Math.max(options.real ?? 0, had?.asked.real ?? 0),
  }
  if (kind === 'kafka' && had !== undefined && (had.asked.brokers !== asked.brokers || had.asked.secure !== asked.secure)) {
    const is = `${had.asked.brokers} broker${had.asked.brokers === 1 ? '' : 's'}${had.asked.secure ? ', secured' : ''}`
    throw new TwinError(
      'CONFIG_INVALID',
      `kafka of the lab ${lab.name} has ${is}; to change that, first \`npm run lab -- down kafka --name ${lab.name}\``,
    )
  }
  const port = portsByKind[kind] ?? (had === undefined ? await usualPort(lab, kind, progress) : undefined)
  const dir = kindDir(lab, kind)
  const pids = () => new Set(processesOf(lab, kind).flatMap(({ pid, isAlive }) => (isAlive ? [pid] : [])))
  const before = pids()
  writeState(lab, { services: { ...state.services, [kind]: had ?? { asked, addresses: [], settings: {} } } })
  mkdirSync(dir, { recursive: true, mode: 0o711 })
  const { addresses, settings } = await KINDS[kind].start({ dir, port, ...asked, nodes, progress })
  writeState(lab, { services: { ...state.services, [kind]: { asked, addresses: [...addresses], settings: { ...settings } } } })
  const isNew = [...pids()].some((pid) => !before.has(pid))
  return { kind, did: !isNew ? 'already runs' : had === undefined ? 'started' : 'started again', addresses }
}

async function usualPort(lab: Lab, kind: KindName, progress: Progress): Promise<number | undefined> {
  if (lab.name !== DEFAULT_LAB) return undefined
  const { usualPort: port } = KINDS[kind]
  if (await isFree(port)) return port
  progress(`port ${port} is taken, so ${kind} gets another one`)
  return undefined
}
