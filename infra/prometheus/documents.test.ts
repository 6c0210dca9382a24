/** What Prometheus and Grafana are told to ask for exists, and every alert says what to do. */
import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from '@jest/globals'
import { parse } from 'yaml'
import { z } from 'zod'

const ruleShape = z.object({
  record: z.string().optional(),
  alert: z.string().optional(),
  expr: z.string(),
  labels: z.record(z.string(), z.string()).default({}),
  annotations: z.record(z.string(), z.string()).default({}),
})
const rules = z
  .object({ groups: z.array(z.object({ rules: z.array(ruleShape) })) })
  .parse(parse(readFileSync('infra/prometheus/rules.yml', 'utf8')))
  .groups.flatMap((group) => group.rules)
const alerts = rules.filter(({ alert }) => alert !== undefined)
const headings = [...readFileSync('infra/runbooks.md', 'utf8').matchAll(/^## (\w+)$/gm)].map(([, name]) => name!)
const tests = readFileSync('infra/prometheus/tests.yml', 'utf8')

it('every alert has a severity, a summary, a runbook and a test of its coming and of its staying away', () => {
  expect(headings).toEqual(alerts.map(({ alert }) => alert))
  for (const { alert = '', labels, annotations } of alerts) {
    expect(['warning', 'critical']).toContain(labels.severity)
    expect(annotations.summary).toBeTruthy()
    expect(annotations.runbook_url).toBe(`infra/runbooks.md#${alert.toLowerCase()}`)
    expect(tests).toContain(`  - name: ${alert}\n`)
    expect(tests).toContain(`  - name: no ${alert}\n`)
  }
})

it('recordings are named level:metric:operation', () => {
  for (const { record } of rules) if (record !== undefined) expect(record).toMatch(/^[a-z]+:[a-z0-9_]+:[a-z0-9_]+$/)
})

const documented = [...readFileSync('infra/metrics.md', 'utf8').matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name!)
const ofNode = readdirSync('node_modules/prom-client/lib/metrics')
  .filter((file) => file.endsWith('.js'))
  .flatMap((file) => [...readFileSync(`node_modules/prom-client/lib/metrics/${file}`, 'utf8').matchAll(/'((?:nodejs|process)_\w+)'/g)])
  .map(([, name]) => `edgetwin_${name}`)
const recorded = rules.flatMap(({ record }) => record ?? [])
const known = new Set([...documented, ...ofNode, ...recorded])

const dashboards = readdirSync('infra/grafana/dashboards').filter((file) => file.endsWith('.json'))
it.each(['prometheus/rules.yml', ...dashboards.map((file) => `grafana/dashboards/${file}`)])('%s names only metrics that exist', (file) => {
  const text = readFileSync(`infra/${file}`, 'utf8')
  const named = [...text.matchAll(/\b(?:[a-z]+:)?((?:edgetwin|ha)_\w+)(?::[a-z0-9_]+)?/g)].map(([whole, name]) =>
    whole.includes(':') ? whole : name!.replace(/(?<=_(?:seconds|ratio))_(?:bucket|sum|count)$/, ''),
  )
  expect(named.length).toBeGreaterThan(5)
  expect([...new Set(named)].filter((name) => !known.has(name))).toEqual([])
})

const panelShape = z.object({
  id: z.number(),
  title: z.string().min(1),
  links: z.array(z.object({ url: z.string() })).min(1),
  targets: z.array(z.object({ expr: z.string().min(1), datasource: z.object({ uid: z.string() }) })).min(1),
})
const dashboardShape = z.object({
  uid: z.string().regex(/^edgetwin-/),
  templating: z.object({ list: z.array(z.object({ name: z.string(), type: z.string() })) }),
  panels: z.array(panelShape).min(10),
})

it('dashboards keep their address, take any Prometheus, and every panel leads back to the viewer', () => {
  const all = dashboards.map((file) => dashboardShape.parse(JSON.parse(readFileSync(`infra/grafana/dashboards/${file}`, 'utf8'))))
  expect(all.map(({ uid }) => uid).sort()).toEqual(['edgetwin-site', 'edgetwin-twin'])
  for (const { panels, templating } of all) {
    expect(templating.list).toEqual(expect.arrayContaining([expect.objectContaining({ name: 'datasource', type: 'datasource' })]))
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    for (const { links, targets } of panels) {
      expect(links[0]?.url).toMatch(/^\$\{viewer:raw\}\/#/)
      for (const { datasource } of targets) expect(datasource.uid).toMatch(/^\$\{datasource\}$/)
    }
  }
})

it('Grafana finds the dashboards and the data source', () => {
  const read = (file: string): unknown => parse(readFileSync(`infra/grafana/provisioning/${file}`, 'utf8'))
  expect(read('datasources/prometheus.yaml')).toMatchObject({ datasources: [{ type: 'prometheus', url: 'http://prometheus:9090' }] })
  expect(read('dashboards/edgetwin.yaml')).toMatchObject({
    providers: [{ type: 'file', options: { path: '/var/lib/grafana-dashboards' } }],
  })
})
