/** edgetwin as a user starts it: a process of its own on a free port, with a journal that is thrown away. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url))
const READY = /page and API at (http\S+)/
const READY_WITHIN_MS = 20_000

export interface EdgetwinProcess {
  readonly url: string
  readonly child: ChildProcess
  readonly startedInMs: number
  /** Everything it said on stderr so far. */
  readonly errors: () => string
  readonly kill: (signal: NodeJS.Signals) => Promise<void>
  readonly get: <T>(path: string) => Promise<T>
  readonly send: <T>(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: object) => Promise<{ status: number; body: T }>
}

export const freshDataDir = (): string => mkdtempSync(join(tmpdir(), 'edgetwin-e2e-'))

/** @throws with its stderr when it does not come up. */
export async function startEdgetwin(args: readonly string[]): Promise<EdgetwinProcess> {
  const beganMs = performance.now()
  const child = spawn(process.execPath, [MAIN, '--port', '0', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let stderr = ''
  let stdout = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const url = await new Promise<string>((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`edgetwin ${why}\n${stderr}`))
    const timer = setTimeout(() => fail(`was not ready within ${READY_WITHIN_MS} ms`), READY_WITHIN_MS)
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
      const ready = READY.exec(stdout)?.[1]
      if (!ready) return
      clearTimeout(timer)
      resolve(ready)
    })
    child.once('exit', (code) => {
      clearTimeout(timer)
      fail(`ended with ${code}`)
    })
  })
  return {
    url,
    child,
    startedInMs: performance.now() - beganMs,
    errors: () => stderr,
    kill: async (signal) => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill(signal)
      await ended
    },
    get: async <T>(path: string): Promise<T> => {
      const answer = await fetch(`${url}${path}`)
      if (!answer.ok) throw new Error(`GET ${path}: ${answer.status} ${await answer.text()}`)
      return (await answer.json()) as T
    },
    send: async <T>(method: string, path: string, body?: object) => {
      const init = body === undefined ? { method } : { method, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
      const answer = await fetch(`${url}${path}`, init)
      const text = await answer.text()
      return { status: answer.status, body: (text === '' ? null : JSON.parse(text)) as T }
    },
  }
}

/** Runs it to its end, for starts that must fail. */
export async function runToEnd(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<{ code: number | null; stderr: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...environment } })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const [code] = (await once(child, 'exit')) as [number | null]
  return { code, stderr }
}
