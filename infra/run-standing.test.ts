/** The standing reports on a clock of the test's own: they stay fresh, they stay within their share, and they end when told to. */
import { afterEach, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { defaultRegistry } from '../models/applications/registry.ts'
import { nMinusOneReportShape, radarShape } from '../models/contracts/standing.ts'
import type { TwinEvent } from '../models/events/events.ts'
import { dhsEvents, journaled, podEvents } from '../models/testing/dhs-site.ts'
import { applyEvents } from '../twin/fold.ts'
import { lossesOf, nMinusOne } from '../twin/n-minus-one.ts'
import { emptyTwin, type TwinState } from '../twin/twin-state.ts'
import { JOBS, type JobName } from './pool-jobs.ts'
import { runStanding, STANDING, type Standing, type StandingOptions } from './run-standing.ts'
import { createWhatIfPool, type WhatIfPool } from './what-if-pool.ts'

const SEED = 20_286
const registry = defaultRegistry()
const site = applyEvents(emptyTwin, journaled(dhsEvents()))
const common = { site: 'dhs', timeMs: 1_001_000, source: 'cluster' }
const then = (state: TwinState, ...events: TwinEvent[]) => applyEvents(state, journaled(events, { after: state.sequence }))
const log = { debug() {}, info() {}, warn() {}, error() {} }
const losing = (node: string) =>
  then(site, { type: 'node.conditionsChanged', ...common, name: node, ready: false, cordoned: false, reason: '' })

interface Asked {
  readonly job: JobName
  readonly tookMs: number
  readonly state: TwinState
}

const standings: Standing[] = []
afterEach(async () => {
  await Promise.all(standings.splice(0).map((each) => each.stop()))
})

/** Time goes on only when a job takes some, or when nothing is left to do but to wait. */
function aRig({ costMs = () => 8, fails = () => false }: { costMs?: () => number; fails?: (job: JobName) => boolean } = {}) {
  let nowMs = 0
  let due: { atMs: number; run: () => void } | null = null
  const asked: Asked[] = []
  const rig = { state: site, asked, busyMs: 0, warnings: 0 }
  const pool: StandingOptions['pool'] = {
    async run(job, state, { input, signal }) {
      signal?.throwIfAborted()
      const tookMs = costMs()
      asked.push({ job, tookMs, state })
      nowMs += tookMs
      rig.busyMs += tookMs
      if (fails(job)) throw new Error('a worker failed')
      return Reflect.apply(JOBS[job], null, [{ state, registry, stateHash: () => '' }, input])
    },
  }
  const standing = runStanding({
    state: () => rig.state,
    pool,
    settings: { delta1Seconds: 0.1, delta2: 1 },
    log: { ...log, warn: () => void rig.warnings++ },
    clock: () => nowMs,
    timer: (delayMs, run) => {
      due = { atMs: nowMs + delayMs, run }
      return () => {
        due = null
      }
    },
  })
  standings.push(standing)
  const until = async (atMs: number): Promise<void> => {
    for (;;) {
      const next = due
      if (next === null || next.atMs > atMs) break
      due = null
      nowMs = Math.max(nowMs, next.atMs)
      next.run()
      // One that was stopped sets no timer any more.
      for (let turn = 0; due === null && turn < 50; turn++) await new Promise(setImmediate)
    }
    nowMs = Math.max(nowMs, atMs)
  }
  return Object.assign(rig, { standing, until, nowMs: () => nowMs, isWaiting: () => due !== null })
}

const starts = (asked: readonly Asked[]) => asked.filter(({ job }) => job === 'nMinusOneBase')

describe('on a clock of its own', () => {
  it('makes the very report that the twin makes, and the radar', async () => {
    const rig = aRig()
    expect(rig.standing.report()).toBeNull()
    rig.state = then(site, ...podEvents('r-1', { camera: 'camera-pi-1' }))
    await rig.until(10_000)
    const losses = nMinusOne(rig.state, { registry })
    for (let next = losses.next(); ; next = losses.next()) {
      if (!next.done) continue
      expect(rig.standing.report()).toEqual(next.value)
      break
    }
    expect(rig.standing.radar()).toMatchObject({ work: 'open', delta1Seconds: 0.1, point: { className: 'U-L', requestsPerCamera: 0.25 } })
  })

  it('stays below a twentieth of a core whatever a slice costs', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 12 }), async (costs) => {
        const rig = aRig({ costMs: () => costs[rig.asked.length % costs.length]! })
        for (let atMs = 500; atMs <= 60_000; atMs += 500) {
          // The twin never rests: something is always due.
          rig.state = then(rig.state, { type: 'clock.ticked', site: 'dhs', timeMs: 1_000_000 + atMs, source: 'clock' })
          await rig.until(atMs)
        }
        // What the last slice took is paid for by the rest behind it.
        expect(rig.busyMs - rig.asked.at(-1)!.tookMs).toBeLessThanOrEqual(0.05 * rig.nowMs())
        await rig.standing.stop()
      }),
      { seed: SEED, numRuns: 10 },
    )
  })

  it('finishes the report of a site that is heard of all the time, however long a slice takes', async () => {
    const rig = aRig({ costMs: () => 400 })
    for (let atMs = 500; atMs <= 500_000 && rig.standing.report() === null; atMs += 500) {
      rig.state = then(rig.state, { type: 'clock.ticked', site: 'dhs', timeMs: 1_000_000 + atMs, source: 'clock' })
      await rig.until(atMs)
    }
    expect(rig.standing.report()).not.toBeNull()
  })

  it('starts anew when the site changes, at most every five seconds, and not for work that comes', async () => {
    const rig = aRig()
    await rig.until(1_000)
    rig.state = then(rig.state, ...podEvents('r-1', { camera: 'camera-pi-1' }))
    await rig.until(2_000)
    rig.state = losing('edge-1')
    await rig.until(STANDING.restartMsMin - 1)
    expect(starts(rig.asked)).toHaveLength(1)
    await rig.until(STANDING.restartMsMin + 2_000)
    expect(starts(rig.asked).map(({ state }) => state)).toEqual([site, rig.state])
    await rig.until(20_000)
    expect(rig.standing.report()!.cases.map(({ loss }) => loss)).toHaveLength(lossesOf(rig.state).length)
    expect(rig.standing.report()!.cases.some(({ loss }) => loss.name === 'edge-1')).toBe(false)
  })

  it('rests while nothing changes, looks again when work came, and after a minute anyway', async () => {
    const rig = aRig()
    await rig.until(30_000)
    expect(starts(rig.asked)).toHaveLength(1)
    rig.state = then(site, ...podEvents('r-1', { camera: 'camera-pi-1' }))
    await rig.until(32_000)
    expect(starts(rig.asked)).toHaveLength(2)
    await rig.until(31_000 + STANDING.ageMsMax + 1_500)
    expect(starts(rig.asked)).toHaveLength(3)
  })

  it('still finishes a report of a site that never settles', async () => {
    const rig = aRig({ costMs: () => 40 })
    for (let atMs = 0; atMs <= 60_000 && rig.standing.report() === null; atMs += 2_500) {
      rig.state = rig.state === site ? losing('edge-1') : site
      await rig.until(atMs)
    }
    expect(rig.standing.report()).not.toBeNull()
    expect(starts(rig.asked).length).toBeLessThanOrEqual(2 + STANDING.restartsMax)
  })

  it('says that a worker failed, pauses, and goes on with the last report standing', async () => {
    let isBroken = false
    const rig = aRig({ fails: (job) => isBroken && job !== 'load' })
    await rig.until(10_000)
    const first = rig.standing.report()
    isBroken = true
    rig.state = then(losing('edge-1'), ...podEvents('r-1', { camera: 'camera-pi-1' }))
    await rig.until(10_000 + STANDING.failurePauseMs - 1_000)
    expect(rig.warnings).toBe(1)
    expect(rig.standing.report()).toBe(first)
    expect(rig.standing.radar().point).not.toBeNull()
    isBroken = false
    await rig.until(10_000 + STANDING.failurePauseMs + 20_000)
    expect(rig.standing.report()!.basis.sequence).toBe(rig.state.sequence)
  })

  it('sets no timer after it was stopped in the middle of a slice', async () => {
    const rig = aRig({
      fails: () => {
        void rig.standing.stop()
        return false
      },
    })
    await rig.until(5_000)
    expect(rig.asked).toHaveLength(1)
    expect(rig.isWaiting()).toBe(false)
  })

  it('asks nothing after it was stopped, nor before the site is known', async () => {
    const rig = aRig()
    rig.state = emptyTwin
    await rig.until(5_000)
    expect(rig.asked).toEqual([])
    rig.state = site
    await rig.until(7_000)
    await rig.standing.stop()
    const count = rig.asked.length
    expect(count).toBeGreaterThan(0)
    expect(rig.isWaiting()).toBe(false)
    await rig.until(60_000)
    expect(rig.asked).toHaveLength(count)
  })
})

describe('with workers', () => {
  let pool: WhatIfPool
  it('gives plain data that fits the contract, and stops in the middle of a slice', async () => {
    pool = createWhatIfPool({ registry, workerCount: 1 })
    try {
      const state = then(site, ...podEvents('r-1', { camera: 'camera-pi-1' }))
      const standing = runStanding({ state: () => state, pool, settings: { delta1Seconds: 0.1, delta2: 1 }, log, cpuShareRatio: 1 })
      standings.push(standing)
      while (standing.report() === null) await new Promise((resolve) => setTimeout(resolve, 5))
      expect(nMinusOneReportShape.parse(standing.report())).toEqual(standing.report())
      expect(radarShape.parse(standing.radar())).toEqual(standing.radar())
      const another = runStanding({ state: () => site, pool, settings: { delta1Seconds: 0.1, delta2: 1 }, log })
      await new Promise(setImmediate)
      await another.stop()
      expect(another.report()).toBeNull()
    } finally {
      await pool.stop()
    }
  })
})
