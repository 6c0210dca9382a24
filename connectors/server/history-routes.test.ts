import { afterEach, describe, expect, it } from '@jest/globals'
import type { HistoryPoint } from '../../models/contracts/history.ts'
import { TwinError } from '../../models/errors.ts'
import { aHistoryApi } from './a-history-api.ts'
import { aTwinApi } from './a-twin-api.ts'
import type { HistoryApi } from './app-options.ts'
import { runServer } from './server.ts'

const NOW_MS = 1_800_000_000_000
const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

const POINTS: readonly HistoryPoint[] = [
  ...[4, 3, 2, 1].map((minutes) => ({
    kind: 'node' as const,
    name: 'pi-1',
    timeMs: NOW_MS - minutes * 60_000,
    values: { utilizationRatio: minutes / 10, powerWatts: minutes },
  })),
  { kind: 'accelerator', name: 'pi-1/cpu0', timeMs: NOW_MS - 1_000, values: { podCount: 2 } },
  { kind: 'plan', name: 'lab', timeMs: NOW_MS - 1_000, values: { gainRatio: 0.2 } },
  { kind: 'transition', of: 'node', name: 'pi-1', timeMs: NOW_MS - 120_000, from: 'ready', to: 'notReady', reason: '=cable' },
]

async function aServer(history: HistoryApi | undefined = aHistoryApi(POINTS)) {
  const server = await runServer({
    api: aTwinApi().api,
    history,
    host: '127.0.0.1',
    port: 0,
    metrics: async () => '',
    log,
    clock: () => NOW_MS,
  })
  stops.push(server.stop)
  return async (path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`${server.url}/api/v1/${path}`, { headers })
    return { status: response.status, type: response.headers.get('content-type'), text: await response.text() }
  }
}
const json = ({ text }: { text: string }): unknown => JSON.parse(text)

describe('a series', () => {
  it('is of the first field and the last hour unless told else', async () => {
    const get = await aServer()
    expect(json(await get('history/node/pi-1'))).toMatchObject({
      kind: 'node',
      name: 'pi-1',
      field: 'utilizationRatio',
      fromMs: NOW_MS - 3_600_000,
      toMs: NOW_MS,
      unit: 'ratio',
      resolutionMs: 8_000,
      source: 'sqlite',
      oldestMs: NOW_MS - 240_000,
      points: [{ mean: 0.4, count: 1 }, { mean: 0.3 }, { mean: 0.2 }, { mean: 0.1 }],
    })
  })

  it.each([
    ['from=150s&to=now', [2, 1]],
    [`from=${NOW_MS - 180_000}&to=90s`, [3, 2]],
    [`from=${new Date(NOW_MS - 180_000).toISOString()}&to=${NOW_MS - 120_000}`, [3]],
    ['from=2d&points=1', [2.5]],
  ])('of %s', async (span, means) => {
    const answer = json(await (await aServer())(`history/node/pi-1?field=powerWatts&${span}`))
    expect(answer).toMatchObject({ field: 'powerWatts', unit: 'watts', points: means.map((mean) => ({ mean })) })
  })

  it('of a name with a slash, of the plans of the site, and of what has none yet', async () => {
    const get = await aServer()
    for (const name of ['pi-1/cpu0', 'pi-1%2Fcpu0']) {
      const answer = json(await get(`history/accelerator/${name}?field=podCount`))
      expect(answer).toMatchObject({ name: 'pi-1/cpu0', points: [{ mean: 2 }] })
    }
    expect(json(await get('history/plan/lab?field=gainRatio'))).toMatchObject({ unit: 'ratio', points: [{ mean: 0.2 }] })
    const none = json(await get('history/accelerator/pi-1/cpu0?field=powerWatts'))
    expect(none).toMatchObject({ points: [], oldestMs: null })
  })

  it('is CSV on demand', async () => {
    const { type, text } = await (await aServer())('history/node/pi-1?from=90s', { accept: 'text/csv' })
    expect(type).toBe('text/csv; charset=utf-8')
    expect(text).toBe(`timeMs,mean,min,max,count\r\n${NOW_MS - 60_000},0.1,0.1,0.1,1\r\n`)
  })
})

it('the changes of mode of a span, as JSON and as CSV', async () => {
  const get = await aServer()
  const change = { timeMs: NOW_MS - 120_000, from: 'ready', to: 'notReady', reason: '=cable' }
  expect(json(await get('transitions/node/pi-1'))).toMatchObject({ kind: 'node', name: 'pi-1', toMs: NOW_MS, transitions: [change] })
  expect(json(await get('transitions/node/pi-1?from=60s'))).toMatchObject({ transitions: [], oldestMs: change.timeMs })
  const { text } = await get('transitions/node/pi-1', { accept: 'text/csv' })
  expect(text).toBe(`timeMs,from,to,reason\r\n${change.timeMs},ready,notReady,'=cable\r\n`)
})

it('a bad request names the value, the place and the remedy', async () => {
  const get = await aServer()
  const cases: [string, number, string, RegExp][] = [
    ['history/pod/p-1', 400, 'QUERY_INVALID', /params\/kind: .*"node"\|"accelerator"/],
    ['history/node/pi-2', 404, 'ENTITY_UNKNOWN', /no node pi-2; did you mean pi-1/],
    ['history/plan/pi-1', 404, 'ENTITY_UNKNOWN', /no site "pi-1"; .*ask for lab/],
    ['history/node/pi-1?field=powerWats', 400, 'QUERY_INVALID', /field="powerWats" is no field of a node; did you mean powerWatts/],
    ['history/node/pi-1?field=latencyMs', 400, 'QUERY_INVALID', /ask for one of utilizationRatio, memoryUsedBytes/],
    ['history/node/pi-1?from=noon', 400, 'QUERY_INVALID', /from="noon" is no time/],
    ['history/node/pi-1?to=%235', 400, 'QUERY_INVALID', /to="#5" is no time/],
    ['history/node/pi-1?from=1m&to=2m', 400, 'QUERY_INVALID', /from="1m" is not before to="2m"; swap/],
    ['history/node/pi-1?points=0', 400, 'QUERY_INVALID', /query\/points: /],
    ['history/node/pi-1?points=9999', 400, 'QUERY_INVALID', /query\/points: .*2000/],
    ['history/node/', 400, 'QUERY_INVALID', /params/],
    ['transitions/plan/lab', 400, 'QUERY_INVALID', /params\/kind/],
    ['transitions/node/pi-2', 404, 'ENTITY_UNKNOWN', /did you mean pi-1/],
    ['transitions/node/pi-1?from=now', 400, 'QUERY_INVALID', /from="now" is not before to="now"/],
  ]
  for (const [path, status, code, detail] of cases) {
    const answer = await get(path)
    expect(answer.type).toMatch(/^application\/problem\+json/)
    expect(json(answer)).toMatchObject({ status, code, detail: expect.stringMatching(detail) })
  }
})

it('a store that does not answer is a problem with the remedy, and the rest goes on', async () => {
  const away = () => Promise.reject(new TwinError('HISTORY_UNREACHABLE', 'InfluxDB at http://127.0.0.1:8086 does not answer; start it'))
  const get = await aServer({ series: away, transitions: away })
  for (const path of ['history/node/pi-1', 'transitions/node/pi-1']) {
    expect(json(await get(path))).toMatchObject({
      status: 503,
      code: 'HISTORY_UNREACHABLE',
      detail: expect.stringMatching(/8086.*start it/),
    })
  }
  expect((await get('status')).status).toBe(200)
})

it('a twin without a history serves none', async () => {
  const server = await runServer({ api: aTwinApi().api, host: '127.0.0.1', port: 0, metrics: async () => '', log, clock: () => NOW_MS })
  stops.push(server.stop)
  expect((await fetch(`${server.url}/api/v1/history/node/pi-1`)).status).toBe(404)
})
