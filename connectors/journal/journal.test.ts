import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { PositionedEvent } from '../../models/events/events.ts'
import type { DeadLetter, Journal } from '../../models/ports.ts'
import { aSample } from './event-log.contract.ts'
import { DEAD_LETTERS_KEPT, type JournalOptions, openJournal } from './journal.ts'
import { BLOCK_EVENTS } from './journal-blocks.ts'
import { exportTrace, importTrace } from './trace.ts'

const folder = mkdtempSync(join(tmpdir(), 'edgetwin-journal-'))
afterAll(() => rmSync(folder, { recursive: true }))
let fileCount = 0
const newPath = () => join(folder, `data-${++fileCount}`, 'journal.db')
const open = (path = newPath(), options: Partial<JournalOptions> = {}) => openJournal({ path, synchronous: 'off', ...options })

function at(offset: number, { topic = 'a', partition = 0 } = {}): PositionedEvent {
  return { position: { topic, partition, offset }, event: aSample(offset) }
}

function letter(offset: number, { topic = 'a', receivedMs = 1 } = {}): DeadLetter {
  return { position: { topic, partition: 0, offset }, receivedMs, reason: 'bad-json', detail: 'why', excerpt: 'x\u0000{' }
}

function append(journal: Journal, events: readonly PositionedEvent[], { receivedMs = 1, deadLetters = [] as readonly DeadLetter[] } = {}) {
  return journal.append({ events, deadLetters, receivedMs })
}

function snapshot(sequence: number, stateJson = `{"sequence":${sequence}}`) {
  return { sequence, stateJson, hash: createHash('sha256').update(stateJson).digest('hex') }
}

/** Changes the file behind the journal's back. */
function tamper(path: string, sql: string): void {
  const file = new DatabaseSync(path)
  file.exec(sql)
  file.close()
}

it('keeps one total order of all topics over a restart', () => {
  const path = newPath()
  const journal = open(path)
  append(journal, [at(5, { topic: 'b' }), at(0), at(7, { topic: 'b', partition: 3 })])
  append(journal, [at(1)])
  const before = [...journal.read({ after: 0 })]
  expect(
    before.map(({ sequence, position, event }) => [sequence, position.topic, position.offset, event.timeMs - aSample(0).timeMs]),
  ).toEqual([
    [1, 'b', 5, 5],
    [2, 'a', 0, 0],
    [3, 'b', 7, 7],
    [4, 'a', 1, 1],
  ])
  journal.close()
  const again = open(path)
  expect([...again.read({ after: 0 })]).toEqual(before)
  expect([...again.read({ after: 1, until: 3 })]).toEqual(before.slice(1, 3))
  expect(again.positions()).toEqual([
    { topic: 'b', partition: 0, offset: 5 },
    { topic: 'a', partition: 0, offset: 1 },
    { topic: 'b', partition: 3, offset: 7 },
  ])
  expect([again.firstSequence(), again.lastSequence()]).toEqual([1, 4])
  expect(again.counts()).toEqual({ received: 4, accepted: 4, duplicate: 0, dead: 0 })
  again.close()
})

it('drops by position what it has: events and dead letters, of other batches and of the same', () => {
  const journal = open()
  append(journal, [at(0), at(2)], { deadLetters: [letter(1)] })
  const { accepted, duplicateCount } = append(journal, [at(1), at(2), at(3), at(3)], { deadLetters: [letter(1), letter(4), letter(4)] })
  expect(accepted.map(({ sequence, position }) => [sequence, position.offset])).toEqual([[3, 3]])
  expect(duplicateCount).toBe(5)
  expect(journal.positions()).toEqual([{ topic: 'a', partition: 0, offset: 4 }])
  expect(journal.counts()).toEqual({ received: 10, accepted: 3, duplicate: 5, dead: 2 })
  expect(journal.deadLetters({ limit: 9 }).map(({ position }) => position.offset)).toEqual([4, 1])
  journal.close()
})

it('remembers as read what it passes, with a batch and without, over a restart, and counts it nowhere', () => {
  const path = newPath()
  const journal = open(path)
  const passed = [2, 4, 3].map((offset) => ({ topic: 'a', partition: 0, offset }))
  const empty = { events: [], deadLetters: [], receivedMs: 1 }
  journal.append({ ...empty, events: [at(1), at(3)], passed })
  expect(journal.positions()).toEqual([{ topic: 'a', partition: 0, offset: 4 }])
  journal.append({ ...empty, passed: [{ topic: 'b', partition: 1, offset: 7 }, passed[0]!] })
  journal.close()
  const again = open(path)
  expect(again.positions()).toEqual([
    { topic: 'a', partition: 0, offset: 4 },
    { topic: 'b', partition: 1, offset: 7 },
  ])
  expect(again.counts()).toEqual({ received: 2, accepted: 2, duplicate: 0, dead: 0 })
  // What was passed counts as read, whatever it turns out to be.
  expect(append(again, [at(4), at(5)])).toMatchObject({ accepted: [{ sequence: 3 }], duplicateCount: 1 })
  again.close()
})

it('counts every record once, whatever is delivered again, and accepts each position once', () => {
  const record = fc.record({ topic: fc.constantFrom('a', 'b'), offset: fc.nat(12), isDead: fc.boolean() })
  fc.assert(
    fc.property(fc.array(fc.array(record, { maxLength: 8 }), { maxLength: 8 }), (batches) => {
      const journal = open(':memory:')
      const seen = new Map<string, number>()
      let received = 0
      for (const batch of batches) {
        // As a log delivers: in order within a topic; a batch may repeat what came before.
        const inOrder = [...new Map(batch.map((r) => [`${r.topic}${r.offset}`, r])).values()].sort((a, b) => a.offset - b.offset)
        const result = append(
          journal,
          inOrder.filter(({ isDead }) => !isDead).map(({ topic, offset }) => at(offset, { topic })),
          { deadLetters: inOrder.filter(({ isDead }) => isDead).map(({ topic, offset }) => letter(offset, { topic })) },
        )
        const news = inOrder.filter(({ topic, offset }) => offset > (seen.get(topic) ?? -1))
        expect(result.accepted.map(({ position }) => [position.topic, position.offset])).toEqual(
          news.filter(({ isDead }) => !isDead).map(({ topic, offset }) => [topic, offset]),
        )
        for (const { topic, offset } of news) seen.set(topic, offset)
        received += inOrder.length
      }
      const counts = journal.counts()
      expect(counts.received).toBe(received)
      expect(counts.accepted + counts.duplicate + counts.dead).toBe(received)
      expect(new Map(journal.positions().map(({ topic, offset }) => [topic, offset]))).toEqual(seen)
      expect([...journal.read({ after: 0 })]).toHaveLength(counts.accepted)
      journal.close()
    }),
    { seed: 3, numRuns: 60 },
  )
})

it('reads page by page while more is appended', () => {
  const journal = open()
  append(
    journal,
    Array.from({ length: 2_500 }, (_, offset) => at(offset)),
  )
  let count = 0
  for (const { sequence } of journal.read({ after: 0 })) {
    expect(sequence).toBe(++count)
    if (count % 500 === 0) append(journal, [at(3_000 + count)])
  }
  expect(count).toBe(2_500)
  expect(journal.lastSequence()).toBe(2_505)
  journal.close()
})

it('reads from and until any event, wherever it stands among those that came with it', () => {
  const path = newPath()
  const journal = open(path, { eventsKept: 0 })
  const topics = ['a', 'a', 'b', 'a']
  const events = Array.from({ length: 2 * BLOCK_EVENTS + 7 }, (_, offset) =>
    at(offset, { topic: topics[offset % 4]!, partition: offset % 3 }),
  )
  append(journal, events)
  const all = [...journal.read({ after: 0 })]
  expect(all.map(({ position, event }) => ({ position, event }))).toEqual(events)
  fc.assert(
    fc.property(fc.nat(all.length), fc.nat(all.length), (after, until) => {
      expect([...journal.read({ after, until })]).toEqual(all.slice(after, until))
    }),
    { seed: 4, numRuns: 60 },
  )
  // Forgotten is what lies before the snapshot, though it shares a row with what is kept.
  for (const sequence of [100, 101]) journal.saveSnapshot(snapshot(sequence))
  journal.close()
  const again = open(path)
  expect([...again.read({ after: 0 })]).toEqual(all.slice(100))
  again.close()
})

it('finds the last event received until a time', () => {
  const journal = open()
  append(journal, [at(0), at(1)], { receivedMs: 100 })
  append(journal, [at(2)], { receivedMs: 200 })
  expect([99, 100, 150, 200, 1e9].map((timeMs) => journal.sequenceAt(timeMs))).toEqual([0, 2, 2, 3, 3])
  journal.close()
})

it('keeps the newest dead letters, as they came, and the exact count', () => {
  const journal = open()
  const letters = Array.from({ length: DEAD_LETTERS_KEPT + 20 }, (_, offset) => letter(offset, { receivedMs: offset }))
  append(journal, [], { deadLetters: letters })
  expect(journal.counts().dead).toBe(DEAD_LETTERS_KEPT + 20)
  const kept = journal.deadLetters({ limit: 1e6 })
  expect(kept).toHaveLength(DEAD_LETTERS_KEPT)
  expect(kept[0]).toEqual(letters.at(-1))
  journal.close()
})

it('keeps two snapshots and leaves damaged ones out', () => {
  const path = newPath()
  const journal = open(path)
  append(
    journal,
    Array.from({ length: 9 }, (_, offset) => at(offset)),
  )
  for (const sequence of [2, 4, 6]) journal.saveSnapshot(snapshot(sequence))
  journal.saveSnapshot(snapshot(6))
  expect(journal.snapshots()).toEqual({ snapshots: [snapshot(6), snapshot(4)], damagedCount: 0 })
  journal.close()
  tamper(path, `UPDATE snapshots SET state_json = replace(state_json, '6', '7') WHERE sequence = 6`)
  const again = open(path)
  expect(again.snapshots()).toEqual({ snapshots: [snapshot(4)], damagedCount: 1 })
  // The damaged one makes room, not the good one.
  again.saveSnapshot(snapshot(8))
  expect(again.snapshots()).toEqual({ snapshots: [snapshot(8), snapshot(4)], damagedCount: 0 })
  again.close()
})

it('forgets only events that neither snapshot needs', () => {
  const path = newPath()
  const journal = open(path, { eventsKept: 3 })
  append(
    journal,
    Array.from({ length: 20 }, (_, offset) => at(offset)),
  )
  journal.saveSnapshot(snapshot(10))
  expect(journal.firstSequence()).toBe(1)
  journal.saveSnapshot(snapshot(20))
  expect(journal.firstSequence()).toBe(11)
  append(journal, [at(20)])
  journal.saveSnapshot(snapshot(21))
  expect(journal.firstSequence()).toBe(19)
  journal.close()
  const again = open(path)
  expect([...again.read({ after: 0 })].map(({ sequence }) => sequence)).toEqual([19, 20, 21])
  again.close()
})

it('says which folder cannot be made, and how to name another', () => {
  const file = join(folder, 'no-folder')
  writeFileSync(file, '')
  const path = join(file, 'a.journal.db')
  expect(() => open(path)).toThrow(expect.objectContaining({ code: 'JOURNAL_UNREADABLE', details: { folder: file } }))
  expect(() => open(path)).toThrow('--data-dir')
})

it('is open once, in this process and in any other', () => {
  const path = newPath()
  const journal = open(path)
  expect(() => open(path)).toThrow(expect.objectContaining({ code: 'JOURNAL_LOCKED', message: expect.stringContaining(path) }))
  expect(() => open(path)).toThrow('--data-dir')
  const script = `const { openJournal } = await import('${new URL('./journal.ts', import.meta.url)}')
    try { openJournal({ path: process.argv[1] }) } catch (error) { console.log(error.code) }`
  const run = () => execFileSync(process.execPath, ['--input-type=module', '-e', script, path], { encoding: 'utf8' }).trim()
  expect(run()).toBe('JOURNAL_LOCKED')
  append(journal, [at(0)])
  journal.close()
  expect(run()).toBe('')
})

it('touches nothing that is not its own', () => {
  const unreadable = expect.objectContaining({ code: 'JOURNAL_UNREADABLE' })
  const text = join(folder, 'notes.txt')
  writeFileSync(text, 'not a database '.repeat(1_000))
  expect(() => open(text)).toThrow(unreadable)
  const foreign = join(folder, 'foreign.db')
  tamper(foreign, 'CREATE TABLE recipes (name TEXT)')
  const before = readFileSync(foreign)
  expect(() => open(foreign)).toThrow(unreadable)
  expect(readFileSync(foreign)).toEqual(before)
  const newer = newPath()
  open(newer).close()
  tamper(newer, 'PRAGMA user_version = 3')
  expect(() => open(newer)).toThrow(
    expect.objectContaining({ code: 'JOURNAL_UNREADABLE', message: expect.stringContaining('newer edgetwin') }),
  )
  expect(() => open(join(text, 'journal.db'))).toThrow(unreadable)
})

const DAMAGE = {
  'an event changed': `UPDATE blocks SET runs = replace(runs, '"pi-1"', '"pi-2"') WHERE last = 3`,
  'an event moved': `UPDATE blocks SET runs = replace(runs, '"offsets":[2]', '"offsets":[77]') WHERE last = 3`,
  'an event gone': 'DELETE FROM blocks WHERE last = 3',
  'an event put before its time': 'UPDATE blocks SET first = 2 WHERE last = 3',
  'the last event gone': 'DELETE FROM blocks WHERE last = 5',
  'the first event gone': 'DELETE FROM blocks WHERE last = 1',
  'all events gone': 'DELETE FROM blocks',
  'positions changed': `UPDATE head SET json = replace(json, '"offset":4', '"offset":5')`,
  'the head gone': 'DELETE FROM head',
}
const SEEN_WHEN_READ = ['an event changed', 'an event moved', 'an event gone', 'an event put before its time']

it.each(Object.entries(DAMAGE))('refuses to go on with %s', (what, sql) => {
  const path = newPath()
  const journal = open(path)
  for (let offset = 0; offset < 5; offset++) append(journal, [at(offset)])
  journal.close()
  tamper(path, sql)
  const refusal = expect.objectContaining({ code: 'JOURNAL_UNREADABLE', message: expect.stringContaining(path) })
  if (!SEEN_WHEN_READ.includes(what)) {
    expect(() => open(path)).toThrow(refusal)
    return
  }
  const damaged = open(path)
  expect(() => [...damaged.read({ after: 0 })]).toThrow(refusal)
  expect([...damaged.read({ after: 3 })]).toHaveLength(2)
  damaged.close()
})

describe('a journal of format 1, with a row for each event', () => {
  const FORMAT_1 = new URL('./testing/format-1.journal.db', import.meta.url)
  const copy = (): string => {
    const path = join(folder, `format-1-${++fileCount}.db`)
    copyFileSync(FORMAT_1, path)
    return path
  }
  const text = (journal: Journal) =>
    [...journal.read({ after: 0 })].map(
      ({ sequence, position: { topic, partition, offset }, event }) => `${sequence} ${topic}${partition}:${offset} ${event.type}`,
    )

  it('is brought up when it is opened, and holds the same', () => {
    const path = copy()
    for (let turn = 0; turn < 2; turn++) {
      const journal = open(path)
      expect(text(journal)).toEqual([
        '4 b0:0 inference.requested',
        '5 a1:3 node.sampled',
        '6 b1:1 inference.requested',
        '7 a0:4 node.sampled',
        '8 a1:5 node.sampled',
        '9 a0:6 node.sampled',
        '10 a1:7 node.sampled',
        '11 a0:8 node.sampled',
        '12 a1:9 node.sampled',
      ])
      expect([199, 200, 299, 300].map((timeMs) => journal.sequenceAt(timeMs))).toEqual([0, 7, 7, 12])
      expect(journal.counts()).toEqual({ received: 13, accepted: 12, duplicate: 0, dead: 1 })
      expect(journal.snapshots()).toEqual({ snapshots: [snapshot(6), snapshot(4)], damagedCount: 0 })
      expect(journal.deadLetters({ limit: 9 }).map(({ position }) => position.offset)).toEqual([2])
      journal.close()
    }
    const again = open(path)
    expect(append(again, [at(8), at(10)]).accepted.map(({ sequence }) => sequence)).toEqual([13])
    expect(text(again)).toHaveLength(10)
    again.close()
  })

  it.each([
    ['an event changed', `UPDATE events SET json = replace(json, '"pi-1"', '"pi-2"') WHERE sequence = 5`],
    ['an event gone', 'DELETE FROM events WHERE sequence = 8'],
    ['the last event gone', 'DELETE FROM events WHERE sequence = 12'],
  ])('is refused and left as it was with %s', (_, sql) => {
    const path = copy()
    tamper(path, sql)
    for (let turn = 0; turn < 2; turn++) expect(() => open(path)).toThrow(expect.objectContaining({ code: 'JOURNAL_UNREADABLE' }))
  })

  it('stays what it is when there is no room for the new one', () => {
    const path = copy()
    expect(() => open(path, { maxBytes: 20_000 })).toThrow(expect.objectContaining({ code: 'JOURNAL_FULL' }))
    const journal = open(path)
    expect(text(journal)).toHaveLength(9)
    journal.close()
  })
})

it('leaves nothing of a batch that cannot be written', () => {
  const journal = open()
  append(journal, [at(0)])
  const unwritable = { position: at(2).position, event: { ...aSample(2), load: { utilizationRatio: 1n } } } as unknown as PositionedEvent
  expect(() => append(journal, [at(1), unwritable], { deadLetters: [letter(3)] })).toThrow(TypeError)
  expect([...journal.read({ after: 0 })]).toHaveLength(1)
  expect(journal.deadLetters({ limit: 9 })).toEqual([])
  expect(append(journal, [at(1)]).accepted.map(({ sequence }) => sequence)).toEqual([2])
  expect(journal.counts()).toEqual({ received: 2, accepted: 2, duplicate: 0, dead: 0 })
  journal.close()
})

it('refuses a file that was cut off', () => {
  const path = newPath()
  const journal = open(path)
  append(
    journal,
    Array.from({ length: 2_000 }, (_, offset) => at(offset)),
  )
  journal.close()
  const { size } = statSync(path)
  for (const share of [0.9, 0.5, 0.1]) {
    truncateSync(path, Math.floor(size * share))
    expect(() => open(path)).toThrow(expect.objectContaining({ code: 'JOURNAL_UNREADABLE', message: expect.stringContaining(path) }))
  }
})

it('takes all of a batch or nothing when there is no room, and goes on when there is again', () => {
  const path = newPath()
  const journal = open(path, { maxBytes: 200_000, eventsKept: 10 })
  const batch = (n: number) => Array.from({ length: 50 }, (_, i) => at(n * 50 + i))
  let n = 0
  const fill = () => {
    for (;;) {
      append(journal, batch(n))
      n++
    }
  }
  expect(fill).toThrow(expect.objectContaining({ code: 'JOURNAL_FULL' }))
  expect(journal.lastSequence()).toBe(n * 50)
  expect(journal.counts().received).toBe(n * 50)
  expect([...journal.read({ after: 0 })]).toHaveLength(n * 50)
  // Snapshots let it forget old events, which makes room.
  journal.saveSnapshot(snapshot(n * 50 - 1))
  journal.saveSnapshot(snapshot(n * 50))
  expect(append(journal, batch(n)).accepted).toHaveLength(50)
  journal.close()
  const again = open(path, { maxBytes: 1_000_000 })
  for (let more = 0; more < 10; more++) append(again, batch(++n))
  expect([...again.read({ after: 0 })].at(-1)?.position.offset).toBe(n * 50 + 49)
  again.close()
})

it('exports what it can import, and says which line it cannot', () => {
  const journal = open()
  append(journal, [at(0), at(1)])
  const lines = [...exportTrace(journal.read({ after: 0 }))]
  expect([...importTrace([...lines, ''])]).toEqual([...journal.read({ after: 0 })])
  for (const bad of ['{', '{"sequence":1}', lines[0]!.replace('node.sampled', 'node.eaten')]) {
    expect(() => [...importTrace([lines[0]!, bad])]).toThrow(
      expect.objectContaining({ code: 'TEXT_INVALID', details: expect.objectContaining({ line: 2 }) }),
    )
  }
  journal.close()
})
