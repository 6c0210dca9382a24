/**
 * The event log on Kafka, as the settings want it: one writer for the process, a reader for each twin, what nobody can read kept apart.
 *
 * That Kafka is away is no reason not to start: the twin shows what its journal knows, and says that it is old.
 */
import type { KafkaClient } from '../connectors/kafka/client.ts'
import { type DeadLetterTopic, openDeadLetterTopic } from '../connectors/kafka/dead-letters.ts'
import { createKafkaAdmin } from '../connectors/kafka/kafka-admin.ts'
import { createKafkaLog, type KafkaLog, type KafkaLogStatus } from '../connectors/kafka/kafka-log.ts'
import type { KafkaSettings } from '../connectors/kafka/settings.ts'
import { ensureTopics } from '../connectors/kafka/topics.ts'
import type { Check } from '../models/contracts/api.ts'
import type { LogAdmin } from '../models/contracts/log-admin.ts'
import type { Clock, EventLog, Logger, Stop } from '../models/ports.ts'
import type { Config } from './config.ts'
import { type Hearing, makeHearing } from './hearing.ts'
import { type Ingest, runIngest, type TakeOptions } from './ingest.ts'
import type { OutsideLog } from './run-site-twin.ts'
import type { DeadRecord } from './sort-records.ts'
import { takenBefore } from './was-taken.ts'

export interface RunningKafka {
  readonly client: KafkaClient
  readonly settings: KafkaSettings
  readonly publish: EventLog['publish']
  readonly hearing: Hearing
  readonly admin: LogAdmin
  readonly onDead: (dead: readonly DeadRecord[]) => void
  /** A log of its own to read by, with its own checks. */
  readonly reader: (options?: { readonly partitions?: readonly number[]; readonly wasTaken?: ReturnType<typeof takenBefore> }) => KafkaLog
  /** Of the writer. */
  readonly checks: () => readonly Check[]
  readonly status: () => KafkaLogStatus
  readonly stop: Stop
}

export interface KafkaOptions {
  readonly site: string
  readonly config: Config
  readonly clock: Clock
  readonly log: Logger
}

export async function openKafka({ site, config, clock, log }: KafkaOptions): Promise<RunningKafka> {
  const settings = kafkaSettings(config, site)
  const client = await openClient(config, settings, log)
  const common = { client, settings, clock, random: Math.random, logger: log }
  const writer = createKafkaLog(common)
  const deadLetters = openDeadLetterTopic({ client, prefix: settings.topicPrefix, clock })
  if (config.kafkaEnsureTopics) void ensure(client, settings.topicPrefix, log)
  return {
    client,
    settings,
    publish: writer.publish,
    hearing: makeHearing(writer.publish),
    admin: createKafkaAdmin({ client, prefix: settings.topicPrefix, deadLetters }),
    onDead: (dead) => void keepDead(deadLetters, dead, log),
    reader: (options) => createKafkaLog({ ...common, ...options }),
    checks: writer.checks,
    status: writer.status,
    async stop() {
      await writer.close()
      await deadLetters.close()
    },
  }
}

/** A library is read in only where it is wanted: this is most of what a start takes, in time and memory. */
async function openClient({ eventLog }: Config, settings: KafkaSettings, log: Logger): Promise<KafkaClient> {
  if (eventLog === 'platformatic') {
    const { createPlatformaticClient } = await import('../connectors/kafka/platformatic-client.ts')
    return createPlatformaticClient(settings)
  }
  const { createKafkajsClient } = await import('../connectors/kafka/kafkajs-client.ts')
  return createKafkajsClient(settings, log)
}

/** Of one site that this process alone reads: no group, so it starts from its journal even while Kafka is away. */
export function ingestOf(
  kafka: RunningKafka,
  site: string,
): { readonly start: (options: TakeOptions) => Promise<Ingest>; readonly reader: () => KafkaLog | null } {
  let reader: KafkaLog | null = null
  return {
    reader: () => reader,
    async start(options) {
      const own = kafka.reader({ wasTaken: takenBefore(options.journal) })
      reader = own
      const ingest = await runIngest({
        ...options,
        site,
        onDead: kafka.onDead,
        log: { ...own, subscribe: kafka.hearing.listenIn(own.subscribe) },
      })
      return {
        ...ingest,
        async stop() {
          await ingest.stop()
          await own.close()
        },
      }
    },
  }
}

/** What the twin must know of a log that it does not hold itself. */
export function outsideLogOf(kafka: RunningKafka, reader: () => Pick<KafkaLog, 'checks' | 'status'> | null): OutsideLog {
  return {
    publishAndHear: kafka.hearing.publishAndHear,
    admin: kafka.admin,
    // The reader's writing half is idle, and the writer's reading half.
    checks: () => [...(reader()?.checks() ?? []).filter(({ name }) => name !== WRITING), ...kafka.checks()],
    status: () => {
      const { published, refused, waiting, lastError } = kafka.status()
      const reading = reader()?.status()
      return { ...(reading ?? kafka.status()), published, refused, waiting, lastError: reading?.lastError ?? lastError }
    },
  }
}

const WRITING = 'kafka-write'

function kafkaSettings(config: Config, site: string): KafkaSettings {
  const { kafkaTls, kafkaUsername: username, kafkaPasswordFile: passwordFile } = config
  return {
    brokers: config.kafkaBrokers ?? [],
    clientId: `edgetwin-${site}`,
    group: config.kafkaGroup ?? `edgetwin-${site}`,
    topicPrefix: config.kafkaTopicPrefix,
    tls: kafkaTls ? { caFile: config.kafkaCaFile, certFile: config.kafkaCertFile, keyFile: config.kafkaKeyFile } : undefined,
    sasl:
      username !== undefined && passwordFile !== undefined ? { mechanism: config.kafkaSaslMechanism, username, passwordFile } : undefined,
  }
}

const ENSURE_RETRY_MS = 2_000

/** Until it is done: Kafka may come up after us. */
async function ensure(client: KafkaClient, prefix: string, log: Logger): Promise<void> {
  for (let told = false; ; told = true) {
    try {
      for (const { topic, action, detail } of await ensureTopics(client, { prefix })) {
        if (action === 'refuse') log.warn({ topic, detail }, 'topic is not as wanted')
        else if (action !== 'keep') log.info({ topic, action, detail }, 'topic ensured')
      }
      return
    } catch (error) {
      if (!told) log.warn({ reason: error instanceof Error ? error.message : String(error) }, 'topics not ensured yet')
      await new Promise((resolve) => setTimeout(resolve, ENSURE_RETRY_MS).unref())
    }
  }
}

/** The journal has them already; the topic keeps them whole, for a replay. */
async function keepDead(deadLetters: DeadLetterTopic, dead: readonly DeadRecord[], log: Logger): Promise<void> {
  try {
    await deadLetters.add(dead)
  } catch (error) {
    log.warn({ count: dead.length, reason: error instanceof Error ? error.message : String(error) }, 'dead letters are in the journal only')
  }
}
