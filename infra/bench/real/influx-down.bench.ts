/**
 * InfluxDB away while 1,000 events a second flow, each a point of the history: what that does to the event loop of edgetwin, and
 * whether every point is accounted for afterwards: written, or given up, oldest first, beyond the 50,000 that may wait.
 */
import { rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { applyEvents } from '../../../twin/fold.ts'
import { toHistoryPoints } from '../../../twin/history-points.ts'
import { emptyTwin } from '../../../twin/twin-state.ts'
import { type EdgetwinProcess, freshDataDir } from '../../e2e/edgetwin-process.ts'
import { startInflux } from '../../lab/influx.ts'
import { startKafka } from '../../lab/kafka.ts'
import type { Length, Report } from '../figure.ts'
import { journalOf, metric, metricsOf, startOnKafka, untilCaughtUp } from './bench-process.ts'
import { freshTopics, numberedSample, produceSteadily } from './kafka-side.ts'

export const suite = 'influx-down'

const DOWN_SECONDS: Readonly<Record<Length, number>> = { quick: 20, usual: 60, long: 600 }
const UP_SECONDS: Readonly<Record<Length, number>> = { quick: 15, usual: 30, long: 60 }
const EVENTS_PER_SECOND = 1_000
/** As many as events a second, so that each is the first of its second and a point. */
const NODES = EVENTS_PER_SECOND
const QUEUE_MAX = 50_000

export async function run(report: Report, length: Length): Promise<void> {
  const [kafka, influx] = await Promise.all([startKafka(), startInflux()])
  const dataDir = freshDataDir()
  try {
    const settings = await freshTopics(kafka.brokers)
    const { url, username, passwordFile } = influx
    const more = ['--history', 'influx', '--influx-url', url, '--influx-username', username, '--influx-password-file', passwordFile]
    const edgetwin = await startOnKafka({ settings, dataDir, more })
    const [downMs, upMs] = [DOWN_SECONDS[length] * 1_000, UP_SECONDS[length] * 1_000]
    // A little longer than all that is measured.
    const durationMs = 5_000 + upMs + downMs + upMs + 5_000
    const producing = produceSteadily({
      settings,
      eventsPerSecond: EVENTS_PER_SECOND,
      durationMs,
      eventOf: (n) => numberedSample(n, NODES),
    })
    await sleep(5_000)
    const before = await loopOver(edgetwin, upMs)
    await influx.kill()
    const down = await loopOver(edgetwin, downMs)
    await influx.start()
    const after = await loopOver(edgetwin, upMs)
    const sent = await producing
    await untilCaughtUp(edgetwin, 60_000)
    const extra = { seconds: DOWN_SECONDS[length], eventsPerSecond: Math.round(sent / (durationMs / 1_000)) }
    for (const [name, { p99Ms }] of Object.entries({ before, down, after })) {
      report({ suite, name: `event loop p99, ${name}`, value: p99Ms, unit: 'ms', ratioToBefore: p99Ms / before.p99Ms, ...extra })
    }
    report({ suite, name: 'points waiting at most', value: down.queuedMax, unit: 'points', limit: QUEUE_MAX })
    await tellPoints(report, edgetwin, dataDir)
  } finally {
    await Promise.all([kafka.stop(), influx.stop()])
    rmSync(dataDir, { recursive: true, force: true })
  }
}

/** The histogram of the event loop begins anew with each scrape, so it is read at both ends only; the queue is read at the end. */
async function loopOver(edgetwin: EdgetwinProcess, durationMs: number): Promise<{ p99Ms: number; queuedMax: number }> {
  const look = () => metric(edgetwin, 'edgetwin_nodejs_eventloop_lag_p99_seconds')
  await look()
  await sleep(durationMs)
  const p99Ms = (await look()) * 1_000
  return { p99Ms, queuedMax: await metric(edgetwin, 'edgetwin_history_queue_points') }
}

async function tellPoints(report: Report, edgetwin: EdgetwinProcess, dataDir: string): Promise<void> {
  let now = await metricsOf(edgetwin)
  while (now('edgetwin_history_queue_points') > 0) {
    await sleep(100)
    now = await metricsOf(edgetwin)
  }
  const points = (result: string) => now('edgetwin_history_points_total', `"${result}"`)
  const [written, dropped, refused] = [points('written'), points('dropped'), points('refused')]
  const sequence = now('edgetwin_journal_sequence')
  await edgetwin.kill('SIGTERM')
  const counted = written + dropped + refused
  report({ suite, name: 'points given up', value: dropped, unit: 'points', written, refused })
  report({ suite, name: 'points not accounted for', value: pointsOf(dataDir, sequence) - counted, unit: 'points', of: counted })
}

/** What the journal says there should be, one event at a time. */
function pointsOf(dataDir: string, until: number): number {
  let state = emptyTwin
  let count = 0
  for (const journaled of journalOf(dataDir)) {
    if (journaled.sequence > until) continue
    const before = state
    state = applyEvents(before, [journaled])
    count += toHistoryPoints(before, state, [journaled]).length
  }
  return count
}
