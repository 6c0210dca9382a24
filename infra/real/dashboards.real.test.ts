/** The shipped configuration on a real Prometheus: every query of a panel and every rule can be asked, and those about us are answered. */
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { z } from 'zod'
import { emptyTwin } from '../../twin/twin-state.ts'
import { createEmulatedReader, parseEmulatedMachine } from '../exporter/emulated-machine.ts'
import { runExporter } from '../exporter/run-exporter.ts'
import { type PrometheusLab, startPrometheus } from '../lab/prometheus.ts'
import { makeOwnMetrics } from '../own-metrics.ts'

const panelsShape = z.object({ panels: z.array(z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })) })) })
const queries = readdirSync('infra/grafana/dashboards').flatMap((file) =>
  panelsShape
    .parse(JSON.parse(readFileSync(`infra/grafana/dashboards/${file}`, 'utf8')))
    .panels.flatMap(({ title, targets }) => targets.map(({ expr }): [string, string, string] => [file, title, expr])),
)
const DEVICES = 'infra/exporter/example-devices.yaml'
/** What the example devices do not know. */
const NOT_OF_EXAMPLE = /ha_accelerator_errors_total|ha_node_cpu_utilization_ratio/

const stops: (() => Promise<unknown>)[] = []
let prometheus: PrometheusLab
let told: string

beforeAll(async () => {
  const metrics = makeOwnMetrics({
    state: () => emptyTwin,
    counts: () => ({ received: 0, applied: 0, superseded: 0, duplicate: 0, dead: 0 }),
  })
  const server = createServer((_, response) => {
    void metrics.text().then((text) => {
      told = text
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(text)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stops.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  const read = createEmulatedReader(parseEmulatedMachine(readFileSync(DEVICES, 'utf8'), DEVICES), { name: 'emulated-1', version: '0' })
  const exporter = await runExporter({ port: 0, host: '127.0.0.1', intervalMs: 500, now: Date.now, read })
  stops.push(exporter.stop)
  prometheus = await startPrometheus({
    configFile: 'infra/prometheus/prometheus.yml',
    targets: [
      { targets: [`127.0.0.1:${(server.address() as AddressInfo).port}`], labels: { job: 'edgetwin' } },
      { targets: [new URL(exporter.url).host] },
    ],
  })
  stops.push(prometheus.stop)
  const deadlineMs = performance.now() + 30_000
  // Rates need two scrapes, and recordings an evaluation after them.
  while ((await ask('(count_over_time(up{job="edgetwin"}[1m]) >= 3) and on () accelerator:ha_accelerator_idle:info')).length === 0) {
    if (performance.now() > deadlineMs) throw new Error('not scraped and evaluated in time')
    await sleep(200)
  }
})
afterAll(async () => {
  for (const stop of stops.reverse()) await stop()
})

const answerShape = z.object({
  status: z.literal('success'),
  data: z.object({ result: z.array(z.object({ metric: z.record(z.string(), z.string()) })) }),
})
async function ask(expr: string): Promise<Record<string, string>[]> {
  const answer: unknown = await (await fetch(`${prometheus.url}/api/v1/query?query=${encodeURIComponent(expr)}`)).json()
  return answerShape.parse(answer).data.result.map(({ metric }) => metric)
}

/** As Grafana does before it asks. */
const filledIn = (expr: string) => expr.replaceAll('$__rate_interval', '1m').replaceAll('"$node"', '".*"')

describe('panels', () => {
  it.each(queries)('%s, %s: %s', async (_, __, expr) => {
    const answer = await ask(filledIn(expr))
    const named = [...expr.matchAll(/\b(?:edgetwin|ha)_\w+/g)].map(([name]) => name)
    const isTold = named.every((name) => name.startsWith('ha_') || told.includes(`\n${name}`))
    if (isTold && !NOT_OF_EXAMPLE.test(expr)) expect(answer.length).toBeGreaterThan(0)
  })
})

it('what is idle on which worker, by kind and ID, is one query', async () => {
  const [, query = ''] = /^ {4}(\(ha_accelerator_state.*)$/m.exec(readFileSync('infra/prometheus/README.md', 'utf8')) ?? []
  const idle = (await ask(query)).map(({ node, type, accelerator_id }) => ({ node, type, accelerator_id }))
  expect(idle.sort((a, b) => (a.type! < b.type! ? -1 : 1))).toEqual([
    { node: 'emulated-1', type: 'FPGA', accelerator_id: 'emulated-1/fpga0' },
    { node: 'emulated-1', type: 'NPU', accelerator_id: 'emulated-1/npu0' },
  ])
})

it('every rule is evaluated without an error', async () => {
  const shape = z.object({
    data: z.object({ groups: z.array(z.object({ rules: z.array(z.object({ name: z.string(), health: z.string() })) })) }),
  })
  const { data } = shape.parse(await (await fetch(`${prometheus.url}/api/v1/rules`)).json())
  const rules = data.groups.flatMap((group) => group.rules)
  expect(rules.length).toBeGreaterThan(20)
  expect(rules.filter(({ health }) => health !== 'ok')).toEqual([])
})
