import { expect, it } from '@jest/globals'
import { age, bitRate, byName, bytes, counted, duration, percent, rate, readable, UNKNOWN } from './format.ts'

const plain = (text: string) => text.replaceAll('\u00a0', ' ')

it.each([
  [percent(0.427), '43 %'],
  [percent(1), '100 %'],
  [percent(0.0123, 1), '1.2 %'],
  [duration(0.4), '0.40 ms'],
  [duration(812), '812 ms'],
  [duration(8_120), '8.12 s'],
  [duration(95_000), '1 min 35 s'],
  [age(7_400), '7 s'],
  [age(-5), '0 s'],
  [age(200_000), '3 min 20 s'],
  [age(3_600_000), '1 h'],
  [age(7_500_000), '2 h 5 min'],
  [age(4 * 86_400_000), '4 d'],
  [bytes(8_589_934_592), '8.0 GiB'],
  [bytes(512), '512 B'],
  [rate(12_500_000), '12.5 MB/s'],
  [rate(125_000_000), '125 MB/s'],
  [bitRate(12_500_000), '100 Mbit/s'],
  [counted(1, 'pod'), '1 pod'],
  [counted(3, 'pod'), '3 pods'],
  [readable('plan c28d0fd3-e785-4fb8-9e8e-268b0312c7c5 waits for approval'), 'plan c28d0fd3 waits for approval'],
  [readable('1 pod(s) are bound nowhere, 2 plan(s) in a row failed'), '1 pod is bound nowhere, 2 plans in a row failed'],
  [readable('no accelerator (s)'), 'no accelerator (s)'],
])('%s', (text, expected) => {
  expect(plain(text)).toBe(expected)
})

it('never shows the unknown as zero', () => {
  for (const format of [percent, duration, age, bytes, rate, bitRate]) {
    for (const unknown of [null, undefined, Number.NaN, Number.POSITIVE_INFINITY]) expect(format(unknown)).toBe(UNKNOWN)
  }
})

it('sorts names as people count', () => {
  expect(['tx2-10', 'tx2-2', 'edge-1'].sort(byName)).toEqual(['edge-1', 'tx2-2', 'tx2-10'])
})
