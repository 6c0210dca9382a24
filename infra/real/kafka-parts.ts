/** What the suites on a real Kafka share: the clients to run against, topics of a test's own, and who remembers what was taken. */
import type { KafkaClient } from '../../connectors/kafka/client.ts'
import { createKafkajsClient } from '../../connectors/kafka/kafkajs-client.ts'
import { createPlatformaticClient } from '../../connectors/kafka/platformatic-client.ts'
import type { KafkaSettings } from '../../connectors/kafka/settings.ts'
import { lastPositions, type Position } from '../../models/events/topics.ts'
import type { Logger, RawRecord } from '../../models/ports.ts'

export const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} }

export const CLIENTS: readonly (readonly [string, (settings: KafkaSettings) => KafkaClient])[] = [
  ['kafkajs', (settings) => createKafkajsClient(settings, silent)],
  ['platformatic', createPlatformaticClient],
]

/** Topics of its own, so that no test sees another's. */
export function freshSettings(brokers: readonly string[]): KafkaSettings {
  return { brokers, clientId: 'test', group: 'test', topicPrefix: `t${crypto.randomUUID().slice(0, 8)}.` }
}

export interface Ledger {
  readonly records: readonly RawRecord[]
  readonly onRecords: (batch: readonly RawRecord[]) => Promise<void>
  /** Resolves when at least so many were taken. */
  readonly until: (count: number) => Promise<void>
  readonly positions: () => Position[]
  /** `timeMs` of each event, in the order in which they were taken. */
  readonly times: () => number[]
}

export function aLedger(): Ledger {
  const records: RawRecord[] = []
  let notify = () => {}
  return {
    records,
    async onRecords(batch) {
      records.push(...batch)
      notify()
    },
    async until(count) {
      while (records.length < count) {
        await new Promise<void>((resolve) => {
          notify = resolve
        })
      }
    },
    positions: () => lastPositions(records.map(({ position }) => position)),
    times: () => records.map((record) => JSON.parse(textOf(record)).timeMs),
  }
}

export const textOf = ({ value }: Pick<RawRecord, 'value'>): string => (typeof value === 'string' ? value : Buffer.from(value).toString())

export const pauseMs = (delayMs: number) => new Promise((resolve) => setTimeout(resolve, delayMs))

/** @throws what `isSo` last threw, when it stays so. */
export async function eventually<T>(isSo: () => T | Promise<T>, withinMs = 15_000): Promise<T> {
  const endMs = Date.now() + withinMs
  for (;;) {
    try {
      return await isSo()
    } catch (error) {
      if (Date.now() > endMs) throw error
      await pauseMs(50)
    }
  }
}
