/** The layer of kafkajs 2.2.4 under its consumers, as far as we use it: it can read given partitions without a group. */
declare module 'kafkajs/src/cluster/index.js' {
  import type { ConnectionOptions } from 'node:tls'
  import type { ISocketFactory, Logger, RetryOptions, SASLOptions } from 'kafkajs'

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

  export interface Response<T> {
    readonly decode: (answer: Buffer) => Promise<T>
    /** Rejects when the answer tells of an error. */
    readonly parse: (answer: T) => Promise<T>
  }

  export interface ClusterBroker {
    readonly connectionPool: {
      send<T>(call: { readonly request: unknown; readonly response: Response<T>; readonly requestTimeout: number }): Promise<T>
    }
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

declare module 'kafkajs/src/protocol/requests/fetch/v11/request.js' {
  export default function fetchRequest(options: {
    readonly replicaId: number
    readonly isolationLevel: number
    readonly maxWaitTime: number
    readonly minBytes: number
    readonly maxBytes: number
    readonly topics: { topic: string; partitions: { partition: number; fetchOffset: string; maxBytes: number }[] }[]
  }): unknown
}

declare module 'kafkajs/src/protocol/requests/fetch/v11/response.js' {
  interface Coded {
    readonly responses: readonly { topicName: string; partitions: readonly { partition: number; errorCode: number }[] }[]
  }
  const response: { readonly parse: <T extends Coded>(answer: T) => Promise<T> }
  export default response
}
