/**
 * The influx client, held on a short rein: one try, a deadline of our own, and of its errors only the message,
 * because the objects carry the request with the password in it.
 */
import { readFileSync } from 'node:fs'
import { InfluxDB, type IPoint } from 'influx'
import type { Question } from './influx-text.ts'
import type { InfluxHistorySettings } from './settings.ts'

export interface InfluxClient {
  write(retentionPolicy: string, points: readonly IPoint[]): Promise<void>
  ask(question: Question): Promise<unknown>
  retentionPolicies(): Promise<readonly string[]>
  createDatabase(): Promise<void>
  createRetentionPolicy(name: string, options: { readonly duration: string; readonly isDefault: boolean }): Promise<void>
}

const TIMEOUT_MS = 5_000
/** Tries and pauses are ours (`history.ts`). */
const noPause = { getDelay: () => 0, next: () => noPause, reset: () => noPause }

/** @throws Error when the password file cannot be read. */
export function createInfluxClient(settings: InfluxHistorySettings): InfluxClient {
  const { url, database, username, passwordFile, timeoutMs = TIMEOUT_MS } = settings
  const { protocol, hostname, port, pathname } = new URL(url)
  const isTls = protocol === 'https:'
  const influx = new InfluxDB({
    protocol: isTls ? 'https' : 'http',
    host: hostname,
    port: port === '' ? (isTls ? 443 : 80) : Number(port),
    path: pathname === '/' ? '' : pathname,
    database,
    ...(username === undefined ? {} : { username, password: passwordFile === undefined ? '' : passwordIn(passwordFile) }),
    pool: { maxRetries: 0, requestTimeout: timeoutMs, backoff: noPause },
  })
  /** The client's own time-out ends with the first byte of an answer, and a connection that breaks after it is never told of. */
  const inTime = async <T>(work: Promise<T>): Promise<T> => {
    const { promise: late, reject } = Promise.withResolvers<never>()
    const timer = setTimeout(() => reject(new Error(`no answer from ${url} in ${timeoutMs} ms`)), timeoutMs)
    try {
      return await Promise.race([work, late])
    } catch (error) {
      throw new Error(plainMessage(error))
    } finally {
      clearTimeout(timer)
    }
  }
  return {
    write: (retentionPolicy, points) => inTime(influx.writePoints([...points], { retentionPolicy, precision: 'ms' })),
    ask: ({ text, parameters }) => inTime(influx.queryRaw(text, { precision: 'ms', placeholders: { ...parameters } })),
    retentionPolicies: async () => (await inTime(influx.showRetentionPolicies())).map(({ name }) => name),
    createDatabase: () => inTime(influx.createDatabase(database)),
    createRetentionPolicy: (name, options) => inTime(influx.createRetentionPolicy(name, { ...options, replication: 1 })),
  }
}

function passwordIn(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    throw new Error(`the password file ${file} cannot be read: ${plainMessage(error)}`)
  }
}

/** Of an HTTP error what InfluxDB itself says. */
function plainMessage(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  const said = /\{"error":("(?:[^"\\]|\\.)*")\}/.exec(message)?.[1]
  return said === undefined ? message : String(JSON.parse(said))
}
