/**
 * Which partition a key belongs to: what Kafka's Java producer does by default, so that every producer agrees.
 *
 * All clients are told the partition, so that one site is one partition number in every topic whoever writes it.
 */

/** @param partitionCount At least 1. */
export function partitionOf(key: string, partitionCount: number): number {
  return (murmur2(new TextEncoder().encode(key)) & 0x7fffffff) % partitionCount
}

const SEED = 0x9747b28c
const M = 0x5bd1e995

/** Austin Appleby's MurmurHash2, 32 bits, as in org.apache.kafka.common.utils.Utils. @returns A signed 32-bit number. */
export function murmur2(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const tail = bytes.length & ~3
  let hash = SEED ^ bytes.length
  for (let at = 0; at < tail; at += 4) {
    let word = Math.imul(view.getInt32(at, true), M)
    word ^= word >>> 24
    hash = Math.imul(hash, M) ^ Math.imul(word, M)
  }
  if (bytes.length > tail) {
    for (let at = bytes.length - 1; at >= tail; at--) hash ^= view.getUint8(at) << (8 * (at - tail))
    hash = Math.imul(hash, M)
  }
  hash ^= hash >>> 13
  hash = Math.imul(hash, M)
  return hash ^ (hash >>> 15)
}
