/** The commands that ask a server: what they send, what they print, what the shell sees. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname } from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import { whatIfQueryShape } from '../../../models/contracts/what-if.ts'
import { aNewCamera } from '../../../models/entities/camera.ts'
import { aNewDecisionRecord } from '../../../models/entities/decision-record.ts'
import { aNewNode } from '../../../models/entities/node.ts'
import { readScenario } from '../../../models/scenario/read.ts'
import { type Asked, type FarSide, runCli, runFarSide } from '../far-side.ts'

let far: FarSide
afterEach(() => far.stop())

type Answers = Readonly<Record<string, readonly [number, unknown]>>

/** @param answers By `METHOD /path/below/api/v1`, without the query. */
async function ask(args: readonly string[], answers: Answers, input?: string) {
  await far?.stop()
  far = await runFarSide((asked) => answers[keyOf(asked)] ?? [404, { code: 'ROUTE_UNKNOWN', detail: keyOf(asked) }])
  return runCli([...args, '--server', far.url], input)
}
const keyOf = ({ method, url }: Asked) => `${method} ${url.replace('/api/v1', '').split('?')[0]}`
const page = (items: readonly unknown[]) => [200, { sequence: 9, items, continue: null }] as const
const problem = (status: number, code: string) => [status, { type: `/errors#${code}`, code, detail: 'because; do this' }] as const

const load = { value: { utilizationRatio: 0.5 }, timeMs: Date.now(), source: 'exporter:tx2-1', freshness: 'fresh' as const }
const tx2 = { ...aNewNode('tx2-1'), mode: 'ready' as const, reported: { ...aNewNode('tx2-1').reported, load } }
const pi = aNewNode('pi-1')

describe('get', () => {
  it('prints a table', async () => {
    const { code, out } = await ask(['get', 'no', '--sort-by', 'cpu'], { 'GET /entities/node': page([pi, tx2]) })
    expect(code).toBe(0)
    expect(out).toMatch(/^NAME +MODE +ROLE +DEVICE +CPU .*\ntx2-1 +ready +<unknown> +<unknown> +50% .*\npi-1 +expected .*<unknown>\n$/)
  })
  it('sends --at and --token, and follows the pages', async () => {
    far = await runFarSide(({ url }) => [
      200,
      { sequence: 9, items: [url.includes('continue=more') ? tx2 : pi], continue: url.includes('continue=') ? null : 'more' },
    ])
    const { out } = await runCli(['get', 'nodes', '-o', 'name', '--at', '#12', '--token', 'secret', '--server', far.url])
    expect(out).toBe('nodes/pi-1\nnodes/tx2-1\n')
    expect(far.asked.map(({ url }) => url)).toEqual([
      '/api/v1/entities/node?at=%2312&limit=10000',
      '/api/v1/entities/node?at=%2312&limit=10000&continue=more',
    ])
    expect(far.asked[0]!.headers.authorization).toBe('Bearer secret')
  })
  it('one of them, whole; a slash in a name stays', async () => {
    const { out } = await ask(['get', 'acc', 'tx2-1/gpu0', '-o', 'json'], { 'GET /entities/accelerator/tx2-1/gpu0': [200, { item: tx2 }] })
    expect(JSON.parse(out)).toEqual(tx2)
  })
  it('says on stderr that there is nothing', async () => {
    expect(await ask(['get', 'pods', '--no-headers'], { 'GET /entities/pod': page([]) })).toEqual({
      code: 0,
      out: '',
      err: 'no pods in this twin\n',
    })
  })
})

it('describe shows source, age and freshness', async () => {
  const { out } = await ask(['describe', 'node', 'tx2-1'], { 'GET /entities/node/tx2-1': [200, { item: tx2 }] })
  expect(out).toMatch(/^name: tx2-1\nkind: node\nmode: ready\ndesired:\n {2}schedulable: true\n/)
  expect(out).toMatch(/\n {2}load: \(exporter:tx2-1, \ds ago, fresh\)\n {4}utilizationRatio: 50%\n/)
  expect(out).toMatch(/\npredicted: <none>\n$/)
})

it('top puts the busiest first and refuses what has no load', async () => {
  const { out } = await ask(['top', 'nodes', '-o', 'name'], { 'GET /entities/node': page([pi, tx2]) })
  expect(out).toBe('nodes/tx2-1\nnodes/pi-1\n')
  expect((await runCli(['top', 'pods', '--server', far.url])).code).toBe(2)
})

describe('exit codes', () => {
  it.each([
    [404, 'ENTITY_UNKNOWN', 1],
    [409, 'DECISION_STALE', 3],
    [409, 'DECISION_STATE', 4],
    [401, 'UNAUTHORIZED', 1],
  ])('%i %s exits %i', async (status, name, exitCode) => {
    const { code, out, err } = await ask(['plan', 'approve', 'p 1'], { 'POST /plans/p%201/approve': problem(status, name) })
    expect({ code, out }).toEqual({ code: exitCode, out: '' })
    expect(err).toMatch(new RegExp(`^error: because; do this.* \\[${name}\\]\n$`))
  })
  it('124 when the server takes too long', async () => {
    far = await runFarSide(() => undefined)
    const { code, err } = await runCli(['get', 'nodes', '--server', far.url, '--request-timeout', '50ms'])
    expect({ code, err }).toEqual({ code: 124, err: expect.stringContaining('did not answer within 0.05 s') })
  })
  it('1 when nobody is there, with the remedy', async () => {
    far = await runFarSide(() => undefined)
    await far.stop()
    const { code, err } = await runCli(['doctor', '--server', far.url])
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringMatching(/no edgetwin server answers at .* \(ECONNREFUSED\); start one with `npm start`/),
    })
  })
  it('1 when somebody else is there', async () => {
    far = await runFarSide(() => [200, '<html>'])
    expect((await runCli(['doctor', '--server', far.url])).err).toContain('is no edgetwin server')
  })
})

it('doctor exits 1 with the remedy when a check failed', async () => {
  const checks = page([
    { name: 'journal', ok: true, detail: 'fine', remedy: '' },
    { name: 'scrapes', ok: false, detail: 'pi-1 is silent', remedy: 'start its exporter' },
  ])
  const { code, out, err } = await ask(['doctor'], { 'GET /checks': checks })
  expect({ code, err }).toEqual({ code: 1, err: '1 of 2 checks failed\n' })
  expect(out).toMatch(/journal +ok +fine +<none>\nscrapes +failed +pi-1 is silent +start its exporter\n$/)
})

describe('what is sent', () => {
  const fault = { id: 'f-1', sinceMs: 0, fault: { kind: 'slow-link', link: 'pi-1-uplink', factor: 0.1 } }
  it.each([
    [['plan', 'approve', 'p-1', '--reason', 'quiet hour'], 'POST /plans/p-1/approve', { reason: 'quiet hour' }],
    [['plan', 'reject', 'p-1'], 'POST /plans/p-1/reject', { reason: '' }],
    [['loop', 'auto'], 'PUT /loop', { mode: 'auto' }],
    [['loop'], 'GET /loop', undefined],
    [['fault', 'add', 'slow-link', 'pi-1-uplink', '0.1'], 'POST /faults', fault.fault],
    [['fault', 'add', 'burst', 'heavy'], 'POST /faults', { kind: 'burst', load: 'heavy' }],
    [['fault', 'clear', 'f-1'], 'DELETE /faults/f-1', undefined],
  ])('%j', async (args, key, body) => {
    const answer = key.includes('loop') ? { mode: 'auto', status: 'idle' } : fault
    const { code, err } = await ask(args, { [key]: [200, answer] })
    expect({ code, asked: far.asked.map((asked) => [keyOf(asked), asked.body]), err: err.includes('error') }).toEqual({
      code: 0,
      asked: [[key, body]],
      err: false,
    })
  })
  it('plan list is by age, newest last', async () => {
    const plans = ['b', 'a'].map(aNewDecisionRecord)
    expect((await ask(['plan', 'list', '-o', 'name'], { 'GET /entities/decision': page(plans) })).out).toBe('plans/b\nplans/a\n')
  })
})

describe('replay', () => {
  const event = (sequence: number) => ({
    sequence,
    position: { topic: 't', partition: 0, offset: sequence },
    event: { type: 'clock.ticked', site: 'dhs', timeMs: 1_000 * sequence, source: 'clock' },
  })
  it('dumps from a sequence to another, all at once', async () => {
    const { out } = await ask(['replay', '--from', '3', '--to', '#4', '-o', 'jsonl'], { 'GET /events': page([3, 4, 5].map(event)) })
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).sequence),
    ).toEqual([3, 4])
    expect(far.asked.map(({ url }) => url)).toEqual(['/api/v1/events?after=2&limit=1000'])
  })
  it('asks the server where a time is; before the first event is the first', async () => {
    const { out, code } = await ask(['replay', '--from', '2h'], {
      'GET /entities/decision': problem(404, 'POSITION_UNKNOWN'),
      'GET /events': page([event(1)]),
    })
    expect({ code, out }).toEqual({ code: 0, out: '1970-01-01T00:00:01.000Z #1 clock.ticked source=clock\n' })
    expect(far.asked.map(({ url }) => url)).toEqual(['/api/v1/entities/decision?at=2h&limit=1', '/api/v1/events?after=0&limit=1000'])
  })
})

describe('whatif run', () => {
  const outcome = (algorithm: string, makespanMs: number, place: string) => ({
    algorithm,
    picked: algorithm === 'dhs' ? 'heft' : null,
    plannedMakespanMs: makespanMs,
    makespanMs,
    meanLatencyMs: makespanMs / 2,
    p95LatencyMs: makespanMs,
    utilization: [],
    slr: 1.5,
    speedup: 2,
    lowerBoundMs: 50,
    gapRatio: makespanMs / 50 - 1,
    moveCount: 0,
    moveSeconds: 0,
    moves: [],
    deadlineMissCount: 0,
    energy: { aboveIdleJoules: 1, transferJoules: 0, totalJoules: 2, source: 'device models' },
    isPareto: true,
    requests: [
      {
        request: 'r-1',
        camera: 'cam-1',
        application: 'alexnet',
        latencyMs: makespanMs,
        deadlineMs: null,
        chosen: place,
        choices: [
          { accelerator: 'tx2-1/gpu0', startMs: 0, finishMs: 60, waits: [], reason: null, refusedBy: null },
          { accelerator: 'pi-1/cpu0', startMs: 0, finishMs: 90, waits: [], reason: null, refusedBy: null },
        ],
      },
    ],
    tasks: [],
    placements: [],
  })
  const answer = {
    id: 'w-1',
    basis: { sequence: 12, timeMs: 1_000, stateHash: 'abc' },
    query: whatIfQueryShape.parse({}),
    loadClass: {
      className: 'U-H',
      algorithm: 'heft',
      cameras: [],
      tMinSeconds: 0.1,
      tMaxSeconds: 0.4,
      tMeanSeconds: 0.2,
      requestCount: 6,
      cameraCount: 4,
      requestsPerCamera: 1.5,
      delta1Seconds: 0.1,
      delta2: 1,
    },
    processors: [],
    taskCount: 3,
    outcomes: [outcome('heft', 60, 'tx2-1/gpu0'), outcome('dhs', 60, 'tx2-1/gpu0'), outcome('local', 90, 'pi-1/cpu0')],
    infeasible: [{ algorithm: 'edge', reason: 'no server' }],
    staleFacts: [{ entity: 'node pi-1', group: 'load', source: 'exporter:pi-1', ageMs: 90_000, freshness: 'stale' }],
    warnings: ['one thing'],
  }
  const text = 'lose(node/tx2-2) with heft, dhs, local'
  const scenarioAnswer = { text, scenario: readScenario(text), answer }
  const answers: Answers = { 'POST /what-if': [200, answer], 'POST /scenarios': [200, scenarioAnswer] }

  it('ranks, names the class with its numbers, and says why the winner wins', async () => {
    const { code, out, err } = await ask(['whatif', 'run', '--edit', 'lose-node=tx2-2', '-a', 'heft,dhs,local'], answers)
    expect({ code, err }).toEqual({ code: 0, err: 'warning: one thing\n' })
    expect(far.asked.map(({ body }) => body)).toEqual([{ scenario: scenarioAnswer.scenario }])
    expect(out).toContain(`scenario: ${text}\nshare: ${far.url}/#scenario=lose(node%2Ftx2-2)%20with%20heft%2C%20dhs%2C%20local\n\nRANK `)
    expect(out).toMatch(/\n1 +heft +60ms +30ms/)
    expect(out).toMatch(/\n2 +dhs → heft +60ms/)
    expect(out).toContain('edge found no schedule: no server\n')
    expect(out).toContain(
      'class U-H → heft: t_max − t_min = 0.300 s against δ1 = 0.100 s (mean 0.200 s); 6 requests / 4 cameras = 1.50 against δ2 = 1\n',
    )
    expect(out).toContain(
      'heft ties with dhs\nheft wins over local: all is done after 60ms instead of 90ms (33% sooner); r-1 ends after 60ms on tx2-1/gpu0, not 90ms on pi-1/cpu0\n',
    )
    expect(out).toMatch(/r-1 +cam-1 +alexnet +60ms +tx2-1\/gpu0 +60ms +pi-1\/cpu0 90ms\n/)
    expect(out).toContain('load of node pi-1: stale, 90s old (exporter:pi-1)\n')
  })
  it('explains a request, and asks the twin that was answered what would have to change', async () => {
    const change = { kind: 'set-link', link: 'edge-1-uplink' }
    const flip = { change, from: 125e6, to: 250e6, verified: true, makespanMsBefore: 60, makespanMsAfter: 40 }
    const target = { kind: 'accelerator', request: 'r-1', accelerator: 'pi-1/cpu0' }
    const flips = { target, winsAlready: false, flips: [flip], verdict: 'a faster link would do', runCount: 12, isComplete: true }
    const all = { ...answers, 'POST /flips': [200, flips] as const }
    const { code, out } = await ask(['whatif', 'explain', text, '--request', 'r-1', '--accelerator', 'pi-1/cpu0'], all)
    expect(code).toBe(0)
    expect(out).toContain('heft sends r-1 to tx2-1/gpu0; its latency is 60ms\n')
    expect(out).toMatch(/pi-1\/cpu0 +90ms +<none> +<none>\n/)
    expect(out).toMatch(/a faster link would do \(12 what-ifs asked\)\n[\s\S]*link edge-1-uplink +[\d.]+ Mbit\/s +[\d.]+ Mbit\/s +40ms/)
    expect(far.asked.at(-1)?.body).toMatchObject({ query: { base: { kind: 'sequence', sequence: 12 } }, target })
    const wrong = await ask(['whatif', 'explain', text, '--request', 'r-2'], answers)
    expect(wrong).toMatchObject({ code: 1, err: expect.stringContaining('did you mean r-1?') })
  })
  it('heavy asks for two requests of each network, camera by camera', async () => {
    const cameras = page(['cam-1', 'cam-2'].map(aNewCamera))
    await ask(['whatif', 'run', '--workload', 'heavy'], { ...answers, 'GET /entities/camera': cameras })
    const { workload } = whatIfQueryShape.parse(far.asked[1]!.body)
    expect(workload).toHaveLength(6)
    expect(workload[0]).toEqual({ camera: 'cam-1', application: 'alexnet', count: 1, frames: 1 })
    expect(workload[1]).toMatchObject({ camera: 'cam-2', application: 'alexnet' })
  })
  it('reads the question from standard input, and makes a plan of the winner', async () => {
    const { err } = await ask(
      ['whatif', 'run', '-f', '-', '--propose', '-o', 'json'],
      { ...answers, 'POST /plans': [201, { id: 'p-1' }] },
      'workload: waiting\n',
    )
    expect(far.asked.map(({ body }) => body)).toEqual([
      { scenario: expect.objectContaining({ workload: 'waiting' }) },
      { whatIfId: 'w-1', algorithm: 'heft' },
    ])
    expect(err).toContain('plan p-1 waits; twinctl plan approve p-1\n')
  })
  it('exits 1 when no algorithm found a schedule', async () => {
    const { code, out } = await ask(['whatif', 'run'], {
      'POST /scenarios': [200, { ...scenarioAnswer, answer: { ...answer, outcomes: [] } }],
    })
    expect(code).toBe(1)
    expect(out).toContain('no algorithm found a schedule\n')
  })
  it('joins text and flags, and reads text, YAML, JSON and the old query from files', async () => {
    const asked = async (args: readonly string[], input = '') => {
      const { err } = await ask(['whatif', 'run', '-q', ...args], answers, input)
      return err === '' ? far.asked.map((one) => [keyOf(one), one.body]) : err
    }
    const scenario = readScenario('drain(node/a) + lose(node/b) at #7')
    const sent = [['POST /scenarios', { scenario }]]
    expect(await asked(['drain(node/a)', '--edit', 'lose-node=b', '--at', '#7'])).toEqual(sent)
    expect(await asked(['-f', '-'], 'drain(node/a)\n  + lose(node/b)\nat #7\n')).toEqual(sent)
    expect(await asked(['-'], JSON.stringify(scenario))).toEqual(sent)
    const yaml = 'edits:\n  - { kind: drain-node, node: a }\n  - { kind: lose-node, node: b }\nat: { kind: sequence, sequence: 7 }\n'
    expect(await asked(['-f', '-'], yaml)).toEqual(sent)
    expect(await asked(['-f', '-'], 'seed: 7\n')).toEqual([['POST /what-if', expect.objectContaining({ seed: 7 })]])
  })
  it('draws the winner against another, and writes it to a file', async () => {
    const file = `${mkdtempSync(`${tmpdir()}/twinctl-`)}/gantt.svg`
    const { code, out, err } = await ask(['whatif', 'run', '-o', 'svg', '--against', 'local', '--out', file], answers)
    expect({ code, out, err }).toEqual({ code: 0, out: '', err: `wrote ${file}\nwarning: one thing\n` })
    const picture = readFileSync(file, 'utf8')
    rmSync(dirname(file), { recursive: true })
    expect(picture).toMatch(/^<svg [\s\S]*>heft against local<[\s\S]*<\/svg>\n$/)
    expect((await ask(['whatif', 'run', '-o', 'svg', '--against', 'edge'], answers)).err).toContain('edge found no schedule (no server)')
  })
  it('a page of it in Markdown, where names stay text', async () => {
    const { out } = await ask(['whatif', 'run', '-o', 'markdown'], answers)
    expect(out).toMatch(/^# What if: lose\(node\/tx2-2\) with heft, dhs, local\n/)
    expect(out).toContain('## Ranking\n\n| RANK | ALGORITHM |')
    expect(out).toContain('t\\_max − t\\_min')
  })
  it('json keeps the answer and adds what to share', async () => {
    const { out } = await ask(['whatif', 'run', '-o', 'json'], answers)
    expect(JSON.parse(out)).toEqual({ scenario: text, url: expect.stringContaining('/#scenario='), ...answer })
  })
  it('shows what the server cannot read as the server gives it', async () => {
    const detail = "expected a term at column 6, found 'nod'; did you mean node?\nlose(nod/a)\n     ^"
    const refused = [400, { code: 'QUERY_INVALID', detail, details: { line: 1, column: 6 } }] as const
    expect(await ask(['whatif', 'run'], { 'POST /scenarios': refused })).toEqual({
      code: 2,
      out: '',
      err: "error: expected a term at column 6, found 'nod'; did you mean node? [QUERY_INVALID]\nlose(nod/a)\n     ^\n",
    })
  })
  it('says by which measure the winner wins', async () => {
    const query = readScenario('by energy, moves')
    const outcomes = [
      outcome('heft', 90, 'x/y'),
      { ...outcome('local', 60, 'x/y'), energy: { ...outcome('local', 1, 'x/y').energy, aboveIdleJoules: 3 } },
    ]
    const asked = { ...answer, query: { ...answer.query, objective: query.objective }, outcomes }
    const { out } = await ask(['whatif', 'run'], { 'POST /scenarios': [200, { ...scenarioAnswer, answer: asked }] })
    expect(out).toContain('heft wins over local: 1.0 J above idle instead of 3.0 J\n')
  })
  it('csv is for programs', async () => {
    const { out } = await ask(['whatif', 'run', '-o', 'csv'], answers)
    expect(out.split('\r\n')[1]).toBe('1,heft,,60,60,30,60,1.5,2,50,0.19999999999999996,0')
  })
})
