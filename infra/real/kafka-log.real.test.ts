/** The event log on a real broker: the contract of every event log, and what only a real broker does to it. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { aRequest, aSample, describeEventLog } from '../../connectors/journal/event-log.contract.ts'
import type { KafkaClient } from '../../connectors/kafka/client.ts'
import { createKafkaLog, type KafkaLog, type KafkaLogOptions } from '../../connectors/kafka/kafka-log.ts'
import { createKafkajsClient } from '../../connectors/kafka/kafkajs-client.ts'
import type { KafkaSettings } from '../../connectors/kafka/settings.ts'
import type { Gap } from '../../connectors/kafka/starting-points.ts'
import { ensureTopics } from '../../connectors/kafka/topics.ts'
import { lastPositions, type Position, TOPICS } from '../../models/events/topics.ts'
import type { RawRecord } from '../../models/ports.ts'
import { type KafkaLab, startKafka } from '../lab/kafka.ts'

const silent = { debug() {}, info() {}, warn() {}, error() {} }
const CLIENTS: readonly (readonly [string, (settings: KafkaSettings) => KafkaClient])[] = [
  ['kafkajs', (settings) => createKafkajsClient(settings, silent)],
]

let lab: KafkaLab
beforeAll(async () => {
  lab = await startKafka({ secure: true, sessionTimeoutMs: 1_500 })
})
afterAll(() => lab?.stop())

let prefixCount = 0
/** Topics of its own, so that no test sees another's. */
const freshSettings = (): KafkaSettings => ({
  brokers: lab.brokers,
  clientId: 'test',
  group: 'test',
  topicPrefix: `t${++prefixCount}.`,
})

describe.each(CLIENTS)('%s', (name, clientOf) => {
  const disposals: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const dispose of disposals.splice(0)) await dispose()
  })

  const openLog = (settings: KafkaSettings, options: Partial<KafkaLogOptions> = {}): KafkaLog => {
    const log = createKafkaLog({ client: clientOf(settings), settings, clock: Date.now, random: Math.random, logger: silent, ...options })
    disposals.push(() => log.close())
    return log
  }
  const aLog = async (options: Partial<KafkaLogOptions> = {}) => {
    const settings = freshSettings()
    const client = clientOf(settings)
    await ensureTopics(client, { prefix: settings.topicPrefix, partitionCount: 2 })
    return { settings, client, log: openLog(settings, options) }
  }

  describeEventLog(name, async () => {
    const { log } = await aLog()
    return { log, dispose: () => log.close() }
  })

  it('is read again soon after its broker was killed, with nothing lost, twice or out of order', async () => {
    const { log } = await aLog()
    const ledger = aLedger()
    await log.subscribe({ resumeAfter: [], onRecords: ledger.onRecords })
    const sent: Promise<readonly Position[]>[] = []
    const publishing = setInterval(() => sent.push(log.publish([aSample(sent.length)])), 5)
    await ledger.until(100)
    await lab.nodes[0]!.kill()
    await pauseMs(1_000)
    await lab.nodes[0]!.start()
    const backMs = Date.now()
    const before = ledger.count()
    await ledger.until(before + 1)
    const againAfterMs = Date.now() - backMs
    clearInterval(publishing)
    await Promise.all(sent)
    await ledger.until(sent.length)
    expect(ledger.times()).toEqual(Array.from(sent, (_, n) => aSample(n).timeMs))
    expect(againAfterMs).toBeLessThan(5_000)
    expect(log.checks().filter(({ ok }) => !ok)).toEqual([])
  })
})

/** What was taken, in order; a position taken twice is an error. */
function aLedger() {
  const records: RawRecord[] = []
  let notify = () => {}
  return {
    records,
    count: () => records.length,
    async onRecords(batch: readonly RawRecord[]): Promise<void> {
      records.push(...batch)
      notify()
    },
    async until(count: number): Promise<void> {
      while (records.length < count) {
        await new Promise<void>((resolve) => {
          notify = resolve
        })
      }
    },
    times: (): number[] => records.map(({ value }) => JSON.parse(typeof value === 'string' ? value : Buffer.from(value).toString()).timeMs),
    positions: () => lastPositions(records.map(({ position }) => position)),
  }
}

const pauseMs = (delayMs: number) => new Promise((resolve) => setTimeout(resolve, delayMs))
