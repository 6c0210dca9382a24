/** From real requests to the ledger: scored once, in the background, through restarts and crashes; what cannot be scored is counted. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { defaultRegistry } from '../models/applications/registry.ts'
import type { EventOf, JournaledEvent, TwinEvent } from '../models/events/events.ts'
import { dhsEvents, podEvents } from '../models/testing/dhs-site.ts'
import { aDecision, aPlacement } from '../models/testing/events.ts'
import { applyEvents } from '../twin/fold.ts'
import { scoreArrival } from '../twin/regret.ts'
import { ROUND_MS_MAX } from '../twin/regret-rounds.ts'
import { emptyTwin } from '../twin/twin-state.ts'
import { recoverTwin } from './recovery.ts'
import { type RunningRegret, runRegret } from './run-regret.ts'
import { stateHash } from './state-hash.ts'
import { type JournaledSite, newJournalPath, silent, startSite } from './testing/journaled-site.ts'
import { createTwinHistory } from './twin-history.ts'
import { createWhatIfPool, type WhatIfPool } from './what-if-pool.ts'

const AT_MS = 1_790_000_000_000
const clock = (): number => AT_MS
const settings = { delta1Seconds: 0.1, delta2: 1 }
const registry = defaultRegistry()
const common = (atMs: number) => ({ site: 'dhs', timeMs: atMs, source: 'cluster' })
const tick = (atMs: number): TwinEvent => ({ type: 'clock.ticked', ...common(atMs) })
const arrive = (id: string, atMs: number, accelerator = 'pi-1/cpu0') => podEvents(id, { camera: 'camera-pi-1', accelerator, atMs })
const complete = (id: string, atMs: number, succeeded = true): TwinEvent[] => [
  { type: 'pod.started', ...common(atMs - 10), name: `${id}-infer` },
  { type: 'pod.finished', ...common(atMs), name: `${id}-infer`, durationMs: 10 },
  { type: 'inference.completed', ...common(atMs), id, succeeded, latencyMs: 10 },
]

interface Running extends JournaledSite {
  readonly regret: RunningRegret
  readonly ledgerEvents: () => (EventOf<'regret.scored'> | EventOf<'regret.dropped'>)[]
  /** Resolves with them once there are so many. */
  readonly ledgerOf: (count: number) => Promise<(EventOf<'regret.scored'> | EventOf<'regret.dropped'>)[]>
  readonly journaled: () => JournaledEvent[]
  /** Without a last snapshot or any other good-bye: what a crash leaves. */
  readonly crash: () => Promise<void>
}

const place = newJournalPath()
let path = place.path
let pool: WhatIfPool
let count = 0
beforeEach(() => {
  path = `${place.path}-${++count}`
  pool = createWhatIfPool({ registry, workerCount: 1 })
})
afterEach(() => pool.stop())
afterAll(place.dispose)

async function start(): Promise<Running> {
  let regret: RunningRegret | null = null
  const site = await startSite({
    path,
    synchronous: 'off',
    clock,
    onApplied: (before, after, events) => regret?.onApplied(before, after, events),
  })
  const { journal, ingest, log } = site
  const { stateAt } = createTwinHistory({ journal, clock })
  const running = runRegret({ state: ingest.state, journal, stateAt, publish: log.publish, pool, settings, clock, log: silent })
  regret = running
  const journaled = (): JournaledEvent[] => [...journal.read({ after: 0 })]
  const ledgerEvents = () =>
    journaled().flatMap(({ event }) => (event.type === 'regret.scored' || event.type === 'regret.dropped' ? [event] : []))
  const ledgerOf = async (wanted: number) => {
    while (ledgerEvents().length < wanted) await sleep(5)
    return ledgerEvents()
  }
  const stop = async (): Promise<void> => {
    await running.stop()
    await site.stop()
  }
  const crash = async (): Promise<void> => {
    await running.stop()
    await log.close()
    journal.close()
  }
  return { ...site, regret: running, ledgerEvents, ledgerOf, journaled, stop, crash }
}

const beginning = dhsEvents({ atMs: AT_MS })

describe('a round', () => {
  it('is scored once all of it is done, on the twin of its arrival', async () => {
    const { log, ingest, stop, ledgerOf, ledgerEvents, journaled } = await start()
    await log.publish(beginning)
    await log.publish([...arrive('r-1', AT_MS + 100), ...arrive('r-2', AT_MS + 350, 'tx2-1/gpu0')])
    // After the window: a round of its own.
    await log.publish(arrive('r-3', AT_MS + 450, 'edge-1/cpu0'))
    await log.publish([...complete('r-1', AT_MS + 500), tick(AT_MS + 1_000)])
    expect(ledgerEvents()).toEqual([])
    await log.publish([...complete('r-2', AT_MS + 1_200), tick(AT_MS + 1_300)])
    const [score] = await ledgerOf(1)

    const base = journaled().findIndex(({ event }) => event.type === 'inference.requested')
    const at = (accelerator: string, boundMs: number) => [{ stage: 'infer', accelerator, boundMs }]
    const request = { camera: 'camera-pi-1', application: 'resnet50', frames: 1 }
    const requests = [
      { ...request, id: 'r-1', places: at('pi-1/cpu0', AT_MS + 100) },
      { ...request, id: 'r-2', places: at('tx2-1/gpu0', AT_MS + 350) },
    ]
    const arrivedMs = AT_MS + 100
    expect(score).toEqual({
      type: 'regret.scored',
      ...common(AT_MS),
      source: 'regret',
      id: 'regret-r-1',
      arrivedMs,
      requests: ['r-1', 'r-2'],
      ...scoreArrival(applyEvents(emptyTwin, journaled().slice(0, base)), { arrivedMs, requests }, { registry, ...settings }),
      applied: 'site-scheduler',
      realisedMakespanMs: 1_100,
    })
    await log.publish(complete('r-3', AT_MS + 1_500))
    // While it is being scored, time goes on.
    for (let turn = 0; turn < 5; turn++) await log.publish([tick(AT_MS + 2_000 + turn)])
    await log.publish([...arrive('r-4', AT_MS + 3_000), ...complete('r-4', AT_MS + 3_500), tick(AT_MS + 4_000)])
    // One after the other: had any been scored twice, it would stand before the last.
    expect((await ledgerOf(3)).map(({ id }) => id)).toEqual(['regret-r-1', 'regret-r-3', 'regret-r-4'])
    await stop()
    const recent = [{ requestCount: 2 }, { requestCount: 1 }, { requestCount: 1 }]
    expect(ingest.state().regret).toMatchObject({ roundCount: 3, dropped: [], recent })
  })

  it('says which plan placed it', async () => {
    const { log, stop, ledgerOf } = await start()
    const plan = aDecision({
      id: 'd-1',
      algorithm: 'peft',
      placements: [aPlacement({ pod: 'r-1-infer', request: 'r-1', to: 'pi-1/cpu0' })],
    })
    await log.publish([
      ...beginning,
      ...podEvents('r-1', { camera: 'camera-pi-1', atMs: AT_MS }),
      { type: 'decision.made', ...common(AT_MS), decision: plan },
      { type: 'placement.applied', ...common(AT_MS), id: 'd-1', pod: 'r-1-infer', replacement: null, accelerator: 'pi-1/cpu0' },
      ...arrive('r-1', AT_MS + 10).slice(2),
      ...complete('r-1', AT_MS + 300),
      tick(AT_MS + 500),
    ])
    expect(await ledgerOf(1)).toMatchObject([{ applied: 'edgetwin:peft', realisedMakespanMs: 300 }])
    await stop()
  })

  it.each<[string, readonly TwinEvent[]]>([
    ['failed', [...arrive('r-1', AT_MS), ...arrive('r-2', AT_MS), ...complete('r-1', AT_MS + 500, false)]],
    ['overdue', [...arrive('r-1', AT_MS), tick(AT_MS + ROUND_MS_MAX + 1)]],
    [
      'unplaceable',
      [
        ...podEvents('r-1', { camera: 'camera-9', accelerator: 'pi-1/cpu0', atMs: AT_MS }),
        ...complete('r-1', AT_MS + 500),
        tick(AT_MS + 600),
      ],
    ],
    ['overloaded', Array.from({ length: 65 }, (_, index) => arrive(`r-${index + 1}`, AT_MS + index * 400)).flat()],
  ])('that cannot be scored is counted: %s', async (reason, events) => {
    const { log, ingest, stop, ledgerOf } = await start()
    await log.publish(beginning)
    await log.publish(events)
    expect(await ledgerOf(1)).toMatchObject([{ type: 'regret.dropped', id: 'regret-r-1', reason }])
    await stop()
    expect(ingest.state().regret).toMatchObject({ roundCount: 0, dropped: [{ reason, roundCount: 1 }] })
  })
})

describe('across a restart', () => {
  const arrivals = [...arrive('r-1', AT_MS + 100), ...arrive('r-2', AT_MS + 150, 'tx2-1/gpu0')]
  const end = [...complete('r-2', AT_MS + 2_000), tick(AT_MS + 2_500)]

  async function scoreWith(pause: (running: Running) => Promise<void>): Promise<TwinEvent | undefined> {
    path = `${place.path}-${++count}`
    const first = await start()
    await first.log.publish(beginning)
    await first.log.publish([...arrivals, ...complete('r-1', AT_MS + 500), tick(AT_MS + 1_000)])
    await pause(first)
    const second = await start()
    await second.log.publish(end)
    const [score] = await second.ledgerOf(1)
    await second.log.publish([tick(AT_MS + 3_000)])
    await second.stop()
    const third = await start()
    await third.log.publish([tick(AT_MS + 4_000)])
    await third.regret.stop()
    expect(third.ledgerEvents()).toHaveLength(1)
    const hash = stateHash(third.ingest.state())
    await third.log.close()
    expect(stateHash(recoverTwin(third.journal).state)).toBe(hash)
    third.journal.close()
    return score
  }

  it('a round under way is scored as if nothing had happened, once', async () => {
    const uninterrupted = await start()
    // In one batch of the fold: what matters is where an event stands in the journal, not what it came with.
    await uninterrupted.log.publish([...beginning, ...arrivals, ...complete('r-1', AT_MS + 500), tick(AT_MS + 1_000)])
    await uninterrupted.log.publish(end)
    const [expected] = await uninterrupted.ledgerOf(1)
    await uninterrupted.stop()
    expect(expected).toMatchObject({ type: 'regret.scored', requests: ['r-1', 'r-2'], realisedMakespanMs: 1_900 })
    expect(await scoreWith((running) => running.stop())).toEqual(expected)
    expect(await scoreWith((running) => running.crash())).toEqual(expected)
  })

  it('a round that ended just before is scored afterwards', async () => {
    const first = await start()
    await first.log.publish([...beginning, ...arrivals, ...complete('r-1', AT_MS + 500)])
    await first.regret.stop()
    await first.log.publish(end)
    await first.stop()
    const second = await start()
    await second.log.publish([tick(AT_MS + 9_000)])
    expect(await second.ledgerOf(1)).toMatchObject([{ type: 'regret.scored', realisedMakespanMs: 1_900 }])
    await second.stop()
  })
})
