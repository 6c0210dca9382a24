import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { assignPartitions, type Claim, decodeClaim, encodeClaim } from './site-assignment.ts'

const aClaim = (claim: Partial<Claim> = {}): Claim => ({ url: 'http://127.0.0.1:1', owned: [], generation: -1, hosts: [], ...claim })
const assign = (claims: Readonly<Record<string, Partial<Claim>>>, partitionCount: number) =>
  Object.fromEntries(assignPartitions(new Map(Object.entries(claims).map(([id, claim]) => [id, aClaim(claim)])), partitionCount))

describe('assignment of partitions', () => {
  it('shares out what nobody has', () => {
    expect(assign({ b: {}, a: {}, c: {} }, 7)).toEqual({ a: [0, 3, 6], b: [1, 4], c: [2, 5] })
  })
  it('moves only what a newcomer needs', () => {
    expect(assign({ a: { owned: [0, 1, 2], generation: 4 }, b: { owned: [3, 4, 5], generation: 4 }, c: {} }, 6)).toEqual({
      a: [0, 1],
      b: [3, 4],
      c: [2, 5],
    })
  })
  it('gives what one had to those who stay, who keep theirs', () => {
    expect(assign({ a: { owned: [0, 1], generation: 5 }, c: { owned: [2, 5], generation: 5 } }, 6)).toEqual({ a: [0, 1, 3], c: [2, 4, 5] })
  })
  it('believes the later of two claims, then the lower id', () => {
    expect(assign({ a: { owned: [0], generation: 3 }, b: { owned: [0], generation: 7 } }, 2)).toEqual({ a: [1], b: [0] })
    expect(assign({ b: { owned: [0], generation: 3 }, a: { owned: [0], generation: 3 } }, 2)).toEqual({ a: [0], b: [1] })
  })
  it('leaves the larger share to who has it', () => {
    expect(assign({ a: { owned: [0], generation: 1 }, b: { owned: [1, 2], generation: 1 } }, 3)).toEqual({ a: [0], b: [1, 2] })
  })
  it('gives a hosted partition to its host, even beyond its share', () => {
    expect(assign({ a: { owned: [0, 1, 2], generation: 1 }, b: { hosts: [0, 1] } }, 3)).toEqual({ a: [2], b: [0, 1] })
    expect(assign({ a: { hosts: [1] }, b: { hosts: [1], owned: [1], generation: 2 } }, 2)).toEqual({ a: [0], b: [1] })
  })
  it('gives nothing away where nobody is', () => expect(assign({}, 3)).toEqual({}))
})

const claim = fc.record({
  owned: fc.uniqueArray(fc.nat(15), { maxLength: 8 }),
  generation: fc.integer({ min: -1, max: 9 }),
  hosts: fc.constant<number[]>([]),
})
const claims = fc.dictionary(fc.string({ minLength: 1, maxLength: 4 }), claim, { minKeys: 1, maxKeys: 6 })

it('gives each partition to exactly one member, in even shares, and moves nothing when asked again', () => {
  fc.assert(
    fc.property(claims, fc.nat(16), (given, partitionCount) => {
      const assigned = assign(given, partitionCount)
      const all = Object.values(assigned).flat()
      expect([...all].sort((a, b) => a - b)).toEqual(Array.from({ length: partitionCount }, (_, p) => p))
      const counts = Object.values(assigned).map((own) => own.length)
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
      const again = Object.fromEntries(Object.entries(assigned).map(([id, owned]) => [id, { owned, generation: 10 }]))
      expect(assign(again, partitionCount)).toEqual(assigned)
    }),
    { seed: 11, numRuns: 300 },
  )
})

describe('the claim of a member', () => {
  it('comes back as it was told', () => {
    const told = aClaim({ owned: [3, 1], generation: 8, hosts: [1] })
    expect(decodeClaim(encodeClaim(told))).toEqual(told)
  })
  it.each(['', '{', 'null', '{"url":1}', '{"owned":[-1],"url":"","generation":0,"hosts":[]}'])('is empty when it says %j', (text) => {
    expect(decodeClaim(text)).toEqual(aClaim({ url: '' }))
  })
})
