/** The event log over brokers in memory that fail when told to; the suites on real brokers are `infra/real/kafka-*.real.test.ts`. */
import { afterEach, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { TwinEvent } from '../../models/events/events.ts'
import { TOPICS } from '../../models/events/topics.ts'
import type { RawRecord } from '../../models/ports.ts'
import { aRequest, aSample, describeEventLog } from '../journal/event-log.contract.ts'
import { type FailureKind, KafkaFailure } from './client.ts'
import { createKafkaLog, type KafkaLogOptions } from './kafka-log.ts'
import { partitionOf } from './partitioner.ts'
import { rememberIds } from './recent-ids.ts'
import { createMemoryKafka } from './testing/memory-kafka.ts'
import { INPUT_TOPICS } from './topics.ts'

const silent = { debug() {}, info() {}, warn() {}, error() {} }
const settings = { brokers: ['memory'], clientId: 'test', group: 'test', topicPrefix: '' }
const closes: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closes.splice(0)) await close()
})

function aLog({
  valueBytesMax,
  topics = INPUT_TOPICS,
  ...options
}: Partial<KafkaLogOptions> & { valueBytesMax?: number; topics?: readonly string[] } = {}) {
  const kafka = createMemoryKafka({ topics, ...(valueBytesMax === undefined ? {} : { valueBytesMax }) })
  // No jitter: what fails is tried again at once.
  const log = createKafkaLog({ client: kafka.client, settings, clock: () => 0, random: () => 0, logger: silent, ...options })
  closes.push(() => log.close())
  return { kafka, log }
}

function aTaker() {
  const records: RawRecord[] = []
  return { records, onRecords: async (batch: readonly RawRecord[]) => void records.push(...batch), times: () => records.map(timeOf) }
}
const timeOf = ({ value }: RawRecord): number => JSON.parse(Buffer.from(value).toString()).timeMs
const timesOf = (events: readonly TwinEvent[]) => events.map(({ timeMs }) => timeMs)
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 1))
}

describeEventLog('kafka, brokers in memory', async () => {
  const { log } = aLog()
  return { log, dispose: () => log.close() }
})

const failures = fc.array(
  fc.record({ kind: fc.constantFrom<FailureKind>('unreachable', 'other', 'credentials'), isWritten: fc.boolean() }),
  {
    maxLength: 8,
  },
)
it('takes each event once and in order, whichever answers are lost and whenever reading fails', async () => {
  const work = fc.asyncProperty(failures, fc.array(fc.nat(3), { maxLength: 8 }), fc.nat(1), async (sendFaults, pollFaults, refusals) => {
    const { kafka, log } = aLog()
    kafka.sendFaults.push(...sendFaults)
    kafka.pollFaults.push(...pollFaults.map(() => new KafkaFailure('unreachable', 'told to')))
    const taken = aTaker()
    let refusalsLeft = refusals
    await log.subscribe({
      resumeAfter: [],
      onRecords: async (batch) => {
        if (refusalsLeft-- > 0) throw new Error('not now')
        await taken.onRecords(batch)
      },
    })
    const events = Array.from({ length: 30 }, (_, n) => aSample(n))
    const publishing: Promise<unknown>[] = []
    for (const event of events) {
      publishing.push(log.publish([event]))
      if (event.timeMs % 7 === 0) await new Promise(setImmediate)
    }
    await Promise.all(publishing)
    await until(() => taken.records.length >= 30 && log.status().lagRecords[TOPICS.metrics] === 0)
    expect(taken.times()).toEqual(timesOf(events))
    const partition = partitionOf('lab', 2)
    expect(log.status()).toMatchObject({ published: 30, duplicates: kafka.recordsOf(TOPICS.metrics, partition).length - 30 })
    await log.close()
  })
  await fc.assert(work, { seed: 5, numRuns: 40 })
})

it('uses a producer no more after it failed once', async () => {
  const { kafka, log } = aLog()
  kafka.sendFaults.push({ kind: 'unreachable', isWritten: true }, { kind: 'unreachable', isWritten: false })
  await log.publish([aSample(0)])
  expect(kafka.connections.producers).toBe(3)
  await log.publish([aSample(1)])
  expect(kafka.connections.producers).toBe(3)
})

it('sends what is published in one turn together, and tells each publisher his own partitions', async () => {
  const { kafka, log } = aLog()
  const partition = partitionOf('lab', 2)
  const [samples, request] = await Promise.all([log.publish([aSample(0), aSample(1)]), log.publish([aRequest(2)])])
  expect(kafka.sentCounts).toEqual([3])
  expect(samples).toEqual([{ topic: TOPICS.metrics, partition, offset: 1 }])
  expect(request).toEqual([{ topic: TOPICS.requests, partition, offset: 0 }])
})

it('finds the one event that the brokers do not take, and writes the others', async () => {
  const { kafka, log } = aLog({ valueBytesMax: 400 })
  const large = { ...aSample(3), source: `exporter:${'x'.repeat(400)}` }
  const events = [0, 1, 2, 4, 5].map(aSample)
  const outcomes = await Promise.allSettled([log.publish(events.slice(0, 3)), log.publish([large]), log.publish(events.slice(3))])
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(outcomes[1]).toMatchObject({ reason: { code: 'LOG_REFUSED' } })
  expect(kafka.recordsOf(TOPICS.metrics, partitionOf('lab', 2))).toHaveLength(5)
})

it('goes on from the records of its own topic only, also when the one it knew was made anew while it read', async () => {
  const { kafka, log } = aLog({ madeAnewAfterMs: 0 })
  const partition = partitionOf('lab', 2)
  const taken = aTaker()
  await log.subscribe({ resumeAfter: [], onRecords: taken.onRecords })
  await log.publish([0, 1, 2].map(aSample))
  await until(() => taken.records.length === 3)
  const records = kafka.recordsOf(TOPICS.metrics, partition)
  const anew = [5, 6, 7, 8].map((n, offset) => ({
    ...records[0]!,
    offset,
    headers: { ce_id: `n-${n}` },
    value: Buffer.from(JSON.stringify(aSample(n))),
  }))
  records.splice(0, records.length, ...anew)
  kafka.pollFaults.push(new KafkaFailure('unreachable', 'told to'))
  await until(() => taken.records.length === 7)
  expect(taken.records.slice(3).map(({ position }) => position)).toEqual(
    [0, 1, 2, 3].map((offset) => ({ topic: `${TOPICS.metrics}#2`, partition, offset })),
  )
  expect(log.status().gapCount).toBe(1)
})

it('keeps the events that wait when it is closed from being thought accepted', async () => {
  const { log } = aLog({ topics: [] })
  const publishing = [log.publish([aSample(0)]), log.publish([aSample(1)])]
  await until(() => log.status().lastError !== null)
  const outcomes = Promise.allSettled(publishing)
  await log.close()
  expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
})

it('forgets the oldest id, and takes an event without one for new', () => {
  const ids = rememberIds(2)
  const add = (id: string, source = 's') => ids.add({ ce_source: source, ce_id: id })
  expect([add('a'), add('b'), add('a'), add('a', 't'), add('a'), ids.add({}), ids.add({})]).toEqual([
    true,
    true,
    false,
    true,
    true,
    true,
    true,
  ])
})
