/** What went wrong, in our words: kafkajs wraps the cause in retries' errors, and names it by name, type or code. */
import { type FailureKind, KafkaFailure } from './client.ts'

const KIND_BY_TYPE: Readonly<Record<string, FailureKind>> = {
  SASL_AUTHENTICATION_FAILED: 'credentials',
  UNSUPPORTED_SASL_MECHANISM: 'credentials',
  ILLEGAL_SASL_STATE: 'credentials',
  TOPIC_AUTHORIZATION_FAILED: 'forbidden',
  GROUP_AUTHORIZATION_FAILED: 'forbidden',
  CLUSTER_AUTHORIZATION_FAILED: 'forbidden',
  UNKNOWN_TOPIC_OR_PARTITION: 'topic-missing',
  INVALID_TOPIC_EXCEPTION: 'topic-missing',
  OFFSET_OUT_OF_RANGE: 'offset-gone',
  MESSAGE_TOO_LARGE: 'too-large',
  RECORD_LIST_TOO_LARGE: 'too-large',
  CORRUPT_MESSAGE: 'undecodable',
}
const KIND_BY_NAME: Readonly<Record<string, FailureKind>> = {
  KafkaJSSASLAuthenticationError: 'credentials',
  KafkaJSNotImplemented: 'undecodable',
  KafkaJSUnsupportedMagicByteInMessageSet: 'undecodable',
}
/** Codes of OpenSSL and Node: ERR_TLS_CERT_ALTNAME_INVALID, SELF_SIGNED_CERT_IN_CHAIN, CERT_HAS_EXPIRED, EPROTO … */
const TLS_CODE = /CERT|TLS|SSL|SIGNATURE|^EPROTO$/
/** Node's words when the peer hangs up, as a listener without TLS does; their code is that of any lost connection. */
const NO_TLS_THERE = 'before secure TLS connection was established'

export function toFailure(error: unknown): KafkaFailure {
  if (error instanceof KafkaFailure) return error
  const chain = causesOf(error)
  for (const cause of chain) {
    const kind = KIND_BY_TYPE[textOf(cause, 'type')] ?? KIND_BY_NAME[cause.name] ?? tlsKind(cause)
    if (kind !== undefined) return new KafkaFailure(kind, cause.message)
  }
  const root = chain.at(-1)
  if (root === undefined) return new KafkaFailure('other', 'an error without a message')
  // What kafkajs would try again has to do with the brokers; the rest is ours or kafkajs' own mistake.
  const isOfBrokers = chain.some((cause) => Reflect.get(cause, 'retriable') === true)
  return new KafkaFailure(isOfBrokers ? 'unreachable' : 'other', root.message)
}

function tlsKind(error: Error): FailureKind | undefined {
  return TLS_CODE.test(textOf(error, 'code')) || error.message.includes(NO_TLS_THERE) ? 'tls' : undefined
}

/** From the outermost to the root, bounded: an error may cause itself. */
function causesOf(error: unknown): Error[] {
  const chain: Error[] = []
  for (let cause = error; cause instanceof Error && chain.length < 10; cause = cause.cause) {
    if (chain.includes(cause)) break
    chain.push(cause)
  }
  return chain
}

function textOf(error: Error, field: string): string {
  const value: unknown = Reflect.get(error, field)
  return typeof value === 'string' ? value : ''
}
