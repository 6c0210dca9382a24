/** The history on a real InfluxDB: the contract, then everything that breaks. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { aPointAfter, aSample, describeHistory, settled } from '../../connectors/history/history.contract.ts'
import { openInfluxHistory } from '../../connectors/history/influx-store.ts'
import type { HistoryContext, InfluxHistorySettings } from '../../connectors/history/settings.ts'
import { openSqliteHistory } from '../../connectors/history/sqlite-store.ts'
import type { HistoryQuery, NumbersPoint } from '../../models/contracts/history.ts'
import type { Logger } from '../../models/ports.ts'
import { type InfluxLab, startInflux } from '../lab/influx.ts'
import { adminOf, hostilePayloads } from './influx-admin.ts'

const HOUR_MS = 3_600_000
const startMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 3 * HOUR_MS
let logged: string[] = []
const note = (fields: object, message: string) => void logged.push(`${message} ${JSON.stringify(fields)}`)
const log: Logger = { debug: note, info: note, warn: note, error: note }
const context: HistoryContext = { site: 'lab', clock: Date.now, random: () => 0, log, batchMs: 5 }

let influx = {} as InfluxLab
let dir = ''
let databaseCount = 0
beforeAll(async () => {
  influx = await startInflux()
  dir = mkdtempSync(join(tmpdir(), 'edgetwin-real-history-'))
})
// What a failed test leaves behind would keep the whole run alive: it is stopped here, and the server is brought back for the next one.
const opened: { stop: () => Promise<void> }[] = []
const openHistory = (...args: Parameters<typeof openInfluxHistory>) => {
  const history = openInfluxHistory(...args)
  opened.push(history)
  return history
}
afterEach(async () => {
  influx.resume()
  await influx.start()
  await Promise.all(opened.splice(0).map((history) => history.stop()))
})
afterAll(async () => {
  await influx.stop()
  rmSync(dir, { recursive: true })
})
const admin = () => adminOf(influx)
const newSettings = (): InfluxHistorySettings => {
  const { url, username, passwordFile } = influx
  return { url, username, passwordFile, database: `t${++databaseCount}` }
}
const makeDatabase = async (settings: InfluxHistorySettings) => {
  const history = openHistory(settings, context)
  await history.series(aQuestion())
  await history.stop()
}
const samples = (count: number, from = 0): NumbersPoint[] =>
  Array.from({ length: count }, (_, n) => aSample(startMs + (from + n) * 100, from + n, `pi-${(from + n) % 5}`))
const rowCount = async (database: string) =>
  (await admin().ask('SELECT count("utilizationRatio") FROM "raw"."node"', database))[0]?.[1] ?? 0

describeHistory('InfluxDB', async () => {
  const settings = newSettings()
  return { open: () => openHistory(settings, context), dispose: () => admin().drop(settings.database) }
})

describe('InfluxDB history', () => {
  it('answers exactly as SQLite does, before and after down-sampling', async () => {
    const stores = [openHistory(newSettings(), context), openSqliteHistory({ path: join(dir, 'same.db') }, context)]
    const points = fc.sample(aPointAfter(startMs), { numRuns: 2_000, seed: 11 })
    for (const store of stores) store.write(points)
    await Promise.all(stores.map(settled))
    const question: fc.Arbitrary<HistoryQuery> = fc
      .record({
        kind: fc.constant('accelerator' as const),
        name: fc.constantFrom('a/gpu0', 'b/gpu0', 'b/npu0'),
        field: fc.constantFrom('utilizationRatio', 'powerWatts'),
        fromMs: fc.integer({ min: -600, max: 180 }).map((minutes) => startMs + minutes * 60_000),
        toMs: fc.integer({ min: 1, max: 400 * 24 * HOUR_MS }),
        maxPoints: fc.integer({ min: 1, max: 2_000 }),
      })
      .map((query) => ({ ...query, toMs: query.fromMs + query.toMs }))
    for (const maintain of [false, true]) {
      if (maintain) await Promise.all(stores.map((store) => store.maintain()))
      await fc.assert(
        fc.asyncProperty(question, async (query) => {
          const [real, embedded] = await Promise.all(stores.map((store) => store.series(query)))
          expect({ ...real, source: '' }).toEqual({ ...embedded, source: '' })
        }),
        { numRuns: 60, seed: 3 },
      )
    }
    for (const store of stores) await store.stop()
  })

  it('kill −9 while it writes: every point is there afterwards or counted as given up', async () => {
    const settings = newSettings()
    const history = openHistory(settings, context)
    let sentCount = 0
    const feed = setInterval(() => {
      history.write(samples(100, sentCount))
      sentCount += 100
    }, 5)
    for (let kill = 0; kill < 3; kill++) {
      await sleep(150)
      await influx.kill()
      await sleep(100)
      await influx.start()
    }
    clearInterval(feed)
    await settled(history)
    expect(history.counts()).toEqual({ queued: 0, written: sentCount, dropped: 0, refused: 0 })
    expect(await rowCount(settings.database)).toBe(sentCount)
    expect(history.checks()).toMatchObject([{ ok: true }])
    await history.stop()
  })

  it('while it is away the queue is bounded, the oldest are given up, and the sums are exact', async () => {
    const settings = newSettings()
    const history = openHistory(settings, { ...context, queuePointsMax: 1_000 })
    history.write(samples(10))
    await settled(history)
    await influx.kill()
    history.write(samples(300, 10))
    while (history.checks()[0]?.ok) await sleep(5)
    history.write(samples(4_000, 310))
    expect(history.counts()).toMatchObject({ written: 10, queued: 1_300, dropped: 3_000 })
    expect(history.checks()).toMatchObject([
      { ok: false, detail: expect.stringMatching(/ECONNREFUSED|ECONNRESET/), remedy: expect.stringContaining('influxUrl') },
    ])
    await expect(history.series(aQuestion())).rejects.toMatchObject({ code: 'HISTORY_UNREACHABLE' })
    await influx.start()
    await settled(history)
    expect(history.counts()).toEqual({ queued: 0, written: 1_310, dropped: 3_000, refused: 0 })
    expect(await rowCount(settings.database)).toBe(1_310)
    await history.stop()
  })

  it('a server that hangs does not hold up anybody', async () => {
    const history = openHistory({ ...newSettings(), timeoutMs: 300 }, { ...context, queuePointsMax: 10_000 })
    history.write(samples(1))
    await settled(history)
    influx.pause()
    const cpu = process.cpuUsage()
    for (let n = 0; n < 200; n++) history.write(samples(100, n * 100))
    const { user, system } = process.cpuUsage(cpu)
    // 20,000 points; far above what noting them takes, far below what waiting once would.
    expect((user + system) / 1_000).toBeLessThan(250)
    while (history.checks()[0]?.ok) await sleep(10)
    expect(history.checks()[0]?.detail).toContain('no answer from http://')
    await expect(history.series(aQuestion())).rejects.toMatchObject({ code: 'HISTORY_UNREACHABLE' })
    const { queued, dropped } = history.counts()
    expect(queued).toBeLessThanOrEqual(10_000 + 5_000)
    expect(queued + dropped).toBe(20_000)
    influx.resume()
    await settled(history)
    expect(history.counts()).toMatchObject({ written: 1 + queued, dropped })
    await history.stop()
  })

  it('wrong and missing credentials are named without being told, and a new password is read', async () => {
    const passwordFile = join(dir, 'password')
    writeFileSync(passwordFile, 'canary-s3cret\n')
    const history = openHistory({ ...newSettings(), passwordFile }, context)
    logged = []
    history.write(samples(20))
    while (history.checks()[0]?.ok) await sleep(5)
    const [check] = history.checks()
    expect(check).toMatchObject({
      ok: false,
      detail: expect.stringContaining('authorization failed'),
      remedy: expect.stringContaining('influxPasswordFile'),
    })
    const asked = await history.series(aQuestion()).catch((error: unknown) => error)
    const told = `${logged.join()} ${JSON.stringify(check)} ${JSON.stringify(asked, Object.getOwnPropertyNames(asked))}`
    for (const secret of ['canary', Buffer.from(`${influx.username}:canary-s3cret`).toString('base64'), 'Basic '])
      expect(told).not.toContain(secret)
    rmSync(passwordFile)
    while (!history.checks()[0]?.detail.includes('cannot be read')) await sleep(5)
    writeFileSync(passwordFile, admin().password)
    await settled(history)
    expect(history.counts()).toMatchObject({ written: 20, dropped: 0 })
    await history.stop()
  })

  it('a user who may not create the database is told what an admin has to do; then it works', async () => {
    const settings = newSettings()
    const passwordFile = join(dir, 'low-password')
    writeFileSync(passwordFile, 'low')
    chmodSync(passwordFile, 0o600)
    await admin().ask(`CREATE USER "low" WITH PASSWORD 'low'`)
    const history = openHistory({ ...settings, username: 'low', passwordFile }, context)
    history.write(samples(5))
    while (history.checks()[0]?.ok) await sleep(5)
    expect(history.checks()[0]?.remedy).toContain(`GRANT ALL ON ${settings.database} TO low`)
    await makeDatabase(settings)
    await admin().ask(`GRANT ALL ON "${settings.database}" TO "low"`)
    await settled(history)
    expect(history.counts()).toMatchObject({ written: 5 })
    await history.stop()
  })

  it('a field of another type: what InfluxDB drops is counted, the rest is kept, the field and the remedy are named', async () => {
    const settings = newSettings()
    await makeDatabase(settings)
    // InfluxDB keeps types by shard, which is a day, and tells of the first shard only.
    for (const hours of [1, 25, 47]) {
      await admin().write(`node,site=lab,name=theirs utilizationRatio="high" ${startMs + 3 * HOUR_MS - hours * HOUR_MS}`, settings.database)
    }
    const history = openHistory(settings, context)
    const powers = Array.from(
      { length: 40 },
      (_, n): NumbersPoint => ({ kind: 'node', name: `pi-${n}`, timeMs: startMs + 2 * HOUR_MS - n * HOUR_MS, values: { powerWatts: n } }),
    )
    const conflicting = powers.map((point): NumbersPoint => ({ ...point, values: { utilizationRatio: 0.5, powerWatts: 1 }, name: 'bad' }))
    history.write(conflicting.flatMap((point, n) => (n % 3 === 0 ? [point, powers[n]!] : [powers[n]!])))
    await settled(history)
    const rows = await admin().ask('SELECT count("powerWatts") FROM "raw"."node"', settings.database)
    const { written, refused } = history.counts()
    expect({ written, refused }).toEqual({ written: rows[0]?.[1], refused: 54 - Number(rows[0]?.[1]) })
    expect(refused).toBeGreaterThan(1)
    expect(history.checks()).toMatchObject([
      {
        ok: false,
        detail: expect.stringMatching(/field type conflict.*utilizationRatio.*node/),
        remedy: expect.stringContaining('influxDatabase'),
      },
    ])
    const answer = await history.series({ ...aQuestion(), name: 'pi-1', field: 'powerWatts', toMs: startMs + 3 * HOUR_MS })
    expect(answer.points).toHaveLength(1)
    await history.stop()
  })

  it('hostile names and values: nothing is forged, nothing is lost', async () => {
    const settings = newSettings()
    const other = openHistory(settings, { ...context, site: 'other' })
    other.write(samples(7))
    await settled(other)
    await other.stop()
    const history = openHistory(settings, context)
    const payloads = hostilePayloads()
    expect(payloads.length).toBeGreaterThanOrEqual(200)
    for (const [n, payload] of payloads.entries()) {
      const timeMs = startMs + n * 1_000
      const values = JSON.parse(`{"utilizationRatio": ${n}, ${JSON.stringify(payload)}: 666}`)
      history.write([
        { kind: 'node', name: payload, timeMs, values },
        { kind: 'transition', of: 'node', name: payload, timeMs, from: payload, to: payload, reason: payload },
        { kind: payload as 'node', name: 'forged', timeMs, values },
      ])
    }
    await settled(history)
    const { written, refused, dropped } = history.counts()
    expect({ dropped, sum: written + refused }).toEqual({ dropped: 0, sum: payloads.length * 3 })
    expect((await admin().ask('SHOW MEASUREMENTS', settings.database)).flat().sort()).toEqual(['node', 'transition'])
    expect((await admin().ask('SHOW FIELD KEYS FROM "raw"."node"', settings.database)).map(([field]) => field)).toEqual([
      'utilizationRatio',
    ])
    expect((await admin().ask('SHOW TAG KEYS FROM "raw"."node"', settings.database)).flat()).toEqual(['name', 'site'])
    const ours = await admin().ask(`SELECT count("utilizationRatio") FROM "raw"."node" WHERE "site" = 'lab'`, settings.database)
    expect(Number(ours[0]?.[1]) * 2).toBe(written)
    for (const [n, payload] of payloads.entries()) {
      const { points } = await history.series({ ...aQuestion(), name: payload, toMs: startMs + HOUR_MS, maxPoints: 2_000 })
      // Two payloads may be one name when they are cleaned; none may reach the points of another name.
      if (points.length > 0) expect(points.map(({ mean }) => mean)).toContain(n)
      expect(points.length).toBeLessThan(40)
    }
    for (const site of payloads.slice(0, 40)) {
      const stranger = openHistory(settings, { ...context, site: `${site}x` })
      expect((await stranger.series({ ...aQuestion(), name: 'pi-1' })).points).toEqual([])
      await stranger.stop()
    }
    await history.stop()
  })
})

const aQuestion = (): HistoryQuery => ({
  kind: 'node',
  name: 'pi-1',
  field: 'utilizationRatio',
  fromMs: startMs,
  toMs: startMs + 60_000,
  maxPoints: 100,
})
