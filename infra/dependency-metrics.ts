/** What the process says to Prometheus of what it rests on: its log and its history. Of what it does not have it says nothing. */
import { Counter, Gauge, type Registry } from 'prom-client'
import type { KafkaLogStatus } from '../connectors/kafka/kafka-log.ts'
import type { HistoryCounts } from '../models/ports.ts'

export interface Dependencies {
  /** null: the log is in process. */
  readonly log: () => KafkaLogStatus | null
  /** null: none is kept. */
  readonly history: () => HistoryCounts | null
}

/** With a label each, so that a series is there only while there is something to say. */
const OF_KAFKA = { log: 'kafka' } as const

export function addDependencyMetrics(registry: Registry, { log, history }: Dependencies): void {
  const registers = [registry]
  const labelNames = ['log'] as const
  new Gauge({
    name: 'edgetwin_log_connected',
    help: '1 while the event log is read.',
    labelNames,
    registers,
    collect() {
      const status = log()
      if (status !== null) this.set(OF_KAFKA, status.isReading ? 1 : 0)
    },
  })
  new Counter({
    name: 'edgetwin_log_restarts_total',
    help: 'Connections to the event log made anew.',
    labelNames,
    registers,
    collect() {
      const status = log()
      this.reset()
      if (status !== null) this.inc(OF_KAFKA, status.restarts)
    },
  })
  new Gauge({
    name: 'edgetwin_log_waiting_events',
    help: 'Events that wait for the event log to take them.',
    labelNames,
    registers,
    collect() {
      const status = log()
      if (status !== null) this.set(OF_KAFKA, status.waiting)
    },
  })
  new Gauge({
    name: 'edgetwin_log_lag_records',
    help: 'Records of the event log that are not read yet.',
    labelNames: ['topic'] as const,
    registers,
    collect() {
      this.reset()
      for (const [topic, records] of Object.entries(log()?.lagRecords ?? {})) this.set({ topic }, records)
    },
  })
  new Counter({
    name: 'edgetwin_history_points_total',
    help: 'Points of the history by what became of them.',
    labelNames: ['result'] as const,
    registers,
    collect() {
      const counts = history()
      this.reset()
      if (counts === null) return
      for (const result of ['written', 'dropped', 'refused'] as const) this.inc({ result }, counts[result])
    },
  })
  new Gauge({
    name: 'edgetwin_history_queue_points',
    help: 'Points that wait for the history store.',
    registers,
    collect() {
      this.set(history()?.queued ?? 0)
    },
  })
}
