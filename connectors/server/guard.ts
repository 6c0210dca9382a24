/**
 * Who may speak to the server: the address it may bind, the token, and the Host and Origin a browser sends.
 * A loopback server without a token is safe only because web pages of others are kept out by Host and Origin.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { TwinError } from '../../models/errors.ts'

/** @throws TwinError BIND_REFUSED */
export function checkBind(host: string, { asksWho }: { readonly asksWho: boolean }): void {
  if (asksWho || isLoopback(host)) return
  const remedy =
    'set one (16 characters or more) with --token or EDGETWIN_TOKEN, or bind to 127.0.0.1 and let a proxy or port forwarding do the rest'
  throw new TwinError('BIND_REFUSED', `${host} can be reached from other machines and no token is set; ${remedy}`, { details: { host } })
}

function isLoopback(host: string): boolean {
  return /^(localhost|.+\.localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(host)
}

/** Whether what was given is the token; takes the same time wherever they differ. True when none is set. */
export function isToken(given: unknown, token: string | null): boolean {
  if (token === null) return true
  return typeof given === 'string' && timingSafeEqual(digest(given), digest(token))
}

/** @returns the token of `Authorization: Bearer …`; null when there is none. */
export function bearerToken({ authorization }: IncomingHttpHeaders): string | null {
  return /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1] ?? null
}

/** A server on loopback answers only to loopback names: a page whose name was re-pointed at us (DNS rebinding) has another. */
export function hostRefusal({ host }: IncomingHttpHeaders, boundHost: string): string | null {
  if (!isLoopback(boundHost) || (host !== undefined && isLoopback(host.replace(/:\d+$/, '')))) return null
  return `Host ${JSON.stringify(host ?? '')} is not this machine; use http://127.0.0.1 or http://localhost`
}

/** Programs send no Origin; a browser's must be the page that we served. */
export function originRefusal({ host, origin }: IncomingHttpHeaders): string | null {
  if (origin === undefined || (URL.canParse(origin) && host !== undefined && new URL(origin).host === host.toLowerCase())) return null
  return `Origin ${JSON.stringify(origin)} is not this server; open the viewer that it serves`
}

export function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
