/** The oracle is how another client writes batches. */
import { describe, expect, it } from '@jest/globals'
import { createRecordsBatch } from '@platformatic/kafka'
import fc from 'fast-check'
import { committed, readBatches } from './record-batch.ts'

const SEED = 20_270
const START_MS = 1_750_000_000_000

interface Written {
  readonly timeMs: number
  readonly key: string
  readonly value: Uint8Array
  readonly headers: readonly (readonly [string, string])[]
}

interface Options {
  readonly compression?: 'none' | 'gzip' | 'zstd' | 'snappy' | 'lz4'
  readonly firstOffset?: number
  readonly producerId?: bigint
  readonly flags?: number
}

function write(records: readonly Written[], { compression = 'none', firstOffset = 0, producerId = 7n, flags = 0 }: Options = {}): Buffer {
  const messages = records.map(({ timeMs, key, value, headers }) => ({
    topic: 't',
    timestamp: BigInt(timeMs),
    key: Buffer.from(key),
    value: Buffer.from(value),
    headers: new Map(headers.map(([name, text]) => [Buffer.from(name), Buffer.from(text)])),
  }))
  const options = { compression, producerId, producerEpoch: 0, partitionLeaderEpoch: 0 }
  const bytes = Buffer.from(createRecordsBatch(messages, options as unknown as Parameters<typeof createRecordsBatch>[1]).buffer)
  bytes.writeBigInt64BE(BigInt(firstOffset), 0)
  bytes.writeInt16BE(bytes.readInt16BE(21) | flags, 21)
  return bytes
}

const aRecord = (n: number, more: Partial<Written> = {}): Written => ({
  timeMs: START_MS + n,
  key: 'site',
  value: Buffer.from(`{"n":${n}}`),
  headers: [['ce_id', String(n)]],
  ...more,
})

/** As Kafka writes its numbers: the sign last, seven bits a byte, the lowest first. */
function varint(value: bigint): number[] {
  const bytes: number[] = []
  let left = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
  for (; left > 127n; left >>= 7n) bytes.push(Number(left & 127n) | 128)
  return [...bytes, Number(left)]
}

const anyRecord = fc.record({
  // The oracle writes wrong what lies further apart.
  timeMs: fc.integer({ min: START_MS - 2 ** 29, max: START_MS + 2 ** 29 }),
  key: fc.string({ unit: 'binary' }),
  value: fc.uint8Array({ maxLength: 300 }),
  headers: fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme', maxLength: 200 })), { maxLength: 5 }),
})

describe('record batches', () => {
  it.each(['none', 'gzip', 'zstd'] as const)('come back as they were written, with compression %s', (compression) => {
    const anyBatch = fc.tuple(fc.array(anyRecord, { minLength: 1, maxLength: 8 }), fc.nat(2 ** 40))
    fc.assert(
      fc.property(fc.array(anyBatch, { maxLength: 3 }), (batches) => {
        const bytes = Buffer.concat(batches.map(([records, firstOffset]) => write(records, { compression, firstOffset })))
        const expected = batches.map(([records, firstOffset]) =>
          records.map(({ timeMs, value, headers }, index) => ({
            offset: firstOffset + index,
            timeMs,
            // The first of several counts; nobody can have this one.
            headers: Object.fromEntries(headers.filter(([name]) => name !== '__proto__').toReversed()),
            value: Buffer.from(value),
          })),
        )
        const read = readBatches(bytes)
        expect(read.map(({ records }) => records)).toEqual(expected)
        expect(read.map(({ lastOffsetDelta }) => lastOffsetDelta)).toEqual(batches.map(([records]) => records.length - 1))
      }),
      { seed: SEED, numRuns: 60 },
    )
  })

  it.each([0, 1, -1, 64, -65, 2 ** 31, -(2 ** 31) - 1, 2 ** 45, -(2 ** 45)])(
    'may lie %d ms after their first, with nothing in them',
    (deltaMs) => {
      const [key, value, headers, offset] = [varint(-1n), varint(-1n), varint(0n), varint(0n)]
      const record = Buffer.from([0, varint(BigInt(deltaMs)), offset, key, value, headers].flat())
      const bytes = Buffer.concat([write([aRecord(0)]).subarray(0, 61), Buffer.from(varint(BigInt(record.length))), record])
      bytes.writeInt32BE(bytes.length - 12, 8)
      expect(readBatches(bytes)[0]!.records).toEqual([{ offset: 0, timeMs: START_MS + deltaMs, headers: {}, value: Buffer.alloc(0) }])
    },
  )

  it('have the time of the broker when the topic says so', () => {
    const records = [aRecord(0), aRecord(40), aRecord(9)]
    const [batch] = readBatches(write(records, { flags: 0b1000 }))
    expect(batch!.records.map(({ timeMs }) => timeMs)).toEqual([40, 40, 40].map((n) => START_MS + n))
  })

  it('take the first of several headers of one name, and names that every object knows', () => {
    const [batch] = readBatches(write([aRecord(0, { headers: ['a', 'toString', 'a'].map((name, n) => [name, String(n)]) })]))
    expect(batch!.records[0]!.headers).toEqual({ a: '0', toString: '1' })
  })

  it('are left out where the answer was cut off', () => {
    const whole = write([aRecord(0), aRecord(1)])
    const next = write([aRecord(2)], { firstOffset: 2 })
    for (let length = 0; length < next.length; length++) {
      expect(readBatches(Buffer.concat([whole, next.subarray(0, length)]))).toHaveLength(1)
    }
    expect(readBatches(Buffer.concat([whole, next]))).toHaveLength(2)
  })

  it.each([
    ['Snappy', 2],
    ['LZ4', 3],
    ['codec 7', 7],
  ])('compressed with %s are named', (name, flags) => {
    const bytes = write([aRecord(0)], { flags })
    expect(() => readBatches(bytes)).toThrow(expect.objectContaining({ kind: 'undecodable', message: expect.stringContaining(name) }))
  })

  it('are refused when a record is not as long as it says', () => {
    const bytes = write([aRecord(0), aRecord(1)])
    bytes[61] = bytes[61]! - 2
    expect(() => readBatches(bytes)).toThrow(expect.objectContaining({ kind: 'undecodable' }))
  })

  it('with any byte changed are read or refused, never worse', () => {
    const bytes = write([aRecord(0), aRecord(1)])
    for (let at = 0; at < bytes.length; at++) {
      for (const byte of [0, 1, 0x7f, 0x80, 0xff]) {
        const changed = Buffer.from(bytes)
        changed[at] = byte
        try {
          for (const { records } of readBatches(changed)) expect(records.length).toBeLessThanOrEqual(2)
        } catch (error) {
          expect(error).toMatchObject({ kind: 'undecodable' })
        }
      }
    }
  })

  it('of transactions count when they were not aborted', () => {
    const [TRANSACTIONAL, CONTROL] = [0b10000, 0b110000]
    const bytes = Buffer.concat([
      write([aRecord(0)], { firstOffset: 0, flags: TRANSACTIONAL }),
      write([aRecord(1)], { firstOffset: 1, flags: TRANSACTIONAL, producerId: 8n }),
      write([aRecord(2)], { firstOffset: 2, flags: CONTROL }),
      write([aRecord(3)], { firstOffset: 3, flags: TRANSACTIONAL }),
      write([aRecord(4)], { firstOffset: 4 }),
    ])
    const kept = committed(readBatches(bytes), [{ producerId: 7n, firstOffset: 0n }])
    expect(kept.flatMap(({ records }) => records.map(({ offset }) => offset))).toEqual([1, 3, 4])
  })
})
