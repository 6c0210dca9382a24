/** What `twinctl history` asks and prints. The far side answers as the REST routes do. */
import { afterEach, expect, it } from '@jest/globals'
import { HISTORY_FIELDS, type SeriesKind, unitOf } from '../../../models/contracts/history.ts'
import { seriesAnswerShape, transitionsAnswerShape } from '../../../models/contracts/history-api.ts'
import { type FarSide, runCli, runFarSide } from '../far-side.ts'

let far: FarSide
afterEach(() => far?.stop())

const TO_MS = Date.UTC(2026, 10, 21, 12)
const FROM_MS = TO_MS - 4 * 60_000
const asked = { fromMs: FROM_MS, toMs: TO_MS, source: 'influx', oldestMs: FROM_MS - 60_000 } as const
const interval = (minutes: number, mean: number, count = 60) => ({
  timeMs: FROM_MS + minutes * 60_000,
  mean,
  min: mean / 2,
  max: mean * 2,
  count,
})
const PLENTY = { utilizationRatio: [interval(0, 0.1), interval(1, 0.4, 20), interval(3, 0.3)], memoryUsedBytes: [interval(3, 2 ** 30)] }
const CHANGE = { timeMs: FROM_MS + 60_000, from: 'ready', to: 'notReady', reason: '' }

async function history(args: readonly string[], points: Readonly<Record<string, object[]>> = PLENTY, isTTY = false) {
  far = await runFarSide(({ url }) => {
    const { pathname, searchParams } = new URL(url, 'http://far')
    const [, route, kind = '', name] = /^\/api\/v1\/(\w+)\/(\w+)\/(.*)$/.exec(pathname) ?? []
    const field = searchParams.get('field') ?? ''
    if (route === 'transitions') return [200, transitionsAnswerShape.parse({ kind, name, ...asked, transitions: [CHANGE] })]
    const unit = Object.hasOwn(HISTORY_FIELDS, kind) ? unitOf(kind as SeriesKind, field) : null
    if (unit === null) return [400, { code: 'QUERY_INVALID', detail: `field="${field}" is no field; do this` }]
    return [200, seriesAnswerShape.parse({ kind, name, field, unit, ...asked, resolutionMs: 60_000, points: points[field] ?? [] })]
  })
  return runCli(['history', ...args, '--server', far.url], '', { isTTY })
}

it('sums up each field that has values, with a line of its shape on a terminal, and the changes of mode', async () => {
  const { code, out, err } = await history(['no', 'pi-1'], PLENTY, true)
  expect(code).toBe(0)
  expect(out.split('\n')).toEqual([
    'FIELD              LAST   MEAN   MIN      MAX    SAMPLES   TREND',
    'utilizationRatio   30%    23%    5.0%     80%    140       ▁█ ▆',
    'memoryUsedBytes    1GiB   1GiB   512MiB   2GiB   60           ▁',
    '',
    'TIME                       FROM    TO         REASON',
    '2026-11-21T11:57:00.000Z   ready   notReady   <none>',
    '',
  ])
  expect(err).toMatch(/^node pi-1 from 2026-11-21T11:56.* to .*: influx, one point each 60s; the oldest kept is of 2026-11-21T11:55/)
  expect(far.asked.map(({ url }) => url)).toContain('/api/v1/history/node/pi-1?field=powerWatts&from=1h&to=now&points=48')
})

it('prints the points of one field, and no shape into a pipe', async () => {
  const { out } = await history(['accelerator', 'pi-1/cpu0', '--field', 'utilizationRatio', '--from', '2d', '--to', '1d', '--points', '9'])
  expect(out).toMatch(/^TIME +MEAN +MIN +MAX +SAMPLES\n2026-11-21T11:56:00.000Z +10% +5.0% +20% +60\n/)
  expect(out).not.toContain('TREND')
  expect(far.asked.map(({ url }) => url)).toEqual([
    '/api/v1/history/accelerator/pi-1/cpu0?field=utilizationRatio&from=2d&to=1d&points=9',
    '/api/v1/transitions/accelerator/pi-1/cpu0?from=2d&to=1d',
  ])
})

it('prints all for programs', async () => {
  const csv = (await history(['node', 'pi-1', '-o', 'csv'])).out.split('\r\n')
  expect(csv.slice(0, 2)).toEqual([
    'FIELD,UNIT,TIME,MEAN,MIN,MAX,SAMPLES',
    'utilizationRatio,ratio,2026-11-21T11:56:00.000Z,0.1,0.05,0.2,60',
  ])
  await far.stop()
  const { out } = await history(['plans', 'lab', '-o', 'json'], { gainRatio: [interval(0, 0.2)] })
  expect(JSON.parse(out)).toMatchObject({ series: expect.arrayContaining([expect.objectContaining({ kind: 'plan' })]), transitions: null })
})

it('says when nothing is kept, and what to wait for', async () => {
  const { code, out, err } = await history(['camera', 'cam-1'], {})
  expect({ code, lines: out.split('\n').length }).toEqual({ code: 0, lines: 3 })
  expect(err).toContain('nothing is known of camera cam-1 from 2026-11-21T11:56:00.000Z to 2026-11-21T12:00:00.000Z')
})

it.each([
  [['pods', 'p'], 2, /no history is kept of a pod/],
  [['nod', 'p'], 2, /did you mean nodes/],
  [['node', 'pi-1', '--field', 'speed'], 2, /field="speed" is no field; do this/],
  [['node', 'pi-1', '--points', '0'], 2, /'0' is no count from 1 to 2000/],
  [['node'], 2, /name/],
])('refuses %j', async (args, exitCode, message) => {
  const { code, out, err } = await history(args)
  expect({ code, out }).toEqual({ code: exitCode, out: '' })
  expect(err).toMatch(message)
})
