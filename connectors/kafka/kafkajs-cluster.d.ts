/** The layer of kafkajs 2.2.4 under its consumers, as far as we use it: it can read given partitions without a group. */
declare module 'kafkajs/src/cluster/index.js' {
  import type { ConnectionOptions } from 'node:tls'
  import type { IHeaders, ISocketFactory, Logger, RetryOptions, SASLOptions } from 'kafkajs'

  interface ClusterOptions {
    readonly logger: Logger
    readonly socketFactory: ISocketFactory
    readonly brokers: string[]
    readonly ssl?: ConnectionOptions | undefined
    readonly sasl?: SASLOptions | undefined
    readonly clientId: string
    readonly connectionTimeout: number
    readonly requestTimeout: number
    readonly enforceRequestTimeout: true
    readonly metadataMaxAge: number
    readonly retry: RetryOptions
    readonly allowAutoTopicCreation: false
    readonly isolationLevel: number
  }

  export interface FetchRequest {
    readonly isolationLevel: number
    readonly maxWaitTime: number
    readonly minBytes: number
    readonly maxBytes: number
    readonly topics: { topic: string; partitions: { partition: number; fetchOffset: string; maxBytes: number }[] }[]
  }

  export interface FetchedMessage {
    readonly offset: string
    readonly timestamp: string
    readonly value: Buffer | null
    readonly headers?: IHeaders
    readonly isControlRecord?: boolean
  }

  interface FetchedPartitionData {
    readonly partition: number
    readonly highWatermark: string
    readonly messages: readonly FetchedMessage[]
    readonly abortedTransactions?: unknown
  }

  export interface ClusterBroker {
    fetch(request: FetchRequest): Promise<{ readonly responses: readonly { topicName: string; partitions: FetchedPartitionData[] }[] }>
    offsetCommit(request: {
      groupId: string
      groupGenerationId: number
      memberId: string
      topics: { topic: string; partitions: { partition: number; offset: string }[] }[]
    }): Promise<unknown>
  }

  export default class Cluster {
    constructor(options: ClusterOptions)
    connect(): Promise<void>
    disconnect(): Promise<void>
    addMultipleTargetTopics(topics: string[]): Promise<void>
    /** @returns Partitions by node id; those it does not know are missing. */
    findLeaderForPartitions(topic: string, partitions: number[]): Record<string, number[]>
    findBroker(options: { nodeId: string }): Promise<ClusterBroker>
    findGroupCoordinator(options: { groupId: string }): Promise<ClusterBroker>
  }
}

declare module 'kafkajs/src/consumer/filterAbortedMessages.js' {
  /** Leaves out what aborted transactions wrote. */
  export default function filterAbortedMessages<M>(options: { messages: readonly M[]; abortedTransactions: unknown }): M[]
}
