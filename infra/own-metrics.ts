/**
 * What the process says of itself to Prometheus. Base units, closed label sets, a few dozen series: it is
 * not a mirror of the twin. Every metric here is explained in infra/metrics.md, which a test compares.
 */
import { readFileSync } from 'node:fs'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { ENTITY_KINDS } from '../models/entities/entities.ts'
import { FRESHNESS } from '../models/entities/fact.ts'
import type { JournaledEvent } from '../models/events/events.ts'
import type { Clock } from '../models/ports.ts'
import type { TwinState } from '../twin/twin-state.ts'
import { addDependencyMetrics, type Dependencies } from './dependency-metrics.ts'
import { factsOf } from './facts-of.ts'
import type { IngestCounts } from './ingest.ts'

const { version: VERSION }: { version: string } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))

export interface OwnMetrics {
  /** Counts what one batch did. */
  readonly onApplied: (before: TwinState, after: TwinState, events: readonly JournaledEvent[]) => void
  readonly observeWhatIf: (seconds: number) => void
  readonly text: () => Promise<string>
}

export interface OwnMetricsOptions extends Partial<Dependencies> {
  readonly state: () => TwinState
  readonly counts: () => IngestCounts
  readonly clock?: Clock
}

export function makeOwnMetrics({ state, counts, clock = Date.now, log = () => null, history = () => null }: OwnMetricsOptions): OwnMetrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry, prefix: 'edgetwin_' })
  addDependencyMetrics(registry, { log, history })
  new Gauge({
    name: 'edgetwin_build_info',
    help: '1; the version is the label.',
    labelNames: ['version'] as const,
    registers,
  }).set({ version: VERSION }, 1)
  new Gauge({
    name: 'edgetwin_twin_staleness_seconds',
    help: "Age of the twin's clock: how old what it shows is.",
    registers,
    collect() {
      const { clockMs } = state()
      if (clockMs > 0) this.set((clock() - clockMs) / 1_000)
    },
  })

  new Gauge({
    name: 'edgetwin_events',
    help: 'Records by what became of them since the journal began.',
    labelNames: ['result'] as const,
    registers,
    collect() {
      for (const [result, value] of Object.entries(counts())) this.set({ result }, value)
    },
  })
  new Gauge({
    name: 'edgetwin_entities',
    help: 'Entities in the twin.',
    labelNames: ['kind'] as const,
    registers,
    collect() {
      for (const kind of ENTITY_KINDS) this.set({ kind }, state().entities[kind].size)
    },
  })
  new Gauge({
    name: 'edgetwin_facts',
    help: 'Property groups in the twin by freshness.',
    labelNames: ['freshness'] as const,
    registers,
    collect() {
      const byFreshness = Map.groupBy(factsOf(state()), (fact) => fact.freshness)
      for (const freshness of FRESHNESS) this.set({ freshness }, byFreshness.get(freshness)?.length ?? 0)
    },
  })
  new Gauge({
    name: 'edgetwin_journal_sequence',
    help: 'Journal sequence of the last applied event.',
    registers,
    collect() {
      this.set(state().sequence)
    },
  })
  const divergences = new Counter({ name: 'edgetwin_divergences_total', help: 'Events that an entity did not expect.', registers })
  const decisions = new Counter({
    name: 'edgetwin_decisions_total',
    help: 'Decisions by what became of them.',
    labelNames: ['result'] as const,
    registers,
  })
  const predictionErrors = new Histogram({
    name: 'edgetwin_prediction_error_ratio',
    help: '|observed − predicted| / predicted makespan of verified decisions.',
    buckets: [0.01, 0.02, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2],
    registers,
  })
  const whatIfs = new Histogram({
    name: 'edgetwin_whatif_duration_seconds',
    help: 'Time to answer a what-if.',
    buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2],
    registers,
  })
  return {
    onApplied: (before, after, events) => {
      divergences.inc(after.counts.divergent - before.counts.divergent)
      for (const { event } of events) {
        if (event.type.startsWith('decision.') || event.type.startsWith('placement.'))
          decisions.inc({ result: event.type.split('.')[1] ?? 'other' })
        if (event.type === 'placement.verified') predictionErrors.observe(event.errorRatio)
      }
    },
    observeWhatIf: (seconds) => whatIfs.observe(seconds),
    text: () => registry.metrics(),
  }
}
