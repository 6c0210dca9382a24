/** The settings of the lab's brokers, as values and as Kafka's own text: quick to start, to elect and to come back after a kill. */

export interface BrokerPorts {
  readonly plaintext: number
  readonly controller: number
  /** TLS and SASL/SCRAM-SHA-512, when secured. */
  readonly saslSsl: number
  /** TLS with a client certificate, when secured. */
  readonly ssl: number
  /** Plaintext again, behind a proxy. */
  readonly proxied: number
}

export interface BrokerSettings {
  /** From 1. */
  readonly nodeId: number
  readonly dataDir: string
  /** Of all nodes, in the order of their ids. */
  readonly ports: readonly BrokerPorts[]
  /** How long the cluster waits for a broker that says nothing; also how long a killed one must wait to come back. */
  readonly sessionTimeoutMs: number
  readonly secure?: { readonly serverPemFile: string; readonly caFile: string } | undefined
  /** Where this broker's proxy listens: clients that came through it are sent there again. */
  readonly proxyAddress?: string | undefined
}

/** @returns server.properties of one broker that is a controller too. */
export function brokerProperties({
  nodeId,
  dataDir,
  ports,
  sessionTimeoutMs,
  secure,
  proxyAddress,
}: BrokerSettings): Readonly<Record<string, string | number>> {
  const own = ports[nodeId - 1]!
  const replicas = ports.length
  const outside = [`PLAINTEXT://127.0.0.1:${own.plaintext}`]
  const proxied = (address: string) => (proxyAddress === undefined ? [] : [`PROXIED://${address}`])
  if (secure !== undefined) outside.push(`SASL_SSL://127.0.0.1:${own.saslSsl}`, `SSL://127.0.0.1:${own.ssl}`)
  return {
    'process.roles': 'broker,controller',
    'node.id': nodeId,
    'controller.quorum.voters': ports.map(({ controller }, index) => `${index + 1}@127.0.0.1:${controller}`).join(','),
    listeners: [...outside, ...proxied(`127.0.0.1:${own.proxied}`), `CONTROLLER://127.0.0.1:${own.controller}`].join(','),
    'advertised.listeners': [...outside, ...proxied(proxyAddress ?? '')].join(','),
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL,PROXIED:PLAINTEXT',
    'log.dirs': dataDir,
    'num.partitions': 1,
    'default.replication.factor': replicas,
    'min.insync.replicas': majorityOf(replicas),
    'auto.create.topics.enable': 'false',
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': majorityOf(replicas),
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': majorityOf(replicas),
    'group.initial.rebalance.delay.ms': 0,
    'num.network.threads': 2,
    'num.io.threads': 4,
    'log.segment.bytes': 134_217_728,
    'log.cleaner.dedupe.buffer.size': 16_777_216,
    'broker.session.timeout.ms': sessionTimeoutMs,
    'broker.heartbeat.interval.ms': Math.round(sessionTimeoutMs / 6),
    'controller.quorum.election.timeout.ms': 500,
    // So that tests see compaction.
    'log.initial.task.delay.ms': 500,
    'log.cleaner.backoff.ms': 500,
    ...(secure === undefined ? {} : secureProperties(secure)),
  }
}

function secureProperties({ serverPemFile, caFile }: NonNullable<BrokerSettings['secure']>): Readonly<Record<string, string>> {
  return {
    'sasl.enabled.mechanisms': 'SCRAM-SHA-512',
    'listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config': 'org.apache.kafka.common.security.scram.ScramLoginModule required;',
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': serverPemFile,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': caFile,
    'listener.name.ssl.ssl.client.auth': 'required',
  }
}

const majorityOf = (count: number) => Math.floor(count / 2) + 1

/** Java's properties format, where white space before a value, line breaks and backslashes need a backslash. */
export function toProperties(properties: Readonly<Record<string, string | number>>): string {
  return Object.entries(properties)
    .map(
      ([name, value]) =>
        `${name}=${String(value).replace(/^[ \t\f]|[\\\n\r\f]/g, (character) => ESCAPES[character] ?? `\\${character}`)}\n`,
    )
    .join('')
}

const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\f': '\\f', '\t': '\\t' }
