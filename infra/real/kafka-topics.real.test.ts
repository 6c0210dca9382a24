/** Topics, dead letters and secured connections on a real broker. */
import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { aSample } from '../../connectors/journal/event-log.contract.ts'
import type { FailureKind } from '../../connectors/kafka/client.ts'
import { openDeadLetterTopic } from '../../connectors/kafka/dead-letters.ts'
import { createKafkaLog } from '../../connectors/kafka/kafka-log.ts'
import type { KafkaSettings } from '../../connectors/kafka/settings.ts'
import { DEAD_LETTER_TOPIC, ensureTopics, INPUT_TOPICS, listTopics } from '../../connectors/kafka/topics.ts'
import { TOPICS } from '../../models/events/topics.ts'
import { type KafkaLab, type SecureKafka, startKafka } from '../lab/kafka.ts'
import { aLedger, CLIENTS, eventually, freshSettings, silent } from './kafka-parts.ts'

let lab: KafkaLab
let secure: SecureKafka
beforeAll(async () => {
  lab = await startKafka({ secure: true })
  secure = lab.secure!
})
afterAll(() => lab?.stop())

describe.each(CLIENTS)('%s', (_, clientOf) => {
  const disposals: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const dispose of disposals.splice(0).reverse()) await dispose()
  })
  const openLog = (settings: KafkaSettings) => {
    const client = clientOf(settings)
    const log = createKafkaLog({ client, settings, clock: Date.now, random: Math.random, logger: silent, publishWithinMs: 15_000 })
    disposals.push(() => log.close())
    return log
  }

  it('creates the topics once, as wanted, and says beforehand what it would do', async () => {
    const settings = freshSettings(lab.brokers)
    const client = clientOf(settings)
    const options = { prefix: settings.topicPrefix, partitionCount: 3 }
    const actions = async (dryRun: boolean) => (await ensureTopics(client, { ...options, dryRun })).map(({ action }) => action)
    expect(new Set(await actions(true))).toEqual(new Set(['create']))
    expect(await listTopics(client, { prefix: settings.topicPrefix })).toEqual([])
    await actions(false)
    expect(new Set(await actions(false))).toEqual(new Set(['keep']))
    const topics = await listTopics(client, { prefix: settings.topicPrefix })
    expect(topics.map(({ partitions }) => partitions.length)).toEqual(topics.map(() => 3))
    expect(topics.map(({ name }) => name)).toEqual(
      expect.arrayContaining([...INPUT_TOPICS, DEAD_LETTER_TOPIC].map((name) => `${settings.topicPrefix}${name}`)),
    )
    const [grown] = await ensureTopics(client, { ...options, partitionCount: 4 })
    expect(grown).toMatchObject({ action: 'refuse', detail: expect.stringContaining('3 partitions') })
  })

  it('keeps a dead letter with where it came from and why, and replays it once', async () => {
    const settings = freshSettings(lab.brokers)
    const client = clientOf(settings)
    await ensureTopics(client, { prefix: settings.topicPrefix, partitionCount: 2 })
    const log = openLog(settings)
    const ledger = aLedger()
    await log.subscribe({ resumeAfter: [], onRecords: ledger.onRecords })
    const letters = openDeadLetterTopic({ client, prefix: settings.topicPrefix, clock: () => 1_750_000_000_000 })
    disposals.push(letters.close)
    await log.publish([aSample(0)])
    await ledger.until(1)
    const [record] = ledger.records
    const { topic, partition, offset } = record!.position
    const id = `${topic}:${partition}:${offset}`
    const large = { ...record!, position: { topic, partition, offset: 77 }, value: Buffer.alloc(2_000_000, 'x') }
    await letters.add([{ record: record!, reason: 'schema', detail: 'a field is missing — ü' }])
    // As it is when a record is read again: still one letter.
    await letters.add([
      { record: record!, reason: 'schema', detail: 'a field is missing — ü' },
      { record: large, reason: 'too-large', detail: '' },
    ])

    const listed = await letters.list({ limit: 10 })
    expect(listed.map((letter) => [letter.id, letter.reason, letter.bytes])).toEqual([
      [id, 'schema', expect.any(Number)],
      [`${topic}:${partition}:77`, 'too-large', 2_000_000],
    ])
    expect(await letters.show(id)).toEqual({
      ...{ id, reason: 'schema', detail: 'a field is missing — ü', deadMs: 1_750_000_000_000, replayedMs: null },
      ...{ bytes: expect.any(Number), headers: record!.headers, text: expect.stringContaining('node.sampled') },
    })
    expect(await letters.show('nothing:0:0')).toBeNull()

    expect(await letters.replay(id)).toEqual({
      ok: true,
      position: { topic: `${settings.topicPrefix}${topic}`, partition, offset: offset + 1 },
    })
    await ledger.until(2)
    expect(ledger.records[1]).toMatchObject({
      headers: { 'edgetwin-replay-of': id, ce_type: record!.headers.ce_type },
      value: record!.value,
    })
    expect(await letters.replay(id)).toMatchObject({ ok: false, reason: expect.stringContaining('was replayed') })
    expect(await letters.replay('nothing:0:0')).toBeNull()
    expect(await letters.replay(`${topic}:${partition}:77`)).toMatchObject({ ok: false, reason: expect.stringContaining('2000000 bytes') })
    expect(ledger.records).toHaveLength(2)
  })

  const secured = (): KafkaSettings => ({
    ...freshSettings(secure.brokers),
    tls: { caFile: secure.caFile },
    sasl: { mechanism: 'scram-sha-512', username: secure.username, passwordFile: secure.passwordFile },
  })

  it('speaks TLS with a password, and with a client certificate', async () => {
    const withCertificate = {
      ...freshSettings(secure.certBrokers),
      tls: { caFile: secure.caFile, certFile: secure.certFile, keyFile: secure.keyFile },
    }
    for (const settings of [secured(), withCertificate]) {
      await ensureTopics(clientOf(settings), { prefix: settings.topicPrefix, partitionCount: 1 })
      const log = openLog(settings)
      const ledger = aLedger()
      await log.subscribe({ resumeAfter: [], onRecords: ledger.onRecords })
      await log.publish([aSample(0)])
      await ledger.until(1)
    }
  })

  it.each<readonly [string, FailureKind, () => KafkaSettings]>([
    ['a broker that is not there', 'unreachable', () => freshSettings(['127.0.0.1:1'])],
    ['a wrong password', 'credentials', () => ({ ...secured(), sasl: { ...secured().sasl!, passwordFile: secure.wrongPasswordFile } })],
    ['a mechanism the broker has not', 'credentials', () => ({ ...secured(), sasl: { ...secured().sasl!, mechanism: 'plain' } })],
    ['a password file that is not there', 'credentials', () => ({ ...secured(), sasl: { ...secured().sasl!, passwordFile: '/nowhere' } })],
    ['an authority we do not know', 'tls', () => ({ ...secured(), tls: {} })],
    ['TLS to a broker without', 'tls', () => ({ ...freshSettings(lab.brokers), tls: {} })],
    ['missing topics', 'topic-missing', () => freshSettings(lab.brokers)],
  ])('names %s, with a remedy, and tells no secret', async (_, kind, settingsOf) => {
    const log = openLog(settingsOf())
    await log.subscribe({ resumeAfter: [], onRecords: async () => {} })
    const check = await eventually(() => {
      const found = log.checks().find(({ name }) => name === 'kafka-read')
      expect(found).toMatchObject({ ok: false, detail: expect.stringMatching(new RegExp(`^${kind} `)) })
      return found!
    })
    expect(check.remedy).not.toBe('')
    for (const file of [secure.passwordFile, secure.wrongPasswordFile]) {
      expect(JSON.stringify([log.checks(), log.status()])).not.toContain(readFileSync(file, 'utf8'))
    }
  })

  it('says which topics differ in partitions', async () => {
    const settings = freshSettings(lab.brokers)
    const client = clientOf(settings)
    const admin = await client.connectAdmin()
    disposals.push(admin.close)
    const topics = INPUT_TOPICS.map((name, index) => ({ name: `${settings.topicPrefix}${name}`, partitionCount: index + 1 }))
    await admin.createTopics(topics.map((topic) => ({ ...topic, replicationFactor: 1, config: {} })))
    const log = openLog(settings)
    await log.subscribe({ resumeAfter: [], onRecords: async () => {} })
    const detail = expect.stringContaining(`${TOPICS.cluster} has 2`)
    await eventually(() => expect(log.checks()).toContainEqual(expect.objectContaining({ name: 'kafka-read', ok: false, detail })))
  })
})
