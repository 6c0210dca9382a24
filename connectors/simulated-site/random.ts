/**
 * Seeded chance. Each purpose and each thing draws from a stream of its own, named by a label, so that what one of
 * them draws never shifts another's luck: a clip takes the same noise wherever it is placed and whoever places it.
 */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'

export interface Draws {
  /** In [0, 1). */
  uniform(): number
  /** Mean 0, standard deviation 1, cut off at ±3. */
  normal(): number
  /** Mean 1. */
  exponential(): number
}

export function drawsOf(seed: number, label: string): Draws {
  const generator = xoroshiro128plus(mix(seed ^ hash(label)))
  const uniform = () => uniformFloat64(generator)
  // Box and Muller (1958); 1 − u keeps the logarithm finite.
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())
  return {
    uniform,
    normal: () => Math.min(3, Math.max(-3, normal())),
    exponential: () => -Math.log(1 - uniform()),
  }
}

/** FNV-1a, 32 bit. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  return value
}

/** The finaliser of MurmurHash3: each bit of the seed moves half of the bits, else neighbouring seeds draw nearly the same. */
function mix(value: number): number {
  const folded = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  const again = Math.imul(folded ^ (folded >>> 13), 0xc2b2ae35)
  return again ^ (again >>> 16)
}
