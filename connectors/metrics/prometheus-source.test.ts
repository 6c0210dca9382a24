import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import type { Logger } from '../../models/ports.ts'
import { loadProfile } from './profile.ts'
import { type PrometheusSource, type PrometheusSourceOptions, runPrometheusSource } from './prometheus-source.ts'
import { findTarget } from './prometheus-targets.ts'
import type { ScrapeResult } from './scraper.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} }
const ADDED = 'instance="10.0.0.1:9836",job="edge",node="rack-7"'
const up = (value: number, timeMs: number) => `up{${ADDED}} ${value} ${timeMs}\nscrape_duration_seconds{${ADDED}} 0.25 ${timeMs}\n`
const gpu = (labels: string, timeMs: number) => `ha_accelerator_utilization_ratio{accelerator_id="n/gpu0",${labels}} 0.5 ${timeMs}\n`

interface FakePrometheus {
  timeMs: () => number
  targets: readonly object[]
  federate: string
  status: number
  authorization: string | undefined
  asked: string[]
}
const aTarget = (rest: object = {}) => ({
  labels: { instance: '10.0.0.1:9836', job: 'edge', node: 'rack-7' },
  scrapeUrl: 'http://10.0.0.1:9836/metrics',
  lastError: '',
  scrapeInterval: '1s',
  ...rest,
})

/** The far side: a Prometheus that says what it is told to. */
async function fakePrometheus(given: Partial<FakePrometheus> = {}): Promise<FakePrometheus & { readonly url: string }> {
  const fake: FakePrometheus = {
    ...{ timeMs: Date.now, targets: [aTarget()], federate: '', status: 200, authorization: undefined, asked: [] },
    ...given,
  }
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const path = decodeURIComponent(request.url ?? '')
    fake.asked.push(path)
    const isAllowed = fake.authorization === undefined || request.headers.authorization === fake.authorization
    if (!isAllowed || fake.status !== 200) {
      response.writeHead(isAllowed ? fake.status : 401).end()
      return
    }
    const isText = path.startsWith('/prom/federate')
    response.setHeader('content-type', isText ? 'text/plain; version=0.0.4' : 'application/json')
    if (isText) response.end(fake.federate)
    else if (path.includes('time()')) response.end(JSON.stringify({ data: { resultType: 'scalar', result: [fake.timeMs() / 1000, ''] } }))
    else response.end(JSON.stringify({ data: { activeTargets: fake.targets } }))
  }
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return Object.assign(fake, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/prom/` })
}

type RunOptions = Partial<Omit<PrometheusSourceOptions, 'prometheus'>> & { url: string; username?: string; passwordFile?: string }
function run({ url, username, passwordFile, ...rest }: RunOptions): {
  readonly results: ScrapeResult[]
  readonly source: PrometheusSource
} {
  const results: ScrapeResult[] = []
  const source = runPrometheusSource({
    prometheus: { url, username, passwordFile },
    targets: [{ name: 'n', url: 'http://10.0.0.1:9836/metrics', profile: loadProfile('ha-exporter'), intervalMs: 5 }],
    onScrape: (result) => results.push(result),
    log: silent,
    now: Date.now,
    random: () => 0.5,
    ...rest,
  })
  closers.push(source)
  return { results, source }
}

async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; !isSo(); tries++) {
    if (tries > 1_000) throw new Error('not so in time')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
const failing = (source: PrometheusSource) => source.checks().filter(({ ok }) => !ok)

describe('what Prometheus says of an exporter', () => {
  it('is what the exporter said, at the time of the scrape, once', async () => {
    const fake = await fakePrometheus({ federate: `${gpu(ADDED, 1_000)}${up(1, 1_000)}` })
    const { results } = run({ url: fake.url })
    await until(() => fake.asked.filter((path) => path.includes('federate')).length > 2)
    expect(results).toMatchObject([
      { ok: true, timeMs: 1_000, durationMs: 250, readings: [{ name: 'gpu0', utilizationRatio: 0.5 }], rejected: [], parseErrors: [] },
    ])
    expect(fake.asked.find((path) => path.includes('federate'))).toMatch(
      /^\/prom\/federate\?match\[\]=\{job="edge",instance="10\.0\.0\.1:9836",__name__=~"up\|scrape_duration_seconds\|ha_[\w|]+"\}$/,
    )
    // A clock that was put back is no reason to be silent.
    fake.federate = `${gpu(ADDED, 900)}${up(1, 900)}`
    await until(() => results.length > 1)
    expect(results[1]).toMatchObject({ timeMs: 900 })
  })

  it.each([
    ['renamed by it', `${ADDED},exported_node="n",exported_job=""`],
    ['renamed twice, as the first new name was taken', `${ADDED},exported_exported_node="n",exported_node="m"`],
    ['kept by honor_labels', 'instance="10.0.0.1:9836",job="edge",node="n"'],
  ])('has the labels of the exporter: %s', async (_, labels) => {
    const profile = { ...loadProfile('ha-exporter'), devices: [{ ...loadProfile('ha-exporter').devices[1]!, name: '{node}' }] }
    const fake = await fakePrometheus({ federate: `${gpu(labels, 1_000)}${up(1, 1_000)}` })
    const { results } = run({ url: fake.url, targets: [{ name: 'n', url: 'http://10.0.0.1:9836/metrics', profile, intervalMs: 5 }] })
    await until(() => results.length > 0)
    expect(results).toMatchObject([{ readings: [{ name: 'n' }], rejected: [] }])
  })

  it('is a loss when it could not scrape it, in its words', async () => {
    const fake = await fakePrometheus({ federate: up(0, 1_000), targets: [aTarget({ lastError: 'context deadline exceeded' })] })
    const { results, source } = run({ url: fake.url })
    await until(() => results.length > 0)
    expect(results).toMatchObject([{ ok: false, timeMs: 1_000, reason: 'prometheus', message: 'context deadline exceeded' }])
    expect(failing(source)).toEqual([])
  })

  it('is nothing when it does not know it or has not scraped it yet', async () => {
    const fake = await fakePrometheus({ targets: [] })
    const { results, source } = run({ url: fake.url })
    await until(() => failing(source).length > 0)
    expect(failing(source)).toMatchObject([
      { name: 'prometheus-targets', detail: 'not scraped: n', remedy: expect.stringContaining('scrape_configs') },
    ])
    expect(results).toEqual([])
  })

  it('is nothing when its time cannot be', async () => {
    const fake = await fakePrometheus({ federate: `${gpu(ADDED, -5)}${up(1, -5)}` })
    const { results } = run({ url: fake.url })
    await until(() => fake.asked.filter((path) => path.includes('federate')).length > 1)
    expect(results).toEqual([])
  })

  it('comes too seldom when it scrapes less often than samples are fresh', async () => {
    const fake = await fakePrometheus({ targets: [aTarget({ scrapeInterval: '1m30s' })] })
    const { source } = run({ url: fake.url })
    await until(() => failing(source).length > 0)
    expect(failing(source)).toMatchObject([{ name: 'prometheus-targets', detail: 'scraped less often than every 5 s: n' }])
  })
})

describe('a Prometheus that cannot be read', () => {
  it('is named with the remedy, once in the log, and says nothing of the exporters', async () => {
    const fake = await fakePrometheus({ status: 503 })
    const messages: string[] = []
    const log: Logger = { ...silent, warn: (fields) => messages.push(JSON.stringify(fields)), info: (_, message) => messages.push(message) }
    const { results, source } = run({ url: fake.url, log })
    await until(() => fake.asked.length > 2)
    expect(failing(source)).toMatchObject([{ name: 'prometheus', detail: `${fake.url}: http-status: status 503, expected 200` }])
    expect(messages).toHaveLength(1)
    Object.assign(fake, { status: 200, federate: `${gpu(ADDED, 1_000)}${up(1, 1_000)}` })
    await until(() => results.length > 0 && failing(source).length === 0)
    expect(messages.slice(1)).toEqual(['prometheus is well again'])
  })

  it('gets the password of its file, which is read again after a refusal', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'prometheus-'))
    closers.push(() => rmSync(dir, { recursive: true }))
    const passwordFile = join(dir, 'password')
    const fake = await fakePrometheus({ authorization: `Basic ${btoa('twin:right')}`, federate: `${gpu(ADDED, 1_000)}${up(1, 1_000)}` })
    const { results, source } = run({ url: fake.url, username: 'twin', passwordFile })
    await until(() => failing(source).length > 0)
    expect(failing(source)[0]?.detail).toMatch(/password file .* cannot be read \(ENOENT\)$/)
    writeFileSync(passwordFile, 'wrong')
    await until(() => failing(source)[0]?.detail.includes('401') === true)
    expect(failing(source)).toMatchObject([{ remedy: 'give the user and the password file that it takes' }])
    writeFileSync(passwordFile, 'right\n')
    await until(() => results.length > 0)
    expect(JSON.stringify(source.checks())).not.toMatch(/right|wrong/)
  })

  it('is not one at all', async () => {
    const server = createServer((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closers.push(() => server.close())
    const { source } = run({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
    await until(() => failing(source).length > 0)
    expect(failing(source)[0]?.detail).toContain('content type text/html, expected application/json: is this the address of a Prometheus?')
  })

  it.each([
    [-2_500, '2.5 s behind'],
    [60_000, '60.0 s ahead of'],
  ])('has a clock that is off by %i ms', async (skewMs, words) => {
    // A clock of ours that stands still leaves nothing for the way.
    const fake = await fakePrometheus({ timeMs: () => 1e12 + skewMs })
    const { source } = run({ url: fake.url, now: () => 1e12 })
    await until(() => failing(source).length > 0)
    expect(failing(source)).toMatchObject([{ name: 'prometheus-clock', detail: `its clock is ${words} ours` }])
  })

  it('has a clock that is off by no more than the way there may account for', async () => {
    let nowMs = 1e12
    const fake = await fakePrometheus({ federate: up(1, 1_000) })
    // Five seconds pass while it is asked: it may have looked at its clock at their beginning.
    fake.timeMs = () => {
      nowMs += 5_000
      return 1e12
    }
    const { source, results } = run({ url: fake.url, now: () => nowMs })
    await until(() => results.length > 0)
    expect(failing(source)).toEqual([])
  })
})

it('takes for an exporter the target at its address, else the only one of its name', () => {
  const ours = { name: 'pi-1', url: 'http://127.0.0.1:9836/metrics', profile: loadProfile('ha-exporter'), intervalMs: 1 }
  const atAddress = { ...aTarget(), scrapeUrl: 'http://127.0.0.1:9836/metrics' }
  const named = { ...aTarget(), labels: { node: 'pi-1' } }
  expect(findTarget([named, atAddress], ours)).toBe(atAddress)
  expect(findTarget([named, aTarget()], ours)).toBe(named)
  expect(findTarget([named, { ...named, labels: { instance: 'pi-1' } }], ours)).toBeUndefined()
  expect(findTarget([aTarget()], ours)).toBeUndefined()
})
