/** What PostgreSQL and the network say, as errors that name the place and the remedy; never a password. */
import pg from 'pg'
import { z } from 'zod'
import { TwinError } from '../../models/errors.ts'
import type { PostgresPlace } from './postgres-pool.ts'

type Trouble = (place: PostgresPlace) => string

const OF_SERVER: Readonly<Record<string, Trouble>> = {
  '28P01': ({ user, passwordFile }) =>
    `refuses the password of user ${user}; ${passwordFile ? `correct the file ${passwordFile}` : 'name the file that holds it with postgresPasswordFile'}`,
  '28000': ({ user }) => `does not let user ${user} in; see pg_hba.conf, or name another user in postgresUrl`,
  '3D000': ({ database, user }) => `has no database ${database}; make it (\`createdb --owner ${user} ${database}\`) or correct postgresUrl`,
  '42501': ({ database, user }) =>
    `does not let user ${user} make or use the tables in ${database}; grant it (\`grant create on schema public\`)`,
  '42P01': ({ database }) => `has lost tables of ours in ${database}; restore them, or drop those that are left to start anew`,
  '53300': () => 'has no connection left for us; raise max_connections or stop other clients',
  '53100': () => 'has no room on its disk; free some: no job is lost, and none is taken in until then',
  '57014': () => 'took too long over a step; look for long transactions and locks there',
  '57P03': () => 'is starting or stopping; wait, it is asked again',
  '57P01': () => 'was stopped; start it again',
  '25P03': () => 'ended a step that stood still; the machine was stopped or overloaded',
  '40P01': () => 'undid a step that stood in the way of another; try again',
}
const OF_NETWORK: Readonly<Record<string, Trouble>> = {
  ENOTFOUND: ({ host }) => `is not found: no such host ${host}; correct postgresUrl`,
  EAI_AGAIN: ({ host }) => `is not found: the name ${host} cannot be looked up now; see the name server, or correct postgresUrl`,
  ECONNREFUSED: () => 'is not reached: nothing listens there; start PostgreSQL or correct postgresUrl',
  ENOENT: ({ passwordFile }) => `is not asked: there is no file ${passwordFile} with its password; correct postgresPasswordFile`,
  EACCES: ({ passwordFile }) => `is not asked: the file ${passwordFile} with its password may not be read; correct its rights`,
}

const saidShape = z.object({ code: z.string().default(''), message: z.string().default('') })

/** @returns a bug, or a TwinError, as it is. */
export function toPostgresError(error: unknown, place: PostgresPlace): unknown {
  if (error instanceof TwinError) return error
  const { code, message } = saidShape.catch({ code: '', message: '' }).parse(error)
  const where = `PostgreSQL at ${place.host}:${place.port}`
  const told = (what: string) =>
    new TwinError('JOBS_UNREACHABLE', `${where} ${what}`, {
      details: { host: place.host, port: place.port, database: place.database, code },
    })
  if (error instanceof pg.DatabaseError) {
    const known = OF_SERVER[code] ?? (/^(08|53|57|58)/.test(code) ? () => `says: ${message}` : undefined)
    return known === undefined ? error : told(known(place))
  }
  if (OF_NETWORK[code] !== undefined) return told(OF_NETWORK[code](place))
  if (/password must be a/.test(message)) return told(OF_SERVER['28P01']!(place))
  const isOfNetwork = code !== '' || /timeout|terminated|closed|not queryable|SSL/i.test(message)
  return isOfNetwork ? told(`does not answer: ${message || code}; see whether it runs and the network lets us through`) : error
}
