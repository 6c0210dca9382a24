import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import {
  type Budget,
  budgetFor,
  EMPTY_LEDGER,
  type IntentWish,
  type Ledger,
  ledgerShape,
  markActed,
  reserve,
  type Step,
  settle,
  takeOver,
} from './ledger-state.ts'

const BUDGET: Budget = { windowMs: 1_000, movesMax: 3, movesPerNamespaceMax: 2, movesPerNodeMax: 2, inFlightMax: 4, coolDownMs: 500 }
const aWish = (some: Partial<IntentWish> = {}): IntentWish => {
  const uid = some.uid ?? 'u1'
  const wish = { id: `i-${uid}`, kind: 'evict', namespace: 'shop', pod: `pod-${uid}`, uid, workload: `w-${uid}` } as const
  return { ...wish, from: 'edge-1', target: 'edge-2', decision: 'd1', isRescue: false, attempt: 0, ...some }
}
const ok = (step: Step): Ledger => {
  if (!step.ok) throw new Error(step.reason)
  return step.ledger
}
const held = (holder = 'a'): Ledger => ok(takeOver(EMPTY_LEDGER, { holder, epochMin: 0 }))
const A = { holder: 'a', epoch: 1 }
const at = (nowMs: number, wish: IntentWish, term = A) => ({ wish, term, budget: BUDGET, nowMs })

describe('the fence', () => {
  it('lets only the last one who took over write, whatever the others still believe', () => {
    const mine = ok(reserve(held(), at(0, aWish())))
    const theirs = ok(takeOver(mine, { holder: 'b', epochMin: 0 }))
    expect(theirs).toMatchObject({ holder: 'b', epoch: 2, intents: mine.intents })
    for (const step of [
      reserve(theirs, at(0, aWish({ uid: 'u2' }))),
      markActed(theirs, { serial: 1, term: A }),
      settle(theirs, { serial: 1, term: A, neverActed: true }),
    ])
      expect(step).toMatchObject({ ok: false, kind: 'fenced', reason: 'b holds the ledger with epoch 2, we were a with epoch 1' })
  })

  it('never gives an epoch twice, also when the ledger was made anew', () => {
    expect(ok(takeOver(EMPTY_LEDGER, { holder: 'a', epochMin: 7 })).epoch).toBe(7)
    expect(ok(takeOver({ ...EMPTY_LEDGER, epoch: 9 }, { holder: 'a', epochMin: 7 })).epoch).toBe(10)
  })
})

describe('a reservation', () => {
  it.each([
    ['a pod that is being acted on', aWish(), aWish({ attempt: 1 }), 'in-flight', /pod-u1 is already being acted on/],
    ['a workload that was just moved', aWish(), aWish({ uid: 'u2', workload: 'w-u1' }), 'cooling', /left alone for 1 s more/],
  ])('refuses %s', (_, first, second, kind, reason) => {
    const step = reserve(ok(reserve(held(), at(0, first))), at(1, second))
    expect(step).toEqual({ ok: false, kind, reason: expect.stringMatching(reason) })
  })

  const three = (wish: (index: number) => Partial<IntentWish>) =>
    [0, 1, 2].reduce((ledger, index) => ok(reserve(ledger, at(index, aWish({ uid: `u${index}`, ...wish(index) })))), held())
  it.each([
    [
      'in all',
      (index: number) => ({ namespace: `n${index}`, from: `e${index}` }),
      aWish({ uid: 'u9', namespace: 'n9', from: 'e9' }),
      '3 moves in all',
    ],
    [
      'a namespace',
      (index: number) => ({ namespace: index < 2 ? 'n' : 'm', from: `e${index}` }),
      aWish({ uid: 'u9', namespace: 'n', from: 'e9' }),
      '2 moves in namespace n',
    ],
    [
      'a node',
      (index: number) => ({ namespace: `n${index}`, from: index < 2 ? 'e' : 'f' }),
      aWish({ uid: 'u9', namespace: 'n9', from: 'e' }),
      '2 moves off node e',
    ],
  ])('keeps the budget of %s until its window is over', (_, wish, next, reason) => {
    const budget = {
      ...BUDGET,
      movesMax: 99,
      movesPerNamespaceMax: 99,
      movesPerNodeMax: 99,
      [reason.includes('all') ? 'movesMax' : reason.includes('node') ? 'movesPerNodeMax' : 'movesPerNamespaceMax']: reason.includes('all')
        ? 3
        : 2,
    }
    const full = three(wish)
    expect(reserve(full, { ...at(999, next), budget })).toMatchObject({
      ok: false,
      kind: 'budget',
      reason: expect.stringContaining(reason),
    })
    expect(reserve(full, { ...at(999, aWish({ ...next, isRescue: true })), budget })).toMatchObject({ ok: true })
    expect(reserve(full, { ...at(999, aWish({ ...next, kind: 'gate' })), budget })).toMatchObject({ ok: true })
    expect(reserve(full, { ...at(1_002, next), budget })).toMatchObject({ ok: true })
  })

  describe('counts by the hour', () => {
    const HOUR_MS = 3_600_000
    const wide = { ...BUDGET, movesMax: 99, movesPerNamespaceMax: 99, movesPerNodeMax: 99, coolDownMs: 0 }
    const under = (name: string, movesPerHourMax: number, movesPerNodePerHourMax = 99): Budget => {
      return { ...wide, policy: { name, movesPerHourMax, movesPerNodePerHourMax } }
    }
    const moved = (budget: Budget) => ok(reserve(held(), { ...at(0, aWish()), budget }))
    const next = aWish({ uid: 'u2' })
    it.each<[string, Budget, Budget, RegExp | null]>([
      ['all moves', wide, { ...wide, movesPerHourMax: 1 }, /^1 moves in all within 3600 s, and 1 are allowed/],
      ['those of a policy', under('shop/a', 9), under('shop/a', 1), /^1 moves under policy shop\/a within 3600 s/],
      ['those of a policy off a node', under('shop/a', 9), under('shop/a', 9, 1), /^1 moves under policy shop\/a off node edge-1/],
      ['none of another policy', under('shop/b', 9), under('shop/a', 1), null],
      ['none of no policy', wide, under('shop/a', 1), null],
    ])('%s', (_, first, second, reason) => {
      const kept = { ...first, keptMs: HOUR_MS }
      const step = (nowMs: number) => reserve(moved(kept), { ...at(nowMs, next), budget: second })
      if (reason === null) expect(step(HOUR_MS - 1)).toMatchObject({ ok: true })
      else expect(step(HOUR_MS - 1)).toMatchObject({ ok: false, kind: 'budget', reason: expect.stringMatching(reason) })
      expect(step(HOUR_MS)).toMatchObject({ ok: true })
    })
    it('also when a move under a budget of shorter sight came in between', () => {
      const between = (keptMs: number) => {
        const budget = { ...wide, keptMs }
        return ok(reserve(moved(under('shop/a', 9)), { ...at(HOUR_MS / 2, aWish({ uid: 'u3', workload: 'other' })), budget }))
      }
      const asked = { ...at(HOUR_MS - 1, next), budget: under('shop/a', 1) }
      expect(reserve(between(HOUR_MS), asked)).toMatchObject({ ok: false, kind: 'budget' })
      expect(ledgerShape.parse(JSON.parse(JSON.stringify(between(HOUR_MS))))).toEqual(between(HOUR_MS))
    })
  })

  it('that never came true gives its move back, any other keeps it', () => {
    const reserved = ok(reserve(held(), at(0, aWish())))
    expect(ok(settle(reserved, { serial: 1, term: A, neverActed: true })).moves).toEqual([])
    expect(ok(settle(reserved, { serial: 1, term: A, neverActed: false })).moves).toHaveLength(1)
  })

  it('takes no more at once than is allowed', () => {
    const full = [1, 2, 3, 4].reduce((ledger, n) => ok(reserve(ledger, at(0, aWish({ uid: `u${n}`, kind: 'gate' })))), held())
    expect(reserve(full, at(0, aWish({ uid: 'u5', kind: 'gate' })))).toMatchObject({ ok: false, kind: 'full' })
  })
})

it('allows a tenth of the pods to be moved, and one of few', () => {
  expect([0, 5, 30, 1_000].map((count) => budgetFor(count).movesMax)).toEqual([1, 1, 3, 100])
})

const uid = fc.integer({ min: 0, max: 5 }).map((n) => `u${n}`)
const anyStep = fc.oneof(
  fc.record({ take: fc.constant('over' as const), holder: fc.constantFrom('a', 'b') }),
  fc.record({
    take: fc.constant('reserve' as const),
    holder: fc.constantFrom('a', 'b'),
    uid,
    isRescue: fc.boolean(),
    isMove: fc.boolean(),
    afterMs: fc.nat(400),
  }),
  fc.record({ take: fc.constant('acted' as const), holder: fc.constantFrom('a', 'b'), serial: fc.nat(12) }),
  fc.record({ take: fc.constant('settle' as const), holder: fc.constantFrom('a', 'b'), serial: fc.nat(12) }),
)

it('whatever is tried: one writer, one actuation of a pod at a time, the budget kept in every window, each step the same when taken twice', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 60 }), (steps) => {
      let ledger = EMPTY_LEDGER
      let nowMs = 0
      const epochs: Record<string, number> = { a: 0, b: 0 }
      const movedMs: number[] = []
      for (const step of steps) {
        const term = { holder: step.holder, epoch: epochs[step.holder] ?? 0 }
        const apply = (on: Ledger): Step => {
          if (step.take === 'over') return takeOver(on, { holder: step.holder, epochMin: 0 })
          if (step.take === 'acted') return markActed(on, { serial: step.serial, term })
          if (step.take === 'settle') return settle(on, { serial: step.serial, term, neverActed: false })
          return reserve(on, at(nowMs, aWish({ uid: step.uid, isRescue: step.isRescue, kind: step.isMove ? 'evict' : 'gate' }), term))
        }
        if (step.take === 'reserve') nowMs += step.afterMs
        const result = apply(ledger)
        if (step.take !== 'over' && result.ok) expect(ledger.holder).toBe(step.holder)
        if (!result.ok) continue
        if (step.take === 'over') epochs[step.holder] = result.ledger.epoch
        if (step.take === 'reserve' && step.isMove && !step.isRescue && result.ledger !== ledger) movedMs.push(nowMs)
        expect(result.ledger.epoch).toBeGreaterThanOrEqual(ledger.epoch)
        ledger = result.ledger
        if (!(step.take === 'reserve' && step.isMove)) expect(apply(ledger)).toEqual({ ok: true, ledger })
        expect(new Set(ledger.intents.map((intent) => intent.uid)).size).toBe(ledger.intents.length)
        expect(movedMs.filter((ms) => nowMs - ms < BUDGET.windowMs).length).toBeLessThanOrEqual(BUDGET.movesMax)
        expect(ledgerShape.parse(JSON.parse(JSON.stringify(ledger)))).toEqual(ledger)
      }
    }),
    { numRuns: 500 },
  )
})
