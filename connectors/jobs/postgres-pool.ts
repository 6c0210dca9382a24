/**
 * Connections to PostgreSQL: settings from a URL without a password, the password from its file at every connect.
 *
 * A connection on which anything but an answer of the server came back is thrown away: nobody knows what it still waits for.
 */
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { PostgresPool } from 'kysely'
import pg from 'pg'
import { TwinError } from '../../models/errors.ts'

export interface PostgresPlace {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
  readonly passwordFile: string | undefined
  /** `sslmode` of the URL: disable, require (encrypted, whoever it is), verify-full (by `sslrootcert` or the known authorities). */
  readonly sslMode: 'disable' | 'require' | 'verify-full'
  readonly caFile: string | undefined
  /** A connection that says nothing for so long is given up. */
  readonly answerWithinMs: number
}

const CONNECT_WITHIN_MS = 5_000
const CONNECTIONS_MAX = 8
const INT8 = 20

export interface PlaceOptions {
  /** postgres://user@host:port/database, without the password. */
  readonly url: string
  /** Read at every connect. */
  readonly passwordFile?: string | undefined
  readonly answerWithinMs?: number
}

/** @throws TwinError CONFIG_INVALID */
export function toPlace({ url, passwordFile, answerWithinMs = 12_000 }: PlaceOptions): PostgresPlace {
  const { hostname, port, pathname, username, searchParams } = new URL(url)
  const sslMode = searchParams.get('sslmode') ?? 'disable'
  if (sslMode !== 'disable' && sslMode !== 'require' && sslMode !== 'verify-full') {
    throw new TwinError('CONFIG_INVALID', `sslmode=${sslMode} of postgresUrl is not known; use disable, require or verify-full`)
  }
  const user = decodeURIComponent(username) || 'edgetwin'
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1') || '127.0.0.1',
    port: Number(port || 5432),
    database: decodeURIComponent(pathname.slice(1)) || user,
    user,
    passwordFile,
    sslMode,
    caFile: searchParams.get('sslrootcert') ?? undefined,
    answerWithinMs,
  }
}

export function toClientConfig({ passwordFile, sslMode, caFile, answerWithinMs, ...place }: PostgresPlace): pg.ClientConfig {
  // The server gives up first, so that a slow step and a dead connection are told apart.
  const stepWithinMs = Math.ceil(answerWithinMs * 0.8)
  const ca = caFile === undefined ? {} : { ca: readFileSync(caFile, 'utf8') }
  return {
    ...place,
    ssl: sslMode === 'disable' ? false : { rejectUnauthorized: sslMode === 'verify-full', ...ca },
    // An empty one is refused by the server in words that say so.
    password: async () => (passwordFile === undefined ? '' : (await readFile(passwordFile, 'utf8')).trimEnd()),
    application_name: 'edgetwin',
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    statement_timeout: stepWithinMs,
    // Who stops in the middle must not keep the others from the feed.
    idle_in_transaction_session_timeout: stepWithinMs,
    query_timeout: answerWithinMs,
    keepAlive: true,
    types: {
      // Our numbers stay far below 2^53.
      getTypeParser: (id: number, format?: 'text' | 'binary') => (id === INT8 ? Number : pg.types.getTypeParser(id, format ?? 'text')),
    },
  }
}

export function createPool(place: PostgresPlace): PostgresPool {
  const pool = new pg.Pool({ ...toClientConfig(place), max: CONNECTIONS_MAX })
  // Whoever uses the connection hears of it as well, and an idle one is replaced when it is wanted.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  return {
    options: {},
    end: () => pool.end(),
    connect: async () => discardable(await pool.connect()),
  }
}

/** The client as kysely sees it: once broken it answers nothing, and it does not go back to the pool. */
function discardable(client: pg.PoolClient): pg.PoolClient {
  let broken: unknown = null
  const query = async (sql: string, parameters: unknown[]) => {
    if (broken !== null) throw broken
    try {
      return await client.query(sql, parameters)
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) broken = error
      throw error
    }
  }
  const release = (isUnwanted?: boolean) => client.release(isUnwanted === true || broken !== null)
  const ours = new Map<string | symbol, unknown>(Object.entries({ query, release }))
  return new Proxy(client, { get: (target, name) => ours.get(name) ?? Reflect.get(target, name) })
}
