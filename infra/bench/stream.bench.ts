/**
 * From an event to whoever watches, at about 1,000 events a second: publish → embedded log → journal → fold → socket.io
 * → a client, and the viewer in a real Chromium where there is one.
 */
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Browser } from 'playwright-core'
import { type RunningServer, runServer } from '../../connectors/server/server.ts'
import { defaultRegistry } from '../../models/applications/registry.ts'
import type { TwinEvent } from '../../models/events/events.ts'
import { emptyRadar } from '../../twin/radar.ts'
import { makeChangeHub } from '../change-hub.ts'
import { readConfig } from '../config.ts'
import { hasChromium, launchChromium } from '../e2e/browser.ts'
import { makeStudyApi } from '../study-api.ts'
import { type JournaledSite, newJournalPath, silent, startSite } from '../testing/journaled-site.ts'
import { makeTwinApi } from '../twin-api.ts'
import { createTwinHistory } from '../twin-history.ts'
import { type Arrival, arrivalsOf, latenciesMs, listenAsClient, openListeningPage, preciseMs } from './arrivals.ts'
import { quantile, type Report } from './figure.ts'

export const suite = 'stream'

const VIEWER_DIR = fileURLToPath(new URL('../../ui/viewer/dist', import.meta.url))
const ACCELERATORS = 40
const PERIOD_MS = 10
const EVENTS_PER_PERIOD = 10
const WARM_UP_MS = 300
const MEASURE_MS = 1_500

export async function run(report: Report): Promise<void> {
  const { path, dispose } = newJournalPath()
  const hub = makeChangeHub({ loopStatus: () => 'bench', troubles: () => [], takesFaults: () => true })
  const site = await startSite({ path, onApplied: (before, after) => hub.announce(before, after) })
  const server = await serve(site, hub.onChanges)
  try {
    await benchClient(report, site, server)
    if (hasChromium() && existsSync(VIEWER_DIR)) await benchPage(report, site, server)
  } finally {
    await server.stop()
    await site.stop()
    dispose()
  }
}

function serve({ ingest, journal, log }: JournaledSite, onChanges: ReturnType<typeof makeChangeHub>['onChanges']): Promise<RunningServer> {
  const clock = Date.now
  const { stateAt } = createTwinHistory({ journal, clock })
  const refuse = () => Promise.reject(new Error('this bench asks nothing'))
  const api = makeTwinApi({
    state: ingest.state,
    stateAt,
    publish: log.publish,
    journal,
    registry: defaultRegistry(),
    ask: refuse,
    settings: readConfig({ flags: {}, environment: {} }),
    clock,
    loopStatus: () => 'bench',
    observeWhatIf() {},
    onChanges,
    checks: async () => [],
  })
  const viewer = existsSync(VIEWER_DIR) ? { viewerDir: VIEWER_DIR } : {}
  const studies = makeStudyApi({
    state: ingest.state,
    stateAt,
    whatIf: api.whatIf,
    pool: { run: refuse },
    standing: () => ({ nMinusOne: null, radar: emptyRadar({ delta1Seconds: 0.1, delta2: 1, bandRatio: 0 }) }),
    clock,
  })
  return runServer({ api: { ...api, ...studies }, host: '127.0.0.1', port: 0, metrics: async () => '', log: silent, clock, ...viewer })
}

async function benchClient(report: Report, site: JournaledSite, { url }: RunningServer): Promise<void> {
  const client = await listenAsClient(url)
  const published = await publishSteadily(site)
  client.stop()
  tell(report, 'client', published, client.arrivals)
}

async function benchPage(report: Report, site: JournaledSite, { url }: RunningServer): Promise<void> {
  const browser: Browser = await launchChromium()
  try {
    const page = await browser.newPage()
    await openListeningPage(page, url)
    const published = await publishSteadily(site)
    tell(report, 'page', published, await arrivalsOf(page, 'received'))
    tell(report, 'next frame of the page', published, await arrivalsOf(page, 'drawn'))
  } finally {
    await browser.close()
  }
}

/** @returns by journal sequence, when the event was published; those of the warm-up are left out. */
async function publishSteadily({ log, ingest }: JournaledSite): Promise<ReadonlyMap<number, number>> {
  const published = new Map<number, number>()
  const startMs = preciseMs()
  let sequence = ingest.state().sequence
  for (let period = 0; preciseMs() - startMs < WARM_UP_MS + MEASURE_MS; period++) {
    await sleep(Math.max(0, startMs + period * PERIOD_MS - preciseMs()))
    const nowMs = preciseMs()
    for (let index = 0; index < EVENTS_PER_PERIOD; index++) {
      sequence++
      if (nowMs - startMs >= WARM_UP_MS) published.set(sequence, nowMs)
    }
    void log.publish(Array.from({ length: EVENTS_PER_PERIOD }, (_, index) => aSample((period * EVENTS_PER_PERIOD + index) % ACCELERATORS)))
  }
  // For the last patch to arrive.
  await sleep(300)
  return published
}

function tell(report: Report, to: string, published: ReadonlyMap<number, number>, arrivals: readonly Arrival[]): void {
  const latencies = latenciesMs(published, arrivals)
  const extra = { eventsPerSecond: Math.round((published.size / MEASURE_MS) * 1_000), accelerators: ACCELERATORS }
  const travels = arrivals.map(({ travelMs }) => travelMs)
  for (const [name, values] of [
    [`event to ${to}`, latencies],
    [`patch to ${to}`, travels],
  ] as const) {
    report({ suite, name: `${name}, p50`, value: quantile(values, 0.5), unit: 'ms', ...extra })
    report({ suite, name: `${name}, p99`, value: quantile(values, 0.99), unit: 'ms', ...extra })
  }
}

function aSample(index: number): TwinEvent {
  const load = { utilizationRatio: Math.round(Math.abs(Math.sin(preciseMs())) * 1_000) / 1_000, memoryUsedBytes: 1e9, powerWatts: 9 }
  return {
    type: 'accelerator.sampled',
    site: 'bench',
    timeMs: Date.now(),
    source: 'bench',
    name: `node-${index % 8}/gpu${index >> 3}`,
    load,
  }
}
