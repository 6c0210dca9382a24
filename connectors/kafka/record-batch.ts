/**
 * Kafka's record batches as brokers send them, magic 2 (since Kafka 0.11), read into what we ask of a reader and nothing else.
 *
 * kafkajs spends most of a consumer's time here. Lengths come from the wire, so each is checked before it is believed.
 */
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { type IncomingRecord, KafkaFailure } from './client.ts'

/** Of all batches, whatever else they hold. */
export interface BatchHeader {
  readonly firstOffset: bigint
  readonly lastOffsetDelta: number
  readonly attributes: number
  readonly producerId: bigint
}

export interface RecordBatch extends BatchHeader {
  readonly records: readonly IncomingRecord[]
}

const LENGTH_AT = 8
const LENGTH_END = 12
const MAGIC_AT = 16
const RECORDS_AT = 61
const MAGIC = 2

const COMPRESSION = 0b111
const LOG_APPEND_TIME = 0b1000
const TRANSACTIONAL = 0b10000
const CONTROL = 0b100000

/** A batch that unpacks to more is no batch of ours. */
const UNPACKED = { maxOutputLength: 64 * 1024 * 1024 } as const
const UNPACK: Readonly<Record<number, (packed: Uint8Array) => Buffer>> = {
  1: (packed) => gunzipSync(packed, UNPACKED),
  4: (packed) => zstdDecompressSync(packed, UNPACKED),
}
const NOT_READ = ['', '', 'Snappy', 'LZ4']

/**
 * Control batches come without their records. A last batch that was cut off, as brokers may do, is left out.
 *
 * @throws KafkaFailure undecodable
 */
export function readBatches(bytes: Buffer): RecordBatch[] {
  const batches: RecordBatch[] = []
  for (let at = 0; at + RECORDS_AT <= bytes.length; ) {
    const length = bytes.readInt32BE(at + LENGTH_AT)
    const end = at + LENGTH_END + length
    if (bytes[at + MAGIC_AT] !== MAGIC) throw undecodable(`a batch has format ${bytes[at + MAGIC_AT]}, and only 2 is read`)
    if (length < RECORDS_AT - LENGTH_END) throw undecodable(`a batch says that it has ${length} bytes`)
    if (end > bytes.length) break
    batches.push(readBatch(bytes.subarray(at, end)))
    at = end
  }
  return batches
}

function readBatch(batch: Buffer): RecordBatch {
  const attributes = batch.readInt16BE(21)
  const header = {
    firstOffset: batch.readBigInt64BE(0),
    attributes,
    lastOffsetDelta: batch.readInt32BE(23),
    producerId: batch.readBigInt64BE(43),
  }
  if ((attributes & CONTROL) !== 0) return { ...header, records: [] }
  const isAppendTime = (attributes & LOG_APPEND_TIME) !== 0
  const records = readRecords(unpack(batch.subarray(RECORDS_AT), attributes & COMPRESSION), {
    count: batch.readInt32BE(57),
    firstOffset: Number(header.firstOffset),
    timeMsOf: timeOf({ firstMs: Number(batch.readBigInt64BE(27)), maxMs: Number(batch.readBigInt64BE(35)), isAppendTime }),
  })
  return { ...header, records }
}

function timeOf({ firstMs, maxMs, isAppendTime }: { readonly firstMs: number; readonly maxMs: number; readonly isAppendTime: boolean }) {
  return isAppendTime ? () => maxMs : (deltaMs: number) => firstMs + deltaMs
}

function unpack(packed: Buffer, compression: number): Buffer {
  if (compression === 0) return packed
  const unpackBy = UNPACK[compression]
  if (unpackBy === undefined) throw undecodable(`a batch is compressed with ${NOT_READ[compression] ?? `codec ${compression}`}`)
  try {
    return unpackBy(packed)
  } catch (error) {
    throw undecodable(`a batch cannot be unpacked: ${error instanceof Error ? error.message : 'no reason given'}`)
  }
}

interface Context {
  readonly count: number
  readonly firstOffset: number
  readonly timeMsOf: (deltaMs: number) => number
}

function readRecords(bytes: Buffer, { count, firstOffset, timeMsOf }: Context): IncomingRecord[] {
  let at = 0

  function varint(): number {
    let byte = bytes[at++]!
    let value = byte & 0x7f
    // Beyond 32 bits there is multiplication only.
    for (let scale = 128; byte > 0x7f; scale *= 128) {
      byte = bytes[at++]!
      value += (byte & 0x7f) * scale
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }
  /** Where something of the length that stands here ends; null begins and ends at once. */
  function endOf(): number {
    const length = varint()
    const end = length === -1 ? at : at + length
    if (!(end >= at && end <= bytes.length)) throw undecodable('a record is longer than its batch')
    return end
  }
  function text(): string {
    const end = endOf()
    const read = bytes.toString('utf8', at, end)
    at = end
    return read
  }
  function headers(): Record<string, string> {
    const named: Record<string, string> = {}
    for (let left = varint(); left > 0; left--) {
      const name = text()
      const value = text()
      // The first of several counts.
      if (!Object.hasOwn(named, name)) named[name] = value
    }
    return named
  }

  const records: IncomingRecord[] = []
  for (let left = count; left > 0; left--) {
    const end = endOf()
    at++
    const timeMs = timeMsOf(varint())
    const offset = firstOffset + varint()
    at = endOf()
    const valueEnd = endOf()
    const value = bytes.subarray(at, valueEnd)
    at = valueEnd
    records.push({ offset, timeMs, headers: headers(), value })
    if (at !== end) throw undecodable('a record does not end where it says')
  }
  return records
}

/** Without control batches and what aborted transactions wrote. @param aborted From which offset on, by producer. */
export function committed<B extends BatchHeader>(
  batches: readonly B[],
  aborted: readonly { readonly producerId: bigint; readonly firstOffset: bigint }[],
): B[] {
  const waiting = [...aborted].sort((a, b) => Number(a.firstOffset - b.firstOffset))
  const abortedNow = new Set<bigint>()
  return batches.filter(({ attributes, producerId, firstOffset, lastOffsetDelta }) => {
    while (waiting[0] !== undefined && waiting[0].firstOffset <= firstOffset + BigInt(lastOffsetDelta)) {
      abortedNow.add(waiting.shift()!.producerId)
    }
    if ((attributes & CONTROL) !== 0) abortedNow.delete(producerId)
    return (attributes & CONTROL) === 0 && !((attributes & TRANSACTIONAL) !== 0 && abortedNow.has(producerId))
  })
}

function undecodable(what: string): KafkaFailure {
  return new KafkaFailure('undecodable', what)
}
