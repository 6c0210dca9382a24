/**
 * Seeded chance for searches: the same seed gives the same choices, so a search repeats exactly.
 */
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'

export interface SeededChoice {
  /** In [0, 1), in steps of 2⁻³². */
  fraction(): number
  /** In 0 … count − 1; count ≥ 1. */
  below(count: number): number
}

/** Neighbouring seeds begin alike; these draws part them. */
const WARM_UP_COUNT = 32

/** @param seed An integer; its low 32 bits count. */
export function seededChoice(seed: number): SeededChoice {
  const generator = xoroshiro128plus(seed)
  for (let draw = 0; draw < WARM_UP_COUNT; draw++) generator.next()
  const fraction = () => (generator.next() >>> 0) / 2 ** 32
  return { fraction, below: (count) => Math.floor(fraction() * count) }
}
