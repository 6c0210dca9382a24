/** What can be done to a lab that runs: its processes killed, its nodes silenced. */
import { TwinError } from '../../models/errors.ts'
import { silent } from './cache.ts'
import { KIND_NAMES, type KindName } from './kinds.ts'
import { kubectl } from './kubectl.ts'
import { unknownService } from './lab-arguments.ts'
import { kindDir, type Lab, type LabProcess, processesOf } from './lab-state.ts'
import { KWOK_LABEL } from './nodes.ts'
import { identify, killProcess } from './processes.ts'
import { setLink } from './workers.ts'

/** @param name of a process, such as kafka-2 or kube-apiserver (its `kube-` may be left out), or of a whole service. */
export function processesNamed(lab: Lab, name: string): LabProcess[] {
  const all = KIND_NAMES.flatMap((kind) => processesOf(lab, kind))
  const exact = all.filter((each) => each.name === name || each.name === `kube-${name}`)
  const found = exact.length > 0 ? exact : all.filter(({ kind }) => kind === name)
  if (found.length > 0) return found
  const known = [...new Set(all.flatMap(({ kind, name: own }) => [kind, own]))]
  throw unknownService(name, known, `of the lab ${lab.name}${known.length === 0 ? ', which is not up' : ''}`)
}

/** SIGKILL. @returns what it killed; a real worker is powered off by it. */
export async function killNamed(lab: Lab, name: string): Promise<readonly LabProcess[]> {
  const found = processesNamed(lab, name).filter(({ isAlive }) => isAlive)
  await Promise.all(
    found.map(async ({ pid }) => {
      const identity = identify(pid)
      if (identity !== undefined) await killProcess(identity)
    }),
  )
  return found
}

/** The kinds that must be brought up for these to run again. */
export const kindsToRestart = (processes: readonly LabProcess[]): KindName[] =>
  KIND_NAMES.filter((kind) => processes.some((each) => each.kind === kind))

/**
 * A node that nobody hears from: kwok stops to speak for it, or a worker's link is cut. Its pods know nothing of it.
 *
 * @throws TwinError CONFIG_INVALID for a node that is not there, LAB_FAILED when the API server does not answer.
 */
export async function setSilent(lab: Lab, node: string, state: 'silent' | 'awake'): Promise<void> {
  const dir = kindDir(lab, 'kubernetes')
  const names = (await kubectl(dir, ['get', 'nodes', '-o', 'name'], silent)).split('\n').flatMap((line) => line.split('/')[1] ?? [])
  if (!names.includes(node))
    throw new TwinError('CONFIG_INVALID', `there is no node ${JSON.stringify(node)}; there are ${names.join(', ')}`)
  if (processesOf(lab, 'kubernetes').some(({ name }) => name === node)) return setLink(dir, node, state === 'silent' ? 'down' : 'up')
  const [[label, value]] = Object.entries(KWOK_LABEL) as [[string, string]]
  await kubectl(dir, ['label', 'node', node, '--overwrite', state === 'silent' ? `${label}-` : `${label}=${value}`], silent)
}
