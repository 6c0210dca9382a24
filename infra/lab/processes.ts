/**
 * Processes that outlive the one that started them, told apart by pid and start time.
 *
 * A pid alone is never signalled: the system gives it to somebody else as soon as its process is gone.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

export interface ProcessIdentity {
  readonly pid: number
  /** When the system says it began, in a form of its own; equal for the same process only. */
  readonly began: string
}

const GRACE_MS = 10_000

/** @returns undefined when no such process runs; a zombie does not run. */
export function identify(pid: number): ProcessIdentity | undefined {
  const began = process.platform === 'linux' ? beganOnLinux(pid) : beganByPs(pid)
  return began === undefined ? undefined : { pid, began }
}

export function isAlive({ pid, began }: ProcessIdentity): boolean {
  return identify(pid)?.began === began
}

/** Signals the process and its group, as each service leads one; nothing when it is gone. */
export function signalGroup(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isAlive(identity)) return
  for (const target of [-identity.pid, identity.pid]) {
    try {
      process.kill(target, signal)
      return
    } catch (error) {
      if (Object(error).code !== 'ESRCH') throw error
    }
  }
}

/** @returns false when it still runs after `withinMs`. */
export async function waitGone(identity: ProcessIdentity, withinMs: number): Promise<boolean> {
  const deadlineMs = performance.now() + withinMs
  while (isAlive(identity)) {
    if (performance.now() > deadlineMs) return false
    await sleep(20)
  }
  return true
}

/** Asks to end, and after 10 s kills. */
export async function endProcess(identity: ProcessIdentity, askBy: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  signalGroup(identity, askBy)
  // One that was paused hears the request only when it goes on.
  signalGroup(identity, 'SIGCONT')
  if (await waitGone(identity, GRACE_MS)) return
  await killProcess(identity)
}

export async function killProcess(identity: ProcessIdentity): Promise<void> {
  signalGroup(identity, 'SIGKILL')
  if (!(await waitGone(identity, 10_000))) throw new Error(`process ${identity.pid} lives on after SIGKILL`)
}

function beganOnLinux(pid: number): string | undefined {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return undefined
  }
  // The name, in brackets, may hold anything; after it come the state and, 19 fields on, the start in clock ticks since boot.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
}

function beganByPs(pid: number): string | undefined {
  const { status, stdout } = spawnSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' })
  const [state, ...began] = (stdout ?? '').trim().split(/\s+/)
  return status !== 0 || state === undefined || state.startsWith('Z') ? undefined : began.join(' ')
}
