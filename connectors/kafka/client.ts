/**
 * What we ask of a Kafka client library, and no more: each library is one thin adapter, all else is ours.
 *
 * A client reads the partitions it is told from the offsets it is told; it never decides where to go on. Whatever fails
 * rejects with a KafkaFailure, after which the producer, reader or admin at hand is closed and a new one made.
 */
import type { Position } from '../../models/events/topics.ts'

export interface KafkaClient {
  readonly connectProducer: () => Promise<KafkaProducer>
  /** @param from The first offset to read of each partition. */
  readonly connectReader: (from: readonly Position[]) => Promise<KafkaReader>
  readonly connectAdmin: () => Promise<KafkaAdmin>
}

export interface OutgoingRecord {
  readonly topic: string
  readonly partition: number
  readonly key: string
  readonly headers: Readonly<Record<string, string | Uint8Array>>
  readonly value: string | Uint8Array
}

/** Idempotent, acks=all; one `send` at a time. A retry within one `send` writes nothing twice. */
export interface KafkaProducer {
  /**
   * Resolves when all in-sync replicas have all records, to the last position of each partition.
   * After a rejection it is unknown which of them were written, and this producer must not be used again:
   * its sequence numbers could make the brokers take another batch for the one that failed.
   */
  readonly send: (records: readonly OutgoingRecord[]) => Promise<readonly Position[]>
  readonly close: () => Promise<void>
}

export interface IncomingRecord {
  readonly offset: number
  /** As the record says, ms. */
  readonly timeMs: number
  /** UTF-8; the first of several of one name. */
  readonly headers: Readonly<Record<string, string>>
  /** Empty for a tombstone. */
  readonly value: Uint8Array
}

export interface FetchedPartition {
  readonly topic: string
  readonly partition: number
  /** In order; control records and records of aborted transactions are left out. */
  readonly records: readonly IncomingRecord[]
  /** Where reading goes on: above the last record, and above what was left out. */
  readonly nextOffset: number
  /** The offset that the next record written will get. */
  readonly endOffset: number
}

export interface KafkaReader {
  /** What has come since the last call; waits up to 500 ms for it. Bounded: at most one answer per broker is fetched ahead. */
  readonly poll: () => Promise<readonly FetchedPartition[]>
  /** Tells the group's offsets (the next to read) for those who watch the lag. Nobody reads from them. */
  readonly commit: (group: string, next: readonly Position[]) => Promise<void>
  readonly close: () => Promise<void>
}

export interface TopicDescription {
  readonly name: string
  readonly partitionCount: number
  readonly replicationFactor: number
  /** What the topic itself sets, without the broker's defaults. */
  readonly config: Readonly<Record<string, string>>
}

export interface PartitionRange {
  readonly topic: string
  readonly partition: number
  /** Of the oldest record that is kept. */
  readonly beginOffset: number
  readonly endOffset: number
}

export interface KafkaAdmin {
  readonly brokerCount: () => Promise<number>
  readonly topicNames: () => Promise<readonly string[]>
  /** Those of the topics that exist. */
  readonly describeTopics: (names: readonly string[]) => Promise<readonly TopicDescription[]>
  readonly partitionRanges: (topics: readonly string[]) => Promise<readonly PartitionRange[]>
  /** One that exists by now is no failure. */
  readonly createTopics: (topics: readonly TopicDescription[]) => Promise<void>
  /** @param config Replaces what the topic itself sets. */
  readonly setTopicConfig: (topic: string, config: Readonly<Record<string, string>>) => Promise<void>
  readonly close: () => Promise<void>
}

/** Time limits of every client, ms. */
export const CLIENT_LIMITS = { connectMs: 3_000, requestMs: 5_000, pollMs: 500 } as const
/** Of one answer to a fetch: a larger record still comes, alone. */
export const FETCH_LIMITS = { partitionBytes: 1024 * 1024, bytes: 4 * 1024 * 1024 } as const

export type FailureKind =
  /** No broker answers, or not in time. */
  | 'unreachable'
  | 'tls'
  /** The brokers do not take our user, password or certificate. */
  | 'credentials'
  /** They know us, but this we may not do. */
  | 'forbidden'
  | 'topic-missing'
  /** Topics that must have the same number of partitions have not. */
  | 'topics-unequal'
  /** Retention has passed the offset, or the topic was made anew. */
  | 'offset-gone'
  | 'too-large'
  /** Records that this client cannot read, such as by their compression. */
  | 'undecodable'
  | 'other'

/** Told by its message only: what a library throws may hold credentials. */
export class KafkaFailure extends Error {
  readonly kind: FailureKind

  constructor(kind: FailureKind, message: string) {
    super(message)
    this.name = 'KafkaFailure'
    this.kind = kind
  }
}
