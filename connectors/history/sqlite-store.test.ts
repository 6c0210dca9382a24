import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { Logger } from '../../models/ports.ts'
import { aSample, describeHistory, settled } from './history.contract.ts'
import { createSqliteStore, openSqliteHistory } from './sqlite-store.ts'

const HOUR_MS = 3_600_000
const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} }
const context = { site: 'lab', clock: Date.now, random: () => 0.5, log: silent, batchMs: 5 }
const aFolder = () => mkdtempSync(join(tmpdir(), 'edgetwin-history-'))

describeHistory('SQLite', async () => {
  const dir = aFolder()
  return {
    open: () => openSqliteHistory({ path: join(dir, 'deep', 'lab.history.db') }, context),
    dispose: async () => rmSync(dir, { recursive: true }),
  }
})

describe('SQLite history', () => {
  let dir = ''
  beforeEach(() => {
    dir = aFolder()
  })
  afterEach(() => rmSync(dir, { recursive: true }))
  const file = () => join(dir, 'lab.history.db')
  const countIn = (table: string) => {
    const db = new DatabaseSync(file(), { readOnly: true })
    const { count } = db.prepare(`SELECT count(*) AS count FROM ${table}`).get()!
    db.close()
    return Number(count)
  }

  it('forgets samples after two days, minutes after thirty, hours after four hundred', async () => {
    const nowMs = 1_750_000_000_000
    const store = createSqliteStore({ path: file() })
    await store.open()
    await store.insert([
      aSample(nowMs, 1),
      aSample(nowMs - 47 * HOUR_MS, 1),
      { kind: 'transition', of: 'node', name: 'pi-1', timeMs: nowMs, from: 'a', to: 'b', reason: '' },
    ])
    const cell = { mean: 1, min: 1, max: 1, count: 1 }
    const series = [{ name: 'pi-1', field: 'powerWatts', points: [{ ...cell, timeMs: nowMs }] }]
    await store.store('m1', 'node', series)
    await store.store('h1', 'node', series)
    const left = async (days: number) => {
      await store.forget(nowMs + days * 24 * HOUR_MS)
      return ['raw_node', 'm1_node', 'h1_node', 'transitions'].map(countIn)
    }
    expect(await left(0)).toEqual([2, 1, 1, 1])
    expect(await left(1)).toEqual([1, 1, 1, 1])
    expect(await left(2.1)).toEqual([0, 1, 1, 1])
    expect(await left(29.9)).toEqual([0, 1, 1, 1])
    expect(await left(30.1)).toEqual([0, 0, 1, 1])
    expect(await left(399.9)).toEqual([0, 0, 1, 1])
    expect(await left(400.1)).toEqual([0, 0, 0, 0])
    store.close()
  })

  it('gives up the oldest samples when the file is too large, and keeps the last hour and the minutes', async () => {
    const nowMs = 1_750_000_000_000
    const maxBytes = 400_000
    const store = createSqliteStore({ path: file(), maxBytes })
    await store.open()
    // Every 5 s for a day.
    await store.insert(Array.from({ length: 17_280 }, (_, n) => aSample(nowMs - n * 5_000, n)))
    const minute = { timeMs: nowMs - 20 * HOUR_MS, mean: 1, min: 1, max: 1, count: 1 }
    await store.store('m1', 'node', [{ name: 'pi-1', field: 'utilizationRatio', points: [minute] }])
    await store.forget(nowMs)
    const db = new DatabaseSync(file(), { readOnly: true })
    const pages = (name: string) => Number(db.prepare(`PRAGMA ${name}`).get()![name])
    expect((pages('page_count') - pages('freelist_count')) * pages('page_size')).toBeLessThanOrEqual(maxBytes)
    const { oldest, count } = db.prepare('SELECT min(time_ms) AS oldest, count(*) AS count FROM raw_node').get()!
    expect(Number(count)).toBe((nowMs - Number(oldest)) / 5_000 + 1)
    expect(Number(count)).toBeGreaterThan(5_000)
    db.close()
    expect(countIn('m1_node')).toBe(1)
    store.close()
  })

  it('a field that is new since the file was made gets its place, and what was there stays', async () => {
    const nowMs = Date.now()
    const store = createSqliteStore({ path: file() })
    await store.open()
    await store.insert([aSample(nowMs, 0.5)])
    store.close()
    const older = new DatabaseSync(file())
    older.exec('ALTER TABLE raw_node DROP COLUMN powerWatts')
    older.close()
    await store.open()
    await store.insert([{ kind: 'node', name: 'pi-1', timeMs: nowMs, values: { powerWatts: 9 } }])
    const found = await store.read('raw', { kind: 'node', fromMs: 0, toMs: nowMs + 1 })
    expect(found.map(({ field, points }) => [field, points[0]?.mean])).toEqual([
      ['utilizationRatio', 0.5],
      ['powerWatts', 9],
    ])
    store.close()
  })

  it.each([
    ['not a database', () => writeFileSync(file(), 'hello '.repeat(1_000))],
    ['of another program', () => new DatabaseSync(file()).exec('CREATE TABLE theirs (id)')],
    ['of a newer edgetwin', () => new DatabaseSync(file()).exec(`PRAGMA application_id = ${0x65647468}; PRAGMA user_version = 99`)],
  ])('a file that is %s: keeps off it, says so, counts what it cannot write', async (_, make) => {
    make()
    const history = openSqliteHistory({ path: file() }, { ...context, queuePointsMax: 3 })
    history.write([1, 2, 3, 4, 5].map((n) => aSample(Date.now() - n * 1_000, n)))
    await expect(history.series({ kind: 'node', name: 'x', field: 'powerWatts', fromMs: 0, toMs: 1, maxPoints: 1 })).rejects.toMatchObject({
      code: 'HISTORY_UNREACHABLE',
      message: expect.stringContaining(file()),
    })
    expect(history.checks()).toMatchObject([{ name: 'history', ok: false, remedy: expect.stringContaining('move it away') }])
    await history.maintain()
    await history.stop()
    expect(history.counts()).toEqual({ queued: 0, written: 0, dropped: 5, refused: 0 })
  })

  it('goes on by itself when somebody else lets go of the file', async () => {
    const history = openSqliteHistory({ path: file() }, { ...context, clock: () => Date.now() + skipMs })
    let skipMs = 0
    history.write([aSample(Date.now(), 1)])
    await settled(history)
    const other = new DatabaseSync(file())
    other.exec('BEGIN EXCLUSIVE')
    history.write([aSample(Date.now() - 1_000, 1)])
    while (history.checks()[0]!.ok) await new Promise((resolve) => setTimeout(resolve, 5))
    other.exec('COMMIT')
    other.close()
    skipMs = 2_000
    await settled(history)
    expect(history.counts()).toEqual({ queued: 0, written: 2, dropped: 0, refused: 0 })
    expect(history.checks()).toMatchObject([{ ok: true }])
    await history.stop()
  })
})
