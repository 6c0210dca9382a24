/** The commands that need no server, and what the shell sees of the real process. */
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { runCli } from '../far-side.ts'

const GOLD = new URL('../../../models/scheduling/gold/', import.meta.url).pathname
const TWINCTL = new URL('../twinctl.ts', import.meta.url).pathname
const FILES = ['topcuoglu2002.json', 'peft2014.json', 'random.jsonl', 'dhs-scenarios.json']
const DHS_ALGORITHMS = ['heft', 'cpop', 'peft', 'dhs', 'local', 'edge']

interface Gold {
  readonly id: string
  readonly expect: Record<string, number | { readonly makespan: number }>
}

function readGold(file: string): Gold[] {
  const text = readFileSync(GOLD + file, 'utf8')
  if (file.endsWith('.jsonl'))
    return text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  const value = JSON.parse(text)
  return Array.isArray(value) ? value : [value]
}

const one = {
  id: 'one',
  W: [
    [1, 2],
    [3, 1],
  ],
  edges: [[0, 1, 10]],
  rate: [
    [1, 1],
    [1, 1],
  ],
  lat: [
    [0, 1],
    [1, 0],
  ],
}

describe('schedule', () => {
  it.each(FILES)('%s: a line per instance and algorithm, in order, with the gold makespans', async (file) => {
    const algorithms = file.startsWith('dhs') ? DHS_ALGORITHMS : ['heft', 'cpop', 'peft']
    const { code, out, err } = await runCli(['schedule', '-f', GOLD + file, '--algorithms', algorithms.join(','), '-o', 'jsonl'])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    const gold = readGold(file)
    expect(lines.map(({ id, algorithm }) => [id, algorithm])).toEqual(gold.flatMap(({ id }) => algorithms.map((name) => [id, name])))
    for (const line of lines) {
      expect(Object.keys(line)).toEqual(['id', 'algorithm', 'makespanMs', 'assignments', 'elapsedUs'])
      const expected = gold.find(({ id }) => id === line.id)!.expect[line.algorithm]!
      const makespanMs = typeof expected === 'number' ? expected : expected.makespan
      expect(Math.abs(line.makespanMs - makespanMs)).toBeLessThanOrEqual(1e-6 * Math.max(1, makespanMs))
      expect(Math.max(...line.assignments.map((assignment: number[]) => assignment[3]))).toBe(line.makespanMs)
      expect(Number.isInteger(line.elapsedUs)).toBe(true)
    }
  })

  it('names what cannot be scheduled and goes on', async () => {
    const bad = {
      ...one,
      id: 'bad',
      W: [
        [null, null],
        [1, 1],
      ],
    }
    const input = [one, bad, { ...one, id: 'cut', lat: [[0]] }, { ...one, id: 'two' }].map((value) => JSON.stringify(value)).join('\n')
    const { code, out, err } = await runCli(['schedule', '-f', '-', '-a', 'heft', '-o', 'csv'], `${input}\n{oops\n`)
    expect(code).toBe(1)
    expect(out.split('\r\n').map((line) => line.split(',')[0])).toEqual(['ID', 'one', 'two', ''])
    expect(err.split('\n')).toEqual([
      expect.stringMatching(/^error: task 0 may run on no processor in line 2 \(bad\); allow .* \[PROBLEM_INFEASIBLE\]$/),
      expect.stringMatching(/^error: latencies: 1 given in line 3 \(cut\)/),
      expect.stringMatching(/^error: line 5 is not JSON/),
      '',
    ])
  })

  it('names the algorithm that lacks something, and prints the others', async () => {
    const { code, out, err } = await runCli(['schedule', '-f', '-', '-a', 'dhs,heft', '-o', 'table'], JSON.stringify(one))
    expect({ code, lines: out.trim().split('\n').length }).toEqual({ code: 1, lines: 2 })
    expect(err).toMatch(/^error: line 1 \(one\): dhs needs a load/)
  })
})

describe('metrics check', () => {
  it('counts, and names the lines that cannot be read', async () => {
    const text = '# TYPE up gauge\nup 1\nup{a="b"} oops\n'
    const { code, out } = await runCli(['metrics', 'check', '-', '-o', 'json'], text)
    expect(code).toBe(1)
    expect(JSON.parse(out)).toEqual({ samples: 1, families: 1, errors: [{ line: 3, reason: expect.any(String) }] })
    expect((await runCli(['metrics', 'check', '-'], text)).out).toMatch(/^SAMPLES +FAMILIES +ERRORS\n1 +1 +1\n\nLINE +REASON\n3 +/)
  })
  it('is content with a good text', async () => {
    expect(await runCli(['metrics', 'check', '-', '-o', 'json'], 'up 1\n')).toEqual({
      code: 0,
      out: '{"samples":1,"families":1,"errors":[]}\n',
      err: '',
    })
  })
})

describe('usage', () => {
  it.each([
    [['gt'], 2, '(Did you mean get?)'],
    [['plan', 'aprove', 'x'], 2, '(Did you mean approve?)'],
    [['get', 'nodez'], 2, "there is no kind 'nodez'; did you mean nodes?"],
    [['get', 'nodes', '-o', 'xml'], 2, 'Allowed choices are table'],
    [['get', 'nodes', '-w', '--at', '10m'], 2, 'cannot be used with option'],
    [['get', 'nodes', '--request-timeout', 'soon'], 2, "'soon' is no duration"],
    [['get', 'nodes', '--server', 'ftp://x'], 2, "--server 'ftp://x' is no address"],
    [['schedule'], 2, "required option '-f, --file <file>' not specified"],
    [['schedule', '-f', '-', '-a', 'heff'], 2, "there is no algorithm 'heff'; did you mean heft"],
    [['schedule', '-f', '/no/such/file'], 2, "cannot read '/no/such/file'"],
    [['errors', 'DECISION_STAL'], 2, 'did you mean DECISION_STALE'],
    [['fault', 'add', 'kil-node', 'x'], 2, 'did you mean kill-node?'],
    [['fault', 'add', 'slow-link', 'x'], 2, 'give: twinctl fault add slow-link link factor'],
    [['fault', 'add', 'kill-node', 'x', 'y'], 2, "'y' is one word too many"],
    [['replay', '--from', '1', '--speed', '0'], 2, "'0' is no speed"],
    [['whatif', 'run', 'los(node/a)'], 2, "found 'los'; did you mean lose? [QUERY_INVALID]\nlos(node/a)\n^\n"],
    [['whatif', 'run', 'lose(node/a)', '-f', 'x'], 2, 'two questions; give one'],
    [['whatif', 'run', 'sweep delta1 0..1'], 2, 'ask with twinctl whatif sweep'],
    [['whatif', 'run', '-f', '/no/such'], 2, "cannot read '/no/such'"],
    [['whatif', 'run', 'question.yaml'], 2, "cannot read 'question.yaml'"],
    [['whatif', 'run', 'at now', '--workload', 'heavy'], 2, 'names its requests one by one'],
    [['whatif', 'run', '--against', 'dhs'], 2, 'add -o svg'],
    [['whatif', 'sweep', 'at now'], 2, 'there is no sweep to run; add one'],
    [['whatif', 'sweep', 'sweep delta1 0..1 steps 1000000'], 1, 'above the limit of 2000'],
    [['whatif', 'diff', 'at now'], 2, "missing required argument 'b'"],
    [['whatif', 'diff', 'at now', 'lose(node/a'], 2, "expected ')' at column 12, found the end"],
    [['whatif', 'diff', 'at now', 'at now', '--server', 'http://127.0.0.1:1'], 2, 'no edgetwin server answers'],
    [[], 2, 'Usage: twinctl'],
  ])('%j exits %i', async (args, code, message) => {
    const ran = await runCli(args)
    expect(ran).toMatchObject({ code, out: '' })
    expect(ran.err).toContain(message)
  })
  it.each([
    [['--version'], '1.2.3\n'],
    [['--help'], 'Exit codes: 0 ok · 1 error (diff: different) · 2 usage'],
    [['whatif', 'run', '--help'], '--edit lose-node=tx2-1'],
    [['errors', 'decision_stale'], 'DECISION_STALE   3      the decision no longer holds'],
  ])('%j exits 0', async (args, text) => {
    const ran = await runCli(args)
    expect(ran).toMatchObject({ code: 0, err: '' })
    expect(ran.out).toContain(text)
  })
})

describe('a scenario in a file', () => {
  it.each([
    ['workload: [', 'standard input is not YAML or JSON: line 1, column'],
    ['lose(node/a)\n+ los(node/b)', 'standard input: expected a term'],
    ['workloads: waiting', 'standard input: the scenario cannot be used'],
    ['[]', 'standard input: expected a term'],
  ])('%j is refused by name and place', async (input, message) => {
    const { code, out, err } = await runCli(['whatif', 'run', '-f', '-'], input)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain(message)
  })
})

describe('the process', () => {
  it('hands its exit code to the shell and keeps stdout for data', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [TWINCTL, 'schedule', '-f', '-'], { input: '{}', encoding: 'utf8' })
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toContain('W of line 1 cannot be used')
  })
  it('ends without a word when its reader stops', async () => {
    const child = spawn(process.execPath, [TWINCTL, 'schedule', '-f', '-'], { stdio: ['pipe', 'pipe', 'pipe'] })
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (chunk) => {
      stderr += chunk
    })
    child.stdin.on('error', () => undefined)
    child.stdin.end(`${JSON.stringify(one)}\n`.repeat(20_000))
    child.stdout.once('data', () => child.stdout.destroy())
    const code = await new Promise((resolve) => child.on('close', resolve))
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })
})
