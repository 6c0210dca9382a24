import { expect, it } from '@jest/globals'
import { murmur2, partitionOf } from './partitioner.ts'

// The vectors of Apache Kafka's own UtilsTest.
it.each([
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
])('hashes %s as the Java client does', (text, hash) => expect(murmur2(new TextEncoder().encode(text))).toBe(hash))

it('stays within the partitions, and tells apart what it can', () => {
  const partitions = Array.from({ length: 200 }, (_, n) => partitionOf(`site-${n}`, 6))
  expect(new Set(partitions)).toEqual(new Set([0, 1, 2, 3, 4, 5]))
  expect(partitionOf('lab', 1)).toBe(0)
  expect(partitionOf('', 3)).toBe(partitionOf('', 3))
})
