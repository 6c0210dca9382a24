import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { isOpen, objection, rulesFor, rulesOf, type WatchedPolicy } from './placement-policy.ts'

interface Wish {
  readonly name?: string
  readonly namespace?: string
  readonly made?: string
}
function aPolicy(spec: Partial<WatchedPolicy['spec']> = {}, { name = 'a', namespace = 'shop', made = '2026-01-01T00:00:00Z' }: Wish = {}) {
  const policy: WatchedPolicy = {
    metadata: { name, namespace, uid: name, resourceVersion: '1', creationTimestamp: made },
    spec: { mode: 'auto', paused: false, algorithm: 'portfolio', strategy: 'gate', ...spec },
  }
  return policy
}
const pod = { namespace: 'shop', labels: { app: 'web' } }
const nameFor = (...policies: readonly WatchedPolicy[]) => rulesFor(policies, pod, 'edgetwin-system')?.policy ?? null
const at = (text: string) => Date.parse(text)

describe('which policy speaks of a pod', () => {
  const far = aPolicy({}, { namespace: 'edgetwin-system', made: '2025-01-01T00:00:00Z' })
  it.each([
    ['none', [], null],
    ['one of another namespace', [aPolicy({}, { namespace: 'other' })], null],
    ["one of edgetwin's", [far], 'edgetwin-system/a'],
    ['the nearer one, though it is younger', [far, aPolicy()], 'shop/a'],
    ['none near that matches', [far, aPolicy({ selector: { matchLabels: { app: 'db' } } })], 'edgetwin-system/a'],
    ['the oldest', [aPolicy({}, { made: '2026-02-01T00:00:00Z' }), aPolicy({}, { name: 'z' })], 'shop/z'],
    ['the first by name', [aPolicy({}, { name: 'b' }), aPolicy({}, { name: 'a' })], 'shop/a'],
  ])('%s', (_, policies, expected) => expect(nameFor(...policies)).toBe(expected))
})

it('turns what people write into what is reckoned with', () => {
  const budget = { movesPerHour: 6, movesPerNodePerHour: 2, coolDownSeconds: 90 }
  expect(rulesOf(aPolicy({ budget, disruption: { minGainPercent: 15, mayLeaveGap: false }, topK: 2 }))).toMatchObject({
    topK: 2,
    budget: { movesPerHourMax: 6, movesPerNodePerHourMax: 2 },
    coolDownMs: 90_000,
    minGainRatio: 0.15,
    mayLeaveGap: false,
  })
  expect(rulesOf(aPolicy({ strategy: 'binding' }))).toMatchObject({
    topK: 1,
    budget: null,
    coolDownMs: null,
    minGainRatio: null,
    mayLeaveGap: null,
  })
})

describe('what a policy has against touching a pod', () => {
  const windows = [{ days: ['Sat'], from: '22:00', to: '02:00' }] as const
  const why = (spec: Partial<WatchedPolicy['spec']>, time: string, isMove = true) =>
    objection(rulesOf(aPolicy(spec)), { timeMs: at(time), isMove })
  it.each([
    ['paused', { paused: true }, /paused; set spec.paused to false/],
    ['observe', { mode: 'observe' }, /mode observe, which touches nothing/],
    ['advise', { mode: 'advise' }, /mode advise/],
    ['outside of its windows', { disruption: { windows } }, /only Sat 22:00–02:00 UTC/],
  ] as const)('%s', (_, spec, expected) => expect(why(spec, '2026-11-21T12:00:00Z')).toMatch(expected))
  it('no moves at all', () => expect(why({ budget: { movesPerHour: 0 } }, '2026-11-21T12:00:00Z')).toMatch(/allows no moves/))
  it('nothing off a lost node', () => {
    const rules = rulesOf(aPolicy({ disruption: { windows } }))
    expect(objection(rules, { timeMs: at('2026-11-21T12:00:00Z'), isMove: true, isRescue: true })).toBeNull()
  })
  it('nothing inside of a window, nor for a pod that waits', () => {
    expect(why({ disruption: { windows } }, '2026-11-21T22:00:00Z')).toBeNull()
    expect(why({ disruption: { windows } }, '2026-11-22T01:59:00Z')).toBeNull()
    expect(why({ disruption: { windows } }, '2026-11-22T02:00:00Z')).toMatch('only Sat')
    expect(why({ disruption: { windows } }, '2026-11-22T22:30:00Z')).toMatch('only Sat')
    expect(why({ disruption: { windows } }, '2026-11-21T12:00:00Z', false)).toBeNull()
    expect(why({}, '2026-11-21T12:00:00Z')).toBeNull()
  })
})

it('has a window open exactly as long as it is, whatever its days', () => {
  const clock = fc.tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 })).map(([hour, minute]) => hour * 60 + minute)
  const text = (minutes: number) => `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
  const days = fc.subarray(['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const, { minLength: 1 })
  fc.assert(
    fc.property(clock, clock, days, (from, to, on) => {
      fc.pre(from !== to)
      const window = { days: on, from: text(from), to: text(to) }
      const start = at('2026-11-16T00:00:00Z')
      const open = Array.from({ length: 7 * 24 * 60 }, (_, minute) => isOpen(window, start + minute * 60_000)).filter(Boolean).length
      expect(open).toBe(on.length * ((to - from + 1_440) % 1_440))
    }),
    { seed: 20_261, numRuns: 20 },
  )
})
