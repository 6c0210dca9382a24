/**
 * Kafka through edgetwin against a bare kafkajs client, on the same broker with the same events: ingest through codec, journal
 * (synchronous=full) and fold, publishing, and how soon records come again after the broker was killed.
 *
 * Rates count from the first batch, so that joining a group costs the bare consumer nothing here. Rounds take turns; the median is told.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { createKafkaLog } from '../../../connectors/kafka/kafka-log.ts'
import { createKafkajsClient } from '../../../connectors/kafka/kafkajs-client.ts'
import { createPlatformaticClient } from '../../../connectors/kafka/platformatic-client.ts'
import type { KafkaSettings } from '../../../connectors/kafka/settings.ts'
import { INPUT_TOPICS } from '../../../connectors/kafka/topics.ts'
import type { TwinEvent } from '../../../models/events/events.ts'
import type { EventLog } from '../../../models/ports.ts'
import { type KafkaLab, startKafka } from '../../lab/kafka.ts'
import { newJournalPath, silent, startSite } from '../../testing/journaled-site.ts'
import { seededEvents, takeEvents } from '../../testing/seeded-events.ts'
import { type Length, quantile, type Report } from '../figure.ts'
import { BATCH, bareKafka, connectBareProducer, freshTopics, sendBare } from './kafka-side.ts'

export const suite = 'kafka'

const EVENTS: Readonly<Record<Length, number>> = { quick: 50_000, usual: 200_000, long: 500_000 }
const ROUNDS: Readonly<Record<Length, number>> = { quick: 1, usual: 3, long: 5 }
const CLIENTS = { kafkajs: (settings: KafkaSettings) => createKafkajsClient(settings, silent), platformatic: createPlatformaticClient }
type ClientName = keyof typeof CLIENTS
const CLIENT_NAMES: readonly ClientName[] = ['kafkajs', 'platformatic']

export async function run(report: Report, length: Length): Promise<void> {
  const lab = await startKafka()
  try {
    const events = takeEvents(seededEvents({ seed: 1, startMs: Date.now() }), EVENTS[length])
    await benchPublish(report, lab, { events, rounds: ROUNDS[length] })
    await benchIngest(report, lab, { events, rounds: ROUNDS[length] })
    await benchReturn(report, lab, ROUNDS[length])
  } finally {
    await lab.stop()
  }
}

interface Load {
  readonly events: readonly TwinEvent[]
  readonly rounds: number
}

interface Spent {
  readonly perSecond: number
  /** What our side of it cost: on a machine that others use too it says more than the clock. */
  readonly cpuMicrosPerEvent: number
}

/** From the first call of the returned function to the one that reaches `count`. */
function stopwatch(count: number) {
  const { promise, resolve } = Promise.withResolvers<Spent>()
  let total = 0
  let first = { count: 0, ms: 0, cpu: process.cpuUsage() }
  const add = (more: number): void => {
    total += more
    if (first.ms === 0) first = { count: total, ms: performance.now(), cpu: process.cpuUsage() }
    if (total < count) return
    const { user, system } = process.cpuUsage(first.cpu)
    const counted = total - first.count
    resolve({ perSecond: (counted / (performance.now() - first.ms)) * 1_000, cpuMicrosPerEvent: (user + system) / counted })
  }
  return { add, done: promise }
}

async function benchPublish(report: Report, { brokers }: KafkaLab, { events, rounds }: Load): Promise<void> {
  const settings = await freshTopics(brokers)
  const few = events.slice(0, 50_000)
  const bare = await connectBareProducer(brokers)
  const spent = new Map<string, Spent[]>()
  for (let round = 0; round < rounds; round++) {
    const watch = stopwatch(few.length)
    for (let at = 0; at < few.length; at += BATCH) {
      await sendBare(
        bare,
        settings.topicPrefix,
        few.slice(at, at + BATCH).map((event, index) => ({ event, id: `${round}-${at + index}` })),
      )
      watch.add(BATCH)
    }
    note(spent, 'bare', await watch.done)
    for (const name of CLIENT_NAMES) note(spent, name, await publishAll(openLog(CLIENTS[name], settings), few))
  }
  await bare.disconnect()
  tellRates(report, spent, 'publish')
}

async function publishAll(log: EventLog, events: readonly TwinEvent[]): Promise<Spent> {
  const watch = stopwatch(events.length)
  // A window, as several publishers would keep it.
  const underWay: Promise<unknown>[] = []
  for (let at = 0; at < events.length; at += BATCH) {
    underWay.push(log.publish(events.slice(at, at + BATCH)).then(() => watch.add(BATCH)))
    if (underWay.length >= 4) await underWay.shift()
  }
  const result = await watch.done
  await log.close()
  return result
}

async function benchIngest(report: Report, { brokers }: KafkaLab, { events, rounds }: Load): Promise<void> {
  const settings = await freshTopics(brokers)
  const producer = await connectBareProducer(brokers)
  for (let at = 0; at < events.length; at += BATCH) {
    await sendBare(
      producer,
      settings.topicPrefix,
      events.slice(at, at + BATCH).map((event, index) => ({ event, id: String(at + index) })),
    )
  }
  await producer.disconnect()
  const spent = new Map<string, Spent[]>()
  for (let round = 0; round < rounds; round++) {
    note(spent, 'bare', await consumeBare(settings, events.length))
    for (const name of CLIENT_NAMES) note(spent, name, await ingestAll(openLog(CLIENTS[name], settings), events.length))
  }
  tellRates(report, spent, 'ingest')
}

async function consumeBare({ brokers, topicPrefix }: KafkaSettings, count: number): Promise<Spent> {
  const consumer = bareKafka(brokers).consumer({ groupId: crypto.randomUUID() })
  const watch = stopwatch(count)
  await consumer.connect()
  await consumer.subscribe({ topics: INPUT_TOPICS.map((topic) => `${topicPrefix}${topic}`), fromBeginning: true })
  await consumer.run({ eachBatch: async ({ batch }) => watch.add(batch.messages.length) })
  const result = await watch.done
  await consumer.disconnect()
  return result
}

async function ingestAll(log: EventLog, count: number): Promise<Spent> {
  const { path, dispose } = newJournalPath()
  const watch = stopwatch(count)
  const site = await startSite({ path, log, site: 'lab', onApplied: (_before, _after, applied) => watch.add(applied.length) })
  const result = await watch.done
  const { received, applied, superseded } = site.ingest.counts()
  if (received !== count || applied + superseded !== count) throw new Error(`of ${count} events ${applied + superseded} were taken`)
  await site.stop()
  dispose()
  return result
}

const openLog = (clientOf: (settings: KafkaSettings) => Parameters<typeof createKafkaLog>[0]['client'], settings: KafkaSettings) =>
  createKafkaLog({
    client: clientOf(settings),
    settings,
    clock: Date.now,
    random: Math.random,
    logger: silent,
    publishWithinMs: 120_000,
  })

function note<T>(noted: Map<string, T[]>, name: string, value: T): void {
  noted.set(name, [...(noted.get(name) ?? []), value])
}

function tellRates(report: Report, spent: ReadonlyMap<string, readonly Spent[]>, what: string): void {
  const median = (name: string, key: keyof Spent) =>
    quantile(
      (spent.get(name) ?? []).map((one) => one[key]),
      0.5,
    )
  for (const name of spent.keys()) {
    report({
      suite,
      name: `${what}, ${name === 'bare' ? 'bare kafkajs' : `edgetwin on ${name}`}`,
      value: median(name, 'perSecond'),
      unit: 'events/s',
      ...(name === 'bare' ? {} : { ratioToBare: median(name, 'perSecond') / median('bare', 'perSecond') }),
      cpuMicrosPerEvent: median(name, 'cpuMicrosPerEvent'),
    })
  }
}

/** Broker killed and started again, under one producer and all readers at once. */
async function benchReturn(report: Report, lab: KafkaLab, rounds: number): Promise<void> {
  const settings = await freshTopics(lab.brokers)
  const firstMs = new Map<string, number>()
  const heard = (name: string) => void (firstMs.has(name) || firstMs.set(name, performance.now()))
  const logs = CLIENT_NAMES.map((name) => ({ name, log: openLog(CLIENTS[name], settings) }))
  for (const { name, log } of logs) await log.subscribe({ resumeAfter: [], onRecords: async () => heard(name) })
  const bare = bareKafka(lab.brokers).consumer({ groupId: 'bare' })
  await bare.connect()
  await bare.subscribe({ topics: INPUT_TOPICS.map((topic) => `${settings.topicPrefix}${topic}`), fromBeginning: true })
  await bare.run({ eachBatch: async () => heard('bare') })
  const events = seededEvents({ seed: 2, startMs: Date.now() })
  const writer = openLog(CLIENTS.kafkajs, settings)
  const publishing = setInterval(() => void writer.publish([events.next().value]).catch(() => {}), 20)
  const allHeard = async () => {
    for (const endMs = performance.now() + 90_000; firstMs.size < CLIENT_NAMES.length + 1; await sleep(20)) {
      if (performance.now() > endMs) throw new Error(`only ${[...firstMs.keys()].join(', ')} went on within 90 s`)
    }
  }
  const awayMs = new Map<string, number[]>()
  try {
    await allHeard()
    for (let round = 0; round < rounds; round++) {
      await lab.nodes[0]!.kill()
      await sleep(3_000)
      firstMs.clear()
      await lab.nodes[0]!.start()
      const readyMs = performance.now()
      await allHeard()
      for (const [name, ms] of firstMs) note(awayMs, name, Math.max(0, ms - readyMs))
    }
  } finally {
    clearInterval(publishing)
    await Promise.all([bare.disconnect(), writer.close(), ...logs.map(({ log }) => log.close())])
  }
  for (const [name, all] of [...awayMs].sort()) {
    report({
      suite,
      name: `broker back to consuming, ${name === 'bare' ? 'bare kafkajs' : `edgetwin on ${name}`}`,
      value: Math.max(...all) / 1_000,
      unit: 's (worst)',
      rounds,
      all: all.map((ms) => (ms / 1_000).toFixed(1)).join(' '),
    })
  }
}
