/** How kafkajs connects, retries, speaks and warns; the same for producer, reader and admin. */
import { connect as connectTcp, isIP } from 'node:net'
import { connect as connectTls } from 'node:tls'
import kafkajs, { type ISocketFactory, type KafkaConfig, type RetryOptions, type SASLOptions } from 'kafkajs'
import type { Logger } from '../../models/ports.ts'
import { CLIENT_LIMITS } from './client.ts'
import { type KafkaSasl, type KafkaSettings, readPassword, readTls } from './settings.ts'

const { logLevel } = kafkajs
const KEEP_ALIVE_MS = 15_000

/** Short: who asks tries again by himself, with a fresh connection. */
export const CONNECT_RETRY: RetryOptions = { initialRetryTime: 50, maxRetryTime: 500, retries: 5, factor: 0.2, multiplier: 2 }
/** A batch is retried with its own sequence numbers as long as that may help; about 10 s. */
export const SEND_RETRY: RetryOptions = { initialRetryTime: 100, maxRetryTime: 1_000, retries: 12, factor: 0.2, multiplier: 2 }

/** Reads the secrets anew. @throws KafkaFailure tls, credentials */
export function connectionOf({ brokers, clientId, tls, sasl }: KafkaSettings, log: Logger) {
  return {
    brokers: [...brokers],
    clientId,
    ssl: tls === undefined ? undefined : readTls(tls),
    sasl: sasl === undefined ? undefined : saslOf(sasl),
    connectionTimeout: CLIENT_LIMITS.connectMs,
    requestTimeout: CLIENT_LIMITS.requestMs,
    enforceRequestTimeout: true,
    socketFactory,
    logLevel: logLevel.INFO,
    logCreator:
      () =>
      ({ level, namespace, log: { message } }) =>
        // It tells as an error what it retries; what matters comes to us as a rejection.
        log.debug({ level: logLevel[level], namespace }, message),
  } as const satisfies Omit<KafkaConfig, 'ssl' | 'sasl'> & { ssl: unknown; sasl: unknown }
}

function saslOf(sasl: KafkaSasl): SASLOptions {
  return { mechanism: sasl.mechanism, username: sasl.username, password: readPassword(sasl) }
}

/** Without Nagle's delay, and with probes that find a peer that is gone. */
const socketFactory: ISocketFactory = ({ host, port, ssl, onConnect }) => {
  const servername = isIP(host) === 0 ? { servername: host } : {}
  const socket = ssl ? connectTls({ host, port, ...servername, ...ssl }, onConnect) : connectTcp({ host, port }, onConnect)
  return socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS)
}

/** kafkajs asks for timers of less than 0 ms, which Node 24 warns of and treats as it should; nothing else is hidden. */
export function hideNegativeTimeouts(): void {
  const { emitWarning } = process
  if (emitWarning.name === 'emitOtherWarnings') return
  process.emitWarning = function emitOtherWarnings(...told: unknown[]) {
    if (!told.includes('TimeoutNegativeWarning')) Reflect.apply(emitWarning, process, told)
  }
}
