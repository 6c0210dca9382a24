import { afterAll, beforeAll, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { Journal } from '../models/ports.ts'
import { applyEvents } from '../twin/fold.ts'
import { emptyTwin } from '../twin/twin-state.ts'
import { stateHash } from './state-hash.ts'
import { type JournaledSite, startSite } from './testing/journaled-site.ts'
import { seededEvents, takeEvents } from './testing/seeded-events.ts'
import { createTwinHistory } from './twin-history.ts'

const START_MS = 1_750_000_000_000
const EVENT_COUNT = 9_000
let nowMs = START_MS
let site: JournaledSite

// A hundred events a second; snapshots at 3,000, 6,000 and 9,000, of which two are kept.
beforeAll(async () => {
  site = await startSite({ path: ':memory:', clock: () => nowMs, snapshotEvery: 3_000 })
  const events = seededEvents({ seed: 21, startMs: START_MS })
  for (let n = 0; n < EVENT_COUNT; n += 100) {
    await site.log.publish(takeEvents(events, 100))
    nowMs += 1_000
  }
})
afterAll(() => site.stop())

const replayTo = (journal: Journal, sequence: number) => stateHash(applyEvents(emptyTwin, journal.read({ after: 0, until: sequence })))

it('gives the twin of any past sequence, in any order of asking', async () => {
  const history = createTwinHistory({ journal: site.journal, clock: () => nowMs })
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: EVENT_COUNT }), async (sequence) => {
      const state = await history.stateAt({ kind: 'sequence', sequence })
      expect(state.sequence).toBe(sequence)
      expect(stateHash(state)).toBe(replayTo(site.journal, sequence))
    }),
    { seed: 22, numRuns: 25, examples: [[0], [1], [EVENT_COUNT], [EVENT_COUNT - 1], [3_000], [2_999], [6_001]] },
  )
  expect(await history.stateAt({ kind: 'sequence', sequence: 5_000 })).toBe(await history.stateAt({ kind: 'sequence', sequence: 5_000 }))
})

it('gives the twin of any past time: with all that was received until then', async () => {
  const history = createTwinHistory({ journal: site.journal, clock: () => nowMs })
  for (const [timeMs, sequence] of [
    [START_MS, 100],
    [START_MS + 999, 100],
    [START_MS + 1_000, 200],
    [nowMs, EVENT_COUNT],
  ] as const) {
    expect((await history.stateAt({ kind: 'time', timeMs })).sequence).toBe(sequence)
  }
})

it.each([
  { kind: 'sequence', sequence: -1 },
  { kind: 'sequence', sequence: EVENT_COUNT + 1 },
  { kind: 'sequence', sequence: 1.5 },
  { kind: 'time', timeMs: START_MS - 1 },
  { kind: 'time', timeMs: START_MS + 86_400_000 },
  { kind: 'time', timeMs: Number.NaN },
] as const)('knows no twin at %j', async (at) => {
  const history = createTwinHistory({ journal: site.journal, clock: () => nowMs })
  await expect(history.stateAt(at)).rejects.toMatchObject({ code: 'POSITION_UNKNOWN', details: at })
})

it('says the time that was asked as people read it', async () => {
  const history = createTwinHistory({ journal: site.journal, clock: () => nowMs })
  await expect(history.stateAt({ kind: 'time', timeMs: START_MS - 1 })).rejects.toThrow(new Date(START_MS - 1).toISOString())
})

it('says what is forgotten and goes back as far as snapshots reach', async () => {
  const short = await startSite({ path: ':memory:', clock: () => START_MS, snapshotEvery: 100, eventsKept: 10 })
  const history = createTwinHistory({ journal: short.journal, clock: () => START_MS })
  const events = seededEvents({ seed: 23, startMs: START_MS })
  await short.log.publish(takeEvents(events, 40))
  const early = await history.stateAt({ kind: 'sequence', sequence: 40 })
  for (let n = 0; n < 5; n++) await short.log.publish(takeEvents(events, 100))
  expect(short.journal.firstSequence()).toBe(441)
  expect((await history.stateAt({ kind: 'sequence', sequence: 460 })).sequence).toBe(460)
  for (const sequence of [early.sequence, 41, 439]) {
    await expect(history.stateAt({ kind: 'sequence', sequence })).rejects.toMatchObject({ code: 'POSITION_UNKNOWN' })
  }
  await short.stop()
})
