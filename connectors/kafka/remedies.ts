/** What to do about each failure of Kafka: for checks and for those who asked. */
import { TwinError } from '../../models/errors.ts'
import type { FailureKind, KafkaFailure } from './client.ts'

export const REMEDIES: Readonly<Record<FailureKind, string>> = {
  unreachable: 'start Kafka, or correct kafkaBrokers; if the brokers want TLS, set kafkaTls',
  tls: 'correct kafkaCaFile, kafkaCertFile and kafkaKeyFile, name the brokers as their certificates do, or set kafkaTls to false if they have none',
  credentials: 'correct kafkaUsername, kafkaPasswordFile and kafkaSaslMechanism; the file is read again at every try',
  forbidden: 'let the user read and write the topics (ACLs: Read, Write, Describe)',
  'topic-missing': 'create the topics with `twinctl topics ensure`, or correct kafkaTopicPrefix',
  'topics-unequal': 'make the topics anew with the same number of partitions: `twinctl topics ensure --dry-run` shows what is wanted',
  'offset-gone': 'wait some seconds: the topic is read from its start if it stays so',
  'too-large': 'raise message.max.bytes of the brokers',
  undecodable: 'have its producers compress with gzip or zstd, or not at all; or set eventLog to platformatic',
  other: 'see the log; if it stays, try the other client (eventLog)',
}

export function toTwinError({ kind, message }: KafkaFailure): TwinError {
  return new TwinError('LOG_UNREACHABLE', `Kafka (${kind}): ${message}; ${REMEDIES[kind]}`, { details: { kind } })
}
