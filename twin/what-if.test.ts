import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { applicationNamed } from '../models/applications/applications.ts'
import { costOf } from '../models/applications/costs.ts'
import { defaultRegistry } from '../models/applications/registry.ts'
import { CRITERIA, type Objective } from '../models/contracts/objective.ts'
import {
  ALGORITHM_NAMES,
  type Edit,
  editShape,
  type WhatIfQueryInput,
  whatIfAnswerShape,
  whatIfQueryShape,
} from '../models/contracts/what-if.ts'
import type { TwinEvent } from '../models/events/events.ts'
import type { AcceleratorKind } from '../models/events/shapes.ts'
import { dhsEvents, journaled, podEvents } from '../models/testing/dhs-site.ts'
import { canonicalJson } from './canonical-json.ts'
import { applyEvents } from './fold.ts'
import { compareBy } from './objectives.ts'
import { forkWithPlacements } from './placed-fork.ts'
import { emptyTwin, type TwinState, toJson } from './twin-state.ts'
import { askWhatIf, predictUnchanged } from './what-if.ts'

const SEED = 20_250
const CLOCK_MS = 1_000_000
const registry = defaultRegistry()
const idle = applyEvents(emptyTwin, journaled(dhsEvents({ atMs: CLOCK_MS })))

const ask = (state: TwinState, query: WhatIfQueryInput = {}) =>
  askWhatIf(state, whatIfQueryShape.parse(query), { id: 'q', stateHash: 'hash', registry })
const after = (...events: TwinEvent[]) => applyEvents(idle, journaled(events, { after: 1_000 }))
const costMs = (application: string, deviceModel: string, acceleratorKind: AcceleratorKind) =>
  costOf(application, [...applicationNamed(application)!.blocks.keys()], { deviceModel, acceleratorKind })!.ms
const piMs = costMs('resnet50', 'raspberry-pi-4b', 'CPU')
const gpuMs = costMs('resnet50', 'jetson-tx2', 'GPU')
const edgeMs = costMs('resnet50', 'edge-server-3.6ghz', 'CPU')
/** 224 × 224 × 3 bytes at 12,500 bytes/ms; 1 ms of each of two links. */
const CLIP_MS = 12.04224
const LATENCY_MS = 2

it('sends one request where transfer and compute together take least', () => {
  const { outcomes } = ask(idle, { workload: [{ camera: 'camera-pi-1', application: 'resnet50' }] })
  const best = Math.min(piMs, CLIP_MS + LATENCY_MS + gpuMs, CLIP_MS + LATENCY_MS + edgeMs)
  expect(outcomes[0]!.makespanMs).toBeCloseTo(best, 9)
  expect(outcomes[0]!.slr).toBeCloseTo(best / Math.min(piMs, gpuMs, edgeMs), 9)
  expect(outcomes[0]!.gapRatio).toBeCloseTo(0, 9)
  const local = outcomes.find(({ algorithm }) => algorithm === 'local')!
  expect(local.makespanMs).toBeCloseTo(piMs, 9)
  expect(local.tasks.map(({ accelerator }) => accelerator)).toEqual(['pi-1/cpu0'])
})

it('plays what the scheduler cannot see: two clips share the link of their camera', () => {
  const { outcomes } = ask(idle, { workload: [{ camera: 'camera-pi-1', application: 'resnet50', count: 2 }], algorithms: ['edge'] })
  expect(outcomes[0]!.plannedMakespanMs).toBeCloseTo(CLIP_MS + LATENCY_MS + 2 * edgeMs, 9)
  expect(outcomes[0]!.makespanMs).toBeCloseTo(2 * CLIP_MS + LATENCY_MS + 2 * edgeMs, 9)
  expect(outcomes[0]!.meanLatencyMs).toBeCloseTo(2 * CLIP_MS + LATENCY_MS + 1.5 * edgeMs, 9)
  expect(outcomes[0]!.p95LatencyMs).toBeCloseTo(outcomes[0]!.makespanMs, 9)
})

it('lets a clip leave at once while the accelerator beside it is busy', () => {
  const state = after(
    ...podEvents('busy', { camera: 'camera-pi-1', frames: 10, accelerator: 'pi-1/cpu0', startedMs: CLOCK_MS }),
    ...podEvents('free', { camera: 'camera-pi-1' }),
  )
  const { outcomes } = ask(state, { workload: 'waiting', algorithms: ['edge'] })
  expect(outcomes[0]!.tasks[0]!.startMs).toBeCloseTo(CLIP_MS + LATENCY_MS, 9)
  expect(outcomes[0]!.makespanMs).toBeCloseTo(10 * piMs, 9)
})

it('classifies the load and lets DHS pick by it', () => {
  const { loadClass, outcomes } = ask(idle)
  const onTx2 = (costMs('alexnet', 'jetson-tx2', 'GPU') + costMs('googlenet', 'jetson-tx2', 'GPU') + gpuMs) / 1_000
  expect(loadClass.className).toBe('U-H')
  expect(loadClass.cameras.map(({ camera }) => camera)).toEqual(['camera-pi-1', 'camera-tx2-1', 'camera-tx2-2', 'camera-tx2-3'])
  expect(loadClass.tMinSeconds).toBeCloseTo(onTx2, 9)
  expect(loadClass.requestsPerCamera).toBe(3)
  expect(outcomes.find(({ algorithm }) => algorithm === 'dhs')!.picked).toBe('peft')
  expect(ask(idle, { delta1Seconds: 10, delta2: 4 }).loadClass).toMatchObject({ className: 'B-L', algorithm: 'heft' })
})

it('queues what is placed anew behind what stays, as the cluster would', () => {
  const state = after(
    ...podEvents('first', { camera: 'camera-pi-1', application: 'alexnet', accelerator: 'pi-1/cpu0' }),
    ...podEvents('second', { camera: 'camera-pi-1', frames: 5 }),
  )
  const [local] = ask(state, { workload: 'waiting', algorithms: ['local'] }).outcomes
  const alexnetMs = costMs('alexnet', 'raspberry-pi-4b', 'CPU')
  expect(local!.tasks.map(({ request, plannedStartMs, startMs }) => [request, plannedStartMs, startMs])).toEqual([
    ['first', 5 * piMs, 0],
    ['second', 0, alexnetMs],
  ])
  expect(local!.placements).toEqual([
    {
      pod: 'second-infer',
      request: 'second',
      camera: 'camera-pi-1',
      application: 'resnet50',
      stage: 'infer',
      from: null,
      to: 'pi-1/cpu0',
      image: 'edgetwin/resnet50-cpu:1',
      predictedStartMs: Math.round(CLOCK_MS + alexnetMs),
      predictedFinishMs: Math.round(CLOCK_MS + alexnetMs + 5 * piMs),
    },
  ])
  expect(local!.moveCount).toBe(0)
})

it('keeps the queues of the site in the way of a hypothetical workload', () => {
  const state = after(
    ...podEvents('runs', { camera: 'camera-pi-1', accelerator: 'pi-1/cpu0', startedMs: CLOCK_MS - 100 }),
    ...podEvents('queues', { camera: 'camera-pi-1', accelerator: 'pi-1/cpu0' }),
  )
  const workload = [{ camera: 'camera-pi-1', application: 'resnet50' }]
  const answer = ask(state, { workload, algorithms: ['local'] })
  expect(answer.processors.find(({ accelerator }) => accelerator === 'pi-1/cpu0')!.readyMs).toBeCloseTo(2 * piMs - 100, 9)
  expect(answer.outcomes[0]!.makespanMs).toBeCloseTo(3 * piMs - 100, 9)
})

it('makes what runs on a drained node movable, under its own name', () => {
  const state = after(...podEvents('runs', { camera: 'camera-tx2-1', frames: 3, accelerator: 'tx2-1/gpu0', startedMs: CLOCK_MS }))
  const answer = ask(state, { workload: 'waiting', edits: [{ kind: 'drain-node', node: 'tx2-1' }] })
  expect(answer.processors.map(({ node }) => node)).not.toContain('tx2-1')
  expect(answer.outcomes[0]).toMatchObject({ moveCount: 1, placements: [{ pod: 'runs-infer', from: 'tx2-1/gpu0' }] })
  expect(answer.infeasible).toEqual([
    {
      algorithm: 'local',
      reason: 'runs cannot run at camera camera-tx2-1: it has no accelerator that can take work',
    },
  ])
})

it('takes the clips of a lost camera node from where they are recorded, and places the replacements', () => {
  const state = after(...podEvents('hit', { camera: 'camera-tx2-1', accelerator: 'tx2-1/gpu0', startedMs: CLOCK_MS }))
  const answer = ask(state, { workload: 'waiting', edits: [{ kind: 'lose-node', node: 'tx2-1' }], algorithms: ['heft', 'edge'] })
  expect(answer.outcomes.every(({ placements }) => placements[0]!.pod === 'hit-infer-r1')).toBe(true)
  const edge = answer.outcomes.find(({ algorithm }) => algorithm === 'edge')!
  expect(edge.makespanMs).toBeCloseTo(edgeMs, 9)
})

it('says of every accelerator when it would have finished, or what refuses it', () => {
  const edits: Edit[] = [
    { kind: 'lose-accelerator', accelerator: 'tx2-1/gpu0' },
    { kind: 'cordon-node', node: 'tx2-2' },
    { kind: 'lose-node', node: 'tx2-3' },
  ]
  const workload = [{ camera: 'camera-pi-1', application: 'resnet50' }]
  const [heft] = ask(idle, { workload, edits, algorithms: ['heft'] }).outcomes
  const { chosen, choices } = heft!.requests[0]!
  expect(choices[0]!.accelerator).toBe(chosen)
  expect(new Map(choices.map(({ accelerator, finishMs, reason }) => [accelerator, reason ?? finishMs]))).toEqual(
    new Map<string, string | number>([
      ['edge-1/cpu0', CLIP_MS + LATENCY_MS + edgeMs],
      ['pi-1/cpu0', piMs],
      ['tx2-1/cpu0', CLIP_MS + LATENCY_MS + costMs('resnet50', 'jetson-tx2', 'CPU')],
      ['tx2-1/gpu0', 'accelerator failed: what-if: lost'],
      ['tx2-2/cpu0', 'node tx2-2 cordoned'],
      ['tx2-2/gpu0', 'node tx2-2 cordoned'],
      ['tx2-3/cpu0', 'node tx2-3 gone: what-if: lost'],
      ['tx2-3/gpu0', 'node tx2-3 gone: what-if: lost'],
    ]),
  )
})

it('keeps work off a link that is down', () => {
  const state = after({ type: 'link.conditionsChanged', ...common, name: 'pi-1-uplink', up: false, reason: 'cable' })
  const { outcomes } = ask(state, { workload: [{ camera: 'camera-pi-1', application: 'resnet50' }], algorithms: ['heft'] })
  expect(outcomes[0]!.requests[0]!.chosen).toBe('pi-1/cpu0')
  expect(outcomes[0]!.requests[0]!.choices.at(-1)!.reason).toBe('link pi-1-uplink is down: cable')
})

it('answers what no algorithm can solve, with every reason', () => {
  const edits: Edit[] = [
    { kind: 'lose-node', node: 'pi-1' },
    { kind: 'lose-node', node: 'edge-1' },
  ]
  const { outcomes, infeasible } = ask(idle, { edits })
  expect(outcomes).toEqual([])
  expect(infeasible).toHaveLength(ALGORITHM_NAMES.length)
  expect(infeasible[0]!.reason).toMatch(
    /^camera-pi-1-alexnet can run nowhere: .*pi-1\/cpu0: node pi-1 gone: what-if: lost; .*tx2-1\/gpu0: clip lost: node pi-1 and edge-1 not ready/,
  )
})

it('places work for a camera that nobody described: its clip comes from outside, over the link of the node that works on it', () => {
  const state = after(...podEvents('stray', { camera: 'nobody' }))
  const { outcomes, warnings } = ask(state, { workload: 'waiting' })
  expect(outcomes[0]!.makespanMs).toBeCloseTo(CLIP_MS + LATENCY_MS / 2 + Math.min(gpuMs, edgeMs), 9)
  expect(warnings).toContainEqual(
    'nobody says where clips of camera nobody lie; they are taken to come from outside, over the link of the node that works on them',
  )
})

it('says which links are assumed, and takes their figures from who assumes them', () => {
  const common = { site: 'dhs', timeMs: CLOCK_MS, source: 'kubernetes' }
  const nominal = { bytesPerSecond: 2_500_000, latencyMs: 3 }
  const unmeasured = dhsEvents({ atMs: CLOCK_MS }).filter(({ type }) => type !== 'link.sampled')
  const guess: TwinEvent = { type: 'link.observed', ...common, name: 'pi-1-uplink', node: 'pi-1', nominal, origin: 'assumed' }
  const state = applyEvents(emptyTwin, journaled([...unmeasured, guess]))
  const { warnings } = ask(state, { workload: [{ camera: 'camera-pi-1', application: 'resnet50' }] })
  expect(warnings.filter((text) => text.includes('assumed'))).toEqual(['no link of node pi-1 is known; 20 Mbit/s and 3 ms are assumed'])
})

it('leaves out waiting work that can run nowhere, and says so', () => {
  const state = after(
    ...podEvents('fine', { camera: 'camera-tx2-1' }),
    ...podEvents('odd', { camera: 'camera-tx2-1', application: 'yolo' }),
  )
  const answer = ask(state, { workload: 'waiting' })
  expect(answer.outcomes[0]!.requests.map(({ request }) => request)).toEqual(['fine'])
  expect(answer.warnings[0]).toMatch(/^left out: odd can run nowhere: .*tx2-1\/gpu0: no image of yolo for GPU/)
})

it('refuses too much, naming the count and the limit', () => {
  const workload = Array.from({ length: 6 }, () => ({ camera: 'camera-pi-1', application: 'alexnet', count: 100 }))
  expect(() => ask(idle, { workload })).toThrow('600 requests are above the limit of 500')
  const blocks = (count: number): WhatIfQueryInput => ({
    granularity: 'block',
    workload: [
      { camera: 'camera-pi-1', application: 'resnet50', count: 90 },
      { camera: 'camera-tx2-1', application: 'resnet50', count },
    ],
    algorithms: ['heft'],
  })
  expect(ask(idle, blocks(10)).taskCount).toBe(1_900)
  expect(() => ask(idle, blocks(30))).toThrow('2280 tasks in the query are above the limit of 2000')
})

it('names the nearest when a camera or application does not exist', () => {
  expect(() => ask(idle, { workload: [{ camera: 'camera-tx2-9', application: 'alexnet' }] })).toThrow(
    "there is no camera 'camera-tx2-9'; did you mean camera-tx2-1 or camera-tx2-2 or camera-tx2-3?",
  )
  expect(() => ask(idle, { workload: [{ camera: 'camera-pi-1', application: 'alexnt' }] })).toThrow('did you mean alexnet?')
})

it('answers an empty workload with nothing to do', () => {
  const answer = ask(idle, { workload: 'waiting' })
  expect(answer.taskCount).toBe(0)
  expect(answer.outcomes[0]).toMatchObject({ makespanMs: 0, slr: 1, speedup: 1, gapRatio: 0, placements: [] })
})

it('counts the time that a request has waited already as latency', () => {
  const state = after(...podEvents('old', { camera: 'camera-pi-1', atMs: CLOCK_MS - 500 }))
  const [local] = ask(state, { workload: 'waiting', algorithms: ['local'] }).outcomes
  expect(local!.makespanMs).toBeCloseTo(piMs, 9)
  expect(local!.meanLatencyMs).toBeCloseTo(500 + piMs, 9)
})

it('does not count bytes that have travelled into the lower bound', () => {
  const bound = podEvents('moved', { camera: 'camera-pi-1', frames: 100, accelerator: 'tx2-1/gpu0', boundMs: CLOCK_MS - 1_000 })
  const edits: Edit[] = [{ kind: 'cordon-node', node: 'edge-1' }]
  const [heft] = ask(after(...bound), { workload: 'waiting', edits, algorithms: ['heft'] }).outcomes
  expect(heft!.placements).toEqual([])
  expect(heft!.makespanMs).toBeCloseTo(100 * CLIP_MS - 1_000 + LATENCY_MS + 100 * gpuMs, 6)
  expect(heft!.lowerBoundMs).toBeCloseTo(heft!.makespanMs, 6)
})

it('keeps a cordoned accelerator in the problem only for what it holds', () => {
  const edits: Edit[] = [{ kind: 'cordon-node', node: 'pi-1' }]
  const held = after(...podEvents('held', { camera: 'camera-pi-1', accelerator: 'pi-1/cpu0' }))
  const accelerators = (state: TwinState) => ask(state, { workload: 'waiting', edits }).processors.map(({ accelerator }) => accelerator)
  expect(accelerators(idle)).not.toContain('pi-1/cpu0')
  expect(accelerators(held)).toContain('pi-1/cpu0')
})

it('lists the facts that were not fresh', () => {
  const late = applyEvents(idle, journaled([{ type: 'clock.ticked', ...common, timeMs: CLOCK_MS + 20_000 }], { after: 1_000 }))
  const { staleFacts } = ask(late)
  expect(staleFacts).toContainEqual({ entity: 'link pi-1-uplink', group: 'quality', source: 'cluster', ageMs: 20_000, freshness: 'stale' })
  expect(ask(idle).staleFacts).toEqual([])
})

it('for any question: the twin stays, the answer is the same again, sound and well ranked', () => {
  const before = canonicalJson(toJson(busy))
  fc.assert(
    fc.property(someEdits(), anyWorkload(), fc.constantFrom('stage', 'block'), (edits, workload, granularity) => {
      const query = { edits, workload, granularity, decodeBudget: 20 }
      const answer = ask(busy, query)
      expect(canonicalJson(ask(busy, query))).toBe(canonicalJson(answer))
      expect(canonicalJson(toJson(busy))).toBe(before)
      expect(whatIfAnswerShape.safeParse(answer).error).toBeUndefined()
      expect(answer.outcomes.length + answer.infeasible.length).toBe(ALGORITHM_NAMES.length)
      for (const [index, outcome] of answer.outcomes.entries()) {
        expect(outcome.makespanMs).toBeGreaterThanOrEqual((answer.outcomes[index - 1]?.makespanMs ?? 0) - 1e-6)
        expect(outcome.makespanMs).toBeGreaterThanOrEqual(outcome.lowerBoundMs - 1e-6)
        expect(outcome.slr).toBeGreaterThanOrEqual(1 - 1e-9)
        for (const request of outcome.requests) {
          expect(request.choices.find(({ accelerator }) => accelerator === request.chosen)!.finishMs).not.toBeNull()
        }
      }
    }),
    { seed: SEED, numRuns: 60 },
  )
})

it('plays exactly what was scheduled when nothing contends and nothing else runs', () => {
  const request = fc.record({
    camera: fc.constantFrom(...CAMERAS),
    application: fc.constantFrom('alexnet', 'googlenet', 'resnet50'),
    frames: fc.integer({ min: 1, max: 60 }),
  })
  fc.assert(
    fc.property(request, (one) => {
      for (const { makespanMs, plannedMakespanMs, tasks, requests } of ask(idle, { workload: [one], decodeBudget: 20 }).outcomes) {
        expect(Math.abs(makespanMs - plannedMakespanMs)).toBeLessThanOrEqual(1e-9 * makespanMs)
        expect(tasks[0]!.startMs).toBeCloseTo(tasks[0]!.plannedStartMs, 6)
        expect(requests[0]!.choices.flatMap(({ waits }) => waits.map(({ kind }) => kind))).not.toContain('link')
      }
    }),
    { seed: SEED, numRuns: 60 },
  )
})

it('the portfolio is never worse than any other, as played and by any objective, and says who won', () => {
  const objective = fc.constantFrom(...CRITERIA).map((first): Objective => ({ kind: 'lexicographic', order: [first] }))
  const seen = new Set<unknown>()
  fc.assert(
    fc.property(someEdits(), anyWorkload(), objective, (edits, workload, objective) => {
      const { outcomes } = ask(busy, { edits, workload, objective, decodeBudget: 20 })
      const portfolio = outcomes.find(({ algorithm }) => algorithm === 'portfolio')!
      for (const other of outcomes) expect(compareBy(objective)(portfolio, other)).toBeLessThanOrEqual(0)
      seen.add(portfolio.picked)
    }),
    { seed: SEED, numRuns: 60 },
  )
  expect(seen.has(null)).toBe(false)
  expect(seen.size).toBeGreaterThan(1)
})

it('the portfolio finds what none of its constructors does, with the decodes it is given', () => {
  const workload = CAMERAS.flatMap((camera) =>
    ['resnet50', 'googlenet'].map((application) => ({ camera, application, count: 2, frames: 7 })),
  )
  const played = (decodeBudget: number) => ask(idle, { workload, algorithms: ['portfolio'], decodeBudget }).outcomes[0]!
  expect(played(2_000).picked).toBe('annealing')
  expect(played(2_000).makespanMs).toBeLessThan(played(1).makespanMs)
  expect(played(2_000).requests[0]!.choices.length).toBe(8)
})

it('what an outcome predicts is what the site would do if its placements were applied', () => {
  const work = fc.array(
    fc.record({
      camera: fc.constantFrom(...CAMERAS),
      application: fc.constantFrom('alexnet', 'googlenet', 'resnet50'),
      frames: fc.integer({ min: 1, max: 40 }),
      place: fc.option(fc.constantFrom('pi-1/cpu0', 'tx2-1/gpu0', 'tx2-2/cpu0', 'edge-1/cpu0')),
      boundMs: fc.integer({ min: CLOCK_MS - 400, max: CLOCK_MS }),
    }),
    { minLength: 1, maxLength: 10 },
  )
  fc.assert(
    fc.property(work, (pods) => {
      const state = after(
        ...pods.flatMap(({ place, ...pod }, index) =>
          podEvents(`w${index}`, { ...pod, ...(place === null ? {} : { accelerator: place }) }),
        ),
      )
      for (const { makespanMs, placements } of ask(state, { workload: 'waiting', decodeBudget: 20 }).outcomes) {
        expect(predictUnchanged(forkWithPlacements(state, placements), registry).makespanMs).toBeCloseTo(makespanMs, 6)
      }
    }),
    { seed: SEED, numRuns: 100 },
  )
})

it('a burst never lowers the lower bound', () => {
  fc.assert(
    fc.property(anyWorkload(), anyEdit('burst'), (workload, burst) => {
      const bound = (edits: Edit[]) => ask(busy, { workload, edits, algorithms: ['heft'] }).outcomes[0]!.lowerBoundMs
      expect(bound([burst])).toBeGreaterThanOrEqual(bound([]) - 1e-9)
    }),
    { seed: SEED, numRuns: 60 },
  )
})

const common = { site: 'dhs', timeMs: CLOCK_MS, source: 'cluster' }
const CAMERAS = ['camera-pi-1', 'camera-tx2-1', 'camera-tx2-2', 'camera-tx2-3']
const busy = after(
  ...podEvents('r1', { camera: 'camera-pi-1', frames: 4, accelerator: 'pi-1/cpu0', startedMs: CLOCK_MS - 300 }),
  ...podEvents('r2', { camera: 'camera-pi-1', frames: 8, accelerator: 'pi-1/cpu0', boundMs: CLOCK_MS - 300 }),
  ...podEvents('r3', { camera: 'camera-tx2-1', frames: 20, accelerator: 'edge-1/cpu0', boundMs: CLOCK_MS - 20 }),
  ...podEvents('r4', { camera: 'camera-tx2-2', application: 'alexnet', frames: 3 }),
  { type: 'clock.ticked', ...common, timeMs: CLOCK_MS + 10 },
)

/** No edit twice: nothing can be lost a second time. */
function someEdits(): fc.Arbitrary<Edit[]> {
  return fc.uniqueArray(anyEdit(), { selector: canonicalJson, maxLength: 4 })
}

/** At most one of a kind of loss, so that something is left to run on. */
function anyEdit(kind?: Edit['kind']): fc.Arbitrary<Edit> {
  const edits: fc.Arbitrary<Edit>[] = [
    fc.constantFrom('pi-1', 'tx2-1').map((node) => ({ kind: 'lose-node', node }) as const),
    fc.constant({ kind: 'drain-node', node: 'edge-1' }),
    fc.constant({ kind: 'cordon-node', node: 'tx2-2' }),
    fc.constant({ kind: 'lose-accelerator', accelerator: 'tx2-3/gpu0' }),
    fc.constant({ kind: 'remove-camera', camera: 'camera-tx2-3' }),
    fc.record({
      kind: fc.constant('scale-link' as const),
      link: fc.constantFrom('edge-1-uplink', 'pi-1-uplink'),
      factor: fc.constantFrom(0.1, 10),
    }),
    fc.record({
      kind: fc.constant('burst' as const),
      camera: fc.constantFrom(...CAMERAS.slice(0, 3)),
      application: fc.constantFrom('alexnet', 'googlenet', 'resnet50', 'face'),
      count: fc.integer({ min: 1, max: 4 }),
      frames: fc.integer({ min: 1, max: 30 }),
    }),
  ]
  const any = fc.oneof(...edits.filter((_, index) => kind === undefined || index === edits.length - 1))
  return any.map((edit) => editShape.parse(edit))
}

function anyWorkload(): fc.Arbitrary<NonNullable<WhatIfQueryInput['workload']>> {
  return fc.oneof(
    fc.constantFrom('waiting' as const, 'each-camera' as const),
    fc.array(
      fc.record({
        camera: fc.constantFrom(...CAMERAS.slice(0, 3)),
        application: fc.constantFrom('alexnet', 'resnet50'),
        count: fc.integer({ min: 1, max: 3 }),
        frames: fc.integer({ min: 1, max: 30 }),
      }),
      { maxLength: 5 },
    ),
  )
}
