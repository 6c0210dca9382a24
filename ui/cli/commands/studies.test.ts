/** Comparisons and sweeps: what is sent, what is printed, what the shell sees. */
import { afterEach, describe, expect, it } from '@jest/globals'
import { type Comparison, comparisonShape, type SweepAnswer, sweepAnswerShape } from '../../../models/scenario/answers.ts'
import { readScenario } from '../../../models/scenario/read.ts'
import { type FarSide, runCli, runFarSide } from '../far-side.ts'

let far: FarSide
afterEach(() => far.stop())

async function ask(args: readonly string[], answer: unknown) {
  await far?.stop()
  far = await runFarSide(() => [200, answer])
  return runCli(['whatif', ...args, '--server', far.url])
}

const basis = { sequence: 12, timeMs: 1_000, stateHash: 'abc' }
const side = { scenario: 'at now', winner: 'heft' as const, makespanMs: 60, infeasible: [], staleFacts: [], warnings: [] }
const same: Comparison = comparisonShape.parse({
  basis,
  a: side,
  b: { ...side, scenario: 'lose(node/tx2-2)' },
  differenceMs: 0,
  algorithms: [{ algorithm: 'heft', aMs: 60, bMs: 60, differenceMs: 0, aMoveCount: 0, bMoveCount: 0 }],
  requests: [{ request: 'r-1', camera: 'cam-1', application: 'alexnet', aLatencyMs: 60, bLatencyMs: 60, differenceMs: 0 }],
  moves: [],
})
const different: Comparison = {
  ...same,
  b: { ...same.b, winner: 'local', makespanMs: 90, infeasible: [{ algorithm: 'edge', reason: 'no server' }], warnings: ['one thing'] },
  differenceMs: 30,
  algorithms: [
    { algorithm: 'heft', aMs: 60, bMs: 90.5, differenceMs: 30.5, aMoveCount: 0, bMoveCount: 2 },
    { algorithm: 'edge', aMs: 70, bMs: null, differenceMs: null, aMoveCount: 0, bMoveCount: null },
  ],
  requests: [{ request: 'r-1', camera: 'cam-1', application: 'alexnet', aLatencyMs: 60, bLatencyMs: 40, differenceMs: -20 }],
  moves: [{ request: 'r-1', from: 'tx2-2/gpu0', to: 'pi-1/cpu0' }],
}

describe('whatif diff', () => {
  const diff = (answer: Comparison, ...args: string[]) => ask(['diff', 'at now', 'lose(node/tx2-2)', ...args], answer)

  it('sends both, and exits 0 when nothing differs', async () => {
    const { code, out, err } = await diff(same)
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(far.asked.map(({ url, body }) => [url, body])).toEqual([
      ['/api/v1/comparisons', { a: readScenario('at now'), b: readScenario('lose(node/tx2-2)') }],
    ])
    expect(out).toMatch(/\nheft +60ms +60ms +same +0 +0\n[\s\S]*\nno difference; twin of 1970-/)
  })
  it('shows winners, times, requests, moves and refusals, and exits 1', async () => {
    const { code, out, err } = await diff(different)
    expect({ code, err }).toEqual({ code: 1, err: 'warning: one thing\n' })
    expect(out).toMatch(/^a: at now\nb: lose\(node\/tx2-2\)\n/)
    expect(out).toMatch(/\na +heft +60ms\nb +local +90ms +\+30ms\n/)
    expect(out).toMatch(/\nheft +60ms +90.5ms +\+30.5ms +0 +2\nedge +70ms +<none> +<none> +0 +<none>\n/)
    expect(out).toMatch(/\nr-1 +cam-1 +alexnet +60ms +40ms +-20ms\n/)
    expect(out).toMatch(/\nr-1 +tx2-2\/gpu0 +pi-1\/cpu0\n\nb: edge found no schedule: no server\n\nthey differ/)
  })
  it.each([
    ['a time', { ...same, requests: [{ ...same.requests[0]!, bLatencyMs: 61 }] }],
    ['an algorithm', { ...same, algorithms: [{ ...same.algorithms[0]!, bMs: null }] }],
    ['a winner', { ...same, b: { ...same.b, winner: 'peft' as const } }],
    ['a place', { ...same, moves: different.moves }],
    ['a refusal', { ...same, a: { ...same.a, infeasible: different.b.infeasible } }],
  ])('%s alone is a difference', async (_, answer) => expect((await diff(answer)).code).toBe(1))
  it('json, yaml, csv and Markdown', async () => {
    expect(JSON.parse((await diff(different, '-o', 'json')).out)).toEqual(different)
    expect((await diff(different, '-o', 'yaml')).out).toContain('differenceMs: 30\n')
    expect((await diff(different, '-o', 'csv')).out.split('\r\n').slice(0, 6)).toEqual([
      'measure,name,a,b,difference',
      'scenario,,at now,lose(node/tx2-2),',
      'winner,,heft,local,',
      'makespanMs,,60,90,30',
      'algorithmMakespanMs,heft,60,90.5,30.5',
      'algorithmMakespanMs,edge,70,,',
    ])
    expect((await diff(different, '-o', 'markdown')).out).toContain('## Placed elsewhere\n\n| REQUEST | A\\_PLACE'.replace('\\_', '_'))
  })
  it('exits above 1 when the server refuses', async () => {
    far = await runFarSide(() => [404, { code: 'ENTITY_UNKNOWN', detail: 'no node tx2-2' }])
    const { code, err } = await runCli(['whatif', 'diff', 'at now', 'lose(node/tx2-2)', '--server', far.url])
    expect({ code, err }).toEqual({ code: 2, err: 'error: no node tx2-2 [ENTITY_UNKNOWN]\n' })
  })
})

describe('whatif sweep', () => {
  const text = 'sweep link(cam-3) 5..500 Mbit/s steps 3 log'
  const answer: SweepAnswer = sweepAnswerShape.parse({
    scenario: text,
    basis,
    unit: 'B/s',
    points: [
      { x: 625_000, winner: 'local', makespanMsByAlgorithm: { local: 300 } },
      { x: 6_250_000, winner: 'local', makespanMsByAlgorithm: { heft: 400, local: 300 } },
      { x: 62_500_000, winner: 'heft', makespanMsByAlgorithm: { heft: 100, local: 300 } },
    ],
    breakPoints: [{ xLow: 19_999_000, xHigh: 20_001_000, x: 20_000_000, from: 'local', to: 'heft' }],
    toleranceRatio: 1e-4,
    unrefinedCount: 1,
    warnings: ['one thing'],
  })

  it('prints the curve with its winners, and where they change', async () => {
    const { code, out, err } = await ask(['sweep', text], answer)
    expect({ code, err }).toEqual({ code: 0, err: 'warning: one thing\n' })
    expect(far.asked.map(({ url, body }) => [url, body])).toEqual([['/api/v1/sweeps', { scenario: readScenario(text) }]])
    expect(out).toMatch(
      /^scenario: sweep link.*\nshare: http:\S+\/#scenario=sweep%20link\(cam-3\)%205\.\.500%20Mbit%2Fs%20steps%203%20log\n/,
    )
    expect(out).toMatch(/\nVALUE +WINNER +HEFT +LOCAL\n5 Mbit\/s +local +<none> +300ms\n50 Mbit\/s +local +400ms +300ms\n/)
    expect(out).toMatch(/\n160 Mbit\/s +local +heft +160 Mbit\/s and 160 Mbit\/s\n/)
    expect(out).toContain(': local, from 160 Mbit/s heft.\n1 of the changes')
  })
  it('json, csv, Markdown and a picture', async () => {
    expect(JSON.parse((await ask(['sweep', text, '-o', 'json'], answer)).out)).toMatchObject(answer)
    expect((await ask(['sweep', text, '-o', 'csv'], answer)).out).toBe(
      'bytesPerSecond,winner,heftMakespanMs,localMakespanMs\r\n625000,local,,300\r\n6250000,local,400,300\r\n62500000,heft,100,300\r\n',
    )
    expect((await ask(['sweep', text, '-o', 'markdown'], answer)).out).toContain('## Where the winner changes\n\n| BREAK_POINT |')
    expect((await ask(['sweep', text, '-o', 'svg'], answer)).out).toMatch(/^<svg [\s\S]*<\/svg>\n$/)
  })
  it('says when no file can be written', async () => {
    const { code, err } = await ask(['sweep', text, '--out', '/no/such/folder/x.svg'], answer)
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining("cannot write '/no/such/folder/x.svg'") })
  })
})
