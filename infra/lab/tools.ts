/** Runs the programs that install and prepare services: to their end, with their output kept for the error. */
import { spawn } from 'node:child_process'
import { TwinError } from '../../models/errors.ts'

export interface ToolOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** What to do when the program is missing: "install Maven: apt-get install maven". */
  readonly remedy: string
  readonly withinMs?: number
  /** For a tool that refuses to run as root. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined
}

const OUTPUT_LINES_MAX = 15

/**
 * @returns what it wrote to stdout.
 * @throws TwinError LAB_FAILED when it is missing, fails or takes longer than `withinMs` (10 min); with its last lines.
 */
export function runTool(
  command: string,
  args: readonly string[],
  { cwd, env, user, remedy, withinMs = 600_000 }: ToolOptions,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...user,
    })
    // Not spawn's own limit, which goes on when the program cannot be started and keeps us from ending.
    const limit = setTimeout(() => child.kill(), withinMs)
    let stdout = ''
    let all = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
      all += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      all += text
    })
    child.once('error', (cause: NodeJS.ErrnoException) => {
      clearTimeout(limit)
      const missing = cause.code === 'ENOENT'
      const what = missing ? `\`${command}\` is not on this machine` : `\`${command}\` cannot run (${cause.message})`
      reject(new TwinError('LAB_FAILED', `${what}; ${remedy}`, { cause }))
    })
    child.once('close', (code, signal) => {
      clearTimeout(limit)
      if (code === 0) return resolve(stdout)
      const how = signal === null ? `exit code ${code}` : `${signal}, after ${withinMs / 1000} s at most`
      reject(new TwinError('LAB_FAILED', `\`${[command, ...args].join(' ')}\` failed (${how}); ${remedy}\n${lastLines(all)}`))
    })
  })
}

export function lastLines(text: string): string {
  return text.trimEnd().split('\n').slice(-OUTPUT_LINES_MAX).join('\n')
}
