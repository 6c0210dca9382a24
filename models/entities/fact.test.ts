import { expect, it } from '@jest/globals'
import { type Deadlines, type Freshness, freshnessOf, isNewer, LIST_DEADLINES, SAMPLE_DEADLINES } from './fact.ts'

const rows = ({ lateMs, staleMs, lostMs }: Deadlines): [number, Freshness][] => [
  [0, 'fresh'],
  [lateMs - 1, 'fresh'],
  [lateMs, 'late'],
  [staleMs - 1, 'late'],
  [staleMs, 'stale'],
  [lostMs - 1, 'stale'],
  [lostMs, 'lost'],
  [Number.MAX_SAFE_INTEGER, 'lost'],
]

it.each(rows(SAMPLE_DEADLINES))('a sample of age %d ms is %s, and so is one from as far ahead', (ageMs, freshness) => {
  expect([freshnessOf(ageMs, SAMPLE_DEADLINES), freshnessOf(-ageMs, SAMPLE_DEADLINES)]).toEqual([freshness, freshness])
})

it.each(rows(LIST_DEADLINES))('a listed fact of age %d ms is %s, and so is one from as far ahead', (ageMs, freshness) => {
  expect([freshnessOf(ageMs, LIST_DEADLINES), freshnessOf(-ageMs, LIST_DEADLINES)]).toEqual([freshness, freshness])
})

it('the deadlines are 5, 15 and 60 s for samples, 90, 300 and 900 s for lists', () => {
  expect(SAMPLE_DEADLINES).toEqual({ lateMs: 5_000, staleMs: 15_000, lostMs: 60_000 })
  expect(LIST_DEADLINES).toEqual({ lateMs: 90_000, staleMs: 300_000, lostMs: 900_000 })
})

it('news of the same millisecond is news', () => {
  expect([isNewer({ timeMs: 5 }, { timeMs: 5 }), isNewer({ timeMs: 6 }, { timeMs: 5 }), isNewer(null, { timeMs: 5 })]).toEqual([
    false,
    true,
    false,
  ])
})
