import { expect, it } from '@jest/globals'
import { sweepCsv } from './sweep-csv.ts'

it('writes a row per point and leaves out who never found a schedule', () => {
  const csv = sweepCsv({
    scenario: 'sweep link(cam-1) 8..16 Mbit/s',
    basis: { sequence: 1, timeMs: 1, stateHash: 'h' },
    unit: 'B/s',
    points: [
      { x: 1e6, winner: 'heft', makespanMsByAlgorithm: { heft: 10.5, peft: 11 } },
      { x: 2e6, winner: null, makespanMsByAlgorithm: { peft: 9 } },
    ],
    breakPoints: [],
    toleranceRatio: 0.001,
    unrefinedCount: 0,
    warnings: [],
  })
  expect(csv).toBe('"link rate, Mbit/s",winner,heft ms,peft ms\r\n8,heft,10.5,11\r\n16,,,9\r\n')
})
