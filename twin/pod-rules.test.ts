/** What the loop makes of policies: whose pods it plans together, under which mode, and what it leaves alone. */
import { describe, expect, it } from '@jest/globals'
import { defaultRegistry } from '../models/applications/registry.ts'
import type { Decision } from '../models/contracts/decision.ts'
import type { LoopMode } from '../models/events/decision-events.ts'
import type { TwinEvent } from '../models/events/events.ts'
import { dhsEvents, journaled, type PodOptions, podEvents } from '../models/testing/dhs-site.ts'
import { revalidate } from './decide.ts'
import { applyEvents } from './fold.ts'
import { type LoopStep, nextLoopStep } from './loop.ts'
import type { PodRules, RulesFor } from './pod-rules.ts'
import { settings } from './testing/loop-settings.ts'
import { emptyTwin, type TwinState } from './twin-state.ts'

const AT_MS = 1_000_000
const registry = defaultRegistry()
const FREE: PodRules = { policy: '', mode: 'auto', algorithm: 'portfolio', minGainRatio: null, stays: null }
/** By the first letters of the pod's name. */
const rules =
  (byStart: Readonly<Record<string, Partial<PodRules>>>): RulesFor =>
  (pod) => ({ ...FREE, ...Object.entries(byStart).find(([start]) => pod.startsWith(start))?.[1] })

const common = (atMs = AT_MS) => ({ site: 'dhs', timeMs: atMs, source: 'test' })
const mode = (loopMode: LoopMode): TwinEvent => ({ type: 'loop.modeChanged', ...common(), mode: loopMode, by: 'test' })
const tick = (atMs: number): TwinEvent => ({ type: 'clock.ticked', ...common(atMs) })
const fold = (...events: TwinEvent[]): TwinState => applyEvents(emptyTwin, journaled([...dhsEvents({ atMs: AT_MS }), ...events]))
const then = (state: TwinState, ...events: TwinEvent[]): TwinState =>
  applyEvents(state, journaled(events, { after: Math.max(state.sequence, ...state.positions.values()) + 1 }))
const pod = (request: string, over: Partial<PodOptions> = {}) =>
  podEvents(request, { camera: 'camera-tx2-1', atMs: AT_MS, frames: 60, ...over })
const queued = { accelerator: 'tx2-1/gpu0' }
const stepOf = (state: TwinState, rulesFor?: RulesFor, id = 'd-1'): LoopStep =>
  nextLoopStep(state, { id, registry, settings, ...(rulesFor && { rulesFor }) })
const said = (step: LoopStep): string => ('reason' in step ? `${step.kind}: ${step.reason}` : step.kind)
const made = (decision: Decision): TwinEvent => ({ type: 'decision.made', ...common(), decision })
const approved = (by: string): TwinEvent => ({ type: 'decision.approved', ...common(), id: 'd-1', by, reason: '' })
function proposedOn(state: TwinState, rulesFor?: RulesFor, id = 'd-1'): Decision {
  const step = stepOf(state, rulesFor, id)
  if (step.kind !== 'propose') throw new Error(said(step))
  return step.decided.decision
}
const podsOf = ({ placements }: Decision): string[] => placements.map((each) => each.pod).sort()

describe('pods under a policy', () => {
  const two = fold(...pod('a-1'), ...pod('b-1'), mode('auto'))
  const byPolicy = rules({ a: { policy: 'shop/a' }, b: { policy: 'shop/b' } })

  it('are planned by themselves, one policy after the other', () => {
    const first = proposedOn(two, byPolicy)
    expect([first.policy, podsOf(first)]).toEqual(['shop/a', ['a-1-infer']])
    const rest = then(two, made(first), { type: 'decision.expired', ...common(), id: 'd-1', reason: '' })
    // The one that failed waits a moment; the other does not wait with it.
    expect(proposedOn(rest, byPolicy, 'd-2')).toMatchObject({ policy: 'shop/b', placements: [{ pod: 'b-1-infer' }] })
    expect(podsOf(proposedOn(two))).toEqual(['a-1-infer', 'b-1-infer'])
    expect(proposedOn(two)).not.toHaveProperty('policy')
  })

  it.each<[string, Partial<PodRules>, LoopMode, RegExp]>([
    ['observe: no plan', { mode: 'observe' }, 'auto', /^rest: policy shop\/a is in mode observe$/],
    ['advise: advice', { mode: 'advise' }, 'auto', /^rest: plan d-1 is advice/],
    ['approve: a person is asked', { mode: 'approve' }, 'auto', /^rest: plan d-1 waits for approval$/],
    ['auto: approved at once', { mode: 'auto' }, 'auto', /^approve: mode auto$/],
    ['auto, where the loop only asks', { mode: 'auto' }, 'approve', /^rest: plan d-1 waits for approval$/],
  ])('in mode %s', (_, over, loopMode, expected) => {
    const state = fold(...pod('a-1'), mode(loopMode), tick(AT_MS + 2_000))
    const rulesFor = rules({ a: { policy: 'shop/a', ...over } })
    const step = stepOf(state, rulesFor)
    expect(said(step.kind === 'propose' ? stepOf(then(state, made(step.decided.decision)), rulesFor) : step)).toMatch(expected)
  })

  it('are left alone when their policy became stricter since', () => {
    const decision = proposedOn(two, byPolicy)
    const stricter = rules({ a: { policy: 'shop/a', mode: 'observe' } })
    expect(said(stepOf(then(two, made(decision)), stricter))).toMatch(/^expire: a policy of its pods is in mode observe/)
    const asking = rules({ a: { policy: 'shop/a', mode: 'approve' } })
    const byLoop = then(two, made(decision), approved('loop'))
    expect(said(stepOf(byLoop, stricter))).toMatch(/^refuse: policy shop\/a is in mode observe, which touches nothing/)
    expect(said(stepOf(byLoop, asking))).toMatch(/^refuse: policy shop\/a wants plans approved by a person/)
    expect(stepOf(byLoop, byPolicy).kind).toBe('apply')
    expect(stepOf(then(two, made(decision), approved('alice')), asking).kind).toBe('apply')
  })

  it('are placed by the algorithm of the policy', () => {
    const state = fold(...pod('a-1'), mode('auto'))
    for (const algorithm of ['heft', 'local', 'dhs'] as const)
      expect(proposedOn(state, rules({ a: { policy: 'shop/a', algorithm } })).algorithm).toBe(algorithm)
  })

  it('are moved only at the gain that their policy asks for', () => {
    const state = fold(...pod('a-0', { ...queued, startedMs: AT_MS }), ...pod('a-1', queued), ...pod('a-2', queued), mode('auto'))
    const gain = proposedOn(state).predicted.gainRatio
    expect(gain).toBeLessThan(1)
    expect(said(stepOf(state, rules({ a: { policy: 'shop/a', minGainRatio: gain + 0.01 } })))).toMatch(
      /the best plan gains .*; a move must bring/,
    )
    expect(stepOf(state, rules({ a: { policy: 'shop/a', minGainRatio: gain - 0.01 } })).kind).toBe('propose')
  })

  it('stay where they are when they must, and it is said why', () => {
    const lost: TwinEvent = { type: 'node.conditionsChanged', ...common(), name: 'tx2-1', ready: false, cordoned: false, reason: 'dark' }
    const state = fold(...pod('a-1', queued), ...pod('b-1', queued), lost, mode('auto'))
    const stays = rules({ a: { stays: 'it has no owner' } })
    expect(podsOf(proposedOn(state))).toEqual(['a-1-infer', 'b-1-infer'])
    expect(podsOf(proposedOn(state, stays))).toEqual(['b-1-infer'])
    expect(said(stepOf(state, rules({ a: { stays: 'it has no owner' }, b: { stays: 'not now' } })))).toBe(
      'rest: pod a-1-infer stays on tx2-1/gpu0: it has no owner',
    )
  })
})

describe('a plan that waits for a person', () => {
  const one = fold(...pod('a-1'), mode('approve'), tick(AT_MS + 2_000))
  const decision = proposedOn(one)
  const waits = then(one, made(decision))

  it('is made once all pods of a burst are there', () => {
    expect(said(stepOf(fold(...pod('a-1'), mode('approve'))))).toMatch(/waits a moment whether more pods come/)
    const steady = [0, 1, 2, 3, 4].flatMap((second) => pod(`a-${second}`, { atMs: AT_MS + second * 1_000 }))
    expect(said(stepOf(fold(...steady, mode('approve'), tick(AT_MS + 4_500))))).toMatch(/waits a moment/)
    expect(stepOf(fold(...steady, mode('approve'), tick(AT_MS + 5_500))).kind).toBe('propose')
    // A clock that is ahead of ours must not hold it back.
    expect(stepOf(fold(...pod('a-1', { atMs: AT_MS + 60_000 }), mode('approve'), tick(AT_MS))).kind).toBe('propose')
  })

  it('holds for minutes, one that the loop approves for one', () => {
    expect(decision.expiresAtMs - decision.madeAtMs).toBe(600_000)
    expect(proposedOn(fold(...pod('a-1'), mode('auto')))).toMatchObject({ expiresAtMs: AT_MS + 60_000 })
  })

  it('stays the same while others come, who are asked about beside it', () => {
    const later = then(waits, ...pod('a-2', { atMs: AT_MS + 3_000 }), tick(AT_MS + 6_000))
    const beside = proposedOn(later, undefined, 'd-2')
    expect(podsOf(beside)).toEqual(['a-2-infer'])
    const both = then(later, made(beside))
    expect(said(stepOf(both))).toMatch(/^rest: plan d-\d waits for approval$/)
    expect([...both.entities.decision.values()].map(({ mode: now }) => now)).toEqual(['proposed', 'proposed'])
    expect(stepOf(then(both, approved('alice')))).toMatchObject({ kind: 'apply', id: 'd-1' })
  })

  it('is not piled up without end', () => {
    let state = waits
    for (let index = 2; index < 9; index++) {
      const atMs = AT_MS + index * 10_000
      state = then(state, ...pod(`a-${index}`, { atMs }), tick(atMs + 3_000))
      const step = stepOf(state, undefined, `d-${index}`)
      if (step.kind === 'propose') state = then(state, made(step.decided.decision))
      else expect(step.kind).toBe('rest')
    }
    expect(state.entities.decision.size).toBe(5)
  })

  it('gives way to one that is better by more than is stated, and to none that is not', () => {
    const state = fold(...pod('a-1', { accelerator: 'tx2-1/gpu0', startedMs: AT_MS }), ...pod('b-1'), mode('approve'), tick(AT_MS + 2_000))
    const best = proposedOn(state)
    // The same pod on the worst place there is.
    const worse: Decision = { ...best, placements: best.placements.map((each) => ({ ...each, to: 'pi-1/cpu0' })) }
    const verdict = (keepRatio: number) => revalidate(state, worse, { registry, settings: { ...settings, keepRatio } })
    expect(verdict(0.25)).toMatchObject({ ok: false, reason: expect.stringMatching(/no longer best/) })
    expect(verdict(1)).toEqual({ ok: true })
    expect(revalidate(state, best, { registry, settings })).toEqual({ ok: true })
  })
})
