import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { settled } from '../connectors/history/history.contract.ts'
import type { Logger } from '../models/ports.ts'
import { journaled } from '../models/testing/dhs-site.ts'
import { aNodeConditionsChanged, aNodeSampled } from '../models/testing/events.ts'
import { applyEvents } from '../twin/fold.ts'
import { emptyTwin, type TwinState } from '../twin/twin-state.ts'
import { type HistoryOptions, runHistory } from './run-history.ts'

const nowMs = Math.floor(Date.now() / 60_000) * 60_000
let dir = ''
let told: string[] = []
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'edgetwin-run-history-'))
  told = []
})
afterEach(() => rmSync(dir, { recursive: true }))
const note = (_: object, message: string) => void told.push(message)
const log: Logger = { debug: note, info: note, warn: note, error: note }
const options = (): HistoryOptions => ({
  site: 'lab',
  settings: { history: 'sqlite', influxDatabase: 'edgetwin', dataDir: dir },
  clock: () => nowMs,
  random: () => 0.5,
  log,
  batchMs: 5,
})

it('keeps what the fold changed, and answers with it after a restart', async () => {
  const events = journaled([
    aNodeConditionsChanged({ timeMs: nowMs - 5_000 }),
    ...[4, 3, 2].map((seconds) => aNodeSampled({ timeMs: nowMs - seconds * 1_000, load: { utilizationRatio: seconds / 10 } })),
  ])
  const running = runHistory(options())!
  running.onApplied(emptyTwin, applyEvents(emptyTwin, events), events)
  await settled(running.history)
  await running.stop()
  const again = runHistory(options())!
  const span = { name: 'tx2-1', fromMs: nowMs - 60_000, toMs: nowMs }
  const { points, source } = await again.history.series({ kind: 'node', field: 'utilizationRatio', maxPoints: 100, ...span })
  expect(points.map(({ mean }) => mean)).toEqual([0.4, 0.3, 0.2])
  expect(source).toBe('sqlite')
  expect((await again.history.transitions({ kind: 'node', ...span })).transitions).toMatchObject([{ from: 'expected', to: 'ready' }])
  await again.stop()
  expect(existsSync(join(dir, 'lab.history.db'))).toBe(true)
})

it('keeps none when none is wanted', () => {
  expect(runHistory({ ...options(), settings: { ...options().settings, history: 'none' } })).toBeNull()
})

it('works minutes out by itself', async () => {
  let clockMs = nowMs
  const running = runHistory({ ...options(), clock: () => clockMs, maintainEveryMs: 10 })!
  const events = journaled([aNodeSampled({ timeMs: nowMs - 30_000, load: { utilizationRatio: 0.5 } })])
  running.onApplied(emptyTwin, applyEvents(emptyTwin, events), events)
  await settled(running.history)
  clockMs = nowMs + 49 * 3_600_000
  // The samples are past their time by then, and the minutes are not.
  const ask = () =>
    running.history.series({ kind: 'node', name: 'tx2-1', field: 'utilizationRatio', fromMs: nowMs - 60_000, toMs: nowMs, maxPoints: 9 })
  while ((await ask()).points.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  expect((await ask()).points).toEqual([{ timeMs: nowMs - 60_000, mean: 0.5, min: 0.5, max: 0.5, count: 1 }])
  await running.stop()
})

it('a store that is away, and even a twin that makes no sense, do not stop the fold', async () => {
  const settings = { ...options().settings, history: 'influx', influxUrl: 'http://127.0.0.1:1' } as const
  const running = runHistory({ ...options(), settings })!
  const events = journaled([aNodeSampled({ timeMs: nowMs })])
  const after = applyEvents(emptyTwin, events)
  running.onApplied(emptyTwin, after, events)
  while (running.history.checks()[0]?.ok) await new Promise((resolve) => setTimeout(resolve, 5))
  expect(running.history.checks()).toMatchObject([{ detail: expect.stringContaining('ECONNREFUSED') }])
  const broken = {} as unknown as TwinState
  for (let n = 0; n < 3; n++) running.onApplied(broken, broken, events)
  expect(told).toEqual(['history store does not answer', 'history left points out'])
  await running.stop()
  expect(running.history.counts()).toEqual({ queued: 0, written: 0, dropped: 1, refused: 0 })
})
