/** The checks behind `/readyz?verbose` and `twinctl doctor`: what is well, what is not, and what to do about it. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Check } from '../models/contracts/api.ts'
import { entityName } from '../models/entities/entities.ts'
import type { Clock, Journal } from '../models/ports.ts'
import type { TwinState } from '../twin/twin-state.ts'
import { factsOf } from './facts-of.ts'

/** Ticks come every half second; after so long without one, time stands still in the twin. */
const CLOCK_LATE_MS = 5_000
const STALL_MS = 1_000

export function makeChecks({
  state,
  journal,
  dependencies = () => [],
  clock,
}: {
  readonly state: () => TwinState
  readonly journal: Journal
  /** Of what the twin rests on: event log, history, job database. */
  readonly dependencies?: () => readonly Check[]
  readonly clock: Clock
}): () => Promise<readonly Check[]> {
  const delay = monitorEventLoopDelay({ resolution: 20 })
  delay.enable()
  return async () => {
    const checks = [
      checkNode(),
      checkClock(state(), clock()),
      checkJournal(state(), journal),
      checkFacts(state()),
      checkExporters(state()),
      checkDeadLetters(journal),
      ...dependencies(),
    ]
    const stallMs = delay.max / 1e6
    delay.reset()
    const stall = { name: 'event-loop', ok: stallMs < STALL_MS, detail: `longest stall ${stallMs.toFixed(0)} ms since the last check` }
    return [...checks, { ...stall, remedy: 'give the process more CPU, or fewer what-ifs at once', advisory: true }]
  }
}

function checkNode(): Check {
  const remedy = 'run it through npm (`npm start`): npm puts the right Node first on the path'
  return { name: 'node', ok: Number(process.versions.node.split('.')[0]) >= 24, detail: `Node ${process.versions.node}`, remedy }
}

function checkClock(state: TwinState, nowMs: number): Check {
  const ageMs = nowMs - state.clockMs
  const detail = state.clockMs === 0 ? 'no tick yet' : `last tick ${ageMs} ms ago`
  return { name: 'twin-clock', ok: ageMs < CLOCK_LATE_MS, detail, remedy: 'if this stays, the ingest hangs: look at the log and restart' }
}

function checkJournal(state: TwinState, journal: Journal): Check {
  const last = journal.lastSequence()
  const detail = `${last} events kept, twin at ${state.sequence}`
  return { name: 'journal', ok: last === state.sequence, detail, remedy: 'the twin is behind its journal: restart to replay' }
}

function checkFacts(state: TwinState): Check {
  const lost = factsOf(state).filter(({ freshness }) => freshness === 'lost' || freshness === 'stale')
  const names = [...new Set(lost.map(({ entity, group }) => `${entityName(entity)} ${group}`))]
  const detail = names.length === 0 ? 'all facts are fresh or late' : `${names.length} stale or lost: ${names.slice(0, 5).join(', ')}`
  return {
    name: 'freshness',
    ok: names.length === 0,
    detail,
    remedy: 'check the exporters and links of the named entities',
    advisory: true,
  }
}

function checkExporters(state: TwinState): Check {
  const silent = [...state.entities.node.values()].filter(({ reported }) => reported.exporter?.value.reachable === false)
  const detail =
    silent.length === 0
      ? 'all exporters answer'
      : silent.map(({ name, reported }) => `${name}: ${reported.exporter?.value.reason}`).join('; ')
  return {
    name: 'exporters',
    ok: silent.length === 0,
    detail,
    remedy: 'see whether the exporter process runs on that node and its port is open',
    advisory: true,
  }
}

function checkDeadLetters(journal: Journal): Check {
  const { dead } = journal.counts()
  const last = journal.deadLetters({ limit: 1 })[0]
  const detail = last === undefined ? 'none' : `${dead}, the last: ${last.reason} (${last.detail})`
  return {
    name: 'dead-letters',
    ok: dead === 0,
    detail,
    remedy: 'GET /api/v1/dead-letters shows what was refused and why; mend the producer',
    advisory: true,
  }
}
