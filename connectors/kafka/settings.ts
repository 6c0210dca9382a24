/** What a Kafka client and the event log on it must be told. Secrets are files, read again at every connection. */
import { readFileSync } from 'node:fs'
import { KafkaFailure } from './client.ts'

export interface KafkaSettings {
  /** host:port */
  readonly brokers: readonly string[]
  readonly clientId: string
  /** Of the offsets that lag displays read. */
  readonly group: string
  /** Put before every topic name. */
  readonly topicPrefix: string
  readonly tls?: KafkaTls | undefined
  readonly sasl?: KafkaSasl | undefined
}

/** PEM files; without `caFile` the authorities that Node trusts. */
export interface KafkaTls {
  readonly caFile?: string | undefined
  readonly certFile?: string | undefined
  readonly keyFile?: string | undefined
}

export interface KafkaSasl {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
  readonly username: string
  readonly passwordFile: string
}

export interface TlsMaterial {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

/** @throws KafkaFailure tls */
export function readTls({ caFile, certFile, keyFile }: KafkaTls): TlsMaterial {
  return {
    ...(caFile === undefined ? {} : { ca: readSecret(caFile, 'tls') }),
    ...(certFile === undefined ? {} : { cert: readSecret(certFile, 'tls') }),
    ...(keyFile === undefined ? {} : { key: readSecret(keyFile, 'tls') }),
  }
}

/** @throws KafkaFailure credentials */
export function readPassword({ passwordFile }: KafkaSasl): string {
  return readSecret(passwordFile, 'credentials').trim()
}

function readSecret(file: string, kind: 'tls' | 'credentials'): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    throw new KafkaFailure(kind, `cannot read ${file}`)
  }
}
