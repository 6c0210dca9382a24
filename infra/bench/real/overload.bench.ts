/**
 * Ten times the usual rate for two minutes into edgetwin as a process over Kafka: what memory it takes, how far it falls behind,
 * and whether the journal holds every record once.
 */
import { rmSync } from 'node:fs'
import { freshDataDir } from '../../e2e/edgetwin-process.ts'
import { startKafka } from '../../lab/kafka.ts'
import type { Length, Report } from '../figure.ts'
import { journalOf, metric, peakMemoryBytes, startOnKafka, untilCaughtUp } from './bench-process.ts'
import { freshTopics, numberedSample, numberOf, produceSteadily } from './kafka-side.ts'

export const suite = 'overload'

const SECONDS: Readonly<Record<Length, number>> = { quick: 15, usual: 120, long: 120 }
const EVENTS_PER_SECOND = 10_000
const NODES = 200

export async function run(report: Report, length: Length): Promise<void> {
  const lab = await startKafka()
  const dataDir = freshDataDir()
  try {
    const settings = await freshTopics(lab.brokers)
    const edgetwin = await startOnKafka({ settings, dataDir })
    const idleBytes = peakMemoryBytes(edgetwin)
    const durationMs = SECONDS[length] * 1_000
    const eventOf = (number: number) => numberedSample(number, NODES)
    const beganMs = performance.now()
    const sent = await produceSteadily({ settings, eventsPerSecond: EVENTS_PER_SECOND, durationMs, eventOf })
    const extra = { sent, eventsPerSecond: Math.round(sent / ((performance.now() - beganMs) / 1_000)), seconds: SECONDS[length] }
    report({ suite, name: 'lag at the end', value: await metric(edgetwin, 'edgetwin_log_lag_records'), unit: 'records', ...extra })
    report({
      suite,
      name: 'lag drained after',
      value: (await untilCaughtUp(edgetwin, durationMs)) / 1_000,
      unit: 's',
      limit: SECONDS[length],
    })
    const peakBytes = peakMemoryBytes(edgetwin)
    report({ suite, name: 'memory at its highest', value: peakBytes / 2 ** 20, unit: 'MiB', limit: 512, idle: idleBytes / 2 ** 20 })
    await edgetwin.kill('SIGTERM')
    const times = new Uint8Array(sent)
    for (const { event } of journalOf(dataDir)) {
      const number = numberOf(event)
      if (number !== undefined) times[number]!++
    }
    report({ suite, name: 'lost', value: times.filter((count) => count === 0).length, unit: 'events', of: sent })
    report({ suite, name: 'taken twice', value: times.filter((count) => count > 1).length, unit: 'events', of: sent })
  } finally {
    await lab.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}
