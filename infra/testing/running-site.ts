/**
 * A simulated site with journal, ingest, clock, scrapes and loop, wired as run-twin.ts does it, on a time that a test
 * moves by hand: minutes pass in a moment, and the same seed gives the same run.
 */
import { setImmediate } from 'node:timers/promises'
import { loadProfile } from '../../connectors/metrics/profile.ts'
import { toReadings } from '../../connectors/metrics/readings.ts'
import { scrapeOnce } from '../../connectors/metrics/scrape.ts'
import { nothingTold, type ToldState, toScrapeEvents } from '../../connectors/metrics/scrape-events.ts'
import type { StartTimer } from '../../connectors/simulated-site/agenda.ts'
import { runSimulatedSite, type SimulatedSite } from '../../connectors/simulated-site/simulated-site.ts'
import { loadSite } from '../../connectors/simulated-site/site.ts'
import type { SiteDescription } from '../../connectors/simulated-site/site-description.ts'
import { defaultRegistry } from '../../models/applications/registry.ts'
import type { LoopMode } from '../../models/events/decision-events.ts'
import type { EventOf, TwinEvent, TwinEventType } from '../../models/events/events.ts'
import type { PlacementSink } from '../../models/ports.ts'
import type { LoopSettings } from '../../twin/loop-settings.ts'
import type { TwinState } from '../../twin/twin-state.ts'
import { readConfig } from '../config.ts'
import { type RunningLoop, runLoop } from '../run-loop.ts'
import { WAKES } from '../run-site-twin.ts'
import { newJournalPath, silent, startSite } from './journaled-site.ts'

export interface RunningSiteOptions {
  readonly seed: number
  readonly mode: LoopMode
  readonly describe?: (site: SiteDescription) => SiteDescription
  readonly settings?: Partial<LoopSettings>
  /** Stands between the loop and the site. */
  readonly wrapSink?: (sink: PlacementSink) => PlacementSink
}

export interface RunningSite {
  readonly site: SimulatedSite
  readonly state: () => TwinState
  /** All events so far, in the order of the journal. */
  readonly events: readonly TwinEvent[]
  readonly eventsOf: <T extends TwinEventType>(...types: readonly T[]) => EventOf<T>[]
  readonly nowMs: () => number
  readonly advance: (durationMs: number) => Promise<void>
  readonly publish: (events: readonly TwinEvent[]) => Promise<unknown>
  readonly loop: () => RunningLoop
  readonly stop: () => Promise<void>
}

const START_MS = 1_800_000_000_000
const TICK_MS = 500
const SCRAPE_MS = 2_000

export async function startRunningSite({ seed, mode, describe, settings, wrapSink }: RunningSiteOptions): Promise<RunningSite> {
  const { path, dispose } = newJournalPath()
  let nowMs = START_MS
  const clock = (): number => Math.floor(nowMs)
  const timers = new Set<{ readonly dueMs: number; readonly run: () => void }>()
  const timer: StartTimer = (delayMs, run) => {
    const entry = { dueMs: nowMs + delayMs, run }
    timers.add(entry)
    return () => void timers.delete(entry)
  }
  let busyCount = 0
  const whileBusy = async <T>(work: () => Promise<T>): Promise<T> => {
    busyCount++
    try {
      return await work()
    } finally {
      busyCount--
    }
  }
  const settle = async (): Promise<void> => {
    do await setImmediate()
    while (busyCount > 0)
  }

  let loop: RunningLoop | null = null
  const events: TwinEvent[] = []
  const {
    ingest,
    log,
    stop: stopJournal,
  } = await startSite({
    path,
    synchronous: 'off',
    clock,
    onApplied: (_before, _after, accepted) => {
      events.push(...accepted.map(({ event }) => event))
      if (accepted.some(({ event }) => WAKES.has(event.type))) loop?.wake()
    },
  })
  const publish = (news: readonly TwinEvent[]): Promise<unknown> => whileBusy(() => log.publish(news))
  const description = loadSite('dhs')
  const site = await runSimulatedSite({ site: describe?.(description) ?? description, publish, clock, timer, seed, log: silent })
  await settle()

  const told = new Map<string, ToldState>()
  const profile = loadProfile('ha-exporter')
  const scrape = async (): Promise<void> => {
    const results = await Promise.all(
      site.exporterTargets.map(async ({ name, url }) => {
        const target = { name, url, profile, intervalMs: SCRAPE_MS }
        const timeMs = clock()
        const read = await scrapeOnce(url, { stopping: new AbortController().signal, timeoutMs: 5_000, fetch: globalThis.fetch })
        if (!read.ok) return { target, ok: false as const, timeMs, durationMs: 0, reason: read.reason, message: read.message }
        const { readings, rejected } = toReadings(read.samples, profile, { timeMs })
        return { target, ok: true as const, timeMs, durationMs: 0, readings, rejected, parseErrors: read.errors }
      }),
    )
    for (const result of results) {
      const { name } = result.target
      const step = toScrapeEvents(told.get(name) ?? nothingTold, result, { site: site.name, isObserver: false })
      told.set(name, step.told)
      await publish(step.events)
    }
  }
  const every = (periodMs: number, run: () => Promise<unknown>): void => {
    timer(periodMs, () => {
      void whileBusy(run)
      every(periodMs, run)
    })
  }
  await scrape()
  every(SCRAPE_MS, scrape)
  const tick = () => publish([{ type: 'clock.ticked', site: site.name, timeMs: clock(), source: 'clock' }])
  await tick()
  every(TICK_MS, tick)
  await publish([{ type: 'loop.modeChanged', site: site.name, timeMs: clock(), source: 'operator', mode, by: 'test' }])
  let planCount = 0
  loop = runLoop({
    state: ingest.state,
    publish,
    sink: wrapSink?.(site.sink) ?? site.sink,
    registry: defaultRegistry(),
    settings: { ...readConfig({ flags: {}, environment: {} }), ...settings },
    clock,
    timer,
    log: silent,
    periodMs: TICK_MS,
    newId: () => `plan-${++planCount}`,
  })

  const advance = async (durationMs: number): Promise<void> => {
    await settle()
    const untilMs = nowMs + durationMs
    for (;;) {
      const [next] = [...timers].filter(({ dueMs }) => dueMs <= untilMs).sort((a, b) => a.dueMs - b.dueMs)
      if (next === undefined) break
      timers.delete(next)
      nowMs = Math.max(nowMs, next.dueMs)
      next.run()
      await settle()
    }
    nowMs = untilMs
    await settle()
  }
  return {
    site,
    state: ingest.state,
    events,
    eventsOf: <T extends TwinEventType>(...types: readonly T[]) =>
      events.filter((event): event is EventOf<T> => types.some((type) => type === event.type)),
    nowMs: clock,
    advance,
    publish,
    loop: () => loop!,
    stop: async () => {
      await loop?.stop()
      await site.stop()
      await settle()
      await stopJournal()
      dispose()
    },
  }
}
