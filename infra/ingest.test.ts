import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { encodeEvent } from '../models/events/codec.ts'
import type { JournaledEvent } from '../models/events/events.ts'
import type { EventLog, RawRecord } from '../models/ports.ts'
import { applyEvents } from '../twin/fold.ts'
import { emptyTwin, type TwinState } from '../twin/twin-state.ts'
import { runIngest } from './ingest.ts'
import { recoverTwin } from './recovery.ts'
import { stateHash } from './state-hash.ts'
import { newJournalPath, silent, startSite } from './testing/journaled-site.ts'
import { seededEvents, takeEvents } from './testing/seeded-events.ts'

const START_MS = 1_750_000_000_000
const clock = () => START_MS
const memory = { path: ':memory:', clock }

/** The far side of the port: a log that delivers exactly what a test says, as Kafka might. */
function aScriptedLog() {
  let onRecords: ((records: readonly RawRecord[]) => Promise<void>) | null = null
  const log: EventLog = {
    publish: async () => [],
    async subscribe(options) {
      onRecords = options.onRecords
      return async () => {}
    },
    close: async () => {},
  }
  return { log, deliver: (records: readonly RawRecord[]) => onRecords!(records) }
}

it('live, journal and replay hold the same twin', async () => {
  const site = await startSite(memory)
  const events = seededEvents({ seed: 1, startMs: START_MS })
  for (let batch = 0; batch < 20; batch++) await Promise.all([1, 7, 20].map((count) => site.log.publish(takeEvents(events, count))))
  expect(site.ingest.counts()).toMatchObject({ received: 560, duplicate: 0, dead: 0 })
  expect(site.ingest.state().sequence).toBe(560)
  const replayed = applyEvents(emptyTwin, site.journal.read({ after: 0 }))
  expect(stateHash(replayed)).toBe(stateHash(site.ingest.state()))
  await site.stop()
})

it('tells of each batch what was, what is and why, in order', async () => {
  const seen: { before: TwinState; after: TwinState; events: readonly JournaledEvent[] }[] = []
  const site = await startSite({ ...memory, onApplied: (before, after, events) => seen.push({ before, after, events }) })
  const events = seededEvents({ seed: 2, startMs: START_MS })
  for (let batch = 0; batch < 5; batch++) await site.log.publish(takeEvents(events, 9))
  expect(seen[0]!.before).toBe(emptyTwin)
  seen.forEach(({ before, after, events }, index) => {
    expect(stateHash(applyEvents(before, events))).toBe(stateHash(after))
    expect(seen[index + 1]?.before ?? site.ingest.state()).toBe(after)
  })
  await site.stop()
})

const valid = fc.tuple(fc.nat(5_000), fc.nat(40)).map(([seed, n]) => {
  const event = takeEvents(seededEvents({ seed, startMs: START_MS + n }), 1)[0]!
  return encodeEvent(event, 'id')
})
const garbage = fc.oneof(
  fc.string().map((value) => ({ value })),
  fc.uint8Array({ maxLength: 64 }).map((value) => ({ value })),
  fc.json().map((value) => ({ value })),
  fc.tuple(valid, fc.nat(), fc.constantFrom('"', '{', 'e', '9', '\u0000')).map(([{ value, headers }, index, put]) => {
    const cut = index % value.length
    return { value: value.slice(0, cut) + put + value.slice(cut + 1), headers }
  }),
  fc.constantFrom('{"type":"node.sampled","__proto__":{}}', '1e999', '['.repeat(99)).map((value) => ({ value })),
)
const record = fc
  .record({ topic: fc.constantFrom('a', 'b'), offset: fc.nat(30), body: fc.oneof(valid, garbage) })
  .map(({ topic, offset, body }): RawRecord => ({ position: { topic, partition: 0, offset }, headers: {}, ...body }))

it('received = applied + superseded + duplicate + dead, whatever comes and however often', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(record, { maxLength: 12 }), { maxLength: 6 }), async (batches) => {
      const { log, deliver } = aScriptedLog()
      const site = await startSite({ ...memory, log })
      for (const batch of [...batches, ...batches]) await deliver(batch)
      const { received, applied, superseded, duplicate, dead } = site.ingest.counts()
      expect(received).toBe(2 * batches.flat().length)
      expect(applied + superseded + duplicate + dead).toBe(received)
      expect(duplicate).toBeGreaterThanOrEqual(received / 2)
      expect(site.journal.deadLetters({ limit: 1_000 })).toHaveLength(dead)
      expect(stateHash(recoverTwin(site.journal).state)).toBe(stateHash(site.ingest.state()))
      await site.stop()
    }),
    { seed: 5, numRuns: 80 },
  )
})

it('passes what is of other sites: not folded, not kept, not counted, and not read again', async () => {
  let nowMs = START_MS
  const { log, deliver } = aScriptedLog()
  const site = await startSite({ path: ':memory:', clock: () => nowMs, log, site: 'lab' })
  const [event] = takeEvents(seededEvents({ seed: 8, startMs: START_MS }), 1)
  const at = (offset: number) => ({ topic: 'a', partition: 0, offset })
  const of = (offset: number, name: string): RawRecord => ({ position: at(offset), ...encodeEvent({ ...event!, site: name }, 'id') })
  await deliver([of(0, 'yard'), of(1, 'lab'), of(2, 'yard'), { ...of(3, 'yard'), value: '{' }])
  expect(site.journal.positions()).toEqual([at(3)])
  // Nobody else will tell of a record that names nobody.
  await deliver([
    { ...of(4, 'lab'), value: '{' },
    { position: at(5), headers: {}, value: '{' },
  ])
  expect(site.ingest.counts()).toEqual({ received: 3, applied: 1, superseded: 0, duplicate: 0, dead: 2 })
  expect(site.ingest.state().site).toBe('lab')
  await deliver([of(6, 'yard')])
  expect(site.journal.positions()).toEqual([at(5)])
  nowMs += 1_000
  await deliver([of(7, 'yard')])
  expect(site.journal.positions()).toEqual([at(7)])
  await deliver(Array.from({ length: 9_999 }, (_, n) => of(8 + n, 'yard')))
  expect(site.journal.positions()).toEqual([at(7)])
  await deliver([of(10_007, 'yard')])
  expect(site.journal.positions()).toEqual([at(10_007)])
  await deliver([of(10_008, 'yard')])
  await site.ingest.stop()
  expect(site.journal.positions()).toEqual([at(10_008)])
  expect(site.ingest.counts().received).toBe(3)
  await site.stop()
})

it('keeps of a dead record its place, its reason and its first 4 KiB', async () => {
  const { log, deliver } = aScriptedLog()
  const site = await startSite({ ...memory, log })
  const position = { topic: 'a', partition: 2, offset: 9 }
  await deliver([{ position, headers: {}, value: new TextEncoder().encode(`{"type":"${'é'.repeat(9_000)}"}`) }])
  const [letter] = site.journal.deadLetters({ limit: 10 })
  expect(letter).toMatchObject({ position, receivedMs: START_MS, reason: 'too-large' })
  expect(Buffer.byteLength(letter!.excerpt)).toBeLessThanOrEqual(4_098)
  expect(letter!.excerpt).toContain('{"type":"éé')
  await site.stop()
})

it('goes on over restarts, with snapshots every so many events and at the end', async () => {
  const { path, dispose } = newJournalPath()
  const events = seededEvents({ seed: 3, startMs: START_MS })
  let hash = stateHash(emptyTwin)
  for (let run = 0; run < 3; run++) {
    const site = await startSite({ path, clock, synchronous: 'off', snapshotEvery: 50 })
    expect(stateHash(site.ingest.state())).toBe(hash)
    for (let batch = 0; batch < 7; batch++) await site.log.publish(takeEvents(events, 10))
    expect(site.journal.snapshots().snapshots[0]?.sequence).toBe(run * 70 + 50)
    await site.ingest.stop()
    await site.ingest.finished
    expect(site.journal.snapshots().snapshots[0]?.sequence).toBe(run * 70 + 70)
    expect(site.ingest.counts()).toMatchObject({ received: run * 70 + 70, duplicate: 0 })
    hash = stateHash(site.ingest.state())
    await site.stop()
  }
  dispose()
})

it('with a full disk accepts nothing, keeps the twin, and goes on when there is room', async () => {
  const { path, dispose } = newJournalPath()
  const site = await startSite({ path, clock, synchronous: 'off', maxBytes: 150_000, eventsKept: 10 })
  const events = seededEvents({ seed: 4, startMs: START_MS })
  const fill = async () => {
    for (;;) await site.log.publish(takeEvents(events, 40))
  }
  await expect(fill()).rejects.toMatchObject({ code: 'JOURNAL_FULL' })
  const { sequence } = site.ingest.state()
  expect(site.journal.lastSequence()).toBe(sequence)
  await expect(site.log.publish(takeEvents(events, 40))).rejects.toMatchObject({ code: 'JOURNAL_FULL' })
  expect(site.ingest.state().sequence).toBe(sequence)
  await site.stop()
  const roomy = await startSite({ path, clock, synchronous: 'off' })
  await roomy.log.publish(takeEvents(events, 40))
  expect(roomy.ingest.state().sequence).toBe(sequence + 40)
  expect(roomy.ingest.counts()).toMatchObject({ received: sequence + 40, duplicate: 0, dead: 0 })
  await roomy.stop()
  dispose()
})

it('stops loudly on a bug and takes nothing more', async () => {
  const site = await startSite({
    ...memory,
    onApplied() {
      throw new Error('a bug')
    },
  })
  const finished = expect(site.ingest.finished).rejects.toThrow('a bug')
  const events = seededEvents({ seed: 6, startMs: START_MS })
  await expect(site.log.publish(takeEvents(events, 1))).rejects.toThrow('a bug')
  await finished
  await expect(site.log.publish(takeEvents(events, 1))).rejects.toThrow('a bug')
  expect(site.journal.lastSequence()).toBe(1)
  await site.stop()
})

it('refuses to start from another twin than the journal holds', async () => {
  const site = await startSite(memory)
  await site.log.publish(takeEvents(seededEvents({ seed: 7, startMs: START_MS }), 3))
  const { log } = aScriptedLog()
  const start = runIngest({ log, journal: site.journal, initial: emptyTwin, clock, onApplied() {}, logger: silent })
  await expect(start).rejects.toMatchObject({ code: 'INTERNAL' })
  await site.stop()
})
