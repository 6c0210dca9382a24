/** Small situations on the DHS site: the one next thing to do in each; and that what is applied is what was predicted. */
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { defaultRegistry } from '../models/applications/registry.ts'
import type { Decision } from '../models/contracts/decision.ts'
import type { LoopMode } from '../models/events/decision-events.ts'
import type { TwinEvent } from '../models/events/events.ts'
import { dhsEvents, journaled, type PodOptions, podEvents } from '../models/testing/dhs-site.ts'
import { decide, revalidate } from './decide.ts'
import { applyEvents } from './fold.ts'
import { type LoopStep, nextLoopStep } from './loop.ts'
import { forkWithPlacements } from './placed-fork.ts'
import { settings } from './testing/loop-settings.ts'
import { emptyTwin, fromJson, type TwinState, toJson } from './twin-state.ts'
import { predictUnchanged } from './what-if.ts'

const AT_MS = 1_000_000
const SEED = 20261
const options = { id: 'd-1', registry: defaultRegistry(), settings }
const trigger = { kind: 'imbalance', subject: 'tx2-1/gpu0', detail: '' } as const

const common = (atMs = AT_MS) => ({ site: 'dhs', timeMs: atMs, source: 'test' })
const fold = (...events: TwinEvent[]): TwinState => applyEvents(emptyTwin, journaled([...dhsEvents({ atMs: AT_MS }), ...events]))
const then = (state: TwinState, ...events: TwinEvent[]): TwinState =>
  applyEvents(state, journaled(events, { after: Math.max(state.sequence, ...state.positions.values()) + 1 }))
const stepOf = (state: TwinState, id = 'd-1'): LoopStep => nextLoopStep(state, { ...options, id })
const kindOf = (state: TwinState): string => {
  const step = stepOf(state)
  return 'reason' in step ? `${step.kind}: ${step.reason}` : step.kind
}

const mode = (loopMode: LoopMode, atMs = AT_MS): TwinEvent => ({ type: 'loop.modeChanged', ...common(atMs), mode: loopMode, by: 'test' })
const tick = (atMs: number): TwinEvent => ({ type: 'clock.ticked', ...common(atMs) })
const pod = (request: string, over: Partial<PodOptions> = {}) =>
  podEvents(request, { camera: 'camera-tx2-1', atMs: AT_MS, frames: 60, accelerator: 'tx2-1/gpu0', ...over })
const node = (name: string, ready: boolean, cordoned = false): TwinEvent => {
  return { type: 'node.conditionsChanged', ...common(), name, ready, cordoned, reason: ready ? '' : 'gone dark' }
}
/** One runs, three wait behind it while all else is idle. */
const QUEUE = [...pod('r-0', { startedMs: AT_MS }), ...pod('r-1'), ...pod('r-2'), ...pod('r-3')]

const approved = (): TwinEvent => ({ type: 'decision.approved', ...common(), id: 'd-1', by: 'test', reason: 'fine' })
const made = (decision: Decision): TwinEvent => ({ type: 'decision.made', ...common(), decision })
const rejected = (): TwinEvent => ({ type: 'decision.rejected', ...common(), id: 'd-1', by: 'test', reason: 'no' })
const expired = (): TwinEvent => ({ type: 'decision.expired', ...common(), id: 'd-1', reason: 'old' })
const refused = (name: string | null): TwinEvent => ({ type: 'placement.refused', ...common(), id: 'd-1', pod: name, reason: 'no room' })
const done = (id: string, atMs: number): TwinEvent => {
  return { type: 'inference.completed', ...common(atMs), id, succeeded: true, latencyMs: atMs - AT_MS }
}

function decisionOn(state: TwinState): Decision {
  const decided = decide(state, trigger, options)
  if (!decided.ok) throw new Error(decided.reason)
  return decided.decision
}

/** What the cluster and the loop tell when a placement was made. */
function movedEvents(state: TwinState, { placements }: Decision, count = placements.length): TwinEvent[] {
  return placements.slice(0, count).flatMap(({ pod: name, to, image }): TwinEvent[] => {
    const { spec } = state.entities.pod.get(name)!
    const [replacement, target] = [`${name}-r1`, to.split('/')[0]!]
    return [
      { type: 'pod.evicted', ...common(), name, reason: 'moved', by: 'edgetwin' },
      { type: 'pod.created', ...common(), name: replacement, uid: replacement, spec: { ...spec!, iteration: 1 } },
      { type: 'pod.bound', ...common(), name: replacement, node: target, accelerator: to, image, by: 'edgetwin' },
    ]
  })
}
const appliedEvents = ({ placements }: Decision, count = placements.length): TwinEvent[] =>
  placements.slice(0, count).map(({ pod: name, to }) => {
    return { type: 'placement.applied', ...common(), id: 'd-1', pod: name, replacement: `${name}-r1`, accelerator: to }
  })

const queued = (loopMode: LoopMode): TwinState => fold(...QUEUE, mode(loopMode))
const DECISION = decisionOn(queued('auto'))
const since = (loopMode: LoopMode, ...events: TwinEvent[]) => then(queued(loopMode), made(DECISION), ...events)

describe('the next step', () => {
  it.each<[string, TwinState, RegExp]>([
    ['observe proposes nothing', queued('observe'), /^rest: watching only/],
    ['advise proposes', queued('advise'), /^propose$/],
    ['approve proposes', queued('approve'), /^propose$/],
    ['auto proposes', queued('auto'), /^propose$/],
    ['nothing waits', fold(mode('auto')), /^rest: nothing calls/],
    ['advise leaves its advice', since('advise'), /^rest: plan d-1 is advice/],
    ['approve waits for a person', since('approve'), /^rest: plan d-1 waits for approval$/],
    ['auto approves', since('auto'), /^approve: mode auto$/],
    ['a proposal that expired', since('approve', tick(DECISION.expiresAtMs + 1)), /^expire: it held until \d{4}-.*Z; ask again/],
    ['observe refuses what was approved before', since('observe', approved()), /^refuse: mode observe touches nothing/],
    ['advise refuses it too', since('advise', approved()), /^refuse: mode advise touches nothing/],
    ['approve applies what was approved', since('approve', approved()), /^apply$/],
    ['auto applies it', since('auto', approved()), /^apply$/],
    ['a refused placement leaves the others', since('auto', approved(), refused(DECISION.placements[0]!.pod)), /^apply$/],
    [
      'the mode is a kill switch in the middle',
      since('auto', approved(), ...appliedEvents(DECISION, 1), mode('observe')),
      /^refuse: mode observe/,
    ],
    ['done but not told, after a crash', then(since('auto', approved()), ...movedEvents(queued('auto'), DECISION, 1)), /^record$/],
    [
      'nothing is applied twice',
      then(since('auto', approved()), ...movedEvents(queued('auto'), DECISION, 1), ...appliedEvents(DECISION, 1)),
      /^apply$/,
    ],
    [
      'no verdict while work is open',
      since('auto', approved(), ...movedEvents(queued('auto'), DECISION), ...appliedEvents(DECISION)),
      /^rest/,
    ],
    ['all refused: a pause before the next', since('auto', approved(), refused(null)), /^rest: 1 plan\(s\) in a row failed: 0.5 s/],
    [
      'what a person rejected stays rejected',
      since('approve', rejected(), tick(AT_MS + 6_000)),
      /^rest: the last plan was rejected: 54.0 s/,
    ],
    ['cooling down after a proposal', since('approve', expired(), tick(AT_MS + 1_000)), /^rest: cooling down: 4.0 s/],
    [
      'six proposals are one too many',
      ['d-2', 'd-3', 'd-4', 'd-5', 'd-6'].reduce((state, id) => then(state, made({ ...DECISION, id })), since('approve')),
      /^expire: 5 newer plans are open/,
    ],
  ])('%s', (_, state, step) => expect(kindOf(state)).toMatch(step))

  it('is the same after a restart', () => {
    for (const state of [queued('auto'), since('auto'), since('auto', approved())]) {
      expect(stepOf(fromJson(JSON.parse(JSON.stringify(toJson(state))))!)).toEqual(stepOf(state))
    }
  })

  it('waits for a person when a stale fact could change the winner', () => {
    const state = then(queued('auto'), tick(AT_MS + 20_000))
    const decision = decisionOn(state)
    expect(kindOf(then(state, made(decision)))).toMatch(
      /^rest: plan d-1 waits for approval: .* is 20.0 s old, and that could change the winner/,
    )
  })

  it('records a plan of which all was refused as refused, and one of which some was as applied', () => {
    const [first, second] = DECISION.placements
    const none = DECISION.placements.reduce((state, { pod: name }) => then(state, refused(name)), since('auto', approved()))
    expect(none.entities.decision.get('d-1')?.mode).toBe('refused')
    const some = since('auto', approved(), refused(first!.pod), ...appliedEvents({ ...DECISION, placements: [second!] }))
    expect(some.entities.decision.get('d-1')?.mode).toBe('applied')
    expect(some.counts.divergent).toBe(queued('auto').counts.divergent)
  })

  it('verifies when all requests of the plan have ended, and says what came in between', () => {
    const placed = since('auto', approved(), ...movedEvents(queued('auto'), DECISION), ...appliedEvents(DECISION))
    const ends = DECISION.requests.map((id, index) => done(id, AT_MS + 1_000 * (index + 1)))
    expect(stepOf(then(placed, ...ends.slice(1)))).toMatchObject({ kind: 'rest' })
    const verified = { kind: 'verify', observedMakespanMs: 4_000, predictedMakespanMs: DECISION.predicted.makespanMs }
    expect(stepOf(then(placed, ...ends))).toMatchObject({ ...verified, disturbedBy: null })
    const failed: TwinEvent = { type: 'pod.failed', ...common(AT_MS + 1), name: 'r-1-infer-r1', reason: 'node lost' }
    expect(stepOf(then(placed, failed, ...ends))).toMatchObject({ ...verified, disturbedBy: 'pod r-1-infer-r1 failed: node lost' })
    expect(kindOf(then(placed, tick(AT_MS + 10 * 60_000)))).toMatch(/^expire: 4 of its requests never ended/)
  })
})

describe('a decision', () => {
  const base = queued('auto')
  const change = (...events: TwinEvent[]) => revalidate(then(base, ...events), DECISION, options)
  const target = DECISION.placements[0]!
  const slow: TwinEvent = { type: 'link.sampled', ...common(), name: 'tx2-1-uplink', quality: { bytesPerSecond: 20_000, latencyMs: 1 } }

  it('holds on the twin it was made on', () => expect(change()).toEqual({ ok: true }))

  it.each<[string, TwinEvent[], string[]]>([
    ['its node lost', [node(target.to.split('/')[0]!, false)], [target.to, 'not ready']],
    ['its node cordoned', [node(target.to.split('/')[0]!, true, true)], [target.to, 'cordoned']],
    [
      'its accelerator failed',
      [{ type: 'accelerator.conditionsChanged', ...common(), name: target.to, healthy: false, reason: 'hot' }],
      [target.to, 'hot'],
    ],
    ['its pod started', [{ type: 'pod.started', ...common(), name: target.pod }], [target.pod, 'running by now']],
    [
      'its pod evicted',
      [{ type: 'pod.evicted', ...common(), name: target.pod, reason: '', by: 'kubectl' }],
      [target.pod, 'evicted by now'],
    ],
    ['a link slowed', [slow], ['link tx2-1-uplink', 'by now, was 100 Mbit/s']],
    ['time', [tick(DECISION.expiresAtMs + 2_000)], [`it held until ${new Date(DECISION.expiresAtMs).toISOString()}`]],
  ])('does not outlive %s', (_, events, words) => {
    const verdict = change(...events)
    expect(verdict.ok).toBe(false)
    for (const word of words) expect(verdict).toMatchObject({ reason: expect.stringContaining(word) })
  })

  it('leaves a pod alone that was moved a moment ago, unless it lost its place since', () => {
    const moved = then(base, made(DECISION), approved(), ...movedEvents(base, DECISION), ...appliedEvents(DECISION))
    const lonely = [node('edge-1', false), node('tx2-2', false), node('tx2-3', false), node('pi-1', false)]
    const stuck = decide(then(moved, ...lonely), { ...trigger, kind: 'node-lost' }, { ...options, id: 'd-2' })
    expect(stuck.ok).toBe(true)
    const decided = decide(then(moved, tick(AT_MS + 1_000)), trigger, { ...options, id: 'd-2' })
    expect(decided.ok).toBe(false)
  })
})

/** Waiting and running work anywhere on the site. */
const anyWork = fc
  .array(
    fc.record({
      camera: fc.constantFrom('camera-pi-1', 'camera-tx2-1', 'camera-tx2-2', 'camera-tx2-3'),
      application: fc.constantFrom('alexnet', 'googlenet', 'resnet50'),
      frames: fc.integer({ min: 1, max: 200 }),
      accelerator: fc.option(fc.constantFrom('pi-1/cpu0', 'tx2-1/gpu0', 'tx2-1/cpu0', 'tx2-2/gpu0', 'edge-1/cpu0'), { nil: undefined }),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .chain((work) => fc.tuple(fc.constant(work), fc.subarray(['pi-1', 'tx2-2', 'edge-1'], { maxLength: 2 })))
  .map(([work, lost]) => [
    ...work.flatMap(({ accelerator, ...each }, index) =>
      pod(`r-${index}`, { ...each, ...(accelerator === undefined ? { accelerator: undefined as never } : { accelerator }) }),
    ),
    ...lost.map((name) => node(name, false)),
  ])

describe('whatever waits', () => {
  it('what is applied is what was predicted, and the decision holds where it was made', () => {
    fc.assert(
      fc.property(anyWork, (events) => {
        const state = fold(...events, mode('auto'))
        const step = stepOf(state)
        if (step.kind !== 'propose') return
        const { decision } = step.decided
        const { byPod } = predictUnchanged(forkWithPlacements(state, decision.placements), options.registry)
        expect(Math.max(...byPod.map(({ finishMs }) => finishMs - state.clockMs))).toBeCloseTo(decision.predicted.makespanMs, 6)
        expect(revalidate(state, decision, options)).toEqual({ ok: true })
        expect(kindOf(then(state, made(decision)))).toBe('approve: mode auto')
      }),
      { seed: SEED, numRuns: 60 },
    )
  })

  it('observe and advise never touch a pod, whatever was approved', () => {
    fc.assert(
      fc.property(anyWork, fc.constantFrom<LoopMode>('observe', 'advise'), (events, loopMode) => {
        const state = fold(...events, mode('auto'))
        const step = stepOf(state)
        const plan = step.kind === 'propose' ? [made(step.decided.decision), approved()] : []
        expect(stepOf(then(state, ...plan, mode(loopMode))).kind).not.toBe('apply')
      }),
      { seed: SEED, numRuns: 60 },
    )
  })
})

it('decides nothing more about a pod that was placed a moment ago, until it should have been heard of', () => {
  const waiting = then(fold(mode('auto')), ...podEvents('r-1', { camera: 'camera-tx2-1', atMs: AT_MS, frames: 60 }))
  const step = stepOf(waiting)
  if (step.kind !== 'propose') throw new Error(step.kind)
  const { decision } = step.decided
  const [placement] = decision.placements
  const applied: TwinEvent = {
    type: 'placement.applied',
    ...common(),
    id: 'd-1',
    pod: 'r-1-infer',
    replacement: null,
    accelerator: placement!.to,
  }
  const placed = then(waiting, made(decision), approved(), applied)
  expect(kindOf(placed)).toBe('rest: nothing calls for another placement')
  expect(stepOf(then(placed, tick(AT_MS + 6_000)), 'd-2').kind).toBe('propose')
})
