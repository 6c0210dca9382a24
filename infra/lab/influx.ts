/**
 * InfluxDB 1.x with authentication on and one administrator.
 *
 * A given folder keeps everything: its port, administrator and points are there again at the next start.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { TwinError } from '../../models/errors.ts'
import { findProgram, type WantedProgram } from './apt.ts'
import type { Progress } from './cache.ts'
import { keepPorts } from './ports.ts'
import { type LabService, serviceDir, startService } from './service.ts'

export interface InfluxOptions {
  readonly dir?: string | undefined
  readonly port?: number | undefined
  readonly outlives?: boolean | undefined
  readonly progress?: Progress | undefined
}

export interface InfluxLab extends LabService {
  readonly url: string
  /** May do everything. */
  readonly username: string
  readonly passwordFile: string
}

export const INFLUXD: WantedProgram = { program: 'influxd', debianPackage: 'influxdb' }
const USERNAME = 'edgetwin'
const READY_WITHIN_MS = 30_000

/** @throws TwinError LAB_FAILED, PORT_IN_USE */
export async function startInflux({ dir: given, port, outlives, progress = () => {} }: InfluxOptions = {}): Promise<InfluxLab> {
  const { file, env } = await findProgram(INFLUXD, progress)
  const dir = serviceDir('influx', given)
  const ports = await keepPorts(dir.path, { http: port, rpc: undefined })
  const configFile = join(dir.path, 'influxdb.conf')
  writeFileSync(configFile, influxConfig({ dir: dir.path, ports }))
  const passwordFile = join(dir.path, 'password')
  if (!existsSync(passwordFile)) writeFileSync(passwordFile, randomBytes(18).toString('base64url'), { mode: 0o600 })
  const url = `http://127.0.0.1:${ports.http}`
  const service = await startService({
    name: 'influx',
    dir,
    command: file,
    args: ['run', '-config', configFile],
    env,
    isReady: async () => (await fetch(`${url}/ping`, { signal: AbortSignal.timeout(2_000) })).status === 204,
    readyWithinMs: READY_WITHIN_MS,
    remedy: 'free memory and disk, and try again',
    outlives,
  })
  try {
    await ensureAdministrator(url, readFileSync(passwordFile, 'utf8'))
  } catch (error) {
    await service.stop()
    throw error
  }
  return { ...service, url, username: USERNAME, passwordFile }
}

/** Without a user InfluxDB takes one command from anybody: to make the administrator. */
async function ensureAdministrator(url: string, password: string): Promise<void> {
  const asUser = { authorization: `Basic ${Buffer.from(`${USERNAME}:${password}`).toString('base64')}` }
  await ask(url, `CREATE USER ${USERNAME} WITH PASSWORD '${password}' WITH ALL PRIVILEGES`, {})
  const answer = await ask(url, 'SHOW DATABASES', asUser)
  if (!answer.ok) {
    throw new TwinError('LAB_FAILED', `influx at ${url} refuses the password of its folder (${answer.status}); remove the folder`)
  }
}

const ask = (url: string, q: string, headers: Readonly<Record<string, string>>): Promise<Response> =>
  fetch(`${url}/query`, { method: 'POST', headers, body: new URLSearchParams({ q }), signal: AbortSignal.timeout(10_000) })

export interface InfluxPlaces {
  readonly dir: string
  readonly ports: { readonly http: number; readonly rpc: number }
}

export function influxConfig({ dir, ports }: InfluxPlaces): string {
  const quoted = (...path: string[]): string => JSON.stringify(join(dir, ...path))
  return `reporting-disabled = true
bind-address = "127.0.0.1:${ports.rpc}"
[meta]
  dir = ${quoted('meta')}
[data]
  dir = ${quoted('data')}
  wal-dir = ${quoted('wal')}
  index-version = "tsi1"
  query-log-enabled = false
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:${ports.http}"
  auth-enabled = true
  log-enabled = false
[continuous_queries]
  run-interval = "1s"
  log-enabled = false
[logging]
  level = "warn"
`
}
