/**
 * PostgreSQL with one role and one database, both named `edgetwin`, and a password over loopback.
 *
 * It refuses to run as root: then it runs as `postgres`, or as `nobody` where there is no such user. A given folder
 * keeps everything: its port, password and rows are there again at the next start.
 */
import { randomBytes } from 'node:crypto'
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { type FoundProgram, findProgram, programIn, type WantedProgram } from './apt.ts'
import type { Progress } from './cache.ts'
import { keepPorts } from './ports.ts'
import { type LabService, serviceDir, startService } from './service.ts'
import { runTool } from './tools.ts'

export interface PostgresOptions {
  readonly dir?: string | undefined
  readonly port?: number | undefined
  readonly outlives?: boolean | undefined
  readonly progress?: Progress | undefined
}

export interface PostgresLab extends LabService {
  /** postgres://edgetwin@127.0.0.1:port/edgetwin: without the password. */
  readonly url: string
  readonly passwordFile: string
}

export const POSTGRES: WantedProgram = {
  program: 'postgres',
  besides: ['initdb'],
  debianPackage: 'postgresql',
  holds: /^postgresql-\d+$/,
  folder: 'usr/lib/postgresql/*/bin',
}
const NAME = 'edgetwin'
const READY_WITHIN_MS = 60_000

interface User {
  readonly uid: number
  readonly gid: number
}

/** @throws TwinError LAB_FAILED, PORT_IN_USE */
export async function startPostgres({ dir: given, port, outlives, progress = () => {} }: PostgresOptions = {}): Promise<PostgresLab> {
  const found = await findProgram(POSTGRES, progress)
  const dir = serviceDir('postgres', given)
  const ports = await keepPorts(dir.path, { sql: port })
  const user = process.getuid?.() === 0 ? unprivileged(readFileSync('/etc/passwd', 'utf8')) : undefined
  if (user !== undefined) chmodSync(dir.path, 0o711)
  const { file, env } = readableProgram(found, dir.path, user)
  const passwordFile = join(dir.path, 'password')
  const dataDir = join(dir.path, 'data')
  if (!existsSync(dataDir)) await initialise({ file, env, passwordFile, dataDir, user })
  const service = await startService({
    name: 'postgres',
    dir,
    command: file,
    args: postgresArgs({ dataDir, port: ports.sql }),
    env,
    ...(user === undefined ? {} : { user }),
    isReady: (output) => output.includes('database system is ready to accept connections'),
    readyWithinMs: READY_WITHIN_MS,
    // At SIGTERM it waits until its clients have left.
    endSignal: 'SIGINT',
    remedy: 'free memory and disk, and try again',
    outlives,
  })
  const url = `postgres://${NAME}@127.0.0.1:${ports.sql}/${NAME}`
  try {
    await ensureDatabase(ports.sql, readFileSync(passwordFile, 'utf8'))
  } catch (error) {
    await service.stop()
    throw error
  }
  return { ...service, url, passwordFile }
}

/** @param passwd text of /etc/passwd */
export function unprivileged(passwd: string): User {
  const found = ['postgres', 'nobody']
    .map((name) => new RegExp(`^${name}:[^:]*:(\\d+):(\\d+):`, 'm').exec(passwd))
    .find((match) => match !== null)
  return { uid: Number(found?.[1] ?? 65_534), gid: Number(found?.[2] ?? 65_534) }
}

/** Root's cache is closed to others: then the service gets a copy of its own. */
function readableProgram(found: FoundProgram, dir: string, user: User | undefined): Pick<FoundProgram, 'file' | 'env'> {
  if (!found.isCached || user === undefined) return found
  const copy = join(dir, 'program')
  if (!existsSync(copy)) cpSync(found.root, copy, { recursive: true, verbatimSymlinks: true })
  return programIn(copy, POSTGRES)
}

interface Cluster {
  readonly file: string
  readonly env: Readonly<Record<string, string>>
  readonly passwordFile: string
  readonly dataDir: string
  readonly user: User | undefined
}

/** Made under another name first: a data folder is there only when it is whole. */
async function initialise({ file, env, passwordFile, dataDir, user }: Cluster): Promise<void> {
  const unfinished = `${dataDir}.unfinished`
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(unfinished, { mode: 0o700 })
  if (!existsSync(passwordFile)) writeFileSync(passwordFile, randomBytes(18).toString('base64url'), { mode: 0o600 })
  if (user !== undefined) for (const path of [unfinished, passwordFile]) chownSync(path, user.uid, user.gid)
  const initdb = join(dirname(realpathSync(file)), 'initdb')
  const options = [`--username=${NAME}`, `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--no-sync']
  const remedy = `use a folder that the user it runs as may enter (uid ${user?.uid ?? process.getuid?.()})`
  await runTool(initdb, [`--pgdata=${unfinished}`, ...options], { env, user, remedy, cwd: unfinished })
  renameSync(unfinished, dataDir)
}

export interface PostgresPlaces {
  readonly dataDir: string
  readonly port: number
}

/** No socket file: its path may be too long for one, and clients come by loopback. */
export function postgresArgs({ dataDir, port }: PostgresPlaces): string[] {
  const settings = { listen_addresses: '127.0.0.1', port, unix_socket_directories: '', jit: 'off' }
  return ['-D', dataDir, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
}

async function ensureDatabase(port: number, password: string): Promise<void> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: NAME, password, database: 'postgres', connectionTimeoutMillis: 10_000 })
  await client.connect()
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [NAME])
    if (rowCount === 0) await client.query(`create database ${NAME}`)
  } finally {
    await client.end()
  }
}
