/** What stands, and what it cost: two commands that print what the server works out all the time. */
import { afterEach, expect, it } from '@jest/globals'
import { regretTableShape } from '../../../models/contracts/regret.ts'
import { standingShape } from '../../../models/contracts/study-api.ts'
import { type FarSide, runCli, runFarSide } from '../far-side.ts'

let far: FarSide
afterEach(() => far.stop())

const course = { makespanMs: 1_000, meanLatencyMs: 900, stranded: [] }
const standing = standingShape.parse({
  nMinusOne: {
    basis: { sequence: 9, timeMs: 1 },
    workload: 'open',
    requestCount: 2,
    hopeless: [],
    base: { unchanged: course, remedy: null },
    cases: [
      {
        loss: { kind: 'node', name: 'edge-1' },
        severity: 'slower',
        harm: { lostRequestCount: 0, increaseMs: 2_500, unchangedIncreaseMs: 4_000 },
        unchanged: course,
        remedy: { ...course, algorithm: 'peft', picked: null, moves: [] },
        why: null,
        sentence: 'Losing edge-1 would make the work take 3.5 s instead of 1 s.',
      },
    ],
    line: {
      severity: 'slower',
      loss: { kind: 'node', name: 'edge-1' },
      sentence: 'Losing edge-1 would make the work take 3.5 s instead of 1 s.',
    },
  },
  radar: {
    delta1Seconds: 0.1,
    delta2: 1,
    bandRatio: 0.1,
    work: 'open',
    loadClass: null,
    point: { timeMs: 1, sequence: 9, imbalanceSeconds: 0.25, requestsPerCamera: 0.75, className: 'U-L', heldClassName: 'U-L' },
    borders: [{ axis: 'imbalance', at: 0.1, distance: -0.15, beyond: 'B-L' }],
    trail: [],
  },
})

it('standing says the worst loss first, then each loss, then the class of the load', async () => {
  far = await runFarSide(() => [200, standing])
  const { out, code } = await runCli(['standing', '--server', far.url])
  expect(code).toBe(0)
  expect(out.split('\n')[0]).toBe('Losing edge-1 would make the work take 3.5 s instead of 1 s.')
  expect(out).toMatch(/node edge-1\s+slower\s+0\s+2\.5.*s\s+peft, 0 move\(s\)/)
  expect(out).toContain('Load: U-L, imbalance 0.250 s (δ1 0.1 s), 0.75 requests a camera (δ2 1)')
  expect(out).toContain('B-L is 0.150 away in imbalance')
})

it('regret says that nothing was scored yet, and prints the ledger when there is one', async () => {
  const policies = [{ policy: 'heft', roundCount: 2, winCount: 1, meanPredictedMs: 1_500, meanRegretMs: 20 }]
  const applied = [
    {
      applied: 'edgetwin:heft',
      roundCount: 2,
      meanRealisedMs: 1_550,
      meanRegretMs: 70,
      predictedCount: 2,
      meanPredictedMs: 1_500,
      meanErrorRatio: 0.03,
      meanBiasRatio: 0,
    },
  ]
  let table = regretTableShape.parse({ roundCount: 0, policies: [], applied: [], dropped: [], recent: [] })
  far = await runFarSide(() => [200, table])
  expect((await runCli(['regret', '--server', far.url])).out).toContain('No round of requests has been scored yet')
  table = regretTableShape.parse({ ...table, roundCount: 2, policies, applied, dropped: [{ reason: 'failed', roundCount: 1 }] })
  const { out } = await runCli(['regret', '--server', far.url])
  expect(out).toMatch(/heft\s+2\s+1\s+1\.5/)
  expect(out).toMatch(/edgetwin:heft\s+2/)
  expect(out).toContain('1 not scored: failed')
})
