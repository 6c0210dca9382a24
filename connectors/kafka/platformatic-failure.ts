/** What @platformatic/kafka throws, as a failure of ours: its errors nest by the dozen, and only their codes count. */
import { type FailureKind, KafkaFailure } from './client.ts'

/** By the broker's error, the library's code or the socket's; the first of these that is among them decides. */
const KINDS: readonly (readonly [FailureKind, RegExp])[] = [
  ['credentials', /^(PLT_KFK_AUTHENTICATION|SASL_AUTHENTICATION_FAILED|UNSUPPORTED_SASL_MECHANISM|ILLEGAL_SASL_STATE|ERR_SSL_.*ALERT.*)$/],
  [
    'tls',
    /^(ERR_TLS_.*|ERR_SSL_.*|ERR_OSSL_.*|EPROTO|CERT_.*|.*_CERT(_.*|$)|UNABLE_TO_.*|HOSTNAME_MISMATCH|Client network socket disconnected before secure TLS)/,
  ],
  ['forbidden', /_AUTHORIZATION_FAILED$/],
  ['topic-missing', /^(UNKNOWN_TOPIC_(OR_PARTITION|ID)$|Unknown topic )/],
  ['offset-gone', /^OFFSET_OUT_OF_RANGE$/],
  ['too-large', /^(MESSAGE_TOO_LARGE|RECORD_LIST_TOO_LARGE)$/],
  ['undecodable', /^(UNSUPPORTED_COMPRESSION_TYPE|PLT_KFK_UNSUPPORTED_COMPRESSION|CORRUPT_MESSAGE|PLT_KFK_OUT_OF_BOUNDS)$/],
  ['unreachable', /^(PLT_KFK_NETWORK|PLT_KFK_TIMEOUT|ECONN.*|ETIMEDOUT|EHOSTUNREACH|ENOTFOUND|EAI_AGAIN|EPIPE)$/],
  [
    'unreachable',
    /^(NOT_ENOUGH_REPLICAS.*|(LEADER|BROKER|COORDINATOR)_NOT_AVAILABLE|NOT_LEADER_OR_FOLLOWER|NOT_COORDINATOR|REQUEST_TIMED_OUT|COORDINATOR_LOAD_IN_PROGRESS|NETWORK_EXCEPTION|KAFKA_STORAGE_ERROR|(FENCED|UNKNOWN)_LEADER_EPOCH)$/,
  ],
]

export function toFailure(error: unknown): KafkaFailure {
  if (error instanceof KafkaFailure) return error
  const parts = partsOf(error).map(({ apiId, code, message }) => [apiId, code, message].filter((text) => typeof text === 'string'))
  for (const [kind, pattern] of KINDS) {
    const named = parts.find((texts) => texts.some((text) => pattern.test(text)))
    if (named !== undefined) return new KafkaFailure(kind, messageOf(named))
  }
  return new KafkaFailure('other', messageOf(parts.at(-1) ?? []))
}

/** The code says which failure it is, to those who look it up; the library's own codes say nothing more. */
function messageOf(texts: readonly string[]): string {
  return [...new Set(texts.filter((text) => !text.startsWith('PLT_KFK_')))].join(': ').slice(0, 500)
}

/** The same function, rejecting with a KafkaFailure only. */
export function asFailure<A extends readonly unknown[], R>(act: (...given: A) => Promise<R>): (...given: A) => Promise<R> {
  return async (...given) => {
    try {
      return await act(...given)
    } catch (error) {
      throw toFailure(error)
    }
  }
}

interface Part {
  readonly apiId?: unknown
  readonly code?: unknown
  readonly message?: unknown
}

/** The error, its causes and the errors within, outermost first; at most a hundred of them. */
function partsOf(error: unknown): Part[] {
  const parts: Part[] = []
  const waiting: unknown[] = [error]
  while (waiting.length > 0 && parts.length < 100) {
    const next = waiting.shift()
    if (typeof next !== 'object' || next === null) continue
    parts.push(next)
    if ('errors' in next && Array.isArray(next.errors)) waiting.push(...next.errors)
    if ('cause' in next) waiting.push(next.cause)
  }
  return parts
}
