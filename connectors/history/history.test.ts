import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from '@jest/globals'
import type { Logger } from '../../models/ports.ts'
import { createDownSampling } from './down-sampling.ts'
import { aSample, settled } from './history.contract.ts'
import { createHistory } from './history.ts'
import type { HistoryStore } from './history-store.ts'
import { createSqliteStore } from './sqlite-store.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const nowMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS
let dir = ''
let store = {} as HistoryStore
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'edgetwin-history-'))
  store = createSqliteStore({ path: join(dir, 'lab.db') })
})
afterEach(() => {
  store.close()
  rmSync(dir, { recursive: true })
})
const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} }
const context = { site: 'lab', clock: () => nowMs, random: () => 0.5, log: silent, batchMs: 1 }
const question = { kind: 'node', name: 'pi-1', field: 'utilizationRatio', maxPoints: 500 } as const

it('a store that is away is tried again only after a pause, longer each time, and everything comes in then', async () => {
  let clockMs = nowMs
  let opens = 0
  let isAway = true
  const open = async () => {
    opens++
    if (isAway) throw new Error('away')
    await store.open()
  }
  const history = createHistory({ ...store, open }, { ...context, clock: () => clockMs })
  history.write([aSample(nowMs - 1_000, 1)])
  const opensAfter = async (ms: number) => {
    clockMs += ms
    await sleep(30)
    return opens
  }
  expect(await opensAfter(0)).toBe(1)
  expect(await opensAfter(499)).toBe(1)
  expect(await opensAfter(1)).toBe(2)
  expect(await opensAfter(999)).toBe(2)
  await expect(history.series({ ...question, fromMs: 0, toMs: 1 })).rejects.toThrow('away')
  expect(await opensAfter(1)).toBe(3)
  for (let n = 0; n < 10; n++) await opensAfter(29_999)
  isAway = false
  clockMs += 30_000
  await settled(history)
  expect(history.counts()).toMatchObject({ written: 1 })
  await history.stop()
})

it('what a store took after we stopped waiting for it is counted once', async () => {
  const { promise: answered, resolve } = Promise.withResolvers<void>()
  const insert: HistoryStore['insert'] = async (points) => {
    await answered
    return { refusedCount: points.length, problem: null }
  }
  const history = createHistory({ ...store, insert }, context)
  history.write([aSample(nowMs - 2_000, 1), aSample(nowMs - 1_000, 1)])
  await sleep(20)
  history.write([aSample(nowMs, 1)])
  await history.stop()
  expect(history.counts()).toEqual({ queued: 0, written: 0, dropped: 3, refused: 0 })
  resolve()
  await sleep(5)
  expect(history.counts()).toEqual({ queued: 0, written: 0, dropped: 3, refused: 0 })
})

it('where the samples were given up early, the minutes answer', async () => {
  await store.open()
  const cell = { timeMs: nowMs - 20 * HOUR_MS, mean: 3, min: 1, max: 5, count: 60 }
  await store.store('m1', 'node', [{ name: 'pi-1', field: 'utilizationRatio', points: [cell] }])
  await store.insert([aSample(nowMs - 30_000, 1)])
  const history = createHistory(store, context)
  const old = await history.series({ ...question, fromMs: cell.timeMs, toMs: cell.timeMs + HOUR_MS })
  expect(old).toMatchObject({ points: [cell], resolutionMs: MINUTE_MS, oldestMs: cell.timeMs })
  const fresh = await history.series({ ...question, fromMs: nowMs - HOUR_MS, toMs: nowMs })
  expect(fresh).toMatchObject({ points: [{ timeMs: nowMs - 30_000 }], oldestMs: cell.timeMs })
  await history.stop()
})

it('passes over a long pause in few steps, and over nothing that is written meanwhile', async () => {
  await store.open()
  const oldMs = nowMs - 40 * HOUR_MS
  const lateMs = nowMs - 30 * HOUR_MS
  await store.insert([aSample(oldMs, 1), aSample(nowMs - 3 * MINUTE_MS, 1)])
  let reads = 0
  let isLate = false
  const watched: HistoryStore = {
    ...store,
    read: (tier, span) => {
      reads++
      return store.read(tier, span)
    },
    async end(tier, which, series) {
      const found = await store.end(tier, which, series)
      if (tier === 'raw' && series.fromMs === oldMs + MINUTE_MS && !isLate) {
        isLate = true
        await store.insert([aSample(lateMs, 7)])
        downSampling.wrote([aSample(lateMs, 7)])
      }
      return found
    },
  }
  const downSampling = createDownSampling(watched, () => nowMs + 10_000)
  await downSampling.run()
  await downSampling.run()
  expect(isLate).toBe(true)
  expect(reads).toBeLessThan(60)
  const [minutes] = await store.read('m1', { kind: 'node', fromMs: 0, toMs: nowMs })
  expect(minutes?.points.map(({ timeMs }) => timeMs)).toEqual([oldMs, lateMs, nowMs - 3 * MINUTE_MS])
  const [hours] = await store.read('h1', { kind: 'node', fromMs: 0, toMs: nowMs })
  expect(hours?.points.map(({ timeMs, mean }) => [timeMs, mean])).toEqual([
    [oldMs, 1],
    [lateMs, 7],
    [nowMs - HOUR_MS, 1],
  ])
})

it('a history that was stopped opens nothing again', async () => {
  const told: string[] = []
  const history = createHistory(store, { ...context, log: { ...silent, warn: (_, message) => void told.push(message) } })
  history.write([aSample(nowMs - 1_000, 1)])
  await settled(history)
  const maintenance = history.maintain()
  await history.stop()
  await maintenance
  await expect(history.series({ ...question, fromMs: 0, toMs: 1 })).rejects.toMatchObject({ code: 'HISTORY_UNREACHABLE' })
  await history.maintain()
  await history.stop()
  await expect(store.forget(nowMs)).rejects.toThrow('is not open')
  expect(told).toEqual([])
})
