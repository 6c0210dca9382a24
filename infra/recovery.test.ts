import { createHash } from 'node:crypto'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { openJournal } from '../connectors/journal/journal.ts'
import { applyEvents } from '../twin/fold.ts'
import { emptyTwin } from '../twin/twin-state.ts'
import { type Recovery, recoverTwin } from './recovery.ts'
import { snapshotOf, stateHash } from './state-hash.ts'
import { newJournalPath, startSite } from './testing/journaled-site.ts'
import { seededEvents, takeEvents } from './testing/seeded-events.ts'

const START_MS = 1_750_000_000_000
const EVENT_COUNT = 330
const original = newJournalPath()
const copy = newJournalPath()
let liveHash = ''

// Snapshots at 200 and 300, a tail of 30.
beforeAll(async () => {
  const site = await startSite({ path: original.path, clock: () => START_MS, snapshotEvery: 100 })
  const events = seededEvents({ seed: 11, startMs: START_MS })
  for (let n = 0; n < EVENT_COUNT; n += 10) await site.log.publish(takeEvents(events, 10))
  liveHash = stateHash(site.ingest.state())
  site.journal.close()
})
afterAll(() => {
  original.dispose()
  copy.dispose()
})

/** Recovers a copy of the journal after `damage`. */
function recoverAfter(damage: (path: string) => void): Recovery {
  copyFileSync(original.path, copy.path)
  damage(copy.path)
  const journal = openJournal({ path: copy.path, synchronous: 'off' })
  try {
    return recoverTwin(journal)
  } finally {
    journal.close()
  }
}

function withSql(...statements: readonly string[]) {
  return (path: string) => {
    const file = new DatabaseSync(path)
    for (const sql of statements) file.exec(sql)
    file.close()
  }
}

describe('recovery', () => {
  it('from snapshot and tail gives the live twin, and so does a full replay', () => {
    const { state, ...rest } = recoverAfter(() => {})
    expect(rest).toEqual({ snapshotSequence: 300, replayedCount: 30, refusedCount: 0 })
    expect(stateHash(state)).toBe(liveHash)
    const full = recoverAfter(withSql('DELETE FROM snapshots'))
    expect(full).toMatchObject({ snapshotSequence: 0, replayedCount: EVENT_COUNT, refusedCount: 0 })
    expect(stateHash(full.state)).toBe(liveHash)
  })

  it.each([
    ['cut off', `UPDATE snapshots SET state_json = substr(state_json, 1, 900) WHERE sequence = 300`],
    ['of another place', `UPDATE snapshots SET sequence = 310 WHERE sequence = 300`],
    ['beyond the end', `UPDATE snapshots SET sequence = 400 WHERE sequence = 300`],
  ])('falls back to the older snapshot when the newer one is %s', (_, sql) => {
    const { state, ...rest } = recoverAfter(withSql(sql))
    expect(rest).toEqual({ snapshotSequence: 200, replayedCount: 130, refusedCount: 1 })
    expect(stateHash(state)).toBe(liveHash)
  })

  it('takes no snapshot whose text is whole but not a twin of this version, to the last field', () => {
    const { stateJson } = snapshotOf(recoverAfter(() => {}).state)
    const wrong = [
      stateJson.replace('"version":1', '"version":2'),
      stateJson.replace('"sequence":330', '"extra":1,"sequence":330'),
      stateJson.replace('"sequence":330', '"sequence":329'),
      '{}',
      'null',
    ]
    for (const text of wrong) {
      const hash = createHash('sha256').update(text).digest('hex')
      const { state, ...rest } = recoverAfter(withSql(`INSERT INTO snapshots VALUES (330, '${hash}', '${text.replaceAll("'", "''")}')`))
      expect(rest).toEqual({ snapshotSequence: 300, replayedCount: 30, refusedCount: 1 })
      expect(stateHash(state)).toBe(liveHash)
    }
  })

  it('takes no snapshot with which the counts do not add up', () => {
    const { state } = recoverAfter(() => {})
    const forged = snapshotOf({ ...state, counts: { ...state.counts, applied: state.counts.applied - 1 } })
    const { snapshotSequence } = recoverAfter(withSql(`INSERT INTO snapshots VALUES (330, '${forged.hash}', '${forged.stateJson}')`))
    expect(snapshotSequence).toBe(300)
  })

  it('refuses when no snapshot holds and the first events are gone', async () => {
    const { path, dispose } = newJournalPath()
    const site = await startSite({ path, clock: () => START_MS, synchronous: 'off', snapshotEvery: 20, eventsKept: 5 })
    const events = seededEvents({ seed: 12, startMs: START_MS })
    for (let n = 0; n < 100; n += 10) await site.log.publish(takeEvents(events, 10))
    expect(site.journal.firstSequence()).toBe(81)
    const hash = stateHash(site.ingest.state())
    await site.stop()
    const recover = () => {
      const journal = openJournal({ path })
      try {
        return recoverTwin(journal)
      } finally {
        journal.close()
      }
    }
    // One undamaged snapshot is enough, the older one too.
    withSql(`UPDATE snapshots SET hash = 'x' WHERE sequence = 100`)(path)
    expect(stateHash(recover().state)).toBe(hash)
    withSql(`UPDATE snapshots SET hash = 'x'`)(path)
    expect(recover).toThrow(expect.objectContaining({ code: 'JOURNAL_REFUSED', details: expect.objectContaining({ firstSequence: 81 }) }))
    dispose()
  })

  it('gives the right twin or refuses, wherever bytes of the file are changed', () => {
    const bytes = readFileSync(original.path)
    const outcomes = { recovered: 0, refused: 0 }
    const place = fc.record({ at: fc.integer({ min: 0, max: bytes.length - 1 }), xor: fc.integer({ min: 1, max: 255 }) })
    fc.assert(
      fc.property(fc.array(place, { minLength: 1, maxLength: 4 }), (places) => {
        const damaged = Buffer.from(bytes)
        for (const { at, xor } of places) damaged[at]! ^= xor
        try {
          const { state } = recoverAfter((path) => writeFileSync(path, damaged))
          expect(stateHash(state)).toBe(liveHash)
          outcomes.recovered++
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^JOURNAL_(UNREADABLE|REFUSED)$/) })
          outcomes.refused++
        }
      }),
      { seed: 13, numRuns: 200 },
    )
    expect(Math.min(outcomes.recovered, outcomes.refused)).toBeGreaterThan(10)
  })

  it('of an empty journal is the empty twin', () => {
    const journal = openJournal({ path: ':memory:' })
    expect(recoverTwin(journal)).toEqual({ state: emptyTwin, snapshotSequence: 0, replayedCount: 0, refusedCount: 0 })
    expect(applyEvents(emptyTwin, journal.read({ after: 0 }))).toBe(emptyTwin)
    journal.close()
  })
})
