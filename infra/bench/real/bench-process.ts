/** edgetwin as a process of its own on a real Kafka, as the benches start it, and what it and the system say of it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openJournal } from '../../../connectors/journal/journal.ts'
import type { KafkaSettings } from '../../../connectors/kafka/settings.ts'
import type { JournaledEvent } from '../../../models/events/events.ts'
import { TOPICS } from '../../../models/events/topics.ts'
import { type EdgetwinProcess, startEdgetwin } from '../../e2e/edgetwin-process.ts'

const QUIET_SITE = fileURLToPath(new URL('quiet-site.yaml', import.meta.url))
/** What is always on its way: ticks and the site's own samples. */
const LAG_NONE = 100

export interface BenchProcessOptions {
  readonly settings: KafkaSettings
  readonly dataDir: string
  readonly more?: readonly string[]
}

/** Ready and reading Kafka. */
export async function startOnKafka({ settings, dataDir, more = [] }: BenchProcessOptions): Promise<EdgetwinProcess> {
  const edgetwin = await startEdgetwin([
    ...['--event-log', 'kafkajs', '--kafka-brokers', settings.brokers.join(','), '--kafka-topic-prefix', settings.topicPrefix],
    ...['--site', QUIET_SITE, '--data-dir', dataDir, '--no-this-machine', '--log-level', 'error', ...more],
  ])
  while ((await metric(edgetwin, 'edgetwin_log_connected')) !== 1) await sleep(100)
  return edgetwin
}

/** Of one moment. @returns the sum over the series of a name, of those that carry `label`. */
export async function metricsOf(edgetwin: EdgetwinProcess): Promise<(name: string, label?: string) => number> {
  const lines = (await (await fetch(`${edgetwin.url}/metrics`)).text()).split('\n')
  return (name, label = '') =>
    lines
      .filter((line) => (line.startsWith(`${name} `) || line.startsWith(`${name}{`)) && line.includes(label))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
}

export async function metric(edgetwin: EdgetwinProcess, name: string, label = ''): Promise<number> {
  return (await metricsOf(edgetwin))(name, label)
}

/** @returns how long it took, ms. */
export async function untilCaughtUp(edgetwin: EdgetwinProcess, withinMs: number): Promise<number> {
  const startMs = performance.now()
  for (let calm = 0; calm < 3; await sleep(100)) {
    const lag = await metric(edgetwin, 'edgetwin_log_lag_records', TOPICS.metrics)
    calm = lag < LAG_NONE ? calm + 1 : 0
    if (performance.now() - startMs > withinMs) throw new Error(`${lag} records are not read after ${withinMs} ms`)
  }
  return performance.now() - startMs
}

/** Of user and system, since its start, by the Linux kernel. @returns NaN elsewhere. */
export function cpuSeconds({ child }: EdgetwinProcess): number {
  try {
    const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) / 100
  } catch {
    return Number.NaN
  }
}

/** Resident memory of a process at its highest, by the Linux kernel. @returns NaN elsewhere. */
export function peakMemoryBytes({ child }: EdgetwinProcess): number {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) * 1_024
  } catch {
    return Number.NaN
  }
}

/** What a process that has ended left behind, in order. */
export function* journalOf(dataDir: string): Generator<JournaledEvent, void> {
  const journal = openJournal({ path: join(dataDir, 'quiet.journal.db') })
  try {
    yield* journal.read({ after: 0 })
  } finally {
    journal.close()
  }
}
