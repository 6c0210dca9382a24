/**
 * Lets each request in or not: by the Host and Origin it names, what its route needs, and how often its sender comes.
 *
 * It runs before anything is read of a request, and what it found out of the sender stays with the request.
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyRequest } from 'fastify'
import type { Access, Need, Scope, Subject } from '../../models/contracts/access.ts'
import { TwinError } from '../../models/errors.ts'
import { needOf, scopeOf } from './auth-table.ts'
import { bearerToken, digest, hostRefusal, originRefusal } from './guard.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who sent it; null where anyone may. */
    subject: Subject | null
  }
  interface FastifyInstance {
    /** "METHOD /path" of every route. */
    served: ReadonlySet<string>
  }
}

export interface AdmissionOptions {
  readonly access: Access
  readonly host: string
  /** Both throw TwinError RATE_LIMITED. */
  readonly countChange: (request: FastifyRequest) => Promise<void>
  readonly countRefusal: (request: FastifyRequest) => Promise<void>
}

/** @throws TwinError ORIGIN_REFUSED, UNAUTHORIZED, FORBIDDEN, ACCESS_UNAVAILABLE, RATE_LIMITED, OVERLOADED */
export async function admitRequest(request: FastifyRequest, { access, host, countChange, countRefusal }: AdmissionOptions): Promise<void> {
  const { headers, method, routeOptions } = request
  const isRead = method === 'GET' || method === 'HEAD'
  const refusal = hostRefusal(headers, host) ?? (isRead ? null : originRefusal(headers))
  if (refusal !== null) throw new TwinError('ORIGIN_REFUSED', refusal)
  if (!isRead) await countChange(request)
  try {
    const { url } = routeOptions
    request.subject = await admit(access, bearerToken(headers), { need: needOf(method, url), scope: scopeOf(method, url) })
  } catch (error) {
    // Who is refused counts too, so that guessing is slow.
    await countRefusal(request)
    throw error
  }
}

/** What is wrong inside is told to those who may read the whole twin, also on routes that anyone may use. */
export function mayRead(access: Access, headers: IncomingHttpHeaders): Promise<boolean> {
  return access.admit(bearerToken(headers), 'get twins', { isOpen: true }).then(
    () => true,
    () => false,
  )
}

/** Of whom each change is counted apart: several may come through one proxy, and nobody can spend what is another's. */
export function senderOf({ ip, headers }: Pick<FastifyRequest, 'ip' | 'headers'>): string {
  const token = bearerToken(headers)
  return token === null ? ip : `${ip} ${digest(token).toString('base64')}`
}

/** Who asked, for the audit. */
export function subjectOf({ ip, subject }: Pick<FastifyRequest, 'ip' | 'subject'>): string {
  return subject?.user?.slice(0, BY_LENGTH_MAX) ?? `operator@${ip}`
}

/** Of an id in an event. */
const BY_LENGTH_MAX = 253

async function admit(
  access: Access,
  token: string | null,
  { need, scope }: { readonly need: Need | null; readonly scope: Scope },
): Promise<Subject | null> {
  if (need === null) throw new TwinError('FORBIDDEN', 'nobody may use this route yet: it names no right that it needs')
  return need === 'anyone' ? null : access.admit(token, need, { isOpen: true, scope })
}
