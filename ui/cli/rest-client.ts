/**
 * A thin client of the server's REST API: one request, one answer checked against its schema.
 *
 * Whatever goes wrong comes out as a TwinError with the server's own code where it gave one (RFC 9457 problem
 * details), so that messages and exit codes are the same as if the work had been done here.
 */
import { z } from 'zod'
import { ERROR_CODES, type ErrorCode, TwinError } from '../../models/errors.ts'
import type { TokenSource } from './token.ts'

export interface RestOptions {
  readonly server: string
  readonly token: TokenSource
  readonly requestTimeoutMs: number
}

export type Query = Readonly<Record<string, string | number | null | undefined>>

export interface RestCall<T> {
  readonly query?: Query
  readonly body?: unknown
  readonly shape: z.ZodType<T>
}

export interface RestClient {
  get<T>(path: string, call: RestCall<T>): Promise<T>
  post<T>(path: string, call: RestCall<T>): Promise<T>
  put<T>(path: string, call: RestCall<T>): Promise<T>
  delete(path: string): Promise<void>
}

const API = 'api/v1/'
const problemShape = z.object({
  title: z.string().optional(),
  detail: z.string().optional(),
  code: z.string().optional(),
  type: z.string().optional(),
  /** YAML that would allow what was refused. */
  details: z.object({ grant: z.string().optional() }).optional().catch(undefined),
})
export const TOKEN_REMEDY = '; give a token with --token, --token-file or --context (or their EDGETWIN_ variables)'
const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'QUERY_INVALID',
  401: 'UNAUTHORIZED',
  403: 'FORBIDDEN',
  404: 'ENTITY_UNKNOWN',
  409: 'DECISION_STATE',
  429: 'RATE_LIMITED',
  503: 'OVERLOADED',
}

export function createRestClient(options: RestOptions): RestClient {
  const base = toBase(options.server)
  const send = async <T>(method: string, path: string, { query = {}, body, shape }: RestCall<T>): Promise<T> => {
    const url = new URL(API + path, base)
    for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== null) url.searchParams.set(name, String(value))
    const { status, text } = await exchange(url, { method, body }, options)
    const answer = status === 204 || text === '' ? undefined : parseJson(text, url)
    if (status >= 400) throw toError(status, answer, url)
    const parsed = shape.safeParse(answer)
    if (parsed.success) return parsed.data
    const issue = parsed.error.issues[0]
    const place = issue === undefined ? 'the answer' : issue.path.join('.') || 'the answer'
    throw new TwinError(
      'INTERNAL',
      `${url.href} answered what this twinctl does not understand (${place}: ${issue?.message}); use the server's version`,
    )
  }
  return {
    get: (path, call) => send('GET', path, call),
    post: (path, call) => send('POST', path, call),
    put: (path, call) => send('PUT', path, call),
    delete: async (path) => {
      await send('DELETE', path, { shape: z.unknown() })
    },
  }
}

/** @throws TwinError CONFIG_INVALID unless it is an http(s) address. */
export function toBase(server: string): URL {
  const url = URL.parse(server.endsWith('/') ? server : `${server}/`)
  if (url !== null && /^https?:$/.test(url.protocol)) return url
  throw new TwinError('CONFIG_INVALID', `--server '${server}' is no address; give one like http://127.0.0.1:8080`)
}

async function exchange(
  url: URL,
  { method, body }: { method: string; body: unknown },
  { token: tokenOf, requestTimeoutMs }: RestOptions,
): Promise<{ status: number; text: string }> {
  const token = await tokenOf()
  const headers: Record<string, string> = { accept: 'application/json, application/problem+json' }
  if (token !== undefined) headers.authorization = `Bearer ${token}`
  if (body !== undefined) headers['content-type'] = 'application/json'
  try {
    const response = await fetch(url, {
      method,
      headers,
      signal: AbortSignal.timeout(requestTimeoutMs),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return { status: response.status, text: await response.text() }
  } catch (cause) {
    throw toUnreachable(url, { cause, timeoutMs: requestTimeoutMs })
  }
}

/** The viewer with this scenario filled in. */
export function shareUrl(server: string, text: string): string {
  return `${toBase(server).href}#scenario=${encodeURIComponent(text)}`
}

/** What fetch and socket.io say of a failure; fetch keeps the reason one level down. */
const failureShape = z.object({
  name: z.string().optional(),
  message: z.string().optional(),
  cause: z.object({ code: z.string().optional(), message: z.string().optional() }).optional().catch(undefined),
})

/** @returns SERVER_UNREACHABLE; with `details.timeoutMs` when the time was up. */
export function toUnreachable(url: URL, { cause, timeoutMs }: { cause: unknown; timeoutMs: number }): TwinError {
  const { name, message = String(cause), cause: inner } = failureShape.safeParse(cause).data ?? {}
  if (name === 'TimeoutError') {
    const text = `${url.origin} did not answer within ${timeoutMs / 1_000} s; try again, or raise --request-timeout`
    return new TwinError('SERVER_UNREACHABLE', text, { details: { timeoutMs }, cause })
  }
  const reason = inner?.code ?? inner?.message ?? message
  const remedy = 'start one with `npm start`, or name another with --server or EDGETWIN_SERVER'
  return new TwinError('SERVER_UNREACHABLE', `no edgetwin server answers at ${url.origin} (${reason}); ${remedy}`, { cause })
}

function parseJson(text: string, url: URL): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new TwinError('SERVER_UNREACHABLE', `${url.origin} answers, but is no edgetwin server; name another with --server`, { cause })
  }
}

function toError(status: number, answer: unknown, url: URL): TwinError {
  const problem = problemShape.safeParse(answer).data ?? {}
  const named = [problem.code, problem.type?.split(/[/#]/).at(-1)?.toUpperCase().replaceAll('-', '_')]
  const code = named.find((name) => name !== undefined && isErrorCode(name)) ?? CODE_OF_STATUS[status] ?? 'INTERNAL'
  const message = problem.detail ?? problem.title ?? `${url.pathname} answered ${status}`
  const remedy = code === 'UNAUTHORIZED' ? TOKEN_REMEDY : ''
  const grant = problem.details?.grant === undefined ? '' : `\n${problem.details.grant.trimEnd()}`
  return new TwinError(isErrorCode(code) ? code : 'INTERNAL', message + remedy + grant, { details: { status } })
}

export function isErrorCode(name: unknown): name is ErrorCode {
  return typeof name === 'string' && Object.hasOwn(ERROR_CODES, name)
}
