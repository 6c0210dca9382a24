/**
 * Our exposition parser against Prometheus' own: the same texts, served to both, are the same samples to both.
 *
 * A failure prints the seed; `fc.sample` is given it, so the same texts come again.
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { z } from 'zod'
import { parseExposition } from '../../models/exposition/exposition.ts'
import type { ExpositionFormat } from '../../models/exposition/format.ts'
import { type PrometheusLab, startPrometheus } from '../lab/prometheus.ts'

const SEED = 20_260
const SAMPLES_PER_PAGE = 700
const LINES = 240
/** Prometheus takes up news about targets every 5 s. */
const WITHIN_MS = 30_000
const START_MS = Date.now()

// ---- texts

const metricName = fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,8}$/)
const labelName = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,6}$/).filter((name) => !/^(__.*|job|instance|page|exported_.*)$/.test(name))
const labelValue = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 10 }),
  fc.constantFrom('', '\\', '"', '\n', '\\n', ' a ', '{}', '#', 'π🎥', 'a,b="c"'),
)
const valueText = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value.toExponential()),
  fc.tuple(fc.integer(), fc.nat(30)).map(([whole, places]) => `${whole}e-${places}`),
  fc.constantFrom('NaN', 'nan', '+Inf', '-Inf', 'Inf', 'inf', '.5', '5.', '+1', '-0', '0', '1E3', '1e+3', '00012', '1e-400', '4.9e-324'),
)
const blank = fc.constantFrom('', ' ', '\t', '  ')
const line = fc.record({
  name: metricName,
  labels: fc.uniqueArray(fc.tuple(labelName, labelValue), { selector: ([name]) => name, maxLength: 4 }),
  value: valueText,
  agoMs: fc.option(fc.integer({ min: 0, max: 60_000 }), { nil: undefined, freq: 4 }),
  gap: blank,
  trailingComma: fc.boolean(),
})
type Line = typeof line extends fc.Arbitrary<infer T> ? T : never

const escaped = (text: string) => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')

function lineText({ name, labels, value, agoMs, gap, trailingComma }: Line): string {
  const inner = labels.map(([label, text]) => `${gap}${label}${gap}=${gap}"${escaped(text)}"${gap}`).join(',')
  const braces = labels.length === 0 ? ' ' : `{${inner}${trailingComma ? ',' : ''}}${gap}`
  return `${name}${braces}${value}${agoMs === undefined ? '' : ` ${START_MS - agoMs}`}\n`
}

/** A page without series that stand twice, the lines of one name together. */
function aPage(seed: number, format: ExpositionFormat): string {
  const identity = ({ name, labels }: Line) => JSON.stringify([name, labels.filter(([, value]) => value !== '').sort()])
  const lines = fc.sample(line, { seed, numRuns: SAMPLES_PER_PAGE * 2 }).filter(({ name }) => !/^(up|scrape_.*)$/.test(name))
  const unique = [...new Map(lines.map((one) => [identity(one), one])).values()].slice(0, SAMPLES_PER_PAGE)
  const byName = [...Map.groupBy(unique, ({ name }) => name)]
  if (format === 'prometheus')
    return byName.map(([name, some]) => `# HELP ${name} some\n# a comment\n${some.map(lineText).join('')}`).join('\n')
  const openLine = ({ name, labels, value, agoMs }: Line) => {
    const seconds = agoMs === undefined ? '' : ` ${Math.floor((START_MS - agoMs) / 1000)}`
    return `${name}{${labels.map(([label, text]) => `${label}="${escaped(text)}"`).join()}} ${value}${seconds}\n`
  }
  return `${byName.map(([name, some]) => `# TYPE ${name} gauge\n${some.map(openLine).join('')}`).join('')}# EOF\n`
}

/** Single lines, good and bad, near the edge of the grammar. */
const someLines = (): string[] => {
  const near = fc.string({ unit: fc.constantFrom(...'ab1{}"=, \\n.e+-_:\t'), minLength: 1, maxLength: 12 }).map((text) => `a${text}`)
  const broken = fc
    .tuple(line, fc.nat(), fc.constantFrom('', '"', '{', '}', ',', '=', '\\', ' ', '1', 'x', '.', '-', ':', 'π'))
    .map(([one, at, by]) => {
      const text = lineText(one).trimEnd()
      const place = at % (text.length + 1)
      return `${text.slice(0, place)}${by}${text.slice(place + 1)}`
    })
  return [...new Set(fc.sample(fc.oneof(broken, near), { seed: SEED, numRuns: LINES * 2 }))]
    .filter((text) => !text.includes('\n'))
    .slice(0, LINES)
}

// ---- the same to Prometheus

const stops: (() => Promise<unknown>)[] = []
let prometheus: PrometheusLab
const pages = new Map<string, { readonly text: string; readonly format: ExpositionFormat }>()

beforeAll(async () => {
  for (const [i, format] of (['prometheus', 'prometheus', 'prometheus', 'openmetrics'] as const).entries())
    pages.set(`page-${i}`, { text: aPage(SEED + i, format), format })
  for (const [i, text] of someLines().entries()) pages.set(`line-${i}`, { text: `before 1\n${text}\nzafter 2\n`, format: 'prometheus' })
  const server: Server = createServer((request, response) => {
    const page = pages.get(request.url?.slice(1) ?? '')
    const type = page?.format === 'openmetrics' ? 'application/openmetrics-text; version=1.0.0; charset=utf-8' : 'text/plain; version=0.0.4'
    response.writeHead(page === undefined ? 404 : 200, { 'content-type': type }).end(page?.text)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stops.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const targets = [...pages.keys()].map((page) => ({ targets: [host], labels: { page, __metrics_path__: `/${page}` } }))
  prometheus = await startPrometheus({ targets })
  stops.push(prometheus.stop)
})
afterAll(async () => {
  for (const stop of stops.reverse()) await stop()
})

const resultShape = z.object({
  data: z.object({
    result: z.array(z.object({ metric: z.record(z.string(), z.string()), values: z.array(z.tuple([z.number(), z.string()])) })),
  }),
})
async function ask(query: string) {
  const answer = await fetch(`${prometheus.url}/api/v1/query?query=${encodeURIComponent(query)}`, { signal: AbortSignal.timeout(10_000) })
  return resultShape.parse(await answer.json()).data.result
}

/** All pages' `up`, when each was scraped. */
async function ups(): Promise<Map<string, boolean>> {
  const deadlineMs = performance.now() + WITHIN_MS
  for (;;) {
    const found = new Map((await ask('up[2m]')).map(({ metric, values }) => [metric.page ?? '', values.at(-1)?.[1] === '1']))
    if (found.size === pages.size) return found
    if (performance.now() > deadlineMs) throw new Error(`only ${found.size} of ${pages.size} pages were scraped`)
    await sleep(200)
  }
}

const numberOf = (text: string) => Number(text.replace('Inf', 'Infinity'))
const seriesOf = (name: string, labels: Iterable<readonly [string, string]>, value: number, timestampMs?: number) =>
  JSON.stringify([name, [...labels].sort(), Object.is(value, -0) ? '-0' : String(value), timestampMs ?? null])

it('whole pages have the same samples, to the last bit', async () => {
  const up = await ups()
  let count = 0
  for (const [page, { text, format }] of pages) {
    if (!page.startsWith('page-')) continue
    const { samples, errors } = parseExposition(text, { format })
    expect({ seed: SEED, page, errors, isUp: up.get(page) }).toEqual({ seed: SEED, page, errors: [], isUp: true })
    const ours = samples.map(({ name, labels, value, timestampMs }) => seriesOf(name, labels, value, timestampMs))
    const timed = new Set(samples.flatMap(({ name, labels, timestampMs }) => (timestampMs === undefined ? [] : seriesOf(name, labels, 0))))
    const stored = (await ask(`{page="${page}",__name__!~"up|scrape_.*"}[2m]`)).map(({ metric, values }) => {
      const { __name__: name = '', job: _, instance: __, page: ___, ...labels } = metric
      const [seconds, value] = values.at(-1) ?? [0, '']
      const isTimed = timed.has(seriesOf(name, Object.entries(labels), 0))
      return seriesOf(name, Object.entries(labels), numberOf(value), isTimed ? Math.round(seconds * 1000) : undefined)
    })
    expect(stored.sort()).toEqual(ours.sort())
    count += stored.length
  }
  expect(count).toBeGreaterThanOrEqual(2_000)
})

it('a line is refused by both or by neither', async () => {
  const up = await ups()
  const verdicts = [...pages]
    .filter(([page]) => page.startsWith('line-'))
    .map(([page, { text, format }]) => {
      const { errors } = parseExposition(text, { format })
      return { text: text.split('\n')[1]!, prometheus: up.get(page) === true, ours: errors.length === 0, why: errors[0]?.reason }
    })
  const differing = verdicts.filter(({ prometheus, ours }) => prometheus !== ours)
  // The format knows three escapes; Prometheus takes any other as it stands, and we say so to whoever wrote it.
  expect(differing.filter(({ why = '' }) => !why.startsWith('invalid escape'))).toEqual([])
  expect(verdicts.filter(({ ours }) => ours).length).toBeGreaterThan(LINES / 10)
  expect(verdicts.filter(({ ours }) => !ours).length).toBeGreaterThan(LINES / 10)
})
