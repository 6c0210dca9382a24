/**
 * The cgroups of real workers: below our own, so that whatever limits us limits them, and gone when they are.
 *
 * They are the one thing of a worker that does not end with its process.
 */
import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { WorkerPlace } from './worker-config.ts'
import { CONTROLLERS, ownCgroups } from './workers-supported.ts'

const PREFIX = 'edgetwin-worker-'
const YOUNG_MS = 60_000

/** Where it is kept which a worker has, a line each. */
export const cgroupsFile = (dir: string): string => join(dir, 'cgroups')

/** @returns their folders, one per controller. */
export function makeCgroups({ name, dir }: WorkerPlace): string[] {
  const own = ownCgroups(readFileSync('/proc/self/cgroup', 'utf8'))
  const unique = createHash('sha256').update(dir).digest('hex').slice(0, 8)
  return CONTROLLERS.map((controller) => {
    const parent = own.get(controller)!
    const group = join(parent, `${PREFIX}${name.split('-').at(-1)}-${unique}`)
    mkdirSync(group, { recursive: true })
    if (controller !== 'cpuset') return group
    // A new one has neither, and takes no process before it has. (To copy a file of size 0 would copy nothing.)
    for (const file of ['cpuset.cpus', 'cpuset.mems']) writeFileSync(join(group, file), readFileSync(join(parent, file)))
    return group
  })
}

/** Of workers that have ended, in a lab's folder. They empty a moment after the processes. */
export async function removeCgroups(dir: string): Promise<void> {
  const groups = globSync(join(dir, 'worker-*', 'cgroups')).flatMap((file) => readFileSync(file, 'utf8').split('\n'))
  for (let left = 40; groups.filter((group) => !isRemoved(group)).length > 0 && left > 0; left--) await sleep(100)
}

/** Of workers whose lab was killed together with all that could have removed them. A young one may not have its process yet. */
export function removeOrphans(): void {
  for (const parent of ownCgroups(readFileSync('/proc/self/cgroup', 'utf8')).values()) {
    for (const name of readdirSync(parent)) {
      const group = join(parent, name)
      if (!name.startsWith(PREFIX) || Date.now() - statSync(group).mtimeMs < YOUNG_MS) continue
      if (readFileSync(join(group, 'cgroup.procs'), 'utf8') === '') isRemoved(group)
    }
  }
}

function isRemoved(group: string): boolean {
  if (!existsSync(group)) return true
  for (const entry of readdirSync(group, { withFileTypes: true })) if (entry.isDirectory()) isRemoved(join(group, entry.name))
  try {
    rmdirSync(group)
    return true
  } catch {
    return false
  }
}
