/** The event log on a real broker, for each client: the contract of every event log, and what only a real broker does to it. */
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals'
import kafkajs from 'kafkajs'
import { aRequest, aSample, describeEventLog } from '../../connectors/journal/event-log.contract.ts'
import type { KafkaClient } from '../../connectors/kafka/client.ts'
import { createKafkaLog, type KafkaLog, type KafkaLogOptions } from '../../connectors/kafka/kafka-log.ts'
import type { KafkaSettings } from '../../connectors/kafka/settings.ts'
import type { Gap } from '../../connectors/kafka/starting-points.ts'
import { ensureTopics } from '../../connectors/kafka/topics.ts'
import { decodeEvent } from '../../models/events/codec.ts'
import { type Position, TOPICS } from '../../models/events/topics.ts'
import { type KafkaLab, startKafka } from '../lab/kafka.ts'
import { aLedger, eventually, freshSettings, silent, textOf } from './kafka-parts.ts'

const samples = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => aSample(from + n))

export function describeKafkaLog(name: string, clientOf: (settings: KafkaSettings) => KafkaClient): void {
  let lab: KafkaLab
  beforeAll(async () => {
    lab = await startKafka({ sessionTimeoutMs: 1_500 })
  })
  afterAll(() => lab?.stop())
  const disposals: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const dispose of disposals.splice(0).reverse()) await dispose()
  })

  const openLog = (settings: KafkaSettings, options: Partial<KafkaLogOptions> = {}): KafkaLog => {
    const log = createKafkaLog({ client: clientOf(settings), settings, clock: Date.now, random: Math.random, logger: silent, ...options })
    disposals.push(() => log.close())
    return log
  }
  const aLog = async (options: Partial<KafkaLogOptions> = {}) => {
    const settings = freshSettings(lab.brokers)
    await ensureTopics(clientOf(settings), { prefix: settings.topicPrefix, partitionCount: 2 })
    return { settings, metrics: `${settings.topicPrefix}${TOPICS.metrics}`, log: openLog(settings, options) }
  }
  const check = (log: KafkaLog, checkName: string) => log.checks().find((one) => one.name === checkName)
  /** Another hand on the same brokers. */
  const stranger = async () => {
    const admin = new kafkajs.Kafka({ brokers: [...lab.brokers], logLevel: 0 }).admin()
    const producer = new kafkajs.Kafka({ brokers: [...lab.brokers], logLevel: 0 }).producer()
    await Promise.all([admin.connect(), producer.connect()])
    disposals.push(() => Promise.all([admin.disconnect(), producer.disconnect()]))
    return { admin, producer }
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
    await eventually(() => expect(check(log, 'kafka-read')).toMatchObject({ ok: false, detail: expect.stringContaining('unreachable') }))
    await lab.nodes[0]!.start()
    const backMs = Date.now()
    await ledger.until(ledger.records.length + 1)
    const againAfterMs = Date.now() - backMs
    clearInterval(publishing)
    await Promise.all(sent)
    await ledger.until(sent.length)
    expect(ledger.times()).toEqual(Array.from(sent, (_, n) => aSample(n).timeMs))
    expect(againAfterMs).toBeLessThan(5_000)
    expect(log.checks().filter(({ ok }) => !ok)).toEqual([])
  })

  it('notices a broker that hangs, and goes on with it', async () => {
    const { log } = await aLog()
    const ledger = aLedger()
    await log.subscribe({ resumeAfter: [], onRecords: ledger.onRecords })
    await log.publish(samples(0, 5))
    await ledger.until(5)
    lab.nodes[0]!.pause()
    const publishing = log.publish(samples(5, 10))
    await eventually(() => expect(check(log, 'kafka-read')).toMatchObject({ ok: false, detail: expect.stringContaining('unreachable') }))
    lab.nodes[0]!.resume()
    await publishing
    await ledger.until(10)
    expect(ledger.times()).toEqual(samples(0, 10).map(({ timeMs }) => timeMs))
  })

  it('is begun while there is no broker, and read when there is one', async () => {
    const { settings } = await aLog()
    await lab.nodes[0]!.kill()
    const log = openLog(settings, { publishWithinMs: 300 })
    const ledger = aLedger()
    await log.subscribe({ resumeAfter: [], onRecords: ledger.onRecords })
    await expect(log.publish([aSample(0)])).rejects.toMatchObject({ code: 'LOG_UNREACHABLE' })
    await lab.nodes[0]!.start()
    await eventually(() => log.publish([aSample(1)]))
    await ledger.until(1)
    expect(ledger.times()).toContain(aSample(1).timeMs)
  })

  it('hands over again what was not taken, and nothing after it before', async () => {
    const { log } = await aLog()
    const ledger = aLedger()
    const offered: string[] = []
    let isFull = true
    await log.subscribe({
      resumeAfter: [],
      async onRecords(records) {
        offered.push(records.map(textOf).join())
        if (isFull) throw new Error('the disk is full')
        await ledger.onRecords(records)
      },
    })
    await log.publish([aSample(0), aRequest(1)])
    await eventually(() => expect(offered.length).toBeGreaterThan(2))
    expect(check(log, 'kafka-take')).toMatchObject({ ok: false, detail: expect.stringContaining('the disk is full') })
    await log.publish([aSample(2)])
    isFull = false
    await ledger.until(3)
    expect(offered[1]).toBe(offered[0])
    expect(ledger.times().sort()).toEqual([0, 1, 2].map((n) => aSample(n).timeMs))
    expect(check(log, 'kafka-take')).toMatchObject({ ok: true })
  })

  it('knows an event that a retry has written twice, also across a restart', async () => {
    const { settings, metrics, log } = await aLog()
    const first = aLedger()
    const stop = await log.subscribe({ resumeAfter: [], onRecords: first.onRecords })
    const [position] = await log.publish(samples(0, 3))
    await first.until(3)
    await stop()
    const { producer } = await stranger()
    const again = first.records.map(({ headers, value }) => ({
      partition: position!.partition,
      headers: { ...headers },
      value: Buffer.from(value),
    }))
    await producer.send({ topic: metrics, messages: again })
    const second = aLedger()
    const log2 = openLog(settings)
    await log2.subscribe({ resumeAfter: first.positions(), onRecords: second.onRecords })
    await log2.publish([aSample(3)])
    await second.until(1)
    expect(second.times()).toEqual([aSample(3).timeMs])
    await eventually(() => expect(log2.status()).toMatchObject({ duplicates: 3, lagRecords: { [TOPICS.metrics]: 0 } }))
  })

  it('tells which records retention took before they were read, and goes on', async () => {
    const gaps: Gap[] = []
    const { settings, metrics, log } = await aLog()
    const [first] = await log.publish(samples(0, 1))
    const [last] = await log.publish(samples(1, 10))
    const { admin } = await stranger()
    await admin.fetchTopicOffsets(metrics)
    await admin.deleteTopicRecords({ topic: metrics, partitions: [{ partition: last!.partition, offset: '6' }] })
    const late = openLog(settings, { onGap: (gap) => gaps.push(gap) })
    const ledger = aLedger()
    await late.subscribe({ resumeAfter: [first!], onRecords: ledger.onRecords })
    await ledger.until(4)
    expect(ledger.times()).toEqual(samples(6, 10).map(({ timeMs }) => timeMs))
    expect(gaps).toEqual([
      { topic: metrics, partition: first!.partition, reason: 'retention', wantedOffset: 1, beginOffset: 6, endOffset: 10 },
    ])
    expect(check(late, 'kafka-gaps')).toMatchObject({ ok: false, advisory: true, detail: expect.stringContaining('offset 1') })
  })

  it.each([
    ['is shorter than what was read', 3, undefined],
    ['holds as much as was read, but something else', 8, false],
  ])('gives a topic made anew positions of its own, so that nothing of it is taken for old: it %s', async (_, count, answer) => {
    const { settings, metrics, log } = await aLog()
    const ledger = aLedger()
    const stop = await log.subscribe({ resumeAfter: [], onRecords: ledger.onRecords })
    await log.publish(samples(0, 5))
    await ledger.until(5)
    await stop()
    await log.close()
    const { admin } = await stranger()
    await admin.deleteTopics({ topics: [metrics] })
    await eventually(() => ensureTopics(clientOf(settings), { prefix: settings.topicPrefix, partitionCount: 2 }))
    const anew = openLog(settings, { madeAnewAfterMs: 500, wasTaken: () => answer })
    await eventually(() => anew.publish(samples(10, 10 + count)))
    const second = aLedger()
    await anew.subscribe({ resumeAfter: ledger.positions(), onRecords: second.onRecords })
    await second.until(count)
    expect(second.times()).toEqual(samples(10, 10 + count).map(({ timeMs }) => timeMs))
    expect(second.positions()).toEqual([{ ...ledger.positions()[0]!, topic: `${TOPICS.metrics}#2`, offset: count - 1 }])
    expect(anew.status().gapCount).toBe(1)
  })

  it('reads past what strangers write, however large, and refuses to write what is too large, alone', async () => {
    const { metrics, log } = await aLog()
    const { admin, producer } = await stranger()
    const limit = { name: 'max.message.bytes', value: '20000000' }
    await admin.alterConfigs({ validateOnly: false, resources: [{ type: 2, name: metrics, configEntries: [limit] }] })
    const ledger = aLedger()
    await log.subscribe({ resumeAfter: [], onRecords: ledger.onRecords })
    const [position] = await log.publish([aSample(0)])
    const strange = [null, Buffer.from([0xff, 0xfe]), 'no JSON', '{"type":"__proto__"}', Buffer.alloc(10 * 1024 * 1024, 'x')]
    for (const value of strange) await producer.send({ topic: metrics, messages: [{ partition: position!.partition, value }] })
    await producer.send({ topic: metrics, messages: [{ partition: position!.partition, value: 'squeezed' }], compression: 1 })
    const huge = { ...aSample(1), name: 'x'.repeat(1_100_000) }
    const outcomes = await Promise.allSettled([log.publish([aSample(2)]), log.publish([huge]), log.publish([aSample(3)])])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(outcomes[1]).toMatchObject({ reason: { code: 'LOG_REFUSED' } })
    await ledger.until(9)
    const read = ledger.records.map((record) => decodeEvent(record, { nowMs: aSample(0).timeMs }))
    expect(read.map((decoded) => (decoded.ok ? decoded.event.timeMs - aSample(0).timeMs : decoded.reason))).toEqual([
      ...[0, 'bad-json', 'bad-encoding', 'bad-json', 'unknown-type', 'too-large', 'bad-json', 2, 3],
    ])
  })

  it('refuses what waits too long or is too much, and says so', async () => {
    const settings = freshSettings(lab.brokers)
    const log = openLog(settings, { publishWithinMs: 500, waitingEventsMax: 3 })
    const waiting = log.publish([aSample(0)])
    const more = log.publish(samples(1, 3))
    await expect(log.publish(samples(3, 6))).rejects.toMatchObject({ code: 'OVERLOADED' })
    await expect(waiting).rejects.toMatchObject({ code: 'LOG_UNREACHABLE', message: expect.stringContaining('no topic') })
    await expect(more).rejects.toMatchObject({ code: 'LOG_UNREACHABLE' })
    expect(log.status()).toMatchObject({ published: 0, refused: 3 })
    expect(check(log, 'kafka-write')).toMatchObject({ ok: false, remedy: expect.stringContaining('topics ensure') })
  })

  it('keeps the lag, and commits it for those who watch the group', async () => {
    const { settings, log } = await aLog()
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    await log.publish(samples(0, 50))
    await log.subscribe({ resumeAfter: [], onRecords: () => gate })
    await eventually(() => expect(log.status().lagRecords).toMatchObject({ [TOPICS.metrics]: 50 }))
    open()
    await eventually(() => expect(log.status()).toMatchObject({ lagRecords: { [TOPICS.metrics]: 0 }, newestRecordMs: expect.any(Number) }))
    const { admin } = await stranger()
    const topic = `${settings.topicPrefix}${TOPICS.metrics}`
    await eventually(async () => {
      const [committed] = await admin.fetchOffsets({ groupId: 'test', topics: [topic] })
      expect(committed!.partitions.map(({ offset }) => Number(offset)).reduce((sum, offset) => sum + Math.max(0, offset), 0)).toBe(50)
    })
  })
}
