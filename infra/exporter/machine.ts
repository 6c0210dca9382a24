/**
 * Describes the machine we run on from what its kernel shows; nothing is assumed, and what is not shown is left out.
 *
 * The roots are arguments: tests hand in trees of their own.
 */
import { readdirSync, readlinkSync } from 'node:fs'
import type { MachineDescription } from '../../connectors/metrics/device-metrics.ts'
import { readCpu } from './cpu.ts'
import { readGpus } from './gpus.ts'
import type { Holders, KernelRoots, Shares } from './kernel.ts'
import { list } from './kernel-files.ts'
import { readNetwork } from './network.ts'
import { readFpgas, readNpus } from './npus-fpgas.ts'

export interface MachineReaderOptions {
  /** The node's name. */
  readonly name: string
  readonly roots?: KernelRoots
  readonly version?: string
}

/** @returns Reads the machine now; loads are means since the call before. */
export function createMachineReader({
  name,
  roots = { proc: '/proc', sys: '/sys' },
  version,
}: MachineReaderOptions): (timeMs: number) => MachineDescription {
  const shares = createShares()
  return (timeMs) => {
    const { cpu, node } = readCpu(roots, shares)
    const isHeld = createHolders(roots)
    const devices = [cpu, ...readGpus(roots, isHeld), ...readNpus(roots, { isHeld, shares, timeMs }), ...readFpgas(roots)]
    return { node: { name, ...node, ...readNetwork(roots) }, devices, ...(version === undefined ? {} : { version }) }
  }
}

function createShares(): Shares {
  const before = new Map<string, { readonly busy: number; readonly total: number }>()
  return (key, now) => {
    const last = before.get(key)
    before.set(key, now)
    if (last === undefined || now.total <= last.total) return undefined
    return Math.min(1, Math.max(0, (now.busy - last.busy) / (now.total - last.total)))
  }
}

/** Looks through the open files of all processes once, and only when there is a device to look for. */
function createHolders({ proc }: KernelRoots): Holders {
  let seen: { readonly paths: ReadonlySet<string>; readonly isComplete: boolean } | undefined
  return (paths) => {
    if (paths.length === 0) return undefined
    seen ??= openPaths(proc)
    if (paths.some((path) => seen?.paths.has(path))) return 'allocated'
    return seen.isComplete ? 'unallocated' : undefined
  }
}

function openPaths(proc: string): { readonly paths: ReadonlySet<string>; readonly isComplete: boolean } {
  const paths = new Set<string>()
  let isComplete = true
  for (const pid of list(proc, /^\d+$/)) {
    try {
      for (const fd of readdirSync(`${proc}/${pid}/fd`)) paths.add(readlinkSync(`${proc}/${pid}/fd/${fd}`))
    } catch (error) {
      // A process that ended meanwhile holds nothing; one that we may not look into might.
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      if (code !== 'ENOENT' && code !== 'ESRCH') isComplete = false
    }
  }
  return { paths, isComplete }
}
