import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { applicationNamed } from '../models/applications/applications.ts'
import { costOf } from '../models/applications/costs.ts'
import { defaultRegistry } from '../models/applications/registry.ts'
import { whatIfQueryShape } from '../models/contracts/what-if.ts'
import type { AcceleratorKind } from '../models/events/shapes.ts'
import { type SweepAnswer, sweepAnswerShape } from '../models/scenario/answers.ts'
import { parseScenario } from '../models/scenario/parse.ts'
import { dhsEvents, journaled } from '../models/testing/dhs-site.ts'
import { canonicalJson } from './canonical-json.ts'
import { applyEvents } from './fold.ts'
import { runSweep, type SweepOptions, type SweepStep, sweepPoints } from './sweep.ts'
import { emptyTwin, toJson } from './twin-state.ts'
import { askWhatIf } from './what-if.ts'

const SEED = 71_100
const registry = defaultRegistry()
const options: SweepOptions = { registry, stateHash: 'hash', nowMs: 1_000_000 }
const idle = applyEvents(emptyTwin, journaled(dhsEvents()))
const sweep = (text: string, more: Partial<SweepOptions> = {}) => runSweep(idle, parseScenario(text), { ...options, ...more })
const costMs = (deviceModel: string, acceleratorKind: AcceleratorKind) =>
  costOf('resnet50', [...applicationNamed('resnet50')!.blocks.keys()], { deviceModel, acceleratorKind })!.ms
const piMs = costMs('raspberry-pi-4b', 'CPU')
const edgeMs = costMs('edge-server-3.6ghz', 'CPU')
const CLIP_BYTES = 224 * 224 * 3
const LATENCY_MS = 2
/** Where sending the clip and computing at the edge takes as long as computing at the camera. */
const evenBytesPerSecond = (CLIP_BYTES / (piMs - edgeMs - LATENCY_MS)) * 1_000
const ONE = 'burst(camera-pi-1, resnet50) + sweep link(camera-pi-1) 0.8..100 Mbit/s steps 5'

describe('one request, edge against local', () => {
  it.each([
    ['linear', ''],
    ['log', 'log'],
  ])('finds the rate at which they are even, %s', (scale, word) => {
    const { breakPoints, points, unit, unrefinedCount, toleranceRatio } = sweep(`${ONE} ${word} on nothing with local, edge`)
    expect(points.map(({ winner }) => winner)).toEqual(
      scale === 'log' ? ['local', 'local', 'edge', 'edge', 'edge'] : ['local', 'edge', 'edge', 'edge', 'edge'],
    )
    expect(points[0]!.makespanMsByAlgorithm).toEqual({
      local: expect.closeTo(piMs, 9),
      edge: expect.closeTo(CLIP_BYTES / 100 + LATENCY_MS + edgeMs, 9),
    })
    expect(points.at(-1)!.x).toBe(12_500_000)
    expect([breakPoints.length, unit, unrefinedCount]).toEqual([1, 'B/s', 0])
    const { xLow, xHigh, x, from, to } = breakPoints[0]!
    expect([from, to]).toEqual(['local', 'edge'])
    expect(xLow).toBeLessThanOrEqual(evenBytesPerSecond)
    expect(xHigh).toBeGreaterThanOrEqual(evenBytesPerSecond)
    expect(x).toBeCloseTo(scale === 'log' ? Math.sqrt(xLow * xHigh) : (xLow + xHigh) / 2, 9)
    const width = scale === 'log' ? Math.log(xHigh / xLow) / Math.log(125) : (xHigh - xLow) / 12.4e6
    expect(width).toBeLessThanOrEqual(toleranceRatio)
  })

  it('leaves what the budget does not allow, and says so', () => {
    const { breakPoints, unrefinedCount } = sweep(`${ONE} on nothing with local, edge`, { trialCountMax: 1 })
    expect(unrefinedCount).toBe(1)
    expect(breakPoints).toEqual([{ xLow: 100_000, xHigh: 1_650_000, x: 875_000, from: 'local', to: 'edge' }])
  })

  it('bursts are whole: the break is at the first count that the edge wins', () => {
    // A clip and its computing take 1.5 ms less at the edge than at the camera, but the latency of 2 ms is paid once.
    const bytesPerSecond = (CLIP_BYTES / (piMs - edgeMs - 1.5)) * 1_000
    const text = `link(camera-pi-1, ${bytesPerSecond} B/s) + sweep burst(camera-pi-1, resnet50) x1..x100 steps 3 on nothing with local, edge`
    const { points, breakPoints } = sweep(text)
    expect(points.map(({ x, winner }) => [x, winner])).toEqual([
      [1, 'local'],
      [51, 'edge'],
      [100, 'edge'],
    ])
    expect(breakPoints).toEqual([{ xLow: 1, xHigh: 2, x: 2, from: 'local', to: 'edge' }])
  })
})

it('between two points finds every change on the way from one winner to the other', () => {
  const { points, breakPoints } = sweep(
    'burst(camera-pi-1, resnet50, x8) + sweep link(camera-pi-1) 0.1..1000 Mbit/s steps 2 with heft, peft, local',
  )
  expect(breakPoints.length).toBeGreaterThan(1)
  expect([...breakPoints.map(({ from }) => from), points[1]!.winner]).toEqual([points[0]!.winner, ...breakPoints.map(({ to }) => to)])
})

it('a point with no schedule at all has no winner', () => {
  // Its clips lie on a node that takes no work, so that they must travel.
  const blind = 'cordon(node/edge-1) + add(camera/blind, -, resnet50) + burst(blind, resnet50)'
  const { points, breakPoints } = sweep(`${blind} + sweep link(edge-1) 0..8 Mbit/s steps 2 on nothing with heft`)
  expect(points[0]).toEqual({ x: 0, winner: null, makespanMsByAlgorithm: {} })
  expect(breakPoints).toEqual([{ xLow: 0, xHigh: expect.any(Number), x: expect.any(Number), from: null, to: 'heft' }])
  expect(breakPoints[0]!.xHigh).toBeLessThanOrEqual(100)
})

it('on both sides of each break point the winners are those that it names', () => {
  const winnerAt = (bytesPerSecond: number) => {
    const query = whatIfQueryShape.parse({ edits: [{ kind: 'set-link', link: 'pi-1-uplink', bytesPerSecond }] })
    return askWhatIf(idle, query, { id: '', stateHash: '', registry }).outcomes[0]!.algorithm
  }
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 60, max: 900 }), fc.integer({ min: 2, max: 12 }), (low, high, steps) => {
      const { breakPoints, points } = sweep(`sweep link(camera-pi-1) ${low}..${high} Mbit/s steps ${steps}`)
      for (const { xLow, xHigh, from, to } of breakPoints) {
        expect(from).not.toBe(to)
        expect([winnerAt(xLow), winnerAt(xHigh)]).toEqual([from, to])
      }
      expect([points[0]!.winner, ...breakPoints.map(({ to }) => to)].at(-1)).toBe(points.at(-1)!.winner)
    }),
    { seed: SEED, numRuns: 12 },
  )
})

it('the same sweep of the same twin gives equal bytes, and leaves the twin alone', () => {
  const before = canonicalJson(toJson(idle))
  const text = 'lose(node/tx2-1) + sweep link(camera-pi-1) 0.1..1000 Mbit/s steps 12 log'
  const [first, second] = [sweep(text), sweep(text)]
  expect(canonicalJson(first)).toBe(canonicalJson(second))
  expect(canonicalJson(toJson(idle))).toBe(before)
  expect(sweepAnswerShape.parse(JSON.parse(JSON.stringify(first)))).toEqual(first)
  expect(first.breakPoints.length).toBeGreaterThan(0)
  expect(first.scenario).toBe(text)
  expect(first.warnings).toEqual(["camera camera-tx2-1 has no accelerator of its own for its requests; its load is reckoned on another's"])
})

it('writes the time that it started from', () => {
  expect(sweep('sweep delta1 0..1 steps 2 at -10s on nothing').scenario).toBe(
    'sweep delta1 0..1 steps 2 at 1970-01-01T00:16:30Z on nothing',
  )
})

it('can be followed and stopped between questions', () => {
  const scenario = parseScenario(`${ONE} on nothing with local, edge`)
  const steps = sweepPoints(idle, scenario, options)
  expect(steps.next().value).toMatchObject({ isTrial: false, doneCount: 1, pointCount: 5, point: { winner: 'local' } })
  steps.return({} as SweepAnswer)
  expect(steps.next().done).toBe(true)
  const seen: SweepStep[] = []
  const answer = runSweep(idle, scenario, { ...options, onPoint: (step) => seen.push(step) })
  expect(seen.filter(({ isTrial }) => !isTrial).map(({ point }) => point)).toEqual(answer.points)
  expect(seen.at(-1)).toMatchObject({ isTrial: true, doneCount: 5, pointCount: 5 })
})

it.each([
  ['lose(node/pi-1)', 'QUERY_INVALID', 'the scenario has no sweep'],
  ['sweep link(camera-pi-9) 1..2 Mbit/s', 'ENTITY_UNKNOWN', 'did you mean camera-pi-1'],
  [
    'sweep burst(camera-pi-1, resnet-50) x1..x2',
    'APPLICATION_UNKNOWN',
    'did you mean resnet50? (at 1 requests of sweep burst(camera-pi-1, resnet-50) x1..x2)',
  ],
  ['sweep burst(camera-pi-1, resnet50) x1..x100 steps 2 in blocks', 'PROBLEM_TOO_LARGE', '(at 100 requests of sweep burst'],
])('refuses %s', (text, code, message) => {
  expect(() => sweep(text)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }))
})

it('refuses what was not there yet', () => {
  const young = applyEvents(emptyTwin, journaled(dhsEvents().filter((event) => !('name' in event) || event.name !== 'tx2-1')))
  expect(() => runSweep(young, parseScenario('lose(node/tx2-1) + sweep delta1 0..1'), options)).toThrow(
    "lose(node/tx2-1): there is no node 'tx2-1' at that time; did you mean tx2-2 or tx2-3?",
  )
})
