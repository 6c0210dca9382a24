import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { parseAt, parseTimeMs } from './at.ts'

const NOW_MS = 1_800_000_000_000

describe('at', () => {
  it.each([
    [undefined, { kind: 'now' }],
    ['now', { kind: 'now' }],
    ['#0', { kind: 'sequence', sequence: 0 }],
    ['#123', { kind: 'sequence', sequence: 123 }],
    ['2026-11-21', { kind: 'time', timeMs: Date.UTC(2026, 10, 21) }],
    ['2026-11-21T08:00:00Z', { kind: 'time', timeMs: Date.UTC(2026, 10, 21, 8) }],
    ['2026-11-21T08:00:00.250+01:00', { kind: 'time', timeMs: Date.UTC(2026, 10, 21, 7, 0, 0, 250) }],
    ['1700000000000', { kind: 'time', timeMs: 1_700_000_000_000 }],
    ['-10m', { kind: 'time', timeMs: NOW_MS - 600_000 }],
    ['10m', { kind: 'time', timeMs: NOW_MS - 600_000 }],
    ['250ms', { kind: 'time', timeMs: NOW_MS - 250 }],
    ['2h', { kind: 'time', timeMs: NOW_MS - 7_200_000 }],
    ['1d', { kind: 'time', timeMs: NOW_MS - 86_400_000 }],
  ])('reads %s', (text, at) => expect(parseAt(text, NOW_MS)).toEqual(at))

  it.each([
    '',
    '#',
    '#-1',
    '#1.5',
    'yesterday',
    '10w'.repeat(9),
    '1e3',
    '2026-13-40T00:00:00Z',
    '2026-11-21T08:00',
    '999999999d',
    '9'.repeat(16),
  ])('refuses %s', (text) => {
    expect(() => parseAt(text, NOW_MS)).toThrow(/no position and no time; give #SEQUENCE/)
  })

  it('reads back every time and sequence', () => {
    fc.assert(
      fc.property(fc.nat(1e9), fc.date({ min: new Date(0), max: new Date('9999-01-01'), noInvalidDate: true }), (n, date) => {
        expect(parseAt(`#${n}`, NOW_MS)).toEqual({ kind: 'sequence', sequence: n })
        expect(parseAt(date.toISOString(), NOW_MS)).toEqual({ kind: 'time', timeMs: date.getTime() })
        expect(parseAt(String(date.getTime()), NOW_MS)).toEqual({ kind: 'time', timeMs: date.getTime() })
      }),
      { seed: 20_261_121 },
    )
  })
})

describe('a time of a range', () => {
  it.each([
    ['now', NOW_MS],
    ['15m', NOW_MS - 900_000],
    ['2026-11-21T08:00:00Z', Date.UTC(2026, 10, 21, 8)],
    ['1700000000000', 1_700_000_000_000],
  ])('reads %s', (text, timeMs) => expect(parseTimeMs('from', text, NOW_MS)).toBe(timeMs))

  it.each(['#7', '', 'noon', '999999999d'])('refuses %j, naming the field', (text) => {
    expect(() => parseTimeMs('from', text, NOW_MS)).toThrow(`from=${JSON.stringify(text)} is no time; give an ISO time`)
  })
})
