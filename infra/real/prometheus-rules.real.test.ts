/** Prometheus' own tool finds no fault in what we tell it and in what we write for it. */
import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { renderDevices } from '../../connectors/metrics/device-metrics.ts'
import { emptyTwin } from '../../twin/twin-state.ts'
import { createMachineReader } from '../exporter/machine.ts'
import { findProgram } from '../lab/apt.ts'
import { PROMETHEUS } from '../lab/prometheus.ts'
import { makeOwnMetrics } from '../own-metrics.ts'

let promtool: string
let dir: string

beforeAll(async () => {
  const { file } = await findProgram(PROMETHEUS, () => {})
  promtool = join(dirname(file), 'promtool')
  dir = mkdtempSync(join(tmpdir(), 'promtool-'))
  cpSync('infra/prometheus', dir, { recursive: true })
})
afterAll(() => rmSync(dir, { recursive: true }))

function run(args: readonly string[], input = ''): Promise<{ readonly code: number | null; readonly said: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(promtool, args, { cwd: dir })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (said += text))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, said }))
    child.stdin.end(input)
  })
}

it.each([
  [['check', 'config', 'prometheus.yml']],
  // The token is on the cluster.
  [['check', 'config', '--syntax-only', 'kubernetes.yml']],
  [['check', 'rules', '--lint=all', '--lint-fatal', 'rules.yml']],
  [['test', 'rules', 'tests.yml']],
])('promtool %j', async (args) => {
  expect(await run(args)).toMatchObject({ code: 0 })
})

it('the tests of the rules fail without the rules', async () => {
  const rules = readFileSync(join(dir, 'rules.yml'), 'utf8')
  writeFileSync(join(dir, 'rules.yml'), 'groups: []\n')
  const { code, said } = await run(['test', 'rules', 'tests.yml'])
  writeFileSync(join(dir, 'rules.yml'), rules)
  expect(code).not.toBe(0)
  for (const [, alert] of rules.matchAll(/- alert: (\w+)/g)) expect(said).toContain(`alertname: ${alert}`)
})

it.each([
  ['the exporter', async () => renderDevices(createMachineReader({ name: 'this', version: '0' })(0))],
  ['the process', async () => makeOwnMetrics({ state: () => emptyTwin, counts: noCounts }).text()],
])('promtool check metrics: %s', async (_, text) => {
  const { said } = await run(['check', 'metrics'], await text())
  // prom-client's own names for what Node has open.
  const faults = said.split('\n').filter((line) => line !== '' && !line.startsWith('edgetwin_nodejs_active_'))
  expect(faults).toEqual([])
})

function noCounts() {
  return { received: 0, applied: 0, superseded: 0, duplicate: 0, dead: 0 }
}
